"""Instance normalization: orders 1 to 4, running statistics, hard inputs; and the layers built on it."""
import math

import torch
import torch.nn.functional as F

import formulas
from writer import Family, close, fixed, integers, normal, uniform

EPS, NAN, INF = 1e-5, math.nan, math.inf
EXACT = "by the written-out formula, exact at every order; compared with torch's fused layer up to order 2 and its group_norm up to order 4"


def orders(f):
    rows = {"plain": ((2, 2, 5), 0, EPS), "affine": ((2, 2, 5), 2, EPS), "weight_only": ((2, 2, 4), 1, EPS),
            "large_eps": ((1, 2, 5), 2, 0.5),
            "size_n1_c1": ((1, 1, 4), 0, EPS), "length2": ((2, 1, 2), 2, 0.125), "2d": ((1, 2, 2, 3), 2, EPS),
            "3d": ((1, 2, 2, 2, 2), 2, EPS)}
    for tag, (shape, parameters, eps) in rows.items():
        inputs = {"x": normal(*shape)}
        if parameters > 0:
            inputs["weight"] = normal(shape[1], scale=0.5, shift=1)
        if parameters > 1:
            inputs["bias"] = normal(shape[1])

        def composed(x, w=None, b=None):
            return formulas.instance_norm(x, w, b, eps)

        def fused(x, w=None, b=None):
            return F.instance_norm(x, weight=w, bias=torch.zeros_like(w) if b is None and w is not None else b, eps=eps)

        def groups(x, w=None, b=None):
            return F.group_norm(x, x.shape[1], w, b, eps)
        args = {"num_features": shape[1], "eps": eps, "affine": parameters > 0, "bias": parameters > 1}
        f.case(f"instance_norm/{tag}", composed, inputs, args, order=4, note=EXACT, check=groups, check_order=4,
               tol=1e-9)
        g = f.generator(tag)
        tensors = {k: spec(g) for k, spec in inputs.items()}
        for k in (1, 2):
            up, v = {"out": normal(*shape)(g)}, {n: normal(*t.shape)(g) for n, t in tensors.items()}
            _, a, _ = composed_and(composed, tensors, up, v, k)
            _, b, _ = composed_and(fused, tensors, up, v, k)
            for n in a[-1]:
                close(f"instance_norm/{tag} fused order {k} {n}", a[-1][n], b[-1][n], 1e-11)
    f.case("instance_norm/unbatched", lambda x, w, b: formulas.instance_norm(x.unsqueeze(0), w, b).squeeze(0),
           {"x": normal(3, 5), "weight": normal(3), "bias": normal(3)},
           {"num_features": 3, "eps": EPS, "affine": True, "bias": True}, order=2,
           check=lambda x, w, b: F.instance_norm(x.unsqueeze(0), weight=w, bias=b).squeeze(0), tol=1e-11,
           note="x [C, L]")
    f.case("instance_norm/wide", formulas.instance_norm,
           {"x": normal(3, 4, 17), "weight": normal(4), "bias": normal(4)},
           {"num_features": 4, "eps": EPS, "affine": True, "bias": True}, order=1)


def composed_and(fn, tensors, up, v, order):
    from writer import derive
    return derive(fn, tensors, list(tensors), up, v, order)


def hard_inputs(f):
    plain = {"eps": EPS, "affine": False, "bias": False}
    f.case("instance_norm/constant_row", formulas.instance_norm,
           {"x": fixed([[[2.5] * 4, [1.0, 2.0, 4.0, 3.0]]]), "weight": fixed([2.0, 0.5]),
                                                                  "bias": fixed([0.25, -1.0])},
           {"num_features": 2, "eps": EPS, "affine": True, "bias": True}, order=2, slope=1e-8,
           note="a constant row gives exactly its bias")
    f.case("instance_norm/large_offset", lambda x: formulas.instance_norm(x - 1e7),
           {"x": normal(1, 2, 16, scale=3, shift=1e7, grid=1)},
           {"num_features": 2, **plain}, order=1, slope=1e-3,
           note="whole numbers near 1e7: exact in float32; computed from x - 1e7, so without rounding of the offset")
    for tag, power in (("huge", 63), ("tiny", -100)):
        f.case(f"instance_norm/{tag}_scale", lambda x: formulas.instance_norm(x),
               {"x": lambda g: normal(1, 2, 8)(g) * 2.0 ** power},
               {"num_features": 2, **plain}, order=1 if power < 0 else 0, slope=1e-8,
               note=f"a grid of 2^{power - 6}: exact in float32")
    f.case("instance_norm/tiny_eps_tiny_scale", lambda x: formulas.instance_norm(x, eps=1e-30),
           {"x": lambda g: normal(1, 2, 8)(g) * 2.0 ** -40},
           {"num_features": 2, **plain, "eps": 1e-30}, order=1, slope=2.0 ** -56)
    f.case("instance_norm/nan_and_inf", formulas.instance_norm,
           {"x": fixed([[[1.0, NAN, 2.0], [1.0, 2.0, 4.0]], [[INF, 0.0, 1.0], [3.0, -1.0, 0.5]]])},
           {"num_features": 2, **plain}, order=0, note="they stay inside their own row")
    f.case("instance_norm/empty_batch", formulas.instance_norm, {"x": normal(0, 2, 4)}, {"num_features": 2, **plain},
           order=1)


def running(f):
    """state_after <step>.<key>: the buffers after the training forward number <step>."""
    def track(shapes, momentum):
        state, after = {}, {}
        fresh = {"running_mean": torch.zeros(shapes[0][-2] if len(shapes[0]) == 2 else shapes[0][1]),
                 "num_batches_tracked": torch.tensor(0)}
        fresh["running_var"] = torch.ones_like(fresh["running_mean"])

        def fn(*inputs):
            xs, (w, b) = inputs[:len(shapes)], inputs[len(shapes):] or (None, None)
            mean, var = fresh["running_mean"].clone(), fresh["running_var"].clone()
            outs = {}
            for i, x in enumerate(xs, 1):
                batch = x.unsqueeze(0) if x.dim() == 2 else x
                old = mean.clone(), var.clone()
                m = 1 / i if momentum is None else momentum
                y = F.instance_norm(batch, mean, var, w, b, True, m, EPS)
                with torch.no_grad():
                    dims = list(range(2, batch.dim()))
                    close("running_mean", mean, (1 - m) * old[0] + m * batch.mean(dims).mean(0))
                    close("running_var", var, (1 - m) * old[1] + m * batch.var(dims, unbiased=True).mean(0))
                outs[f"y{i}"] = y.squeeze(0) if x.dim() == 2 else y
                after.update({f"{i}.running_mean": mean.clone(), f"{i}.running_var": var.clone(),
                              f"{i}.num_batches_tracked": torch.tensor(i)})
            state["final"] = mean, var
            return outs
        return fn, fresh, lambda: after

    counts = "num_batches_tracked counts here; PyTorch's instance norm leaves it at 0"
    for tag, shapes, momentum, affine in (("train_3_steps", [(2, 2, 4)] * 3, 0.1, False),
                                          ("train_3_steps_affine", [(2, 2, 4), (3, 2, 5), (1, 2, 2)], 0.3, True),
                                          ("train_cumulative", [(2, 2, 4), (1, 2, 3), (3, 2, 4)], None, False),
                                          ("train_unbatched", [(2, 5), (2, 4)], 0.1, False),
                                          ("train_momentum_0", [(2, 2, 3)] * 2, 0.0, False),
                                          ("train_momentum_1", [(2, 2, 3)] * 2, 1.0, False),
                                          ("train_2d", [(2, 2, 2, 3)] * 2, 0.1, True)):
        fn, fresh, after = track(shapes, momentum)
        inputs = {f"x{i}": normal(*s, shift=i) for i, s in enumerate(shapes, 1)}
        if affine:
            inputs.update({"weight": normal(2), "bias": normal(2)})
        note = counts + ("\nmomentum none: the average of all batches so far, 1 / num_batches_tracked; PyTorch has no such thing here" if momentum is None else "")
        f.case(f"running_stats/{tag}", fn, inputs,
               {"num_features": 2, "eps": EPS, "momentum": momentum, "affine": affine, "track_running_stats": True},
               order=1, note=note, before=fresh, after=after)
    for tag, shape, affine in (("eval", (2, 2, 4), False), ("eval_affine", (2, 2, 4), True),
                               ("eval_length1", (2, 2, 1), True), ("eval_unbatched", (2, 3), True)):
        g = f.generator(tag)
        mean, var = normal(2)(g), uniform(2, lo=0.5, hi=2)(g)
        inputs = {"x": normal(*shape)}
        if affine:
            inputs.update({"weight": normal(2), "bias": normal(2)})

        def fn(x, w=None, b=None):
            batch = x.unsqueeze(0) if x.dim() == 2 else x
            y = F.instance_norm(batch, mean, var, w, b, False, 0.1, EPS)
            return y.squeeze(0) if x.dim() == 2 else y

        def check(x, w=None, b=None):
            y = formulas.affine((x if x.dim() == 3 else x.unsqueeze(0)) - formulas.per_channel(mean,
                torch.empty(1, 2, 1)), 1 / torch.sqrt(var + EPS))
            y = formulas.affine(y, w, b)
            return y.squeeze(0) if x.dim() == 2 else y
        state = {"running_mean": mean, "running_var": var, "num_batches_tracked": torch.tensor(7)}
        f.case(f"running_stats/{tag}", fn, inputs,
               {"num_features": 2, "eps": EPS, "momentum": 0.1, "affine": affine, "track_running_stats": True}, order=2,
               note="the fixed map by the running statistics; no buffer changes", check=check, before=state,
               after=lambda: state)


def family(f):
    def deviation(t):
        return torch.sqrt(t.var(-1, unbiased=False, keepdim=True) + EPS)

    f.case("adain/basic", lambda x, s: deviation(s) * formulas.standardize(x, [-1], EPS) + s.mean(-1, keepdim=True),
           {"x": normal(2, 2, 4), "style": normal(2, 2, 3, scale=2, shift=1)}, {"eps": EPS}, order=4,
           note="std(s) (x - mean(x)) / std(x) + mean(s); std = sqrt(biased var + eps) of both; lengths may differ")
    f.case("adain/broadcast_style", lambda x, s: deviation(s) * formulas.standardize(x, [-1], EPS) + s.mean(-1,
        keepdim=True),
           {"x": normal(2, 2, 4), "style": normal(1, 2, 5)}, {"eps": EPS}, order=2,
           note="one style for the whole batch")

    def conditional(x, weight, bias):
        return formulas.standardize(x, [-1], EPS) * weight.unsqueeze(-1) + bias.unsqueeze(-1)
    f.case("conditional_instance_norm/index", lambda x, i, w, b: conditional(x, w[i], b[i]),
           {"x": normal(3, 2, 4), "index": integers(3, hi=2), "weight": normal(2, 2), "bias": normal(2, 2)},
           {"num_styles": 2, "num_features": 2, "eps": EPS},
           order=2, note="weight, bias [styles, C]; sample n takes row index[n]")
    f.case("conditional_instance_norm/mix", lambda x, m, w, b: conditional(x, m @ w, m @ b),
           {"x": normal(2, 2, 4), "mix": fixed([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]]), "weight": normal(3, 2),
            "bias": normal(3, 2)},
           {"num_styles": 3, "num_features": 2, "eps": EPS}, order=4,
           note="sample n takes row n of mix @ weight, mix @ bias")

    def revin(x, w, b):
        mean, std = x.detach().mean(-1, keepdim=True), deviation(x.detach())
        y = formulas.affine((x - mean) / std, w, b)
        z = torch.tanh(y)
        back = (z - formulas.per_channel(b, z)) / formulas.per_channel(w, z) * std + mean
        again = (y - formulas.per_channel(b, y)) / formulas.per_channel(w, y) * std + mean
        close("revin round trip", again.detach(), x.detach(), 1e-12)
        return {"y": y, "back": back}
    f.case("revin/basic", revin, {"x": normal(2, 2, 5, shift=3), "weight": normal(2, scale=0.25, shift=1),
                                  "bias": normal(2)}, {"num_features": 2, "eps": EPS}, order=2, slope=False,
           note="x [N, C, L]; statistics detached; y = (x - mean) / sqrt(biased var + eps) * weight + bias;\n"
                "back = the exact inverse applied to tanh(y): (z - bias) / weight * std + mean")

    def masked(x, lengths, w, b):
        rows = []
        for n, length in enumerate(lengths.tolist()):
            y = formulas.instance_norm(x[n:n + 1, :, :length], w, b)
            rows.append(F.pad(y, (0, x.shape[2] - length)))
        return torch.cat(rows)
    f.case("masked_instance_norm/lengths", masked,
           {"x": normal(3, 2, 5), "lengths": fixed([5, 3, 2], torch.int64), "weight": normal(2), "bias": normal(2)},
           {"num_features": 2, "eps": EPS}, order=4, note="each sample normalized over its own length, 0 beyond it")


def make():
    f = Family("instance_norm",
               "InstanceNorm 1d, 2d, 3d to the fourth order, running statistics, hard inputs, and AdaIN, conditional, RevIN, masked.")
    orders(f)
    hard_inputs(f)
    running(f)
    family(f)
    return f
