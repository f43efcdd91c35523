"""Tensors from nothing, and the ranges of initial values."""
import math

import torch
from torch.nn import init

from writer import Family


def values(f):
    def put(name, t, args):
        f.begin(name, args)
        f.put("out", "out", t)
        f.end()
    for tag, a in (("end", (0, 5, 1)), ("step", (-2, 7, 3)), ("descending", (3, -3, -2)), ("empty", (2, 2, 1))):
        put(f"arange/{tag}", torch.arange(*a), {"start": a[0], "end": a[1], "step": a[2]})
    for tag, a in (("fraction", (0.5, 2.25, 0.25)), ("not_exact", (0.0, 1.0, 0.1))):
        put(f"arange/{tag}", torch.arange(*a), {"start": a[0], "end": a[1], "step": a[2]})
    for tag, a in (("five", (-1.0, 1.0, 5)), ("one", (2.0, 3.0, 1)), ("none", (0.0, 1.0, 0)), ("seven", (0.0, 1.0, 7)),
                   ("descending", (1.0, -2.0, 4))):
        put(f"linspace/{tag}", torch.linspace(*a), {"start": a[0], "end": a[1], "steps": a[2]})
    for tag, n, m in (("square", 3, 3), ("wide", 2, 4), ("tall", 3, 2)):
        put(f"eye/{tag}", torch.eye(n, m), {"n": n, "m": m})


def initial(f):
    """bound: of the uniform, std: of the normal distribution."""
    rows = {"linear": torch.nn.Linear(6, 4), "conv1d": torch.nn.Conv1d(4, 6, 3),
            "conv1d_groups": torch.nn.Conv1d(4, 6, 3, groups=2),
            "conv_transpose1d": torch.nn.ConvTranspose1d(4, 6, 3),
            "conv_transpose1d_groups": torch.nn.ConvTranspose1d(4, 6, 3, groups=2),
            "conv2d": torch.nn.Conv2d(2, 3, (2, 3))}
    for name, layer in rows.items():
        fan_in, fan_out = init._calculate_fan_in_and_fan_out(layer.weight)
        bound = 1 / math.sqrt(fan_in)
        assert max(layer.weight.abs().max(), layer.bias.abs().max()) <= bound
        f.begin(f"default_init/{name}", {"shape": list(layer.weight.shape), "fan_in": fan_in, "fan_out": fan_out,
                                         "bound": bound},
                "weight: kaiming_uniform with a = sqrt(5), which is uniform on +-1 / sqrt(fan_in); bias: the same range.\nfan_in = shape[1] * product of the rest, for transposed convolutions too")
        f.end()
        shape = list(layer.weight.shape)
        for mode, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
            gain = init.calculate_gain("leaky_relu", 0.2)
            f.begin(f"kaiming/{name}_{mode}", {"shape": shape, "mode": mode, "nonlinearity": "leaky_relu", "a": 0.2,
                                               "std": gain / math.sqrt(fan),
                                               "bound": math.sqrt(3) * gain / math.sqrt(fan)})
            f.end()
        std = math.sqrt(2 / (fan_in + fan_out))
        f.begin(f"xavier/{name}", {"shape": shape, "gain": 1, "std": std, "bound": math.sqrt(3) * std})
        f.end()
    for name in ("linear", "sigmoid", "tanh", "relu", "selu"):
        f.begin(f"gain/{name}", {"gain": init.calculate_gain(name)})
        f.end()
    f.begin("gain/leaky_relu", {"a": 0.2, "gain": init.calculate_gain("leaky_relu", 0.2)})
    f.end()


def make():
    f = Family("creation", "Creation functions by value, and the ranges of initial weights (options only).")
    values(f)
    initial(f)
    return f
