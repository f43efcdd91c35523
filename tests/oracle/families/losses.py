"""Softmax, losses, similarity."""
import math

import torch
import torch.nn.functional as F

from writer import Family, away, booleans, distinct, fixed, integers, normal, uniform

INF = math.inf
REDUCTIONS = ("mean", "sum", "none")


def softmaxes(f):
    for name, fn in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        for tag, shape, dim in (("last", (2, 4), -1), ("dim0", (3, 2), 0), ("middle", (2, 3, 2), 1),
                                ("size1", (2, 1), 1), ("one_row", (5,), 0)):
            f.case(f"{name}/{tag}", lambda x: fn(x, dim), {"x": normal(*shape, scale=2)}, {"dim": dim})
        f.case(f"{name}/large", lambda x: fn(x, 1),
               {"x": fixed([[1000.0, 1001.0, -1000.0], [-1000.0, -1000.0, -999.0]])}, {"dim": 1}, order=1)
        f.case(f"{name}/infinite", lambda x: fn(x, 1),
               {"x": fixed([[-INF, 0.0, 1.0], [-INF, -INF, -INF], [INF, 0.0, 1.0]])}, {"dim": 1}, order=0)
    f.case("softmin/basic", lambda x: F.softmin(x, 1), {"x": normal(2, 3)}, {"dim": 1})


def classes(f):
    for r in REDUCTIONS:
        f.case(f"cross_entropy/{r}", lambda x, t: F.cross_entropy(x, t, reduction=r),
               {"x": normal(3, 4, scale=2), "target": integers(3, hi=4)},
               {"reduction": r, "label_smoothing": 0})
        f.case(f"cross_entropy/{r}_smoothing", lambda x, t: F.cross_entropy(x, t, reduction=r, label_smoothing=0.1),
               {"x": normal(3, 4, scale=2), "target": integers(3, hi=4)}, {"reduction": r, "label_smoothing": 0.1})
        f.case(f"nll_loss/{r}", lambda x, t: F.nll_loss(x, t, reduction=r),
               {"x": normal(3, 4), "target": integers(3, hi=4)}, {"reduction": r})
        w = {"x": normal(4, 3), "target": fixed([0, 2, 2, 1], torch.int64), "weight": fixed([0.5, 1.0, 2.0])}
        f.case(f"cross_entropy/{r}_weight", lambda x, t, w: F.cross_entropy(x, t, w, reduction=r), w,
               {"reduction": r, "label_smoothing": 0},
               diff=["x"], note="mean divides by the sum of the weights of the targets")
        ignored = {"x": normal(4, 3), "target": fixed([0, -100, 2, 1], torch.int64)}
        f.case(f"cross_entropy/{r}_ignore_index", lambda x, t: F.cross_entropy(x, t, reduction=r), ignored,
               {"reduction": r, "label_smoothing": 0, "ignore_index": -100})
    f.case("cross_entropy/sequence", F.cross_entropy, {"x": normal(2, 3, 4), "target": integers(2, 4, hi=3)},
           {"reduction": "mean", "label_smoothing": 0}, note="x [N, C, L], target [N, L]")
    f.case("cross_entropy/probabilities", lambda x, t: F.cross_entropy(x, t.softmax(1)),
           {"x": normal(2, 3), "target_logits": normal(2, 3)},
           {"reduction": "mean", "label_smoothing": 0}, note="the target is softmax(target_logits, 1)")
    f.case("cross_entropy/unbatched", F.cross_entropy, {"x": normal(4), "target": fixed(2, torch.int64)},
           {"reduction": "mean", "label_smoothing": 0})
    f.case("cross_entropy/large", F.cross_entropy,
           {"x": fixed([[1000.0, -1000.0, 0.0]]), "target": fixed([1], torch.int64)},
           {"reduction": "mean", "label_smoothing": 0}, order=1)


def regressions(f):
    for r in REDUCTIONS:
        pair = {"x": distinct(2, 4, step=0.375), "target": normal(2, 4, grid=8, scale=0.5, shift=0.01)}
        f.case(f"mse_loss/{r}", lambda x, t: F.mse_loss(x, t, reduction=r), pair, {"reduction": r})
        f.case(f"l1_loss/{r}", lambda x, t: F.l1_loss(x, t, reduction=r), pair, {"reduction": r})
        f.case(f"smooth_l1_loss/{r}", lambda x, t: F.smooth_l1_loss(x, t, reduction=r, beta=0.75), pair,
               {"reduction": r, "beta": 0.75})
        f.case(f"huber_loss/{r}", lambda x, t: F.huber_loss(x, t, reduction=r, delta=0.75), pair,
               {"reduction": r, "delta": 0.75})
        f.case(f"bce_loss/{r}", lambda x, t: F.binary_cross_entropy(x, t, reduction=r),
               {"x": uniform(2, 3, lo=0.125, hi=0.875), "target": uniform(2, 3)}, {"reduction": r}, diff=["x"])
        logits = {"x": normal(2, 3, scale=2), "target": uniform(2, 3)}
        f.case(f"bce_with_logits/{r}", lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction=r), logits,
               {"reduction": r}, diff=["x"])
        f.case(f"bce_with_logits/{r}_pos_weight", lambda x, t,
               p: F.binary_cross_entropy_with_logits(x, t, pos_weight=p, reduction=r),
               {**logits, "pos_weight": fixed([0.5, 1.0, 3.0])}, {"reduction": r}, diff=["x"])
        f.case(f"bce_with_logits/{r}_weight", lambda x, t, w: F.binary_cross_entropy_with_logits(x, t, w, reduction=r),
               {**logits, "weight": fixed([0.5, 1.0, 3.0])}, {"reduction": r}, diff=["x"])
        f.case(f"soft_margin_loss/{r}", lambda x, t: F.soft_margin_loss(x, t, reduction=r),
               {"x": normal(2, 3), "target": fixed([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])}, {"reduction": r},
               diff=["x"])
        f.case(f"hinge_embedding_loss/{r}", lambda x, t: F.hinge_embedding_loss(x, t, 1.0, reduction=r),
               {"x": distinct(2, 3, step=0.5), "target": fixed([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])},
               {"reduction": r, "margin": 1}, diff=["x"])
        f.case(f"margin_ranking_loss/{r}", lambda a, b, t: F.margin_ranking_loss(a, b, t, 0.5, reduction=r),
               {"a": distinct(4), "b": distinct(4, step=0.375), "target": fixed([1.0, -1.0, 1.0, -1.0])},
               {"reduction": r, "margin": 0.5}, diff=["a", "b"])
        f.case(f"gaussian_nll_loss/{r}", lambda x, t, v: F.gaussian_nll_loss(x, t, v, reduction=r),
               {"x": normal(2, 3), "target": normal(2, 3), "var": uniform(2, 3, lo=0.5, hi=2)},
               {"reduction": r, "full": False, "eps": 1e-6}, diff=["x", "var"])
        for log_input in (True, False):
            f.case(f"poisson_nll_loss/{r}_{'log' if log_input else 'rate'}",
                   lambda x, t: F.poisson_nll_loss(x, t, log_input=log_input, reduction=r),
                   {"x": uniform(2, 3, lo=0.25, hi=2), "target": fixed([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0]])},
                   {"reduction": r, "log_input": log_input, "eps": 1e-8}, diff=["x"], order=1)
    for r in ("mean", "sum", "none", "batchmean"):
        f.case(f"kl_div/{r}", lambda x, t: F.kl_div(x, t, reduction=r),
               {"x": uniform(2, 3, lo=-3, hi=-0.25), "target": uniform(2, 3, lo=0.125)},
               {"reduction": r, "log_target": False}, diff=["x"], order=1, note="x holds log probabilities")
        f.case(f"kl_div/{r}_log_target", lambda x, t: F.kl_div(x, t, reduction=r, log_target=True),
               {"x": uniform(2, 3, lo=-3, hi=-0.25), "target": uniform(2, 3, lo=-3, hi=-0.25)},
               {"reduction": r, "log_target": True}, diff=["x"], order=1)
    f.case("kl_div/zero_target", lambda x, t: F.kl_div(x, t, reduction="sum"),
           {"x": fixed([-1.0, -2.0]), "target": fixed([0.0, 1.0])},
           {"reduction": "sum", "log_target": False}, diff=["x"], order=1)
    f.case("smooth_l1_loss/default", F.smooth_l1_loss, {"x": distinct(6, step=0.5), "target": fixed([0.0] * 6)},
           {"reduction": "mean", "beta": 1})
    f.case("huber_loss/default", F.huber_loss, {"x": distinct(6, step=0.5), "target": fixed([0.0] * 6)},
           {"reduction": "mean", "delta": 1})
    f.case("mse_loss/scalar", F.mse_loss, {"x": normal(), "target": normal()}, {"reduction": "mean"})
    f.case("bce_loss/ends", lambda x, t: F.binary_cross_entropy(x, t, reduction="none"),
           {"x": fixed([0.0, 1.0, 0.0, 1.0]), "target": fixed([0.0, 1.0, 1.0, 0.0])}, {"reduction": "none"}, order=0,
           note="logs are clamped at -100")
    f.case("bce_with_logits/large", lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
           {"x": fixed([1000.0, -1000.0, 1000.0, -1000.0, 40.0]), "target": fixed([1.0, 0.0, 0.0, 1.0, 0.5])},
           {"reduction": "none"}, diff=["x"], order=1)


def by_formula(f):
    f.case("hinge_gan/critic", lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
           {"real": distinct(4, step=0.5), "fake": distinct(4, step=0.5)}, order=1,
           note="mean relu(1 - real) + mean relu(1 + fake)")
    f.case("hinge_gan/generator", lambda fake: -fake.mean(), {"fake": normal(4)}, order=1, note="-mean fake")
    f.case("lsgan/critic", lambda real, fake: 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake ** 2).mean(),
           {"real": normal(4), "fake": normal(4)},
           note="0.5 mean (real - 1)^2 + 0.5 mean fake^2")
    f.case("hinge_loss/binary", lambda x, t: F.relu(1 - x * t).mean(),
           {"x": distinct(6, step=0.375), "target": fixed([1.0, -1.0] * 3)}, diff=["x"],
           order=1, note="mean relu(1 - x target)")
    for tag, shape, dim in (("dim1", (3, 4), 1), ("dim0", (3, 2), 0), ("last", (2, 2, 3), -1)):
        f.case(f"cosine_similarity/{tag}", lambda a, b: F.cosine_similarity(a, b, dim, 1e-8),
               {"a": away(*shape), "b": away(*shape)},
               {"dim": dim, "eps": 1e-8})
    f.case("cosine_similarity/zero_row", lambda a, b: F.cosine_similarity(a, b, 1, 1e-8),
           {"a": fixed([[0.0, 0.0], [1.0, 2.0]]), "b": normal(2, 2)},
           {"dim": 1, "eps": 1e-8}, order=0)
    f.case("normalize/p2", lambda x: F.normalize(x, 2, 1), {"x": normal(2, 3)}, {"p": 2, "dim": 1, "eps": 1e-12})
    f.case("pairwise_distance/p2", F.pairwise_distance, {"a": normal(3, 4), "b": normal(3, 4)}, {"p": 2, "eps": 1e-6},
           note="the norm of a - b + eps")
    f.case("triplet_margin_loss/mean", F.triplet_margin_loss,
           {"anchor": normal(3, 4), "positive": normal(3, 4), "negative": normal(3, 4)},
           {"margin": 1, "p": 2, "eps": 1e-6, "reduction": "mean"})
    f.case("glu/basic", lambda x: F.glu(x, 1), {"x": normal(2, 4)}, {"dim": 1})
    f.case("prelu/channels", F.prelu, {"x": away(2, 3, 2), "weight": fixed([0.25, 0.5, -0.125])})
    f.case("prelu/one", F.prelu, {"x": away(2, 3), "weight": fixed([0.25])})
    f.case("dropout/mask", lambda x, m: x * m / (1 - 0.25), {"x": normal(2, 4), "mask": booleans(2, 4, p=0.75)},
           {"p": 0.25}, order=1,
           note="x mask / (1 - p), the mask given")


def make():
    f = Family("losses", "Softmax, losses, similarities.")
    softmaxes(f)
    classes(f)
    regressions(f)
    by_formula(f)
    return f
