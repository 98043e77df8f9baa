import json

import pytest

from tierbench.harness.errors import InputError, NotFound
from tierbench.models.drift import cost
from tierbench.models.drift.study import FORMAT, Plan, study
from tierbench.models.shift import SEVERITY_MAX

SMALL = Plan(window=20, windows=6, clean_windows=30, reference_samples=240)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    before, cost.ROUNDS = cost.ROUNDS, 8
    told: list[str] = []
    pairs = [("fp32", "onnx"), ("int8", "tflite")]
    try:
        made = study("bearing", pairs, SMALL, tmp_path_factory.mktemp("s"), told.append)
    finally:
        cost.ROUNDS = before
    assert len(told) == 3 + 1 + 3 * SEVERITY_MAX
    return made


def test_it_is_json_and_says_what_it_is(found):
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert found["format"] == FORMAT
    assert [v["format"] for v in found["variants"]] == ["onnx", "tflite"]
    assert found["samples"] == 120


def test_every_shift_has_every_severity_once(found):
    expected = [(None, 0)] + [
        (shift["name"], severity)
        for shift in found["shifts"]
        for severity in range(1, SEVERITY_MAX + 1)
    ]
    for variant in found["variants"]:
        assert [(p["shift"], p["severity"]) for p in variant["points"]] == expected


def test_the_clean_point_has_no_drop_and_a_strong_shift_has_power(found):
    for variant in found["variants"]:
        points = {(p["shift"], p["severity"]): p for p in variant["points"]}
        assert points[None, 0]["drop"]["value"] == 0.0
        worst = points["roughness", SEVERITY_MAX]
        assert worst["drop"]["low"] > 0.2
        assert all(p["value"] == 1.0 for p in worst["power"])
        assert all(p["windows"] == 6 for p in worst["power"])


def test_what_was_noticed_follows_from_the_points(found):
    for variant in found["variants"]:
        for row in variant["noticed"]:
            points = [p for p in variant["points"] if p["shift"] == row["shift"]]
            costly = [p for p in points if p["drop"]["value"] >= 0.02]
            if costly:
                assert row["severity"] == costly[0]["severity"]
                assert row["power"] == costly[0]["power"]
            else:
                assert row["severity"] is None
                assert "no severity costs" in row["severity_reason"]


def test_false_alarms_and_agreement_count_every_window(found):
    for variant in found["variants"]:
        assert {f["windows"] for f in variant["false_alarms"]} == {30}
        assert all(f["alarms"] <= 8 for f in variant["false_alarms"])
        for row in variant["agreement"]:
            assert row["windows"] == 30 + 6 * (1 + 3 * SEVERITY_MAX)
            assert row["value"] > 0.9


def test_the_monitors_cost_is_told(found):
    for variant in found["variants"]:
        told = variant["cost"]
        assert variant["state_bytes"] == 4 * 256 * (96 + 2) + 8 * 512
        assert 0 < told["observe_ratio"]["value"] < told["exact_ratio"]["value"] * 20
        assert 0 < told["observe_peak_bytes"] < told["exact_peak_bytes"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (Plan(window=1), "windows of 2 or more"),
        (Plan(window=500), "4000 reference samples for windows of 500"),
        (Plan(windows=0), "windows 0: 1 or more"),
        (Plan(clean_windows=-1), "clean_windows -1"),
    ],
)
def test_counts_that_cannot_be_studied_are_refused(tmp_path, plan, told):
    with pytest.raises(InputError, match=told):
        study("bearing", [("fp32", "onnx")], plan, tmp_path)


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(NotFound, match="variant of model 'bearing' 'int9'"):
        study("bearing", [("int9", "onnx")], SMALL, tmp_path)
