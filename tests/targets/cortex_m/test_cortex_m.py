"""The target ``cortex-m``: numbers, fit verdicts, and what is refused with reasons."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from support.microcontroller import (
    needs_interpreter,
    needs_published,
    published,
    quantised,
    variant_of,
)
from support.sessions import session

from tierbench.harness.data import synthetic
from tierbench.harness.errors import CaseError, InputError
from tierbench.harness.formats import inspect_model
from tierbench.harness.values import Case, Scenario, Variant, Workload
from tierbench.models import defect, keyword
from tierbench.targets.cortex_m import CortexM
from tierbench.targets.cortex_m.sizing import size_model

FLOAT = Path(defect.__file__).parent / "defect.tflite"


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantised(tmp_path_factory.mktemp("int8"))


def workload(batch: int = 1) -> Workload:
    return Workload(scenario=Scenario.SINGLE_STREAM, batch=batch, profile="smoke")


def checked(path: Path, batch: int = 1, **settings) -> str | None:
    return CortexM(settings).check(variant_of(path), workload(batch))


def figures(path: Path, **settings):
    target = CortexM(settings)
    case = Case(
        variant=variant_of(path),
        target=target.name,
        options=target.settings,
        workload=workload(),
    )
    return {figure.quantity: figure for figure in target.figures(case, path, {})}


def run(path: Path, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return an input and what the target makes of it."""
    with session(CortexM, path) as worker:
        inputs = synthetic(worker.open().inputs, 1, seed)
        worker.bind(inputs)
        (array,) = inputs.values()
        return array, worker.evaluate(inputs)[0]


def reference(path: Path, array: np.ndarray) -> np.ndarray:
    """Run LiteRT's reference kernels."""
    litert = import_module("ai_edge_litert.interpreter")
    kernels = litert.OpResolverType.BUILTIN_REF
    made = litert.Interpreter(str(path), experimental_op_resolver_type=kernels)
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], array)
    made.invoke()
    return made.get_tensor(made.get_output_details()[0]["index"])


def test_outputs_are_those_of_reference_kernels_within_a_step(int8: Path) -> None:
    needs_interpreter()
    for seed in range(3):
        array, found = run(int8, seed)
        difference = found.astype(int) - reference(int8, array).astype(int)
        assert np.abs(difference).max() <= 1


def test_a_session_names_its_inputs_and_repeats(int8: Path) -> None:
    needs_interpreter()
    with session(CortexM, int8) as worker:
        (spec,) = worker.open().inputs
        assert spec.name == inspect_model(int8).inputs[0].name
        assert spec.dtype == "int8"
        assert spec.scale is not None
        with pytest.raises(CaseError, match="was not given"):
            worker.bind({"other": np.zeros(spec.shape, np.int8)})
        with pytest.raises(CaseError, match=repr(spec.name)):
            worker.bind({spec.name: np.zeros(spec.shape, np.float32)})
        with pytest.raises(CaseError, match=repr(spec.name)):
            worker.bind({spec.name: np.zeros((1, 2), np.int8)})


def test_the_runtimes_own_words_are_the_reason(tmp_path: Path) -> None:
    needs_interpreter()
    four = quantised(tmp_path, "int4")
    refused = pytest.raises(CaseError, match=r"refuses the model: .*fully_connected")
    with session(CortexM, four) as worker, refused:
        worker.open()


def test_a_model_that_fits_is_not_refused(int8: Path) -> None:
    assert checked(int8, board="nucleo-l4r5zi") is None
    assert checked(int8, core="cortex-m4") is None
    assert checked(int8) is None


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    small = tmp_path / "small.toml"
    small.write_text(
        'name = "small"\ncore = "cortex-m4"\nfpu = true\ndsp = true\nmve = false\n'
        "flash_bytes = 65536\nram_bytes = 16384\n"
    )
    told = checked(FLOAT, batch=4, board=str(small), core="cortex-m7")
    assert told is not None
    for reason in (
        "core cortex-m7 is not that of small, cortex-m4",
        "a batch of 1, not 4",
        "operators in float",
        "small has 65536 of flash",
        "small has 16384 of RAM",
    ):
        assert reason in told


def test_a_wrong_board_is_bad_input(int8: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no board 'nucleo'"):
        checked(int8, board="nucleo")
    path = tmp_path / "b.toml"
    path.write_text("name = 1\n")
    with pytest.raises(InputError, match=r"b\.toml"):
        checked(int8, board=str(path))


def test_a_file_that_cannot_be_read_is_a_reason(int8: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(int8.read_bytes()[:200])
    found = variant_of(int8)
    variant = Variant(
        **{key: getattr(found, key) for key in found.__slots__ if key != "path"},
        path=broken,
    )
    told = CortexM().check(variant, workload())
    assert told is not None
    assert "its reader" in told


def test_the_arena_is_a_band_that_says_what_it_rests_on(int8: Path) -> None:
    needs_interpreter()
    found = figures(int8, board="nucleo-l4r5zi")
    arena = found["arena"]
    assert arena.evidence == "PROJECTED"
    assert arena.low < arena.mid < arena.high
    assert arena.coverage == 0.8
    assert arena.basis["kernels"] == "cmsis-nn dsp"
    assert arena.basis["board_ram_bytes"] == 655_360
    run_here = found["arena_64bit"]
    assert run_here.evidence == "EMULATED"
    assert run_here.value > arena.high
    json.dumps([dict(figure.basis) for figure in found.values()])


@pytest.mark.parametrize(
    ("settings", "kernels", "reason"),
    [
        ({"core": "cortex-m55"}, "cmsis-nn mve", None),
        ({"core": "cortex-m0+"}, "cmsis-nn", None),
        ({"board": "nrf9160-dk", "stack": "TFLM"}, "reference", None),
        ({}, None, "name a board or a core"),
        ({"core": "cortex-m4", "stack": "X-CUBE-AI"}, None, "'X-CUBE-AI'"),
        ({"board": "esp32-s3-devkitc-1"}, None, "xtensa-lx7"),
    ],
)
def test_the_arena_is_of_the_core_and_the_stack(int8, settings, kernels, reason):
    needs_interpreter()
    found = figures(int8, **settings)
    for quantity in ("arena", "arena_needed"):
        if kernels:
            assert found[quantity].basis["kernels"] == kernels
        else:
            assert reason in found[quantity].reason


@needs_published
def test_the_wheels_layout_is_exact_on_published_models() -> None:
    needs_interpreter()
    for name in ("ad01_int8", "str_ww_ref_model", "vww_96_int8"):
        path = published(f"{name}.tflite")
        found = figures(path)["arena_64bit_reported"].value
        assert found == size_model(path).arenas["package"].used


def test_operators_of_unknown_memory_widen_the_band_or_leave_it_out(tmp_path) -> None:
    needs_interpreter()
    path = keyword.model.build("int8", "tflite", tmp_path).path
    assert "BATCH_MATMUL" in size_model(path).unknown
    optimised = figures(path, core="cortex-m4")["arena"]
    assert "CMSIS-NN's BATCH_MATMUL is not known" in optimised.reason
    found = figures(path, core="cortex-m4", stack="TFLM")
    arena, here = found["arena"], found["arena_64bit_reported"].value
    assert here / 2 < arena.low < arena.mid < arena.high < here + 500
    more = arena.basis["their_memory_with_64_bit_pointers_bytes"]
    assert arena.high - arena.low >= more / 2 > 1000


def test_the_environment_is_the_boards(int8: Path) -> None:
    needs_interpreter()
    named = CortexM({"board": "nucleo-u575zi-q"}).describe()
    assert (named.device, named.tier) == ("nucleo-u575zi-q", "microcontroller")
    assert named.identity["soc"] == "STM32U575ZI"
    assert CortexM({"core": "cortex-m7"}).describe().device == "cortex-m7"


VERDICTS = [
    ("kws_ref_model", "nucleo-g0b1re", None),
    ("vww_96_int8", "nucleo-g0b1re", None),
    ("pretrainedResnet_quant", "nrf9160-dk", None),
    ("ad01_int8", "corstone-300-u55", None),
    ("vww_96_float", "nucleo-l4r5zi", "operators in float"),
    (
        "vww_96_float",
        "nucleo-g0b1re",
        "866284 bytes; nucleo-g0b1re has 524288 of flash",
    ),
    ("vww_96_float", "nucleo-g0b1re", "bytes or more; nucleo-g0b1re has 147456 of RAM"),
]


@needs_published
@pytest.mark.parametrize(("model", "board", "reason"), VERDICTS)
def test_published_models_fit_boards(model: str, board: str, reason) -> None:
    told = checked(published(f"{model}.tflite"), board=board)
    assert told is None if reason is None else reason in (told or "")


@needs_published
@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant"])
def test_published_models_run(name: str) -> None:
    needs_interpreter()
    path = published(f"{name}.tflite")
    array, found = run(path)
    difference = found.astype(int) - reference(path, array).astype(int)
    assert np.abs(difference).max() <= 1
    assert figures(path, core="cortex-m4")["arena"].mid > 0


def test_time_and_energy_are_projected_where_the_hardware_is_told(int8: Path) -> None:
    needs_interpreter()
    found = figures(int8, board="nucleo-l4r5zi", stack="X-CUBE-AI")
    for quantity in ("latency", "energy"):
        assert found[quantity].evidence == "PROJECTED"
        assert found[quantity].low < found[quantity].mid < found[quantity].high
    slower = figures(int8, core="cortex-m4", clock_mhz=60.0)["latency"]
    assert slower.mid > found["latency"].mid
    assert "no hardware is told" in figures(int8)["latency"].reason
