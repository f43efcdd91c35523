"""Batch, layer, group, RMS and local response normalization; weight and spectral normalization."""
import torch
import torch.nn.functional as F

import formulas
from writer import Family, close, distinct, fixed, normal, uniform

EPS = 1e-5


def batch(f):
    for tag, shape, affine in (("train", (4, 2), True), ("train_ncl", (2, 2, 3), True),
                               ("train_plain", (2, 2, 3), False), ("train_2d", (2, 2, 2, 2), True)):
        inputs = {"x": normal(*shape)}
        if affine:
            inputs.update({"weight": normal(2), "bias": normal(2)})

        def groups(x, w=None, b=None):
            flat = x.transpose(0, 1).reshape(1, 2, -1)
            y = F.group_norm(flat, 2, w, b, EPS)
            return y.reshape(x.transpose(0, 1).shape).transpose(0, 1)
        f.case(f"batch_norm/{tag}", formulas.batch_norm, inputs, {"num_features": 2, "eps": EPS, "affine": affine},
               order=4, check=groups, check_order=4, tol=1e-9,
               note="statistics of the batch; by the written-out formula, compared with torch's group_norm up to order 4")
    for tag, shape, momentum in (("steps", (4, 2), 0.1), ("steps_ncl", (2, 2, 3), 0.3),
                                 ("steps_cumulative", (3, 2, 2), None), ("steps_2d", (2, 2, 2, 2), 0.1)):
        fresh = {"running_mean": torch.zeros(2), "running_var": torch.ones(2), "num_batches_tracked": torch.tensor(0)}
        after = {}

        def fn(x1, x2, x3, w, b):
            layer = (torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d)(2, EPS, momentum)
            del layer.weight, layer.bias
            layer.weight, layer.bias = w, b
            outs = {}
            for i, x in enumerate((x1, x2, x3), 1):
                outs[f"y{i}"] = layer(x)
                after.update({f"{i}.{k}": t.clone() for k, t in layer.named_buffers()})
            return outs
        f.case(f"batch_norm/{tag}", fn, {"x1": normal(*shape), "x2": normal(*shape, shift=1),
                                         "x3": normal(*shape, shift=-1, scale=2), "weight": normal(2),
                                         "bias": normal(2)},
               {"num_features": 2, "eps": EPS, "momentum": momentum, "affine": True, "track_running_stats": True},
               order=1, before=fresh, after=lambda: after,
               note="three training steps; running_var takes the unbiased variance; momentum none is the average so far")
    for tag, shape in (("eval", (3, 2)), ("eval_ncl", (2, 2, 3)), ("eval_2d", (1, 2, 2, 2))):
        g = f.generator(tag)
        state = {"running_mean": normal(2)(g), "running_var": uniform(2, lo=0.5, hi=2)(g),
                 "num_batches_tracked": torch.tensor(5)}
        f.case(f"batch_norm/{tag}", lambda x, w, b: F.batch_norm(x, state["running_mean"], state["running_var"], w, b,
                                                                 False, 0.1, EPS),
               {"x": normal(*shape), "weight": normal(2), "bias": normal(2)},
               {"num_features": 2, "eps": EPS, "momentum": 0.1, "affine": True, "track_running_stats": True},
               before=state, after=lambda: state)


def layer_group_rms(f):
    for tag, shape, dims, parameters in (("last", (2, 2, 5), 1, 2), ("last_two", (2, 2, 3), 2, 2),
                                         ("plain", (3, 4), 1, 0), ("weight_only", (2, 4), 1, 1)):
        inputs = {"x": normal(*shape)}
        if parameters > 0:
            inputs["weight"] = normal(*shape[-dims:])
        if parameters > 1:
            inputs["bias"] = normal(*shape[-dims:])

        def groups(x, w=None, b=None):
            y = F.group_norm(x.reshape(-1, 1, *x.shape[-dims:]), 1, None, None, EPS).reshape(x.shape)
            y = y if w is None else y * w
            return y if b is None else y + b
        f.case(f"layer_norm/{tag}", lambda x, w=None, b=None: formulas.layer_norm(x, dims, w, b), inputs,
               {"normalized_shape": shape[-dims:], "eps": EPS, "affine": parameters > 0, "bias": parameters > 1},
               order=4, check=groups, check_order=4, tol=1e-9,
               note="by the written-out formula, compared with torch's group_norm up to order 4")
        f.case(f"layer_norm/{tag}_fused", lambda x, w=None, b=None: F.layer_norm(x, shape[-dims:], w, b, EPS), inputs,
               {"normalized_shape": shape[-dims:], "eps": EPS, "affine": parameters > 0, "bias": parameters > 1},
               order=2,
               check=lambda x, w=None, b=None: formulas.layer_norm(x, dims, w, b), tol=1e-11)
    for tag, shape, groups_, affine in (("two", (2, 4, 3), 2, True), ("one", (2, 2, 3), 1, True),
                                        ("all", (2, 2, 4), 2, False), ("nc", (3, 4), 2, True),
                                        ("2d", (1, 4, 2, 2), 2, True)):
        inputs = {"x": normal(*shape)}
        if affine:
            inputs.update({"weight": normal(shape[1]), "bias": normal(shape[1])})
        f.case(f"group_norm/{tag}", lambda x, w=None, b=None: formulas.group_norm(x, groups_, w, b), inputs,
               {"num_groups": groups_, "num_channels": shape[1], "eps": EPS, "affine": affine}, order=4,
               check=lambda x, w=None, b=None: F.group_norm(x, groups_, w, b, EPS), check_order=4, tol=1e-9)
    for tag, shape, affine, eps in (("affine", (2, 5), True, EPS), ("plain", (2, 2, 3), False, EPS),
                                    ("default_eps", (3, 4), True, 2.220446049250313e-16)):
        inputs = {"x": normal(*shape)}
        if affine:
            inputs["weight"] = normal(shape[-1])
        f.case(f"rms_norm/{tag}", lambda x, w=None: formulas.rms_norm(x, w, eps), inputs,
               {"normalized_shape": [shape[-1]], "eps": eps, "affine": affine}, order=4,
               note="x / sqrt(mean(x^2) + eps) * weight over the last dimension" + ("; eps is that of float64"
                   if eps < 1e-9 else ""))
    for tag, shape, size, alpha, beta, k in (("size3", (2, 5, 3), 3, 0.5, 0.75, 1.0),
                                             ("size2", (1, 4, 2), 2, 1.0, 0.5, 2.0),
                                             ("2d", (1, 4, 2, 2), 3, 0.25, 0.75, 1.0),
                                             ("default", (1, 7, 2), 5, 1e-4, 0.75, 1.0)):
        f.case(f"local_response_norm/{tag}", lambda x: F.local_response_norm(x, size, alpha, beta, k),
               {"x": normal(*shape)},
               {"size": size, "alpha": alpha, "beta": beta, "k": k}, order=4 if tag == "size3" else 2,
               note="x / (k + alpha / size * sum of x^2 over channels c - size / 2 .. c + (size - 1) / 2)^beta")


def weights(f):
    def weight_norm(v, g, dim):
        others = [d for d in range(v.dim()) if d != dim]
        return g * v / torch.sqrt((v * v).sum(others if dim is not None else None, keepdim=True))
    for tag, shape, dim in (("linear", (3, 4), 0), ("conv", (2, 3, 2), 0), ("dim1", (2, 3, 2), 1)):
        gs = [1] * len(shape)
        gs[dim] = shape[dim]
        f.case(f"weight_norm/{tag}", lambda v, g: weight_norm(v, g, dim),
               {"v": normal(*shape), "g": uniform(*gs, lo=0.5, hi=2)}, {"dim": dim},
               check=lambda v, g: torch._weight_norm(v, g, dim), check_order=1,
               note="g v / ||v||, the norm over all dimensions but dim; by the formula: torch 1.13 fused form is wrong at order 2 (it fails\ngradgradcheck: the saved norms are constants there)")
    for tag, shape in (("linear", (3, 4)), ("conv", (2, 3, 2))):
        g = f.generator(tag)
        u = F.normalize(torch.randn(shape[0], generator=g), dim=0)
        after = {}

        def fn(w):
            matrix, u_now, outs = w.reshape(shape[0], -1), u.clone(), {}
            for i in (1, 2):
                with torch.no_grad():
                    v_now = F.normalize(matrix.t() @ u_now, dim=0, eps=1e-12)
                    u_now = F.normalize(matrix @ v_now, dim=0, eps=1e-12)
                outs[f"w{i}"] = w / (u_now @ (matrix @ v_now))
                after.update({f"{i}.u": u_now, f"{i}.v": v_now})
            return outs
        f.case(f"spectral_norm/{tag}", fn, {"weight": normal(*shape)}, {"n_power_iterations": 1, "eps": 1e-12},
               before={"u": u}, after=lambda: after, slope=False,
               note="two forwards in training: v = normalize(W^T u), u = normalize(W v), W / (u . W v), u and v constants; W as [O, rest]")


def make():
    f = Family("norms",
               "Batch, layer, group, RMS and local response normalization to the fourth order; weight and spectral normalization.")
    batch(f)
    layer_group_rms(f)
    weights(f)
    return f
