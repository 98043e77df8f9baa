import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from tierbench.models.batch import free_batch

TRACED = 13


def reshaping():
    """Return a graph that turns [TRACED, 6] into [TRACED, 2, 3]."""
    model = schema.ModelT()
    model.version = 3
    model.description = b""
    model.buffers = [schema.BufferT(), schema.BufferT()]
    shape = np.array([TRACED, 2, 3], np.int32)
    model.buffers[1].data = np.frombuffer(shape.tobytes(), np.uint8)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    code.version = 1
    model.operatorCodes = [code]
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = indices(0, 1), indices(2)
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT()
    operator.builtinOptions.newShape = shape
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor([TRACED, 6]),
        tensor([3], buffer=1, type=schema.TensorType.INT32),
        tensor([TRACED, 2, 3]),
    ]
    graph.inputs, graph.outputs = indices(0), indices(2)
    graph.operators = [operator]
    model.subgraphs = [graph]
    return model


def indices(*values):
    return np.array(values, np.int32)


def tensor(shape, buffer=0, type=schema.TensorType.FLOAT32):
    made = schema.TensorT()
    made.shape, made.buffer, made.type = np.array(shape, np.int32), buffer, type
    made.name = f"t{len(shape)}{buffer}".encode()
    return made


def test_a_freed_graph_takes_any_number_of_samples():
    model = reshaping()
    free_batch(model, TRACED)
    content = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    interpreter = Interpreter(model_content=content, num_threads=1)
    (given,), (made,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    assert list(given["shape"]) == [1, 6]
    for samples in (1, 2, 5, 26):
        values = np.arange(6 * samples, dtype=np.float32).reshape(samples, 6)
        interpreter.resize_tensor_input(given["index"], values.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], values)
        interpreter.invoke()
        found = interpreter.get_tensor(made["index"])
        np.testing.assert_array_equal(found, values.reshape(samples, 2, 3))


def test_what_does_not_hold_the_batch_stays():
    model = reshaping()
    free_batch(model, TRACED)
    assert [list(t.shape) for t in model.subgraphs[0].tensors] == [
        [1, 6],
        [3],
        [1, 2, 3],
    ]
    shape = np.frombuffer(bytes(model.buffers[1].data), np.int32)
    assert list(shape) == [-1, 2, 3]
