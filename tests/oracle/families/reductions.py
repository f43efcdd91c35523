"""Reductions over any set of dimensions, and running sums."""
import math

import torch

from writer import Family, away, booleans, distinct, fixed, integers, normal

INF, NAN = math.inf, math.nan
# variant: (shape, dims or None for all, keepdim)
DIMS = {
    "all": ((2, 3, 4), None, False),
    "dim0": ((3, 4), [0], False),
    "dim_middle": ((2, 3, 4), [1], False),
    "dim_last_negative": ((2, 3, 4), [-1], False),
    "dims_0_2": ((2, 3, 4), [0, 2], False),
    "dims_1_m1_keepdim": ((2, 3, 4), [1, -1], True),
    "size1": ((1, 3, 1), [0, 2], True),
    "scalar": ((), None, False),
}


def args_of(dims, keepdim, **more):
    return {"dims": [] if dims is None else dims, "keepdim": keepdim, **more}


def every_dim(shape, dims):
    return list(range(len(shape))) if dims is None else dims


def over_dims(f):
    """`dims` empty means all."""
    for tag, (shape, dims, keep) in DIMS.items():
        d = every_dim(shape, dims)
        f.case(f"sum/{tag}", lambda x: x.sum(d, keep) if shape else x.sum(), {"x": normal(*shape)}, args_of(dims, keep))
        f.case(f"mean/{tag}", lambda x: x.mean(d, keep) if shape else x.mean(), {"x": normal(*shape)},
               args_of(dims, keep))
        f.case(f"logsumexp/{tag}", lambda x: torch.logsumexp(x, d, keep) if shape else torch.logsumexp(x, 0),
               {"x": normal(*shape, scale=2)}, args_of(dims, keep))
        f.case(f"amax/{tag}", lambda x: torch.amax(x, d, keep), {"x": distinct(*shape)}, args_of(dims, keep))
        f.case(f"amin/{tag}", lambda x: torch.amin(x, d, keep), {"x": distinct(*shape)}, args_of(dims, keep))
        if shape and tag != "size1":
            for correction in (0, 1):
                name = "unbiased" if correction else "biased"
                a = args_of(dims, keep, unbiased=bool(correction))
                f.case(f"var/{tag}_{name}", lambda x: torch.var(x, d, unbiased=bool(correction), keepdim=keep),
                       {"x": normal(*shape)}, a)
                f.case(f"std/{tag}_{name}", lambda x: torch.std(x, d, unbiased=bool(correction), keepdim=keep),
                       {"x": normal(*shape)}, a)
        for p in (1, 2, 3, INF):
            if p in (1, INF) or tag in ("all", "dims_0_2", "dims_1_m1_keepdim"):
                f.case(f"norm/{tag}_p{p}", lambda x: torch.linalg.vector_norm(x, p, d if shape else None, keep),
                       {"x": distinct(*shape)}, args_of(dims, keep, p=p))
        for name in ("any", "all"):
            def fn(x):
                for k in sorted((k % max(1, x.dim()) for k in d), reverse=True):
                    x = getattr(torch, name)(x, k, keep)
                return x if d else getattr(torch, name)(x)
            f.case(f"{name}/{tag}", fn, {"x": booleans(*shape, p=0.3 if name == "any" else 0.7)}, args_of(dims, keep),
                   order=0)


def one_dim(f):
    """`dim` none means over all elements, and there an index counts through them all."""
    for tag, shape, dim, keep in (("all", (2, 3), None, False), ("dim0", (3, 4), 0, False),
                                  ("dim1_keepdim", (2, 3, 2), 1, True),
                                  ("last", (2, 3, 4), -1, False), ("size1", (2, 1), 1, False)):
        a = {"dim": dim, "keepdim": keep}
        f.case(f"prod/{tag}", lambda x: x.prod() if dim is None else x.prod(dim, keep), {"x": away(*shape)}, a)
        for name in ("max", "min"):
            if dim is None:
                f.case(f"{name}/{tag}", getattr(torch, name), {"x": distinct(*shape)}, a)
            else:
                def fn(x):
                    values, indices = getattr(torch, name)(x, dim, keep)
                    return {"values": values, "indices": indices}
                f.case(f"{name}/{tag}", fn, {"x": distinct(*shape)}, a)
        for name in ("argmax", "argmin"):
            f.case(f"{name}/{tag}", lambda x: getattr(torch, name)(x) if dim is None else getattr(torch, name)(x, dim,
                keep),
                   {"x": distinct(*shape)}, a, order=0)
    f.case("prod/one_zero", lambda x: x.prod(1), {"x": fixed([[2.0, 0.0, 3.0], [0.0, 0.5, 0.0], [1.0, 2.0, 3.0]])},
           {"dim": 1, "keepdim": False}, note="rows with one zero, with two and with none")
    f.case("median/values", lambda x: x.median(1)[0], {"x": distinct(2, 4)}, {"dim": 1, "keepdim": False}, order=0,
           note="the lower of the two middle ones")


def running(f):
    for tag, shape, dim in (("dim0", (3, 2), 0), ("dim1", (2, 3, 2), 1), ("last", (2, 4), -1), ("scalar", (), 0),
                            ("size1", (2, 1), 1)):
        f.case(f"cumsum/{tag}", lambda x: torch.cumsum(x, dim), {"x": normal(*shape)}, {"dim": dim})
        f.case(f"cumprod/{tag}", lambda x: torch.cumprod(x, dim), {"x": away(*shape)}, {"dim": dim})
    f.case("cumprod/one_zero", lambda x: torch.cumprod(x, 0), {"x": fixed([2.0, 0.0, 3.0, 4.0])}, {"dim": 0}, order=1)
    for name in ("cummax", "cummin"):
        def fn(x):
            values, indices = getattr(torch, name)(x, 1)
            return {"values": values, "indices": indices}
        f.case(f"{name}/basic", fn, {"x": distinct(2, 5)}, {"dim": 1})
    f.case("logcumsumexp/basic", lambda x: torch.logcumsumexp(x, 1), {"x": normal(2, 4, scale=2)}, {"dim": 1}, order=1)
    f.case("diff/basic", lambda x: torch.diff(x, dim=1), {"x": normal(2, 4)}, {"dim": 1})


def edges(f):
    none, whole = {"dims": [], "keepdim": False}, {"dims": [1], "keepdim": False}
    f.case("sum/empty_dim", lambda x: x.sum(1), {"x": normal(2, 0)}, whole)
    f.case("sum/empty_all", torch.sum, {"x": normal(0, 3)}, none)
    f.case("mean/empty_all", torch.mean, {"x": normal(0)}, none, order=0, note="nan")
    f.case("prod/empty_dim", lambda x: x.prod(1), {"x": normal(2, 0)}, {"dim": 1, "keepdim": False}, order=1)
    f.case("logsumexp/empty_dim", lambda x: torch.logsumexp(x, 1), {"x": normal(2, 0)}, whole, order=0)
    f.case("sum/int64", torch.sum, {"x": integers(2, 3)}, none, order=0)
    f.case("sum/bool", torch.sum, {"x": booleans(2, 5)}, none, order=0, note="the count, int64")
    f.case("prod/int64", torch.prod, {"x": integers(5, lo=1)}, {"dim": None, "keepdim": False}, order=0)
    f.case("cumsum/int64", lambda x: torch.cumsum(x, 0), {"x": integers(5)}, {"dim": 0}, order=0)
    f.case("any/float", torch.any, {"x": fixed([0.0, NAN])}, none, order=0, note="nan is true")
    f.case("logsumexp/infinite", lambda x: torch.logsumexp(x, 1),
           {"x": fixed([[-INF, -INF], [INF, 0.0], [-INF, 1.0], [1000.0, 1000.0], [NAN, 0.0]])}, whole, order=0)
    nans = fixed([[1.0, NAN, 3.0], [INF, 0.0, -INF], [2.0, 5.0, NAN]])
    for name in ("amax", "amin"):
        f.case(f"{name}/nan", lambda x: getattr(torch, name)(x, 1), {"x": nans}, whole, order=0)
    for name in ("max", "min"):
        f.case(f"{name}/nan", lambda x: dict(zip(("values", "indices"), getattr(torch, name)(x, 1))), {"x": nans},
               {"dim": 1, "keepdim": False}, order=0, note="the first nan wins")
        f.case(f"{name}/ties", lambda x: getattr(torch, name)(x, 1)[0],
               {"x": fixed([[1.0, 1.0, 0.5], [2.0, 3.0, 3.0]])},
               {"dim": 1, "keepdim": False}, order=0,
               note="values only: which of two equal ones is named is not promised")
    f.case("amax/ties", lambda x: torch.amax(x, 1), {"x": fixed([[1.0, 1.0, 0.5], [2.0, 2.0, 2.0]])}, whole, order=1,
           slope=False,
           note="equal ones share the gradient")
    f.case("max/all_ties", torch.max, {"x": fixed([1.0, 3.0, 3.0, 0.5])}, {"dim": None, "keepdim": False}, order=1,
           note="equal ones share the gradient")
    f.case("norm/zero_row_p2", lambda x: torch.linalg.vector_norm(x, 2, 1), {"x": fixed([[0.0, 0.0], [3.0, 4.0]])},
           {"dims": [1], "keepdim": False, "p": 2}, order=1, note="gradient 0 where the norm is 0")
    f.case("norm/p0", lambda x: torch.linalg.vector_norm(x, 0, 1), {"x": fixed([[0.0, 2.0], [3.0, 4.0]])},
           {"dims": [1], "keepdim": False, "p": 0}, order=0, note="the count of non-zeros")
    f.case("var/large_offset", lambda x: torch.var(x, 1, unbiased=False), {"x": fixed([[1e6 + 1, 1e6 + 2, 1e6 + 4]])},
           {"dims": [1], "keepdim": False, "unbiased": False}, order=1)
    f.case("var/one_element_unbiased", lambda x: torch.var(x, 1, unbiased=True), {"x": normal(2, 1)},
           {"dims": [1], "keepdim": False, "unbiased": True}, order=0, note="nan")


def make():
    f = Family("reductions", "Reductions and running sums. An empty list of dims means all of them.")
    over_dims(f)
    one_dim(f)
    running(f)
    edges(f)
    return f
