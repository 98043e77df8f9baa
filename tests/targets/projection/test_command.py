"""``tierbench project`` as it is called."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.small_tflite import write_convolutions

from tierbench.harness.cli import main

MODEL = str(Path(__file__).parents[3] / "models" / "defect" / "defect.tflite")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["project", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


CORE = ("--target", "cortex-m", "--set", "core=cortex-m7", "--set", "clock_mhz=216")


def test_json_holds_bands_their_evidence_and_their_rows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(
        capsys,
        "bearing",
        *CORE,
        "--set",
        "supply_v=3.3",
        "--set",
        "stack=ONNC",
        "--json",
    )
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["settings"]["clock_mhz"] == 216
    for key in ("latency_ms", "energy_mj"):
        band = found[key]
        assert 0 < band["low"] < band["mid"] < band["high"]
        assert (band["coverage"], band["evidence"]) == (0.8, "PROJECTED")
        assert all({"board", "stack"} <= set(row) for row in band["rests_on"])


def test_a_board_brings_its_core_clock_and_supply(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(
        capsys, "bearing", "--target", "cortex-m", "--set", "board=nucleo-l4r5zi"
    )
    assert status == 0
    assert "latency_ms" in out
    assert "energy_mj" in out
    assert "PROJECTED" in out
    assert "no stack was told" in out


def test_what_is_not_known_is_null_with_its_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = write_convolutions(tmp_path / "m.tflite", np.ones((4, 1, 1, 4), np.float32))
    status, out, _ = run(capsys, str(path), *CORE, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["latency_ms"] is None
    assert "only int8 models were published" in found["latency_ms_reason"]
    assert found["energy_mj"] is None
    status, out, _ = run(capsys, str(path), *CORE)
    assert out.startswith("latency_ms is not known: its weights have 32 bits")


def test_every_mistake_is_told_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, err = run(
        capsys,
        str(tmp_path / "none.tflite"),
        "--target",
        "cortex-m",
        *("--set", "board=nowhere"),
        *("--set", "clock_mhz=fast"),
        *("--set", "supply_v=900"),
        *("--set", "colour=red"),
        *("--set", "stack="),
    )
    lines = err.splitlines()
    assert (status, out, len(lines)) == (2, "", 6)
    for said in (
        "none.tflite",
        "no board 'nowhere'",
        "'fast'",
        "900",
        "colour",
        "stack",
    ):
        assert any(said in line for line in lines), said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--target", "toaster"),
            "no projector 'toaster'; known: amd, coral, cortex-m",
        ),
        (("--target", "cortex-m"), "set board=NAME, or core and clock_mhz"),
        (("--target", "cortex-m", "--set", "core=cortex-m4"), "set clock_mhz"),
        (("--target", "cortex-m", "--set", "core=z80"), "core 'z80' is not known"),
        ((*CORE, "--set", "clock_mhz=9"), "stands twice"),
        (
            (*CORE, "--set", "board=nucleo-l4r5zi"),
            "board 'nucleo-l4r5zi' has cortex-m4, not 'cortex-m7'",
        ),
        ((*CORE, "--set", "clock_mhz"), "'clock_mhz' is not known; valid: board=..."),
    ],
)
def test_bad_input_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, _, err = run(capsys, "bearing", *arguments)
    assert status == 2
    assert said in err


def test_a_variant_is_of_a_reference_model_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _, err = run(capsys, MODEL, "--variant", "int8", *CORE)
    assert status == 2
    assert "--variant 'int8' with the file" in err
