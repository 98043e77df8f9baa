"""``tierbench published import`` and ``tierbench results --published``."""

import json
from pathlib import Path

import pytest

from tierbench.harness.cli import main
from tierbench.harness.published.result import Citation, PublishedResult, published_row
from tierbench.harness.published.table import cells, value

HEAD = "model,source,desktop_cpu_ms,desktop_cpu_plus_usb_edgetpu_ms,embedded_cpu_ms,dev_board_edgetpu_ms"  # noqa: E501
GOOD = "VGG16 (224x224),https://coral.ai/docs,867,296,4595,343"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def test_an_import_is_told_and_shown(tmp_path: Path, store: str, capsys) -> None:
    path = tmp_path / "coral.csv"
    path.write_text(f"{HEAD}\n{GOOD}\nother,https://coral.ai,,,,\n")
    assert main(["published", "import", str(path), "--store", store]) == 0
    out = capsys.readouterr().out
    assert "4 results" in out
    assert "left out 1: no time is told" in out
    assert "4 new, 0 changed, 0 already there" in out
    assert main(["published", "import", str(path), "--store", store, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["same"]) == (0, 4)
    assert main(["results", "--published", "--store", store, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["evidence"] for row in rows} == {"PUBLISHED"}
    assert sorted(row["latency_ms"]["value"] for row in rows) == [296, 343, 867, 4595]
    assert main(["results", "--published", "--store", store]) == 0
    assert "vgg16" in capsys.readouterr().out
    assert main(["results", "--store", store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_nothing_is_imported_where_something_is_wrong(
    tmp_path: Path, store: str, capsys
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"{HEAD}\n{GOOD}\n")
    bad.write_text(f"{HEAD}\nx,https://coral.ai,1,zwei,3,-4\ny,nowhere,1,2,3,4\n")
    files = [str(good), str(bad)]
    assert main(["published", "import", *files, "--store", store]) == 2
    err = capsys.readouterr().err
    assert err.count("bad.csv") == 3
    assert not (tmp_path / "store.db").exists()


def test_published_results_belong_to_no_run(store: str, capsys) -> None:
    assert main(["results", "--published", "--run", "1", "--store", store]) == 2
    assert "belongs to no run" in capsys.readouterr().err


def test_a_value_is_told_with_its_units() -> None:
    result = PublishedResult(
        key="k",
        model="m",
        network=None,
        device="d",
        device_name=None,
        scenario="offline",
        batch=8,
        latency_ms=0.3456,
        latency_percentile=90.0,
        throughput_per_s=12881.7,
        counted="tokens",
        power_w=40.0,
        energy_mj=20.14,
        citation=Citation(title="T", url="https://example.org"),
    )
    row = published_row(result)
    assert value(row) == "p90 0.346 ms, 12882 tokens/s, 40 W, 20.1 mJ"
    assert cells(row)[3] == "offline, batch 8"
