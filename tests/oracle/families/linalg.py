"""Products."""
import torch
import torch.nn.functional as F

from writer import Family, normal


def make():
    f = Family("linalg", "Matrix products, linear layers.")
    for tag, a, b in (("1x1", (4,), (4,)), ("1x2", (3,), (3, 2)), ("2x1", (2, 3), (3,)), ("2x2", (2, 3), (3, 4)),
                      ("1x3", (3,), (2, 3, 2)), ("3x1", (2, 2, 3), (3,)), ("3x2", (2, 2, 3), (3, 2)),
                      ("2x3", (2, 3), (2, 3, 2)),
                      ("3x3", (2, 2, 3), (2, 3, 2)), ("batch_broadcast", (2, 1, 2, 3), (3, 3, 2)),
                      ("batch1", (1, 2, 3), (4, 3, 1)),
                      ("row_column", (1, 3), (3, 1)), ("column_row", (3, 1), (1, 2)), ("empty_inner", (2, 0), (0, 3)),
                      ("empty_rows", (0, 3), (3, 2)), ("odd", (5, 7), (7, 3))):
        f.case(f"matmul/{tag}", torch.matmul, {"a": normal(*a), "b": normal(*b)})
    f.case("matmul/self", lambda a: a @ a.t(), {"a": normal(2, 3)}, note="a times its transpose")
    f.case("mm/basic", torch.mm, {"a": normal(3, 2), "b": normal(2, 3)})
    f.case("mv/basic", torch.mv, {"a": normal(3, 2), "b": normal(2)})
    f.case("bmm/basic", torch.bmm, {"a": normal(2, 3, 2), "b": normal(2, 2, 3)})
    f.case("dot/basic", torch.dot, {"a": normal(5), "b": normal(5)})
    f.case("outer/basic", torch.outer, {"a": normal(3), "b": normal(2)})
    f.case("addmm/basic", torch.addmm, {"c": normal(2, 4), "a": normal(2, 3), "b": normal(3, 4)},
           {"beta": 1, "alpha": 1})
    f.case("addmm/scaled_broadcast", lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=-2),
           {"c": normal(4), "a": normal(2, 3), "b": normal(3, 4)}, {"beta": 0.5, "alpha": -2})
    f.case("baddbmm/basic", torch.baddbmm, {"c": normal(2, 2, 2), "a": normal(2, 2, 3), "b": normal(2, 3, 2)},
           {"beta": 1, "alpha": 1})
    for tag, x in (("1d", (3,)), ("2d", (4, 3)), ("3d", (2, 2, 3)), ("empty_batch", (0, 3))):
        f.case(f"linear/{tag}", F.linear, {"x": normal(*x), "weight": normal(2, 3), "bias": normal(2)}, {"bias": True})
    f.case("linear/no_bias", F.linear, {"x": normal(4, 3), "weight": normal(2, 3)}, {"bias": False})
    f.case("bilinear/basic", F.bilinear, {"a": normal(2, 3), "b": normal(2, 2), "weight": normal(2, 3, 2),
                                          "bias": normal(2)})
    f.case("einsum/bij_bjk", lambda a, b: torch.einsum("bij,bkj->bik", a, b),
           {"a": normal(2, 2, 3), "b": normal(2, 3, 3)},
           {"equation": "bij,bkj->bik"}, order=1)
    f.case("gram/basic", lambda x: x @ x.transpose(1, 2) / (3 * 5), {"x": normal(2, 3, 5)},
           note="x x^T / (C L), x [N, C, L]")
    return f
