"""Functions that move elements: views, joins, pads."""
import torch
import torch.nn.functional as F

from writer import Family, normal


def views(f):
    x = normal(2, 3, 4)
    for tag, shape in (("flat", [24]), ("infer", [4, -1]), ("split_dims", [2, 3, 2, 2]), ("size1", [1, 6, 1, 4])):
        f.case(f"reshape/{tag}", lambda x: x.reshape(shape), {"x": x}, {"shape": shape}, order=1)
    f.case("reshape/scalar", lambda x: x.reshape([]), {"x": normal(1, 1)}, {"shape": []}, order=1)
    f.case("reshape/empty", lambda x: x.reshape([3, 0]), {"x": normal(0, 5)}, {"shape": [3, 0]}, order=1)
    for tag, start, end in (("all", 0, -1), ("tail", 1, -1), ("head", 0, 1)):
        f.case(f"flatten/{tag}", lambda x: x.flatten(start, end), {"x": x}, {"start": start, "end": end}, order=1)
    f.case("flatten/scalar", lambda x: x.flatten(), {"x": normal()}, {"start": 0, "end": -1}, order=1)
    f.case("unflatten/basic", lambda x: x.unflatten(1, (2, 3)), {"x": normal(2, 6)}, {"dim": 1, "sizes": [2, 3]},
           order=1)
    f.case("squeeze/all", lambda x: x.squeeze(), {"x": normal(1, 3, 1, 2)}, {"dim": None}, order=1)
    f.case("squeeze/dim", lambda x: x.squeeze(-2), {"x": normal(1, 3, 1, 2)}, {"dim": -2}, order=1)
    f.case("squeeze/not_one", lambda x: x.squeeze(1), {"x": normal(1, 3)}, {"dim": 1}, order=1)
    for d in (0, 1, -1):
        f.case(f"unsqueeze/dim{d}", lambda x: x.unsqueeze(d), {"x": normal(2, 3)}, {"dim": d}, order=1)
    f.case("permute/basic", lambda x: x.permute(2, 0, 1), {"x": x}, {"dims": [2, 0, 1]}, order=1)
    f.case("permute/negative", lambda x: x.permute(-1, 1, 0), {"x": x}, {"dims": [-1, 1, 0]}, order=1)
    f.case("transpose/basic", lambda x: x.transpose(0, 2), {"x": x}, {"dim0": 0, "dim1": 2}, order=1)
    f.case("transpose/negative", lambda x: x.transpose(-1, -2), {"x": x}, {"dim0": -1, "dim1": -2}, order=1)
    f.case("movedim/one", lambda x: x.movedim(0, -1), {"x": x}, {"source": [0], "destination": [-1]}, order=1)
    f.case("movedim/two", lambda x: x.movedim((0, 1), (2, 0)), {"x": x}, {"source": [0, 1], "destination": [2, 0]},
           order=1)
    f.case("expand/basic", lambda x: x.expand(4, 3, 2), {"x": normal(3, 1)}, {"shape": [4, 3, 2]}, order=1)
    f.case("expand/keep", lambda x: x.expand(-1, 4), {"x": normal(2, 1)}, {"shape": [-1, 4]}, order=1)
    f.case("expand/scalar", lambda x: x.expand(2, 2), {"x": normal()}, {"shape": [2, 2]}, order=1)
    f.case("unfold/overlap", lambda x: x.unfold(-1, 3, 2), {"x": normal(2, 7)}, {"dim": -1, "size": 3, "step": 2},
           order=1)
    f.case("unfold/dim0", lambda x: x.unfold(0, 2, 1), {"x": normal(4, 2)}, {"dim": 0, "size": 2, "step": 1}, order=1)
    f.case("diagonal/basic", lambda x: x.diagonal(), {"x": normal(3, 4)}, {"offset": 0}, order=1)
    f.case("diagonal/offset", lambda x: x.diagonal(-1), {"x": normal(3, 4)}, {"offset": -1}, order=1)
    f.case("diag_embed/basic", torch.diag_embed, {"x": normal(2, 3)}, order=1)


def copies(f):
    f.case("repeat/basic", lambda x: x.repeat(2, 3), {"x": normal(2, 2)}, {"repeats": [2, 3]}, order=1)
    f.case("repeat/more_dims", lambda x: x.repeat(2, 1, 2), {"x": normal(1, 3)}, {"repeats": [2, 1, 2]}, order=1)
    f.case("repeat/zero", lambda x: x.repeat(0, 2), {"x": normal(1, 3)}, {"repeats": [0, 2]}, order=1)
    f.case("repeat_interleave/number", lambda x: x.repeat_interleave(2, 1), {"x": normal(2, 3)},
           {"repeats": 2, "dim": 1}, order=1)
    f.case("flip/one", lambda x: x.flip(1), {"x": normal(2, 3)}, {"dims": [1]}, order=1)
    f.case("flip/two", lambda x: x.flip(0, -1), {"x": normal(2, 3, 2)}, {"dims": [0, -1]}, order=1)
    f.case("roll/one", lambda x: x.roll(2, 1), {"x": normal(2, 5)}, {"shifts": [2], "dims": [1]}, order=1)
    f.case("roll/two_negative", lambda x: x.roll((-1, 4), (0, -1)), {"x": normal(3, 3)},
           {"shifts": [-1, 4], "dims": [0, -1]}, order=1)
    f.case("roll/flat", lambda x: x.roll(3), {"x": normal(2, 4)}, {"shifts": [3], "dims": []}, order=1)
    for k in (0, 1, -1):
        f.case(f"tril/diagonal{k}", lambda x: x.tril(k), {"x": normal(3, 4)}, {"diagonal": k}, order=1)
        f.case(f"triu/diagonal{k}", lambda x: x.triu(k), {"x": normal(2, 3, 3)}, {"diagonal": k}, order=1)
    for n in (2, -1):
        f.case(f"rot90/k{n}", lambda x: torch.rot90(x, n, (0, 1)), {"x": normal(2, 3)}, {"k": n, "dims": [0, 1]},
               order=1)


def joins(f):
    abc = {"a": normal(2, 3), "b": normal(2, 1), "c": normal(2, 2)}
    f.case("cat/dim1", lambda a, b, c: torch.cat([a, b, c], 1), abc, {"dim": 1}, order=1)
    f.case("cat/dim_negative", lambda a, b, c: torch.cat([a, b, c], -1), abc, {"dim": -1}, order=1)
    f.case("cat/dim0", lambda a, b: torch.cat([a, b], 0), {"a": normal(1, 2, 2), "b": normal(3, 2, 2)}, {"dim": 0},
           order=1)
    f.case("cat/with_empty", lambda a, b: torch.cat([a, b], 1), {"a": normal(2, 0), "b": normal(2, 2)}, {"dim": 1},
           order=1)
    f.case("cat/same_twice", lambda a: torch.cat([a, a], 0), {"a": normal(2, 2)}, {"dim": 0}, order=1,
           note="cat of a and a")
    for d in (0, 1, -1):
        f.case(f"stack/dim{d}", lambda a, b: torch.stack([a, b], d), {"a": normal(2, 3), "b": normal(2, 3)}, {"dim": d},
               order=1)
    f.case("stack/scalars", lambda a, b: torch.stack([a, b]), {"a": normal(), "b": normal()}, {"dim": 0}, order=1)
    f.case("split/size", lambda x: x.split(2, 1), {"x": normal(2, 5)}, {"size": 2, "dim": 1}, order=1)
    f.case("split/sizes", lambda x: x.split([1, 3, 0], -1), {"x": normal(2, 4)}, {"sizes": [1, 3, 0], "dim": -1},
           order=1)
    f.case("chunk/uneven", lambda x: x.chunk(3, 0), {"x": normal(5, 2)}, {"chunks": 3, "dim": 0}, order=1)
    f.case("chunk/fewer", lambda x: x.chunk(4, 0), {"x": normal(6)}, {"chunks": 4, "dim": 0}, order=1,
           note="6 in 4 chunks: 3 chunks of 2")
    f.case("meshgrid/ij", lambda a, b: torch.meshgrid(a, b, indexing="ij"), {"a": normal(2), "b": normal(3)},
           {"indexing": "ij"}, order=1)


def pads(f):
    """pad counts from the last dimension: left, right, then top, bottom."""
    for mode in ("constant", "reflect", "replicate", "circular"):
        def case(tag, shape, pad, value=None):
            args = {"pad": pad, "mode": mode}
            if mode == "constant":
                args["value"] = value or 0
            f.case(f"pad_{mode}/{tag}", lambda x: F.pad(x, pad, mode,
                                                        **({"value": value or 0} if mode == "constant" else {})),
                   {"x": normal(*shape)}, args, order=1)
        case("1d", (2, 2, 4), [2, 1], 0.5)
        case("1d_one_side", (1, 2, 4), [0, 3])
        case("1d_other_side", (1, 2, 4), [3, 0])
        case("2d", (1, 2, 3, 4), [1, 2, 2, 1], -1.5)
        case("2d_width_only", (1, 1, 2, 3), [2, 1, 0, 0])
    f.case("pad_constant/negative", lambda x: F.pad(x, (-1, 2)), {"x": normal(2, 4)},
           {"pad": [-1, 2], "mode": "constant", "value": 0},
           order=1, note="a negative pad crops")
    f.case("pad_constant/all_dims", lambda x: F.pad(x, (1, 0, 0, 1, 1, 1)), {"x": normal(1, 2, 2)},
           {"pad": [1, 0, 0, 1, 1, 1], "mode": "constant", "value": 0}, order=1)
    f.case("pad_constant/empty", lambda x: F.pad(x, (1, 1), value=2.0), {"x": normal(2, 0)},
           {"pad": [1, 1], "mode": "constant", "value": 2}, order=1)


def make():
    f = Family("shapes", "Views, copies, joins and pads. Linear functions: the second order is zero and not written.")
    views(f)
    copies(f)
    joins(f)
    pads(f)
    return f
