import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.reports.charts import CHARTS_MAX, charts
from tierbench.reports.facets import facets
from tierbench.reports.pareto import fronts


def drawn(rows: list[dict[str, Any]]) -> tuple[list[Any], list[str]]:
    return charts(facets(rows, fronts(rows)))


def test_a_panel_for_each_cost_of_each_model_and_workload(
    examples: SimpleNamespace,
) -> None:
    found, left = drawn(examples.sweep_rows())
    assert [chart.title.replace("\N{NO-BREAK SPACE}", " ") for chart in found] == [
        "defect: single stream, batch 1",
        "defect: single stream, batch 8",
    ]
    for chart in found:
        assert [cost for cost, _ in chart.panels] == [
            "median latency",
            "model size",
            "peak memory",
        ]
        for _, svg in chart.panels:
            assert len(list(ET.fromstring(svg).iter("title"))) == 7
    assert left == []


def test_every_point_has_a_tooltip(examples: SimpleNamespace) -> None:
    found, _ = drawn(examples.sweep_rows())
    root = ET.fromstring(found[0].panels[0][1])
    tooltips = [element.text for element in root.iter("title")]
    assert len(tooltips) == 7
    told = (
        "int8 on host-onnxruntime: median latency 0.27192 ms [0.268929, 0.27515], "
        "accuracy 0.9625 [0.9415, 0.9745], measured, on the front"
    )
    assert told in tooltips
    texts = [element.text for element in root.iter("text")]
    assert not any("@" in (text or "") for text in texts)
    assert "accuracy" in texts
    assert "median latency, ms · lower is better" in texts


def test_the_front_is_named_and_the_rest_where_there_is_room(
    examples: SimpleNamespace,
) -> None:
    crowd = []
    for step in range(40):
        row = examples.measured_row(variant=f"v{step}")
        row["accuracy"] = row["accuracy"] | {"value": 0.9 - step / 1e5}
        crowd.append(row)
    found, _ = drawn(crowd)
    root = ET.fromstring(found[0].panels[0][1])
    names = [text.text for text in root.iter("text") if (text.text or "")[0] == "v"]
    assert "v0" in names
    assert len(names) < 40


def test_a_panel_without_points_is_not_drawn(examples: SimpleNamespace) -> None:
    row = examples.measured_row(memory=None, memory_reason="untold")
    found, _ = drawn([row])
    assert [bool(svg) for _, svg in found[0].panels] == [True, True, False]


def test_nothing_to_draw_is_named(examples: SimpleNamespace) -> None:
    found, left = drawn([examples.unmeasured_row("skipped", "no")])
    assert found == []
    assert left == ["defect: single stream, batch\N{NO-BREAK SPACE}1"]


def test_further_charts_are_named(examples: SimpleNamespace) -> None:
    count = CHARTS_MAX + 3
    rows = [examples.measured_row(batch=batch) for batch in range(1, count + 1)]
    rows += [examples.measured_row(batch=count, variant="int8")]
    found, left = drawn(rows)
    assert len(found) == CHARTS_MAX
    assert len(left) == 3
    assert found[-1].title.endswith(str(count)), "the fullest chart must be kept"


@pytest.mark.parametrize(("low", "high"), [(0.0, 50.0), (1.0, 1.0), (-1.0, 1e300)])
def test_odd_intervals_are_drawn(
    examples: SimpleNamespace, low: float, high: float
) -> None:
    rows = []
    for median in (1.0, 20.0):
        row = examples.measured_row(
            latency_ms={"median": median, "median_ci95": [low, high]}
        )
        row["accuracy"] = row["accuracy"] | {"ci95": [low, high]}
        rows.append(row)
    found, _ = drawn(rows)
    svg = found[0].panels[0][1]
    assert len(list(ET.fromstring(svg).iter("title"))) == 2
    assert "nan" not in svg.lower()
    assert "inf" not in svg.lower()
