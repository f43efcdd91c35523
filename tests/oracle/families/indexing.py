"""Picking, placing, sorting."""
import math

import torch

from writer import Family, booleans, distinct, fixed, integers, normal

NAN, INF = math.nan, math.inf


def slices(f):
    cases = (("plain", (3, 6), 1, 1, 4, 1), ("step", (3, 7), 1, 0, 7, 3), ("step_odd_end", (2, 6), -1, 1, 6, 2),
             ("negative", (2, 6), 1, -4, -1, 1), ("past_end", (2, 3), 0, 1, 100, 1), ("empty", (2, 3), 1, 2, 2, 1),
             ("start_past_end", (2, 3), 1, 3, 1, 1))
    for tag, shape, dim, start, end, step in cases:
        def fn(x):
            at = [slice(None)] * x.dim()
            at[dim] = slice(start, end, step)
            return x[tuple(at)]
        f.case(f"slice/{tag}", fn, {"x": normal(*shape)}, {"dim": dim, "start": start, "end": end, "step": step},
               order=1)
    f.case("slice/overlap_sum", lambda x: x[:, :4] * x[:, 2:], {"x": normal(2, 6)},
           note="x.slice(1, 0, 4) * x.slice(1, 2, 6): one input, two overlapping views")
    f.case("select/first", lambda x: x.select(0, 1), {"x": normal(3, 2)}, {"dim": 0, "index": 1}, order=1)
    f.case("select/negative", lambda x: x.select(-1, -2), {"x": normal(2, 3)}, {"dim": -1, "index": -2}, order=1)
    f.case("select/to_scalar", lambda x: x.select(0, 2), {"x": normal(3)}, {"dim": 0, "index": 2}, order=1)
    f.case("narrow/basic", lambda x: x.narrow(1, 1, 2), {"x": normal(2, 4)}, {"dim": 1, "start": 1, "length": 2},
           order=1)
    f.case("narrow/empty", lambda x: x.narrow(1, 4, 0), {"x": normal(2, 4)}, {"dim": 1, "start": 4, "length": 0},
           order=1)


def picks(f):
    f.case("index_select/repeats", lambda x, i: x.index_select(1, i),
           {"x": normal(2, 4), "index": fixed([3, 0, 3, 1], torch.int64)},
           {"dim": 1}, order=1)
    f.case("index_select/dim0", lambda x, i: x.index_select(0, i), {"x": normal(3, 2, 2), "index": integers(4, hi=3)},
           {"dim": 0}, order=1)
    f.case("index_select/empty", lambda x, i: x.index_select(0, i), {"x": normal(3, 2), "index": integers(0, hi=3)},
           {"dim": 0}, order=1)
    f.case("gather/dim0", lambda x, i: x.gather(0, i), {"x": normal(3, 2), "index": integers(4, 2, hi=3)}, {"dim": 0},
           order=1)
    f.case("gather/last", lambda x, i: x.gather(-1, i), {"x": normal(2, 2, 3), "index": integers(2, 2, 5, hi=3)},
           {"dim": -1}, order=1)
    f.case("gather/smaller", lambda x, i: x.gather(1, i), {"x": normal(3, 4), "index": integers(2, 2, hi=4)},
           {"dim": 1}, order=1,
           note="the index may be smaller in the other dimensions")
    f.case("take/flat", lambda x, i: x.take(i), {"x": normal(2, 3), "index": fixed([5, 0, 0, 2], torch.int64)}, order=1)
    f.case("take_along_dim/basic", lambda x, i: torch.take_along_dim(x, i, 1),
           {"x": normal(2, 4), "index": integers(2, 3, hi=4)},
           {"dim": 1}, order=1)
    f.case("masked_select/basic", lambda x, m: x.masked_select(m), {"x": normal(2, 4), "mask": booleans(2, 4)}, order=1)
    f.case("masked_select/broadcast", lambda x, m: x.masked_select(m),
           {"x": normal(2, 3), "mask": fixed([True, False, True], torch.bool)},
           order=1)
    f.case("masked_select/none", lambda x, m: x.masked_select(m),
           {"x": normal(3), "mask": fixed([False] * 3, torch.bool)}, order=1)
    f.case("index_mask/rows", lambda x, m: x[m], {"x": normal(3, 2), "mask": fixed([True, False, True], torch.bool)},
           order=1,
           note="a mask over the first dimension picks rows")
    f.case("nonzero/basic", torch.nonzero, {"x": fixed([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])}, order=0)
    f.case("one_hot/basic", lambda i: torch.nn.functional.one_hot(i, 4), {"index": fixed([0, 3, 1], torch.int64)},
           {"num_classes": 4}, order=0)
    f.case("embedding/basic", lambda w, i: torch.nn.functional.embedding(i, w),
           {"weight": normal(5, 3), "index": integers(2, 4, hi=5)}, order=1)
    f.case("embedding/padding_idx", lambda w, i: torch.nn.functional.embedding(i, w, padding_idx=1),
           {"weight": normal(4, 2), "index": fixed([1, 0, 1, 3, 3], torch.int64)}, {"padding_idx": 1}, order=1,
           slope=False,
           note="the padding row gets no gradient")


def places(f):
    f.case("scatter_add/dim0", lambda x, i, s: x.scatter_add(0, i, s),
           {"x": normal(3, 2), "index": integers(4, 2, hi=3), "src": normal(4, 2)}, {"dim": 0}, order=1)
    f.case("scatter_add/last", lambda x, i, s: x.scatter_add(-1, i, s),
           {"x": normal(2, 3), "index": integers(2, 5, hi=3), "src": normal(2, 5)}, {"dim": -1}, order=1)
    f.case("scatter_add/src_larger", lambda x, i, s: x.scatter_add(1, i, s),
           {"x": normal(3, 4), "index": integers(2, 2, hi=4), "src": normal(3, 3)}, {"dim": 1}, order=0,
           note="what the index does not cover is not read; the gradient, zero there, is one the oracle's maker cannot compute")
    f.case("scatter/basic", lambda x, i, s: x.scatter(1, i, s),
           {"x": normal(2, 4), "index": fixed([[3, 0], [1, 2]], torch.int64), "src": normal(2, 2)}, {"dim": 1}, order=1)
    f.case("index_add/repeats", lambda x, i, s: x.index_add(1, i, s),
           {"x": normal(2, 3), "index": fixed([0, 2, 0], torch.int64), "src": normal(2, 3)}, {"dim": 1}, order=1)
    f.case("index_fill/basic", lambda x, i: x.index_fill(1, i, 0.5),
           {"x": normal(2, 3), "index": fixed([2, 0], torch.int64)},
           {"dim": 1, "value": 0.5}, order=1)
    f.case("masked_fill/basic", lambda x, m: x.masked_fill(m, -1.5), {"x": normal(2, 3), "mask": booleans(2, 3)},
           {"value": -1.5}, order=1)
    f.case("masked_fill/broadcast", lambda x, m: x.masked_fill(m, -INF),
           {"x": normal(2, 2, 3), "mask": booleans(2, 1, 3)},
           {"value": -INF}, order=1, slope=False)
    f.case("slice_scatter/basic", lambda x, s: torch.slice_scatter(x, s, 1, 1, 6, 2),
           {"x": normal(2, 6), "src": normal(2, 3)},
           {"dim": 1, "start": 1, "end": 6, "step": 2}, order=1)
    f.case("select_scatter/basic", lambda x, s: torch.select_scatter(x, s, 1, 2), {"x": normal(2, 4), "src": normal(2)},
           {"dim": 1, "index": 2}, order=1)


def sorts(f):
    def both(pair):
        return {"values": pair[0], "indices": pair[1]}
    for tag, shape, dim, descending in (("last", (2, 5), -1, False), ("dim0_descending", (4, 2), 0, True),
                                        ("middle", (2, 3, 2), 1, False), ("size1", (2, 1), 1, False),
                                        ("scalar", (), 0, False)):
        args = {"dim": dim, "descending": descending}
        f.case(f"sort/{tag}", lambda x: both(torch.sort(x, dim, descending)), {"x": distinct(*shape)}, args, order=1)
        f.case(f"argsort/{tag}", lambda x: torch.argsort(x, dim, descending), {"x": distinct(*shape)}, args, order=0)
    ties = fixed([2.0, 1.0, 2.0, 1.0, -0.0, 0.0])
    for descending in (False, True):
        tag = "descending" if descending else "ascending"
        f.case(f"sort/stable_{tag}", lambda x: both(torch.sort(x, dim=0, descending=descending, stable=True)),
               {"x": ties},
               {"dim": 0, "descending": descending}, order=1, slope=False, note="stable: equal ones keep their order")
        f.case(f"sort/nan_{tag}", lambda x: both(torch.sort(x, dim=0, descending=descending, stable=True)),
               {"x": fixed([1.0, NAN, -INF, INF, 0.5])}, {"dim": 0, "descending": descending}, order=0,
               note="nan is the largest")
    f.case("sort/empty", lambda x: both(torch.sort(x, 1)), {"x": normal(2, 0)}, {"dim": 1, "descending": False},
           order=1)
    for tag, shape, k, dim, largest in (("largest", (2, 6), 3, -1, True), ("smallest", (5, 2), 2, 0, False),
                                        ("all", (2, 3), 3, 1, True),
                                        ("one", (4,), 1, 0, True)):
        f.case(f"topk/{tag}", lambda x: both(torch.topk(x, k, dim, largest, sorted=True)), {"x": distinct(*shape)},
               {"k": k, "dim": dim, "largest": largest}, order=1)
    f.case("bucketize/basic", lambda x, b: torch.bucketize(x, b),
           {"x": fixed([-1.0, 0.0, 0.5, 2.0, 9.0]), "boundaries": fixed([0.0, 1.0, 2.0])},
           order=0)


def make():
    f = Family("indexing",
               "Slices, picks, placements, sorts. Linear in the data: the second order is zero and not written.")
    slices(f)
    picks(f)
    places(f)
    sorts(f)
    return f
