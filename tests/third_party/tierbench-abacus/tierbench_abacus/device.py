"""The device half: it travels to where the device is, and runs models there."""

from time import perf_counter_ns

import numpy as np
import onnx
from onnx import numpy_helper

from tierbench.harness.device.session import Session, SessionError
from tierbench.harness.device.wire import Tensor

from .beads import BEADS

TYPES = {onnx.TensorProto.FLOAT: "float32"}


class AbacusSession(Session):
    """One model on the abacus."""

    device_clock = "time at the beads"

    def __init__(self, model, batch):
        """Read the model and refuse what the abacus cannot do."""
        try:
            graph = onnx.load(model).graph
        except Exception as exc:
            raise SessionError(f"the abacus cannot read the model: {exc}") from exc
        foreign = sorted({node.op_type for node in graph.node} - set(BEADS))
        if foreign:
            raise SessionError(
                f"the abacus has no beads for {', '.join(foreign)}; "
                f"it has {', '.join(BEADS)}"
            )
        self._weights = {
            one.name: numpy_helper.to_array(one) for one in graph.initializer
        }
        given = [one for one in graph.input if one.name not in self._weights]
        self._inputs = [_described(one, batch) for one in given]
        self._outputs = [one.name for one in graph.output]
        self._steps = [_step(node) for node in graph.node]
        self._bound = {}
        self._found = {}
        self._device_ns = 0

    def inputs(self):
        """Return the inputs, the free first length being the batch."""
        return self._inputs

    def bind(self, tensors):
        """Keep the inputs where the beads reach them."""
        given = {tensor.name: tensor for tensor in tensors}
        bound = {}
        for spec in self._inputs:
            tensor = given.get(spec["name"])
            if tensor is None:
                raise SessionError(f"input {spec['name']!r} was not given")
            if list(tensor.shape) != spec["shape"] or tensor.dtype != spec["dtype"]:
                raise SessionError(
                    f"input {spec['name']!r} is {tensor.dtype} {list(tensor.shape)}; "
                    f"{spec['dtype']} {spec['shape']} is valid"
                )
            array = np.frombuffer(tensor.data, tensor.dtype)
            bound[spec["name"]] = array.reshape(tensor.shape).copy()
        self._bound = bound

    def infer(self):
        """Move the beads, operator by operator."""
        self._found = self.compute(self._bound)

    def device_ns(self):
        """Make a call and return how long the beads moved."""
        began = perf_counter_ns()
        self.infer()
        return perf_counter_ns() - began

    def compute(self, inputs):
        """Return the outputs for inputs by name."""
        values = dict(self._weights, **inputs)
        for kind, names, target, attributes in self._steps:
            values[target] = BEADS[kind]([values[name] for name in names], attributes)
        return {name: values[name] for name in self._outputs}

    def outputs(self):
        """Return the outputs of the last call."""
        found = []
        for name, array in self._found.items():
            array = np.ascontiguousarray(array)
            found.append(Tensor(name, str(array.dtype), array.shape, array.data))
        return found

    def ran(self):
        """Tell what ran: all of it on the abacus, or it would have been refused."""
        return {"provider": "abacus", "precision": "fp32", "accelerated_share": 1.0}


def _described(value, batch):
    kind = TYPES.get(value.type.tensor_type.elem_type)
    if kind is None:
        raise SessionError(f"input {value.name!r} is not of float32")
    shape = [one.dim_value for one in value.type.tensor_type.shape.dim]
    return {"name": value.name, "dtype": kind, "shape": [batch, *shape[1:]]}


def _step(node):
    attributes = {
        one.name: onnx.helper.get_attribute_value(one) for one in node.attribute
    }
    return node.op_type, list(node.input), node.output[0], attributes


def identify(options):
    """Return what device this is; a real one would ask its driver."""
    return {"device": "abacus of NumPy", "driver": np.__version__}


def open_session(model, options, batch):
    """Load a model file."""
    return AbacusSession(model, batch)
