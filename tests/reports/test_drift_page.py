"""The page of a drift study: from a file that nobody vouches for."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tierbench.harness.cli import main
from tierbench.harness.errors import InputError
from tierbench.reports.drift_page import render_drift
from tierbench.reports.drift_study import read_study

HOSTILE = "\"'><img src=x onerror=alert(1)></style><script>{{7*7}}"


def share(value: float) -> dict[str, Any]:
    return {"value": value, "low": max(0.0, value - 0.1), "high": min(1.0, value + 0.1)}


def power(value: float) -> list[dict[str, Any]]:
    return [
        {"detector": name, "rate": rate, "windows": 20, **share(value)}
        for name in ("streaming", "exact")
        for rate in (0.05, 0.01)
    ]


def ratio(value: float | None) -> dict[str, Any]:
    return {"value": value, "low": value, "high": value}


def variant(name: str) -> dict[str, Any]:
    points = [{"shift": None, "severity": 0, "accuracy": share(0.9), "power": power(0)}]
    points += [
        {
            "shift": s,
            "severity": n,
            "accuracy": share(0.9 - n / 8),
            "power": power(n / 4),
        }
        for s in ("fog", "rain")
        for n in (1, 2, 3)
    ]
    alarms = {"alarms": 9, "windows": 1000, "expected_low": 4, "expected_high": 17}
    return {
        "variant": name,
        "format": "onnx",
        "layer": "penultimate activations",
        "embedding_size": 64,
        "state_bytes": 70_000,
        "false_alarms": [{"detector": "streaming", "rate": 0.01, **alarms}],
        "agreement": [{"rate": 0.01, "value": 0.98, "windows": 9, "correlation": 0.9}],
        "points": points,
        "noticed": [
            {"shift": "fog", "severity": 1, "severity_reason": None, "power": power(1)},
            {
                "shift": "rain",
                "severity": None,
                "severity_reason": "no severity costs 2%",
                "power": [],
            },
        ],
        "cost": {
            "output_ratio": ratio(1.03),
            "observe_ratio": ratio(0.2),
            "exact_ratio": ratio(None),
            "observe_peak_bytes": 6_000,
            "exact_peak_bytes": 14_000_000,
        },
    }


@pytest.fixture
def study() -> dict[str, Any]:
    return {
        "format": "tierbench drift study 1",
        "model": "m",
        "window": 200,
        "windows": 20,
        "clean_windows": 1000,
        "reference_samples": 4000,
        "samples": 4000,
        "shifts": [{"name": n, "summary": f"{n} falls"} for n in ("fog", "rain")],
        "variants": [variant("fp32"), variant("int8")],
    }


def page_of(study: dict[str, Any], folder: Path) -> str:
    path = folder / "study.json"
    path.write_text(json.dumps(study))
    return render_drift(read_study(path))


def test_every_shift_is_drawn_for_every_variant(study, tmp_path):
    page = page_of(study, tmp_path)
    assert page.count('<svg class="chart drift"') == 4
    assert page.count("<polyline") == 8
    assert page.count("<circle") == 2 + 8 * 4
    assert "2 points are lost at severity 1; 100 % of windows notice" in page
    assert "no severity costs 2%" in page
    assert "9 of 1000" in page
    assert page == page_of(study, tmp_path)


def test_texts_are_shown_and_never_interpreted(study, tmp_path):
    study["model"] = study["variants"][0]["variant"] = HOSTILE
    study["shifts"][0]["summary"] = study["variants"][0]["layer"] = HOSTILE
    page = page_of(study, tmp_path)
    assert "<img" not in page
    assert "<script" not in page
    assert "49" not in page.replace("4900", "")
    assert page.count("</style>") == 1


def spoilt(study: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(study)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("format",), "tierbench drift study 2", "format"),
        (("variants",), [], "variants"),
        (("shifts",), [], "shifts"),
        (("variants", 0, "points", 0, "accuracy", "value"), 1.5, "accuracy.value"),
        (("variants", 0, "points", 0, "severity"), 10**9, "severity"),
        (("variants", 0, "points", 0, "shift"), "fog", "one clean point"),
        (("variants", 0, "points", 1, "shift"), "hail", "points of the shifts named"),
        (("shifts", 1, "name"), "fog", "named twice"),
        (("model",), "x" * 5_000, "model"),
    ],
)
def test_what_is_no_study_is_refused_with_its_place(study, tmp_path, path, value, told):
    with pytest.raises(InputError, match=told):
        page_of(spoilt(study, *path, value=value), tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "{}", '{"format": NaN}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x"
    path.write_text(content)
    with pytest.raises(InputError, match="tierbench drift study --out"):
        read_study(path)


def test_a_missing_file_and_a_run_beside_a_study_are_bad_input(tmp_path, capsys):
    path = str(tmp_path / "none.json")
    assert main(["report", "--drift", path]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["report", "--drift", path, "--run", "abc"]) == 2
    assert "give one of them" in capsys.readouterr().err
