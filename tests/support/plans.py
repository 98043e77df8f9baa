"""Small plans on the simulated device, for tests of what runs them."""

from pathlib import Path

from tierbench.harness.plan import Plan, make_plan
from tierbench.harness.sweep import parse_sweep


def write_model(folder: Path, name: str = "model.onnx", constant: float = 1.0) -> Path:
    """Write an ONNX file that adds a constant to a free batch of four numbers."""
    from onnx import TensorProto, helper, save

    value = helper.make_tensor("c", TensorProto.FLOAT, [4], [constant] * 4)
    shape = ["batch", 4]
    graph = helper.make_graph(
        [helper.make_node("Add", ["input", "c"], ["output"])],
        "add",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
        [value],
    )
    opset = [helper.make_opsetid("", 17)]
    path = folder / name
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def plan_of(
    folder: Path, *targets: str, profile: str = "smoke", rest: str = ""
) -> Plan:
    """Return the plan of a sweep with one small model and these target tables."""
    if not (folder / "model.onnx").exists():
        write_model(folder)
    text = f'name = "test"\nprofile = "{profile}"\n[[model]]\npath = "model.onnx"\n'
    text += "".join(f"[[target]]\n{table}\n" for table in targets)
    return make_plan(parse_sweep(text + rest, "test.toml", folder))
