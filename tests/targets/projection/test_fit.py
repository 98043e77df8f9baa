"""The fit finds effects again; what ships is what the script makes of the table."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.projected import made_up_rows

from tierbench.harness.formats import inspect_model
from tierbench.harness.hashing import file_sha256
from tierbench.targets.projection.check import main as check
from tierbench.targets.projection.coefficients import (
    read_coefficients,
    shipped,
    to_text,
)
from tierbench.targets.projection.esp32_s3 import KERNELS
from tierbench.targets.projection.fit import main, make
from tierbench.targets.projection.hierarchy import fit
from tierbench.targets.projection.left_out import (
    LeftOut,
    coefficients_of,
    leave_boards_out,
)
from tierbench.targets.projection.rows import WORKS, board_key, read_rows
from tierbench.targets.projection.work import Works, work_of

PUBLISHED = os.environ.get("TIERBENCH_PUBLISHED")
published = pytest.mark.skipif(
    not PUBLISHED, reason="TIERBENCH_PUBLISHED names no folder"
)
TABLE = Path(PUBLISHED or "") / "mlperf_tiny_fit.csv"
DOCUMENT = Path(__file__).parents[3] / "docs" / "projection.md"
MODELS = {
    "kws": "kws_ref_model.tflite",
    "vww": "vww_96_int8.tflite",
    "ic": "pretrainedResnet_quant.tflite",
    "ad": "ad01_int8.tflite",
}


def test_made_up_effects_are_found_again() -> None:
    found = fit(made_up_rows(3))
    price = {
        name: float(np.exp(found.values[place]))
        for name, place in found.index.items()
        if name.startswith("price")
    }
    assert price["price outputs"] == pytest.approx(20, rel=0.4)
    assert price["price dense"] == pytest.approx(1.3, rel=0.4)
    assert found.noise == pytest.approx(0.08, rel=0.3)


def test_a_broken_row_hardly_pulls() -> None:
    rows = made_up_rows(4)
    broken = [replace(rows[0], latency_ms=rows[0].latency_ms * 8), *rows[1:]]
    before, after = fit(rows), fit(broken)
    moved = np.abs(before.values - after.values)
    assert moved.max() < 0.25


def test_coefficients_survive_their_file(tmp_path: Path) -> None:
    made = coefficients_of(made_up_rows(5), 1.3)
    path = tmp_path / "coefficients.json"
    path.write_text(to_text(made), "utf-8")
    assert read_coefficients(path) == made


def test_what_ships_tells_where_it_comes_from() -> None:
    told = shipped().provenance
    assert set(told) == {
        "boards",
        "formula",
        "models",
        "rounds",
        "rows",
        "script",
        "sha256",
        "sources",
        "table",
    }
    assert told["boards"] == 7
    assert told["rows"] == sum(row["rows"] for row in shipped().rows) == 165
    assert len(told["sources"]) == len(told["rounds"]) == 6
    assert len(told["sha256"]) == 64


@pytest.mark.parametrize("script", [main, check])
def test_scripts_say_what_is_wrong(
    script: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(script)
    assert script([]) == 2
    assert "usage: python -m tierbench.targets.projection." in capsys.readouterr().out
    path = tmp_path / "table.csv"
    path.write_text("round,board\nv1,x\n", "utf-8")
    assert script([str(path)]) == 2
    assert "KeyError: 'precision'" in capsys.readouterr().err
    path.write_text("precision\n", "utf-8")
    assert script([str(path)]) == 2
    assert "rows of three" in capsys.readouterr().err


# --- on the published table


@published
def test_what_ships_is_what_the_script_makes(tmp_path: Path) -> None:
    again, kept = make(TABLE), shipped()
    assert again.provenance == kept.provenance
    assert kept.provenance["sha256"] == file_sha256(TABLE)
    assert again.names == kept.names
    assert again.values == pytest.approx(kept.values, abs=1e-5)
    np.testing.assert_allclose(again.matrix, kept.matrix, atol=1e-6)
    assert again.scale == pytest.approx(kept.scale, rel=1e-4)
    assert again.model_deviation == pytest.approx(kept.model_deviation, rel=1e-3)
    assert again.live_shares == kept.live_shares
    assert again.power == kept.power


@published
def test_counts_of_the_reference_models_are_those_of_their_files() -> None:
    for model, name in MODELS.items():
        path = Path(PUBLISHED or "") / "mlperf_tiny_models" / name
        assert work_of(inspect_model(path)) == WORKS[model], model
    vww = WORKS["vww"]
    assert isinstance(vww, Works)
    assert (vww.all.macs, vww.live.macs) == (7_489_664, 3_742_559)


@pytest.fixture(scope="module")
def found() -> list[LeftOut]:
    return leave_boards_out(read_rows(TABLE))


@published
def test_the_documented_errors_are_those_that_the_check_finds(
    found: list[LeftOut],
) -> None:
    checked = 0
    for line in DOCUMENT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 7 or not cells[3].isdigit() or "alone" in cells[0]:
            continue
        key = board_key(cells[0].split(",")[0])
        own = [one for one in found if key in ("ALL", board_key(one.row.board))]
        checked += 1
        assert len(own) == int(cells[3])
        error = np.median([one.relative_error for one in own])
        covered = np.mean([one.is_covered for one in own])
        width = np.median([one.high_over_low for one in own])
        told = [f"{error:.0%}", f"{covered:.0%}", f"{width:.1f}"]
        assert [cell.replace(" ", "") for cell in cells[4:]] == told, cells[0]
    assert checked == 8


@published
def test_boards_that_were_left_out_are_projected_well_enough(
    found: list[LeftOut],
) -> None:
    assert len(found) == 165
    assert np.median([one.relative_error for one in found]) <= 0.25
    assert np.mean([one.is_covered for one in found]) >= 0.75
    assert np.median([one.high_over_low for one in found]) <= 2.5
    unseen = [one for one in found if not one.has_core]
    seen = [one for one in found if one.has_core]
    assert {one.row.core for one in unseen} == {"cortex-m0+", "cortex-m7", "cortex-m85"}
    assert min(one.high_over_low for one in unseen) > np.median(
        [one.high_over_low for one in seen]
    )


@published
def test_the_check_prints_a_line_for_every_board(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check([str(TABLE)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("NUCLEO-H7A3ZI-Q" in line for line in lines) == 2
    assert sum(line.startswith("all ") for line in lines) == 4


@published
def test_esp_nn_kernels_are_those_of_the_file() -> None:
    path = Path(PUBLISHED or "") / "esp_nn_kernels.json"
    rows = json.loads(path.read_text("utf-8"))["rows"]
    told = {(row["optimized_ticks"], row.get("macs_derived")) for row in rows}
    assert {(ticks, macs) for _, ticks, _, macs, _ in KERNELS} <= told
