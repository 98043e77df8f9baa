"""What an abacus can do: the operators of a small convolutional network, in NumPy.

Each takes the operator's inputs and its attributes and returns its output, as the
operator set of ONNX says.
"""

import numpy as np


def add(inputs, attributes):
    """Add two arrays."""
    return inputs[0] + inputs[1]


def relu(inputs, attributes):
    """Set what is negative to 0."""
    return np.maximum(inputs[0], 0)


def transpose(inputs, attributes):
    """Put the axes into another order."""
    return np.transpose(inputs[0], attributes["perm"])


def reshape(inputs, attributes):
    """Give another shape; 0 keeps a length unless ``allowzero`` is set."""
    array, wanted = inputs
    shape = [int(length) for length in wanted]
    if not attributes.get("allowzero", 0):
        shape = [n or array.shape[place] for place, n in enumerate(shape)]
    return array.reshape(shape)


def gemm(inputs, attributes):
    """Multiply matrices, the second transposed if need be, and add the third."""
    right = inputs[1].T if attributes.get("transB", 0) else inputs[1]
    return inputs[0] @ right + inputs[2]


def softmax(inputs, attributes):
    """Return probabilities along the axis."""
    axis = attributes.get("axis", -1)
    grown = np.exp(inputs[0] - inputs[0].max(axis=axis, keepdims=True))
    return grown / grown.sum(axis=axis, keepdims=True)


def average_pool(inputs, attributes):
    """Return the mean of each window; windows that are padded are not done."""
    found = _windows(inputs[0], attributes["kernel_shape"], attributes["strides"])
    return found.mean(axis=(-2, -1))


def conv(inputs, attributes):
    """Return a convolution in groups, as one matrix product a group."""
    image, weights, *bias = inputs
    top, left, bottom, right = attributes["pads"]
    image = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = _windows(image, weights.shape[2:], attributes["strides"])
    n, _, height, width = windows.shape[:4]
    groups = attributes.get("group", 1)
    filters = weights.reshape(groups, len(weights) // groups, -1)
    parts = windows.reshape(n, groups, -1, height, width, *weights.shape[2:])
    columns = parts.transpose(1, 0, 3, 4, 2, 5, 6).reshape(
        groups, n * height * width, -1
    )
    product = columns @ filters.transpose(0, 2, 1)
    found = product.reshape(groups, n, height, width, -1).transpose(1, 0, 4, 2, 3)
    found = found.reshape(n, len(weights), height, width)
    return found + bias[0].reshape(1, -1, 1, 1) if bias else found


def _windows(image, kernel, strides):
    view = np.lib.stride_tricks.sliding_window_view(image, tuple(kernel), axis=(2, 3))
    return view[:, :, :: strides[0], :: strides[1]]


BEADS = {
    "Add": add,
    "AveragePool": average_pool,
    "Conv": conv,
    "Gemm": gemm,
    "Relu": relu,
    "Reshape": reshape,
    "Softmax": softmax,
    "Transpose": transpose,
}
"""Operators by their name in ONNX."""
