"""A provider that is asked for by name: taken whole, or refused with the reason.

The CPU's provider stands for an accelerator's: what is asked of it is the same.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from support.components import missing
from support.sessions import write_adding, write_onnx
from support.shipped import Shipped

from tierbench.harness.device.wire import Tensor
from tierbench.targets.host_onnxruntime import HostOnnxruntime

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"


@pytest.fixture(autouse=True)
def _runtime() -> None:
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)


def opened(path: Path, provider: str = CPU, **rest):
    from tierbench.targets.onnxruntime.accelerated import AcceleratedSession
    from tierbench.targets.onnxruntime.session import quiet_settings

    made = AcceleratedSession(
        str(path), 2, quiet_settings, provider, providers=[provider], **rest
    )
    made.bind(
        [Tensor(s["name"], s["dtype"], s["shape"], zeros(s)) for s in made.inputs()]
    )
    made.infer()
    made.after_first_call()
    return made


def zeros(spec: dict) -> bytes:
    return np.zeros(spec["shape"], spec["dtype"]).tobytes()


@pytest.mark.parametrize("helped", [False, True])
def test_a_runtime_without_the_provider_does_not_compute_on_the_cpu(
    tmp_path: Path, helped: bool
) -> None:
    """What the Python module would do: warn once, drop the provider, and go on."""
    import onnxruntime

    from tierbench.harness.device.session import SessionError

    path = write_adding(tmp_path / "model.onnx")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        plain = onnxruntime.InferenceSession(path, providers=[CUDA])
        assert plain.get_providers() == [CPU], "silently"
        with pytest.raises(SessionError, match=f"{CUDA} was asked for and {CPU} came"):
            opened(path, CUDA, cpu_fallback=helped)


def test_a_runtime_that_was_built_without_it_is_named() -> None:
    from tierbench.harness.device.session import SessionError
    from tierbench.targets.onnxruntime.accelerated import require

    require(CPU, "onnxruntime")
    with pytest.raises(SessionError, match=f"no {CUDA}, only .*{CPU}; install x-gpu"):
        require(CUDA, "x-gpu")


def test_operators_and_kernels_are_counted(tmp_path: Path) -> None:
    int8 = Shipped("defect", tmp_path).built("int8", "onnx").path
    told = opened(int8, cpu_fallback=True).ran()
    assert told["accelerated_share"] == 1.0
    assert told["operators"][CPU]["Conv"] == 13
    assert told["precision"] == {"fp32": 1, "int8": 18}


def test_float16_is_told_as_the_kernels_that_ran(tmp_path: Path) -> None:
    """This CPU has no kernels for it: the file says float16, the run float32."""
    fp16 = Shipped("defect", tmp_path).built("fp16", "onnx").path
    told = opened(fp16, cpu_fallback=True).ran()
    assert told["precision"] == "fp32"


def test_the_profile_ends_with_the_first_call(tmp_path: Path) -> None:
    made = opened(write_adding(tmp_path / "model.onnx"), cpu_fallback=True)
    assert not Path(made._folder).exists()
    before = set(Path.cwd().iterdir())
    made.infer()
    made.close()
    assert set(Path.cwd().iterdir()) == before


def test_a_free_dimension_without_a_name_cannot_be_fixed(tmp_path: Path) -> None:
    from tierbench.harness.device.session import SessionError
    from tierbench.targets.onnxruntime.accelerated import fix_dimensions, survey
    from tierbench.targets.onnxruntime.session import load, quiet_settings

    named = write_adding(tmp_path / "named.onnx")
    settings = quiet_settings()
    fix_dimensions(settings, survey(str(named)).inputs, 3)
    (node,) = load(str(named), settings, [CPU]).get_inputs()
    assert node.shape == [3, 4]
    node = helper.make_node("Add", ["input", "c"], ["output"])
    path = tmp_path / "unnamed.onnx"
    unnamed = write_onnx(path, [node], {"c": np.ones(4, np.float32)}, batch=None)
    with pytest.raises(SessionError, match="dimension 0 of input 'input' is free"):
        fix_dimensions(quiet_settings(), survey(str(unnamed)).inputs, 3)


def test_a_survey_tells_a_quantised_file(tmp_path: Path) -> None:
    from tierbench.targets.onnxruntime.accelerated import survey

    made = Shipped("defect", tmp_path)
    assert survey(str(made.built("int8", "onnx").path)).quantised
    assert not survey(str(made.file("onnx"))).quantised


class Told:
    """A session's word on what it uses, in the runtime's own form."""

    def __init__(self, **used: str) -> None:
        self._used = used

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {CUDA: self._used}


@pytest.mark.parametrize("used", [{"use_tf32": "1"}, {"use_tf32": "True"}, {}])
def test_tf32_that_was_not_asked_for_is_refused(used: dict[str, str]) -> None:
    """``use_tf32`` is on by default: an option that was lost on the way is found."""
    from tierbench.harness.device.session import SessionError
    from tierbench.targets.onnxruntime.accelerated import refuse_others

    with pytest.raises(SessionError, match="use_tf32 was set to '0', and the runtime"):
        refuse_others(Told(**used), CUDA, {"use_tf32": "0"})
    refuse_others(Told(use_tf32="0"), CUDA, {"use_tf32": "0"})
    refuse_others(Told(use_tf32="False"), CUDA, {"use_tf32": "0"})


def test_variables_that_would_change_options_are_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tierbench.targets.onnxruntime.accelerated import forget_environment

    monkeypatch.setenv("ORT_MIGRAPHX_FP16_ENABLE", "1")
    monkeypatch.setenv("OTHER", "1")
    forget_environment("ORT_MIGRAPHX_")
    import os

    assert "ORT_MIGRAPHX_FP16_ENABLE" not in os.environ
    assert os.environ["OTHER"] == "1"


def test_a_profile_of_a_gpu_tells_tf32_from_float32(tmp_path: Path) -> None:
    from tierbench.targets.onnxruntime.kernels import kernels, precision

    def node(name: str, op: str, dtype: str, provider: str = CUDA) -> dict:
        told = {"op_name": op, "provider": provider, "input_type_shape": [{dtype: [1]}]}
        return {"cat": "Node", "name": name, "args": told}

    events = [
        node("a", "Conv", "float"),
        node("a", "Conv", "float"),  # the same node once more
        node("b", "Gemm", "float16"),
        node("c", "Relu", "float"),
        node("d", "Cast", "float"),
        node("e", "Add", "int64"),
        node("f", "Conv", "float", CPU),
        {"cat": "Session", "name": "model_run", "args": {}},
    ]
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(events))
    found = kernels(str(path), CUDA)
    assert found == {("Conv", "fp32"): 1, ("Gemm", "fp16"): 1, ("Relu", "fp32"): 1}
    assert precision(found, tf32=False) == {"fp16": 1, "fp32": 2}
    assert precision(found, tf32=True) == {"fp16": 1, "fp32": 1, "tf32": 1}
    assert precision(type(found)(), tf32=True) is None


DISTRIBUTIONS = """
from tierbench.targets.onnxruntime.distribution import identity
try:
    print(identity("onnxruntime"))
except Exception as exc:
    print(type(exc).__name__, exc)
"""


def two_installed(folder: Path, name: str, files: str) -> str:
    """Return what identity says beside another package of that name."""
    info = folder / f"{name.replace('-', '_')}-1.31.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "RECORD").write_text(files)
    code = f"import sys; sys.path.append({str(folder)!r})\n{DISTRIBUTIONS}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def test_two_packages_that_share_the_folder_are_told(tmp_path: Path) -> None:
    told = two_installed(tmp_path, "onnxruntime-gpu", "onnxruntime/__init__.py,,\n")
    assert told.startswith("SessionError onnxruntime and onnxruntime-gpu are installed")
    assert "install onnxruntime alone" in told


def test_a_plug_in_of_the_runtime_is_none_of_them(tmp_path: Path) -> None:
    files = "onnxruntime_other/__init__.py,,\n"
    told = two_installed(tmp_path, "onnxruntime-other", files)
    assert "'runtime': 'onnxruntime'" in told


def test_another_package_than_the_one_needed_is_refused() -> None:
    from tierbench.harness.device.session import SessionError
    from tierbench.targets.onnxruntime.distribution import identity

    with pytest.raises(SessionError, match="is onnxruntime, not onnxruntime-gpu"):
        identity("onnxruntime-gpu")
