"""Functions of one element, or of two with broadcasting."""
import math

import torch
import torch.nn.functional as F

from writer import Family, away, booleans, distinct, fixed, integers, normal, uniform

# name: (function, input range, options)
UNARY = {
    "neg": (torch.neg, normal, {}),
    "exp": (torch.exp, normal, {}),
    "log": (torch.log, lambda *s: uniform(*s, lo=0.25, hi=4), {}),
    "log2": (torch.log2, lambda *s: uniform(*s, lo=0.25, hi=4), {}),
    "log1p": (torch.log1p, lambda *s: uniform(*s, lo=-0.75, hi=4), {}),
    "expm1": (torch.expm1, normal, {}),
    "sqrt": (torch.sqrt, lambda *s: uniform(*s, lo=0.25, hi=4), {}),
    "rsqrt": (torch.rsqrt, lambda *s: uniform(*s, lo=0.25, hi=4), {}),
    "reciprocal": (torch.reciprocal, away, {}),
    "square": (torch.square, normal, {}),
    "abs": (torch.abs, away, {}),
    "sign": (torch.sign, away, {}),
    "sin": (torch.sin, lambda *s: normal(*s, scale=2), {}),
    "cos": (torch.cos, lambda *s: normal(*s, scale=2), {}),
    "tan": (torch.tan, lambda *s: uniform(*s, lo=-1.25, hi=1.25), {}),
    "asin": (torch.asin, lambda *s: uniform(*s, lo=-0.75, hi=0.75), {}),
    "acos": (torch.acos, lambda *s: uniform(*s, lo=-0.75, hi=0.75), {}),
    "atan": (torch.atan, lambda *s: normal(*s, scale=2), {}),
    "sinh": (torch.sinh, normal, {}),
    "cosh": (torch.cosh, normal, {}),
    "tanh": (torch.tanh, normal, {}),
    "sigmoid": (torch.sigmoid, lambda *s: normal(*s, scale=2), {}),
    "logsigmoid": (F.logsigmoid, lambda *s: normal(*s, scale=2), {}),
    "erf": (torch.erf, normal, {}),
    "erfc": (torch.erfc, normal, {}),
    "relu": (F.relu, away, {}),
    "relu6": (F.relu6, lambda *s: distinct(*s, step=1.5), {}),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), away, {"negative_slope": 0.2}),
    "elu": (lambda x: F.elu(x, 1.5), away, {"alpha": 1.5}),
    "selu": (F.selu, away, {}),
    "softplus": (F.softplus, lambda *s: normal(*s, scale=2), {"beta": 1, "threshold": 20}),
    "softsign": (F.softsign, away, {}),
    "silu": (F.silu, lambda *s: normal(*s, scale=2), {}),
    "mish": (F.mish, lambda *s: normal(*s, scale=2), {}),
    "hardtanh": (F.hardtanh, lambda *s: distinct(*s, step=0.5), {"min_val": -1, "max_val": 1}),
    # The fused forms of the two cannot be differentiated twice, and hold a float32 1/6; compared in `unary`.
    "hardsigmoid": (lambda x: F.relu6(x + 3) / 6, lambda *s: distinct(*s, step=1.5), {}),
    "hardswish": (lambda x: x * F.relu6(x + 3) / 6, lambda *s: distinct(*s, step=1.5), {}),
}
BINARY = {
    "add": (torch.add, normal, normal), "sub": (torch.sub, normal, normal), "mul": (torch.mul, normal, normal),
    "div": (torch.div, normal, away), "pow": (torch.pow, lambda *s: uniform(*s, lo=0.25, hi=3), normal),
    "atan2": (torch.atan2, away, away),
    "minimum": (torch.minimum, normal, lambda *s: lambda g: normal(*s)(g) + 1 / 128),  # no ties
    "maximum": (torch.maximum, normal, lambda *s: lambda g: normal(*s)(g) + 1 / 128),
}
INF, NAN = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 20.0, -20.0, INF, -INF, NAN]


def unary(f):
    for name, (fn, spec, args) in UNARY.items():
        check = {"hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish}.get(name)
        f.case(f"{name}/basic", fn, {"x": spec(2, 3)}, args, check=check, check_order=1, tol=1e-8 if check else 1e-12)
        f.case(f"{name}/scalar", fn, {"x": spec()}, args)
        f.case(f"{name}/special", fn, {"x": fixed(SPECIAL[:7] + [NAN] if name == "hardswish" else SPECIAL)}, args,
               order=0)
    for name in ("none", "tanh"):
        fn = lambda x: F.gelu(x, approximate=name)  # noqa: E731, B023
        variant = "exact" if name == "none" else "tanh"
        f.case(f"gelu/{variant}", fn, {"x": normal(2, 3)}, {"approximate": name})
        f.case(f"gelu/{variant}_special", fn, {"x": fixed(SPECIAL[:7] + [NAN])}, {"approximate": name}, order=0)
    f.case("softplus/beta", lambda x: F.softplus(x, 2, 3), {"x": distinct(2, 4, step=0.75)},
           {"beta": 2, "threshold": 3},
           note="linear above beta x > threshold")
    kink = fixed([-1.0, 0.0, 1.0])
    f.case("abs/kink", torch.abs, {"x": kink}, order=1, note="gradient 0 at 0")
    f.case("sign/kink", torch.sign, {"x": kink}, order=1, slope=False)
    f.case("relu/kink", F.relu, {"x": kink}, order=1, slope=False, note="gradient 0 at 0")
    f.case("leaky_relu/kink", lambda x: F.leaky_relu(x, 0.2), {"x": kink}, {"negative_slope": 0.2}, order=1,
           slope=False,
           note="gradient negative_slope at 0")
    f.case("leaky_relu/default", F.leaky_relu, {"x": away(5)}, {"negative_slope": 0.01})
    f.case("elu/kink", F.elu, {"x": kink}, {"alpha": 1}, order=1)
    f.case("hardtanh/kink", F.hardtanh, {"x": kink}, {"min_val": -1, "max_val": 1}, order=1, slope=False,
           note="gradient 0 at both ends")
    f.case("hardtanh/range", lambda x: F.hardtanh(x, -0.5, 2), {"x": distinct(7)}, {"min_val": -0.5, "max_val": 2})
    f.case("sqrt/zero", torch.sqrt, {"x": fixed([0.0, 4.0])}, order=1, slope=False, note="gradient inf at 0")
    rounding = fixed([-2.5, -1.5, -1.25, -0.5, -0.25, -0.0, 0.0, 0.25, 0.5, 0.75, 1.5, 2.5, 3.0, INF, -INF, NAN])
    for name in ("floor", "ceil", "round", "trunc"):
        f.case(f"{name}/values", getattr(torch, name), {"x": rounding}, order=0)
        f.case(f"{name}/grad", getattr(torch, name), {"x": normal(4)}, order=1, note="gradient 0 everywhere")


def binary(f):
    for name, (fn, a, b) in BINARY.items():
        f.case(f"{name}/basic", fn, {"a": a(2, 3), "b": b(2, 3)})
        f.case(f"{name}/broadcast", fn, {"a": a(2, 1, 3), "b": b(4, 1)})
        f.case(f"{name}/scalar_tensor", fn, {"a": a(3), "b": b()})
        f.case(f"{name}/size1", fn, {"a": a(1), "b": b(2, 2)})
        f.case(f"{name}/empty", fn, {"a": a(2, 0), "b": b(1, 1)})
        grid = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]
        f.case(f"{name}/special", fn, {"a": fixed([[x] for x in grid]), "b": fixed(grid)}, order=0)
    for name, fn in {"minimum": torch.minimum, "maximum": torch.maximum}.items():
        f.case(f"{name}/ties", fn, {"a": fixed([1.0, 2.0, 3.0]), "b": fixed([2.0, 2.0, 2.0])}, order=1,
               note="a tie gives half the gradient to each side")
    f.case("mul/same_input_twice", lambda x: x * x, {"x": normal(2, 3)}, note="x * x")
    for c in (-2.5, 0.75):
        tag = "negative" if c < 0 else "positive"
        args = {"scalar": c}
        f.case(f"add/number_{tag}", lambda x: x + c, {"x": normal(4)}, args, note="x + scalar")
        f.case(f"sub/number_{tag}", lambda x: x - c, {"x": normal(4)}, args, note="x - scalar")
        f.case(f"rsub/number_{tag}", lambda x: c - x, {"x": normal(4)}, args, note="scalar - x")
        f.case(f"mul/number_{tag}", lambda x: x * c, {"x": normal(4)}, args, note="x * scalar")
        f.case(f"div/number_{tag}", lambda x: x / c, {"x": normal(4)}, args, note="x / scalar")
        f.case(f"rdiv/number_{tag}", lambda x: c / x, {"x": away(4)}, args, note="scalar / x")
    for c in (-2, -1, -0.5, 0, 0.5, 1, 2, 3, 2.5):
        f.case(f"pow/exponent_{c}", lambda x: torch.pow(x, c), {"x": uniform(4, lo=0.25, hi=3)}, {"exponent": c})
    for c in (2, 3):
        f.case(f"pow/negative_base_{c}", lambda x: torch.pow(x, c), {"x": fixed([-1.5, -0.5, 0.0, 2.0])},
               {"exponent": c})
    f.case("rpow/number", lambda x: torch.pow(2.5, x), {"x": normal(4)}, {"base": 2.5}, note="base ^ x")
    for name, fn in {"remainder": torch.remainder, "fmod": torch.fmod, "floor_divide": torch.floor_divide}.items():
        f.case(f"{name}/values", fn, {"a": fixed([5.5, -5.5, 5.5, -5.5, 6.0]), "b": fixed([2.0, 2.0, -2.0, -2.0, 1.5])},
               order=0)


def selecting(f):
    x = distinct(2, 4, step=0.5)
    f.case("clamp/both", lambda x: x.clamp(-1, 0.75), {"x": x}, {"min": -1, "max": 0.75})
    f.case("clamp/min", lambda x: x.clamp(min=0.5), {"x": x}, {"min": 0.5, "max": None})
    f.case("clamp/max", lambda x: x.clamp(max=0.5), {"x": x}, {"min": None, "max": 0.5})
    f.case("clamp/kink", lambda x: x.clamp(-1, 1), {"x": fixed([-2.0, -1.0, 0.0, 1.0, 2.0])}, {"min": -1, "max": 1},
           order=1, slope=False,
           note="gradient 1 at both ends")
    f.case("clamp/min_above_max", lambda x: x.clamp(2, -1), {"x": fixed([-2.0, 0.0, 3.0])}, {"min": 2, "max": -1},
           order=0,
           note="max wins")
    f.case("clamp/special", lambda x: x.clamp(-1, 1), {"x": fixed(SPECIAL)}, {"min": -1, "max": 1}, order=0)
    f.case("where/basic", torch.where, {"condition": booleans(2, 3), "a": normal(2, 3), "b": normal(2, 3)})
    f.case("where/broadcast", torch.where, {"condition": booleans(3, 1), "a": normal(2, 1, 4), "b": normal(1)})
    f.case("where/nan_not_taken", torch.where, {"condition": fixed([True, False], torch.bool), "a": fixed([1.0, NAN]),
                                                "b": fixed([NAN, 2.0])}, order=1)
    f.case("lerp/number", lambda a, b: torch.lerp(a, b, 0.25), {"a": normal(2, 3), "b": normal(3)}, {"weight": 0.25})
    f.case("lerp/tensor", torch.lerp, {"a": normal(2, 3), "b": normal(2, 3), "weight": uniform(2, 1)})
    f.case("addcmul/basic", lambda x, a, b: torch.addcmul(x, a, b, value=0.5), {"x": normal(2, 3), "a": normal(2, 3),
                                                                               "b": normal(3)}, {"value": 0.5})
    f.case("addcdiv/basic", lambda x, a, b: torch.addcdiv(x, a, b, value=0.5), {"x": normal(2, 3), "a": normal(2, 3),
                                                                               "b": away(3)}, {"value": 0.5})


def logic(f):
    grid = [0.0, -0.0, 1.5, -1.5, INF, -INF, NAN]
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        fn = getattr(torch, name)
        f.case(f"{name}/special", fn, {"a": fixed([[x] for x in grid]), "b": fixed(grid)}, order=0)
        f.case(f"{name}/int64", fn, {"a": integers(3, 1, lo=-2, hi=3), "b": integers(4, lo=-2, hi=3)}, order=0)
    for name in ("logical_and", "logical_or", "logical_xor"):
        fn = getattr(torch, name)
        f.case(f"{name}/bool", fn, {"a": fixed([[False], [True]], torch.bool), "b": fixed([False, True], torch.bool)},
               order=0)
        f.case(f"{name}/float", fn, {"a": fixed([[0.0], [2.0], [NAN]]), "b": fixed([0.0, -0.0, -1.5])}, order=0)
    f.case("logical_not/bool", torch.logical_not, {"x": fixed([False, True], torch.bool)}, order=0)
    f.case("logical_not/float", torch.logical_not, {"x": fixed([0.0, -0.0, 1.5, NAN, INF])}, order=0)
    for name in ("isnan", "isinf", "isfinite"):
        f.case(f"{name}/values", getattr(torch, name), {"x": fixed(SPECIAL)}, order=0)


def make():
    f = Family("elementwise", "Elementwise functions, comparisons and logic.")
    unary(f)
    binary(f)
    selecting(f)
    logic(f)
    return f
