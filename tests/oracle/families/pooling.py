"""Pooling and interpolation."""
import torch.nn.functional as F

from writer import Family, distinct, fixed, normal


def pools(f):
    # tag: (shape, kernel, stride, padding, dilation, ceil_mode)
    rows = {"basic": ((2, 2, 6), 2, 2, 0, 1, False), "overlap": ((1, 2, 7), 3, 1, 0, 1, False),
            "pad": ((1, 2, 7), 3, 2, 1, 1, False),
            "dilation": ((1, 1, 8), 2, 1, 0, 3, False), "ceil": ((1, 2, 6), 4, 3, 0, 1, True),
            "leftover": ((1, 2, 5), 2, 2, 0, 1, False),
            "unbatched": ((2, 6), 2, 2, 0, 1, False)}
    for tag, (shape, k, s, p, d, ceil) in rows.items():
        args = {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": ceil}

        def fn(x):
            values, indices = F.max_pool1d(x, k, s, p, d, ceil, return_indices=True)
            return {"values": values, "indices": indices}
        f.case(f"max_pool1d/{tag}", fn, {"x": distinct(*shape)}, args)
    rows = {"basic": ((1, 2, 4, 6), 2, 2, 0, 1, False), "overlap_pad": ((1, 1, 5, 5), 3, 2, 1, 1, False),
            "rectangular": ((1, 1, 4, 7), (2, 3), (1, 2), (1, 0), (1, 2), False),
            "ceil": ((1, 1, 5, 6), (2, 4), (2, 3), 0, 1, True)}
    for tag, (shape, k, s, p, d, ceil) in rows.items():
        def fn(x):  # noqa: F811
            values, indices = F.max_pool2d(x, k, s, p, d, ceil, return_indices=True)
            return {"values": values, "indices": indices}
        f.case(f"max_pool2d/{tag}", fn, {"x": distinct(*shape)},
               {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": ceil})
    f.case("max_pool1d/negative_padding_value", lambda x: F.max_pool1d(x, 2, 2, 1),
           {"x": fixed([[[-3.0, -2.0, -5.0, -4.0]]])},
           {"kernel_size": 2, "stride": 2, "padding": 1, "dilation": 1, "ceil_mode": False}, order=1,
           note="padding is -inf, never 0")
    # tag: (shape, kernel, stride, padding, ceil_mode, count_include_pad)
    rows = {"basic": ((2, 2, 6), 2, 2, 0, False, True), "overlap": ((1, 2, 7), 3, 1, 0, False, True),
            "pad_counted": ((1, 2, 6), 3, 2, 1, False, True),
            "pad_not_counted": ((1, 2, 6), 3, 2, 1, False, False), "ceil": ((1, 2, 6), 4, 3, 0, True, True),
            "leftover": ((1, 2, 5), 2, 2, 0, False, True)}
    for tag, (shape, k, s, p, ceil, count) in rows.items():
        f.case(f"avg_pool1d/{tag}", lambda x: F.avg_pool1d(x, k, s, p, ceil, count), {"x": normal(*shape)},
               {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil, "count_include_pad": count}, order=1)
    rows = {"basic": ((1, 2, 4, 6), 2, 2, 0, False, True), "pad_counted": ((1, 1, 5, 5), 3, 2, 1, False, True),
            "pad_not_counted": ((1, 1, 5, 5), 3, 2, 1, False, False),
            "rectangular": ((1, 1, 4, 5), (2, 3), (1, 2), (1, 0), False, True)}
    for tag, (shape, k, s, p, ceil, count) in rows.items():
        f.case(f"avg_pool2d/{tag}", lambda x: F.avg_pool2d(x, k, s, p, ceil, count), {"x": normal(*shape)},
               {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil, "count_include_pad": count}, order=1)
    for tag, n, out in (("divides", 6, 3), ("uneven", 7, 3), ("one", 5, 1), ("same", 4, 4), ("more", 3, 5)):
        f.case(f"adaptive_avg_pool1d/{tag}", lambda x: F.adaptive_avg_pool1d(x, out), {"x": normal(1, 2, n)},
               {"output_size": out}, order=1)
        f.case(f"adaptive_max_pool1d/{tag}", lambda x: F.adaptive_max_pool1d(x, out), {"x": distinct(1, 2, n)},
               {"output_size": out}, order=1)
    for tag, out in (("uneven", (2, 3)), ("one", (1, 1))):
        f.case(f"adaptive_avg_pool2d/{tag}", lambda x: F.adaptive_avg_pool2d(x, out), {"x": normal(1, 2, 5, 4)},
               {"output_size": out}, order=1)
    f.case("lp_pool1d/p2", lambda x: F.lp_pool1d(x, 2, 2, 2), {"x": distinct(1, 2, 6)},
           {"norm_type": 2, "kernel_size": 2, "stride": 2}, order=1)


def upsampling(f):
    """interpolate. align_corners only for linear and bilinear."""
    for tag, scale in (("x2", 2), ("x3", 3)):
        f.case(f"upsample_nearest1d/{tag}", lambda x: F.interpolate(x, scale_factor=scale, mode="nearest"),
               {"x": normal(1, 2, 4)},
               {"scale_factor": scale}, order=1)
    for tag, size in (("size7", 7), ("size3", 3), ("size1", 1)):
        f.case(f"upsample_nearest1d/{tag}", lambda x: F.interpolate(x, size=size, mode="nearest"),
               {"x": normal(1, 2, 5)}, {"size": size}, order=1)
    f.case("upsample_nearest2d/x2", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
           {"x": normal(1, 2, 2, 3)}, {"scale_factor": 2}, order=1)
    f.case("upsample_nearest2d/size", lambda x: F.interpolate(x, size=(5, 2), mode="nearest"),
           {"x": normal(1, 1, 3, 4)}, {"size": [5, 2]}, order=1)
    for corners in (False, True):
        c = "corners" if corners else "plain"
        for tag, size in (("size8", 8), ("size7", 7), ("size3", 3), ("size1", 1)):
            f.case(f"upsample_linear1d/{c}_{tag}",
                   lambda x: F.interpolate(x, size=size, mode="linear", align_corners=corners), {"x": normal(1, 2, 4)},
                   {"size": size, "align_corners": corners}, order=1)
        f.case(f"upsample_bilinear2d/{c}", lambda x: F.interpolate(x, size=(4, 5), mode="bilinear",
                                                                   align_corners=corners), {"x": normal(1, 1, 2, 3)},
               {"size": [4, 5], "align_corners": corners}, order=1)
    f.case("pixel_shuffle/x2", lambda x: F.pixel_shuffle(x, 2), {"x": normal(1, 4, 2, 3)}, {"upscale_factor": 2},
           order=1)


def make():
    f = Family("pooling",
               "Pooling and interpolation. max_pool: out `values`, and `indices` flat over the last one or two dims of x.")
    pools(f)
    upsampling(f)
    return f
