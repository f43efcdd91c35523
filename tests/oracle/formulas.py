"""Normalizations written out in elementary functions, which differentiate exactly at every order.

PyTorch's fused instance, batch and layer normalization are wrong from the third order on: their second-order formulas
take the saved statistics as constants."""
import torch


def standardize(x, dims, eps):
    """(x - mean) / sqrt(biased var + eps) over `dims`."""
    xc = x - x.mean(dims, keepdim=True)
    return xc / torch.sqrt((xc * xc).mean(dims, keepdim=True) + eps)


def per_channel(t, x):
    """[C] beside x [N, C, ...]."""
    return t.reshape(-1, *[1] * (x.dim() - 2))


def affine(y, weight=None, bias=None):
    if weight is not None:
        y = y * per_channel(weight, y)
    if bias is not None:
        y = y + per_channel(bias, y)
    return y


def instance_norm(x, weight=None, bias=None, eps=1e-5):
    """x [N, C, ...]."""
    return affine(standardize(x, list(range(2, x.dim())), eps), weight, bias)


def batch_norm(x, weight=None, bias=None, eps=1e-5):
    """x [N, C, ...], statistics of the batch."""
    return affine(standardize(x, [0, *range(2, x.dim())], eps), weight, bias)


def layer_norm(x, dims, weight=None, bias=None, eps=1e-5):
    """Over the last `dims` dimensions; weight and bias have their shape."""
    y = standardize(x, list(range(-dims, 0)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    return affine(standardize(x.reshape(x.shape[0], groups, -1), [2], eps).reshape(x.shape), weight, bias)


def rms_norm(x, weight=None, eps=1e-5):
    y = x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)
    return y if weight is None else y * weight
