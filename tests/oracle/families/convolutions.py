"""Convolutions and their transposes. Weights: conv [O, C / groups, K...], transposed conv [C, O / groups, K...]."""
import torch
import torch.nn.functional as F

from writer import Family, normal

# tag: (input shape, out channels, kernel, stride, padding, dilation, groups, bias)
CONV1D = {
    "basic": ((2, 2, 7), 3, 3, 1, 0, 1, 1, True),
    "no_bias": ((2, 2, 5), 2, 2, 1, 0, 1, 1, False),
    "stride2_pad1": ((2, 1, 8), 2, 4, 2, 1, 1, 1, True),
    "stride3_leftover": ((1, 2, 9), 2, 2, 3, 0, 1, 1, True),
    "pad_more_than_kernel": ((1, 1, 3), 2, 2, 1, 3, 1, 1, True),
    "dilation2": ((1, 2, 9), 2, 3, 1, 2, 2, 1, True),
    "dilation3_stride2": ((2, 1, 11), 1, 3, 2, 1, 3, 1, True),
    "groups2": ((2, 4, 6), 6, 3, 1, 1, 1, 2, True),
    "depthwise": ((2, 3, 6), 3, 3, 1, 1, 1, 3, True),
    "depthwise_multiplier2_stride2": ((1, 3, 7), 6, 3, 2, 1, 1, 3, True),
    "kernel1": ((2, 3, 4), 2, 1, 1, 0, 1, 1, True),
    "kernel1_stride2": ((2, 2, 5), 2, 1, 2, 0, 1, 1, True),
    "kernel_is_length": ((2, 2, 4), 3, 4, 1, 0, 1, 1, True),
    "odd_sizes": ((3, 5, 13), 7, 5, 2, 3, 1, 1, True),
    "long": ((1, 1, 40), 2, 9, 4, 4, 1, 1, True),
    "unbatched": ((2, 6), 3, 3, 1, 1, 1, 1, True),
    "empty_batch": ((0, 2, 6), 3, 3, 1, 1, 1, 1, True),
}
CONV2D = {
    "basic": ((1, 2, 4, 5), 2, (3, 3), (1, 1), (0, 0), (1, 1), 1, True),
    "no_bias": ((1, 1, 3, 4), 2, (2, 2), (1, 1), (0, 0), (1, 1), 1, False),
    "stride2_pad1": ((1, 2, 5, 6), 2, (3, 3), (2, 2), (1, 1), (1, 1), 1, True),
    "rectangular": ((1, 1, 5, 6), 2, (2, 3), (1, 2), (1, 0), (1, 1), 1, True),
    "dilation": ((1, 1, 6, 6), 1, (2, 3), (1, 1), (1, 2), (2, 2), 1, True),
    "groups2": ((1, 4, 4, 4), 4, (3, 3), (1, 1), (1, 1), (1, 1), 2, True),
    "depthwise": ((2, 3, 4, 4), 3, (3, 3), (1, 1), (1, 1), (1, 1), 3, True),
    "kernel1": ((2, 3, 2, 3), 2, (1, 1), (1, 1), (0, 0), (1, 1), 1, True),
    "unbatched": ((2, 4, 4), 2, (3, 3), (1, 1), (1, 1), (1, 1), 1, True),
}
# tag: (input shape, out channels, kernel, stride, padding, output padding, dilation, groups, bias)
TRANSPOSED1D = {
    "basic": ((2, 2, 4), 3, 3, 1, 0, 0, 1, 1, True),
    "no_bias": ((2, 2, 3), 2, 2, 1, 0, 0, 1, 1, False),
    "dcgan": ((2, 3, 4), 2, 4, 2, 1, 0, 1, 1, True),
    "output_padding": ((2, 2, 4), 2, 3, 2, 1, 1, 1, 1, True),
    "stride3_output_padding2": ((1, 2, 3), 2, 4, 3, 1, 2, 1, 1, True),
    "gaps": ((1, 2, 3), 2, 2, 3, 0, 0, 1, 1, True),
    "dilation2": ((1, 2, 4), 2, 3, 2, 1, 0, 2, 1, True),
    "groups2": ((2, 4, 3), 6, 3, 2, 1, 1, 1, 2, True),
    "depthwise": ((1, 3, 4), 3, 4, 2, 1, 0, 1, 3, True),
    "kernel1": ((2, 3, 4), 2, 1, 1, 0, 0, 1, 1, True),
    "pad2": ((1, 2, 5), 2, 3, 1, 2, 0, 1, 1, True),
    "odd_sizes": ((3, 5, 6), 7, 5, 3, 2, 1, 1, 1, True),
    "unbatched": ((2, 4), 3, 3, 2, 1, 0, 1, 1, True),
    "empty_batch": ((0, 2, 4), 3, 3, 1, 1, 0, 1, 1, True),
}
TRANSPOSED2D = {
    "basic": ((1, 2, 3, 3), 2, (3, 3), (1, 1), (0, 0), (0, 0), (1, 1), 1, True),
    "dcgan": ((1, 2, 2, 3), 2, (4, 4), (2, 2), (1, 1), (0, 0), (1, 1), 1, True),
    "output_padding": ((1, 2, 2, 3), 2, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 1, True),
    "rectangular": ((1, 1, 2, 3), 2, (2, 3), (1, 2), (0, 1), (0, 1), (1, 1), 1, False),
    "dilation": ((1, 1, 3, 3), 1, (2, 2), (1, 1), (0, 1), (0, 0), (2, 2), 1, True),
    "groups2": ((1, 4, 2, 2), 4, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 2, True),
}


def options(stride, padding, dilation, groups, bias, output_padding=None):
    args = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": bias}
    if output_padding is not None:
        args["output_padding"] = output_padding
    return args


def make():
    f = Family("convolutions",
               "conv1d, conv2d, conv_transpose1d, conv_transpose2d: forward, first and second gradients.")
    for op, fn, rows in (("conv1d", F.conv1d, CONV1D), ("conv2d", F.conv2d, CONV2D)):
        dims = int(op[4])
        for tag, (shape, out, kernel, stride, padding, dilation, groups, bias) in rows.items():
            kernels = (kernel,) if dims == 1 else kernel
            inputs = {"x": normal(*shape), "weight": normal(out, shape[-1 - dims] // groups, *kernels, scale=0.5)}
            if bias:
                inputs["bias"] = normal(out)
            f.case(f"{op}/{tag}", lambda x, w, b=None: fn(x, w, b, stride, padding, dilation, groups), inputs,
                   options(stride, padding, dilation, groups, bias), order=1 if tag in ("odd_sizes", "long") else 2)
    for op, fn, rows in (("conv_transpose1d", F.conv_transpose1d, TRANSPOSED1D),
                         ("conv_transpose2d", F.conv_transpose2d, TRANSPOSED2D)):
        dims = int(op[14])
        for tag, (shape, out, kernel, stride, padding, extra, dilation, groups, bias) in rows.items():
            kernels = (kernel,) if dims == 1 else kernel
            inputs = {"x": normal(*shape), "weight": normal(shape[-1 - dims], out // groups, *kernels, scale=0.5)}
            if bias:
                inputs["bias"] = normal(out)
            f.case(f"{op}/{tag}", lambda x, w, b=None: fn(x, w, b, stride, padding, extra, groups, dilation), inputs,
                   options(stride, padding, dilation, groups, bias, extra), order=1 if tag == "odd_sizes" else 2)
    for mode in ("same", "valid"):
        f.case(f"conv1d/padding_{mode}", lambda x, w: F.conv1d(x, w, None, 1, mode, 2),
               {"x": normal(1, 2, 7), "weight": normal(2, 2, 4)},
               {"stride": 1, "padding": mode, "dilation": 2, "groups": 1, "bias": False}, order=1,
               note="same: the odd one of an odd total goes to the right")
    for mode in ("reflect", "replicate", "circular"):
        f.case(f"conv1d/padding_mode_{mode}", lambda x, w, b: F.conv1d(F.pad(x, (2, 2), mode), w, b),
               {"x": normal(1, 2, 6), "weight": normal(2, 2, 5, scale=0.5), "bias": normal(2)},
               {"stride": 1, "padding": 2, "dilation": 1, "groups": 1, "bias": True, "padding_mode": mode}, order=1)
    return f
