"""Recurrent layers, attention."""
import math

import torch
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call

from writer import Family, close, fixed, normal


def recurrent(f):
    """x [T, N, in]; parameters weight_ih_l0 [gates H, in], weight_hh_l0 [gates H, H], bias_ih_l0, bias_hh_l0; gates i f g o, or r z n."""
    T, N, I, H = 3, 2, 2, 2
    for op, gates, cells in (("rnn_tanh", 1, 1), ("rnn_relu", 1, 1), ("lstm", 4, 2), ("gru", 3, 1)):
        run = getattr(torch, op)
        for tag, layers, both, bias in (("one_layer", 1, False, True), ("no_bias", 1, False, False),
                                        ("two_layers", 2, False, True), ("bidirectional", 1, True, True)):
            inputs, keys = {"x": normal(T, N, I)}, []
            directions = 2 if both else 1
            for name in ("h0", "c0")[:cells]:
                inputs[name] = normal(layers * directions, N, H)
            for layer in range(layers):
                for suffix in ("", "_reverse")[:directions]:
                    width = I if layer == 0 else H * directions
                    rows = {"weight_ih": (gates * H, width), "weight_hh": (gates * H, H), "bias_ih": (gates * H,),
                            "bias_hh": (gates * H,)}
                    for k, s in rows.items():
                        if bias or k.startswith("weight"):
                            inputs[f"{k}_l{layer}{suffix}"] = normal(*s, scale=0.5)

            def fn(x, *rest):
                state, parameters = rest[:cells], list(rest[cells:])
                got = run(x, state if op == "lstm" else state[0], parameters, bias, layers, 0.0, False, both, False)
                return dict(zip(("out", "h", "c"), got))
            f.case(f"{op}/{tag}", fn, inputs, {"hidden_size": H, "num_layers": layers, "bidirectional": both,
                                               "bias": bias},
                   order=2 if tag == "one_layer" and op != "rnn_relu" else 1,
                   note="x [T, N, in]; out [T, N, directions H], h and c the last states")


def attention(f):
    def sdpa(q, k, v, mask=None):
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        return (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1) @ v
    q = {"q": normal(2, 2, 3, 2), "k": normal(2, 2, 4, 2), "v": normal(2, 2, 4, 2)}
    f.case("scaled_dot_product_attention/plain", sdpa, q, order=2,
           note="softmax(q k^T / sqrt(E)) v, q [N, heads, L, E], k and v [N, heads, S, E]")
    f.case("scaled_dot_product_attention/causal", lambda q, k,
           v: sdpa(q, k, v, torch.ones(3, 3, dtype=torch.bool).tril()),
           {"q": normal(1, 2, 3, 2), "k": normal(1, 2, 3, 2), "v": normal(1, 2, 3, 2)}, {"is_causal": True}, order=2)
    f.case("scaled_dot_product_attention/mask", sdpa,
           {**q, "mask": fixed([[True, False, True, True], [True, True, True, True], [False, False, False, True]],
                               torch.bool)},
           order=1, note="mask true: take part")
    E, heads = 4, 2
    inputs = {"q": normal(3, 2, E), "k": normal(4, 2, E), "v": normal(4, 2, E),
              "in_proj_weight": normal(3 * E, E, scale=0.5), "in_proj_bias": normal(3 * E),
              "out_proj.weight": normal(E, E, scale=0.5), "out_proj.bias": normal(E)}

    def mha(q, k, v, w, b, ow, ob):
        y, weights = F.multi_head_attention_forward(q, k, v, E, heads, w, b, None, None, False, 0.0, ow, ob,
                                                    training=True)
        return {"out": y, "weights": weights}
    f.case("multi_head_attention/basic", mha, inputs, {"embed_dim": E, "num_heads": heads, "batch_first": False},
           order=1,
           note="q [L, N, E], k and v [S, N, E]; weights averaged over heads [N, L, S]")
    for tag, norm_first, activation in (("post_norm_relu", False, "relu"), ("pre_norm_gelu", True, "gelu")):
        layer = torch.nn.TransformerEncoderLayer(E, heads, 6, 0.0, activation, norm_first=norm_first)
        shapes = {k: tuple(t.shape) for k, t in layer.named_parameters()}
        keys = list(shapes)
        inputs = {"x": normal(3, 2, E),
                  **{k: normal(*s, scale=0.5, shift=1 if k.startswith("norm") and k.endswith("weight") else 0) for k,
                     s in shapes.items()}}
        f.case(f"transformer_encoder_layer/{tag}", lambda x, *p: functional_call(layer, dict(zip(keys, p)), (x,)),
               inputs,
               {"d_model": E, "nhead": heads, "dim_feedforward": 6, "activation": activation, "norm_first": norm_first,
                "dropout": 0}, order=1, note="x [T, N, E]")


def make():
    f = Family("sequence", "Recurrent layers and attention. Parameters are inputs named as in a state_dict.")
    recurrent(f)
    attention(f)
    return f
