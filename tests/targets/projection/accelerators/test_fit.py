"""What ships is what the script makes of the tables, and is as good as is written."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tierbench.harness.hashing import file_sha256
from tierbench.targets.projection.accelerators.analogues import (
    analogues,
    log_fps,
    unclear,
)
from tierbench.targets.projection.accelerators.check import (
    LeftOut,
    leave_networks_out,
    numbers,
)
from tierbench.targets.projection.accelerators.check import main as check
from tierbench.targets.projection.accelerators.coefficients import shipped, to_text
from tierbench.targets.projection.accelerators.fit import main, make
from tierbench.targets.projection.accelerators.left_out import work_of
from tierbench.targets.projection.accelerators.rows import networks, read_rows

PUBLISHED = os.environ.get("TIERBENCH_PUBLISHED")
FOLDER = Path(PUBLISHED or "")
published = pytest.mark.skipif(
    not PUBLISHED, reason="TIERBENCH_PUBLISHED names no folder"
)


@published
def test_what_ships_is_what_the_script_makes() -> None:
    made = make(FOLDER)
    assert to_text(made) == to_text(shipped())
    for name, sha256 in made.provenance["tables"].items():
        assert file_sha256(FOLDER / name) == sha256


@published
def test_rows_are_those_that_bear_on_a_forward_call() -> None:
    rows = read_rows(FOLDER)
    families = {row.family for row in rows}
    assert families == {"hailo", "coral", "jetson", "nvidia"}
    assert all(0 < row.seconds < 60 for row in rows)
    held_out = {"bert", "retinanet", "hailo8l", "hailo10h", "hailo15h"}
    assert not held_out & {word for row in rows for word in (row.network, row.device)}
    agx = [row for row in rows if row.device == "jetson-agx-orin"]
    assert not {"ctuning", "krai"} & {row.submitter for row in agx}


@published
def test_networks_left_out_are_met() -> None:
    rows = [row for row in read_rows(FOLDER) if row.family != "hailo"]
    found = list(leave_networks_out(rows))
    for family in ("coral", "jetson", "nvidia"):
        told = numbers([one for one in found if one.family == family])
        assert told["with a point %"] >= 80
        assert told["median error %"] <= 30
        assert told["in the band %"] >= 75
        assert told["median high/low"] <= 3


@published
@pytest.mark.parametrize(
    ("tells_kind", "error", "width"), [(True, 30, 3), (False, 30, 4)]
)
def test_hailo_networks_left_out_are_met(
    tells_kind: bool, error: float, width: float
) -> None:
    fit = shipped().hailo
    found = []
    for own in fit.neighbours:
        others = [one for one in fit.neighbours if one is not own]
        work = work_of(own, tells_kind=tells_kind)
        for batch in (1, 8):
            rest = analogues(others, batch)
            band = log_fps(rest, work, scale=fit.scale)
            found.append(
                LeftOut(
                    family="hailo",
                    network=own.network,
                    measured=own.log_fps(batch),
                    band=None if unclear(rest, work, 1.0) else band,
                )
            )
    told = numbers(found)
    assert told["with a point %"] >= 80
    assert told["median error %"] <= error
    assert told["in the band %"] >= 75
    assert told["median high/low"] <= width


def test_facts_of_networks_have_a_source() -> None:
    for table in ("coral", "mlperf"):
        for name, fact in networks()[table].items():
            assert fact["source"], name
            assert fact["parameters"] > 0 < fact["macs"]


def test_a_file_of_another_schema_is_refused() -> None:
    from tierbench.harness.errors import StoreError
    from tierbench.targets.projection.accelerators.coefficients import parsed

    with pytest.raises(StoreError, match="schema 9"):
        parsed(to_text(replace(shipped(), schema=9)))


def test_a_folder_without_tables_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "hailo_model_zoo_fit.csv" in capsys.readouterr().err
    assert check([str(tmp_path)]) == 2
    assert check([]) == 2
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out
