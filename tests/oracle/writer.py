"""The text format of the oracle files and the derivation of every number in them. See README.md beside this file."""
import os
import sys
import zlib

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
SEED = 20240229
NAMES = {torch.float64: "float64", torch.float32: "float32", torch.int64: "int64", torch.bool: "bool"}


# -- inputs: specs are functions of a generator, so every case draws from a stream of its own ------------------------
def normal(*shape, scale=1.0, shift=0.0, grid=64):
    """Normal numbers on a grid of 1/grid: short in text, and exact in float32 too."""
    return lambda g: torch.round((torch.randn(shape, generator=g) * scale + shift) * grid) / grid


def uniform(*shape, lo=0.0, hi=1.0, grid=64):
    """Uniform on [lo, hi], on a grid of 1/grid."""
    return lambda g: torch.round((lo + (hi - lo) * torch.rand(shape, generator=g)) * grid) / grid


def distinct(*shape, step=0.25):
    """No two equal, none at zero: for sorts and maxima, where a tie has more than one right gradient."""
    def make(g):
        n = 1
        for s in shape:
            n *= s
        return ((torch.randperm(n, generator=g) - n // 2) + 0.25).reshape(shape) * step
    return make


def away(*shape, gap=0.25, scale=1.0):
    """Normal numbers at least `gap` away from zero."""
    def make(g):
        x = normal(*shape, scale=scale)(g)
        return x + torch.where(x < 0, -gap, gap)
    return make


def integers(*shape, lo=0, hi=10):
    return lambda g: torch.randint(lo, hi, shape, generator=g)


def booleans(*shape, p=0.5):
    return lambda g: torch.rand(shape, generator=g) < p


def fixed(values, dtype=torch.float64):
    return lambda g: torch.tensor(values, dtype=dtype)


# -- text ------------------------------------------------------------------------------------------------------------
def number(x):
    if isinstance(x, bool):
        return "1" if x else "0"
    if isinstance(x, int):
        return str(x)
    text = repr(x)
    return text[:-2] if text.endswith(".0") else text


def option(x):
    if x is None:
        return "none"
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, (list, tuple)):
        return ",".join(option(v) for v in x)
    return number(x) if isinstance(x, (int, float)) else str(x)


def named(kind, name, t):
    t = t.detach()
    if t._is_zerotensor():
        t = torch.zeros(t.shape, dtype=t.dtype)
    shape = ",".join(map(str, t.shape)) if t.dim() else "scalar"
    return " ".join([kind, name, NAMES[t.dtype], shape] + [number(v) for v in t.reshape(-1).tolist()])


def floating(t):
    return t.dtype.is_floating_point


def close(what, a, b, tol=1e-12):
    """Two independent ways to a number must meet before it is written."""
    if a.shape != b.shape or (a.numel() and not torch.allclose(a, b, rtol=tol, atol=tol)):
        by = (a - b).abs().max().item() if a.shape == b.shape else "shape"
        raise AssertionError(f"{what}: two ways disagree by {by}")


# -- derivation ------------------------------------------------------------------------------------------------------
def outputs(result):
    if isinstance(result, dict):
        return dict(result)
    if isinstance(result, torch.Tensor):
        return {"out": result}
    return {f"out{i}": t for i, t in enumerate(result)}


def derive(fn, inputs, diff, upstream, v, order):
    """Outputs, gradients, and s1, s2, ...: s1 = sum over outputs of <out, upstream>; grad = d s1; s2 = sum of <grad, v>;
    grad2 = d s2; ..."""
    leaves = {k: (t.clone().requires_grad_(k in diff)) for k, t in inputs.items()}
    up = {k: t.clone().requires_grad_(order >= 2) for k, t in upstream.items()}
    outs = outputs(fn(*leaves.values()))
    sums = []
    live = [k for k in up if outs[k].requires_grad]
    grads = []
    s = sum((outs[k] * up[k]).sum() for k in live)
    for k in range(1, order + 1):
        sums.append(float(s))
        wanted = {n: leaves[n] for n in diff}
        if k >= 2:
            wanted.update({"upstream." + n: up[n] for n in up})
        if isinstance(s, torch.Tensor) and s.requires_grad:
            got = torch.autograd.grad(s, list(wanted.values()), create_graph=k < order, allow_unused=True)
        else:
            got = [None] * len(wanted)
        got = {n: torch.zeros_like(t) if g is None else g for (n, t), g in zip(wanted.items(), got)}
        grads.append(got)
        s = sum((got[n] * v[n]).sum() for n in diff)
    return outs, grads, sums


def slope_check(what, fn, inputs, diff, upstream, v, grads, g, h=1e-5, tol=1e-6):
    """Each order against the slope of the order before it along one random direction. Catches a maker that is
    wrong itself."""
    d = {k: torch.randn(inputs[k].shape, generator=g) for k in diff}
    at = [derive(fn, {k: t + sign * h * d[k] if k in d else t for k, t in inputs.items()}, diff, upstream, v,
                 len(grads))[2] for sign in (1, -1)]
    for k, got in enumerate(grads):
        slope = (at[0][k] - at[1][k]) / (2 * h)
        exact = sum((got[n] * d[n]).sum().item() for n in diff)
        size = 1 + sum((got[n] * d[n]).abs().sum().item() for n in diff)
        if not abs(slope - exact) <= tol * size:
            raise AssertionError(f"{what}: order {k + 1} gives {exact}, the slope is {slope}")


class Family:
    """One text file: `case` derives and appends, `write` stores."""

    def __init__(self, name, title):
        self.name, self.title, self.lines, self.cases = name, title, [], []

    def generator(self, case):
        return torch.Generator().manual_seed(SEED ^ zlib.crc32(f"{self.name}:{case}".encode()))

    def begin(self, name, args=None, note=None):
        assert name not in self.cases, name
        assert "/" in name and " " not in name, name
        self.cases.append(name)
        self.lines.append(f"case {name}")
        for line in (note or "").splitlines():
            self.lines.append(f"# {line}")
        for k, a in (args or {}).items():
            self.lines.append(f"arg {k} {option(a)}".rstrip())

    def put(self, kind, name, t):
        assert not any(c.isspace() for c in name), name
        self.lines.append(named(kind, name, t))

    def end(self):
        self.lines.append("end")

    def case(self, name, fn, inputs, args=None, order=2, diff=None, note=None, check=None, check_order=2, tol=1e-12,
             before=None, after=None, slope=True):
        """Writes `fn(*inputs)`. order: how many times to differentiate. check: another way to the same numbers,
        compared up to check_order. diff: the inputs to differentiate by (all floating ones unless said).
        slope: false where the gradient is not the slope (a kink, something detached), or the step to use.
        before: state to write; after: called at the end, gives the state that the last run of fn left."""
        g = self.generator(name)
        tensors = {k: (spec if isinstance(spec, torch.Tensor) else spec(g)) for k, spec in inputs.items()}
        if diff is None:
            diff = [k for k, t in tensors.items() if floating(t)]
        if order == 0:
            diff = []
        with torch.no_grad():
            probe = outputs(fn(*tensors.values()))
        upstream = {k: normal(*t.shape)(g) for k, t in probe.items() if floating(t)} if order else {}
        v = {k: normal(*tensors[k].shape)(g) for k in diff} if order >= 2 else {k: torch.zeros_like(tensors[k])
            for k in diff}
        outs, grads, _ = derive(fn, tensors, diff, upstream, v, order)
        if check is not None:
            outs_b, grads_b, _ = derive(check, tensors, diff, upstream, v, min(order, check_order))
            for k in outs:
                close(f"{name} out {k}", outs[k], outs_b[k], tol)
            for i, got in enumerate(grads_b):
                for k in got:
                    close(f"{name} grad{i + 1} {k}", grads[i][k], got[k], tol)
        if order and slope:
            kept = after().copy() if after else {}
            slope_check(f"{self.name}: {name}", fn, tensors, diff, upstream, v, grads, g,
                        h=1e-5 if slope is True else slope)
            if after:
                after().update(kept)
        self.begin(name, args, note)
        for k, t in (before or {}).items():
            self.put("state_before", k, t)
        for k, t in tensors.items():
            self.put("in", k, t)
        for k, t in outs.items():
            self.put("out", k, t)
        for k, t in upstream.items():
            self.put("upstream", k, t)
        if order >= 2:
            for k, t in v.items():
                self.put("v", k, t)
        for i, got in enumerate(grads):
            for k, t in got.items():
                self.put("grad" if i == 0 else f"grad{i + 1}", k, t)
        for k, t in (after() if after else {}).items():
            self.put("state_after", k, t)
        self.end()

    def write(self, folder):
        head = [f"# {self.title}",
                f"# Made by tests/oracle/make_oracle.py: torch {torch.__version__}, Python {sys.version.split()[0]}, "
                f"seed {SEED}, float64. Do not edit."]
        path = os.path.join(folder, self.name + ".txt")
        with open(path, "w", newline="\n") as out:
            out.write("\n".join(head + self.lines) + "\n")
        return path
