import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from tierbench.reports.charts import CHARTS_MAX, OTHER, PALETTE, charts, target_colours


def test_a_chart_for_each_model_and_workload(examples: SimpleNamespace) -> None:
    drawn, left = charts(examples.sweep_rows())
    assert [chart.title.replace("\N{NO-BREAK SPACE}", " ") for chart in drawn] == [
        "defect: single stream, batch 1",
        "defect: single stream, batch 8",
    ]
    assert [chart.points for chart in drawn] == [7, 7]
    assert left == []


def test_every_point_has_a_label_and_a_tooltip(examples: SimpleNamespace) -> None:
    drawn, _ = charts(examples.sweep_rows())
    root = ET.fromstring(drawn[0].svg)
    texts = [element.text for element in root.iter("text")]
    assert sorted(t for t in texts if t in ("fp32", "fp16", "int8", "int4")) == sorted(
        ["fp32", "fp16", "int8", "fp32", "fp16", "int8", "int4"]
    )
    tooltips = [element.text for element in root.iter("title")]
    assert len(tooltips) == 7
    assert tooltips[0] == (
        "fp32 on host-onnxruntime: 0.6180 ms (95 % interval 0.6112 to 0.6253), "
        "accuracy 0.973 (95 % interval 0.952 to 0.985), measured"
    )
    assert not any("@" in (text or "") for text in texts)


def test_what_cannot_be_plotted_is_named_with_its_reason(
    examples: SimpleNamespace,
) -> None:
    rows = [
        examples.measured_row(),
        examples.measured_row(variant="a", accuracy=None, accuracy_reason="no data"),
        examples.measured_row(variant="b", latency_ms=None, latency_ms_reason="lost"),
        examples.unmeasured_row("failed", "it died", variant="c"),
        examples.measured_row(variant="d", accuracy={"metric": "auc", "value": 0.5}),
    ]
    ((chart,), _) = charts(rows)
    assert chart.points == 1
    assert chart.left_out == (
        ("a on host-onnxruntime", "accuracy unknown: no data"),
        ("b on host-onnxruntime", "latency unknown: lost"),
        ("c on host-onnxruntime", "latency and accuracy unknown: it died"),
        ("d on host-onnxruntime", "its accuracy is 'auc', the chart's is 'accuracy'"),
    )


def test_cases_left_out_for_one_reason_stand_together(
    examples: SimpleNamespace,
) -> None:
    rows = [examples.unmeasured_row("failed", "died", variant=v) for v in "ab"]
    ((chart,), _) = charts(rows)
    names = "a on host-onnxruntime, b on host-onnxruntime"
    assert chart.left_out == ((names, "latency and accuracy unknown: died"),)


def test_a_chart_without_points_is_not_drawn(examples: SimpleNamespace) -> None:
    ((chart,), _) = charts([examples.unmeasured_row("skipped", "no")])
    assert (chart.svg, chart.points) == ("", 0)


@pytest.mark.parametrize(("factor", "logarithmic"), [(9.0, False), (11.0, True)])
def test_the_scale_is_logarithmic_beyond_a_factor_of_ten(
    examples: SimpleNamespace, factor: float, logarithmic: bool
) -> None:
    slow = {"median": 0.61834 * factor, "median_ci95": None}
    rows = [examples.measured_row(), examples.measured_row(latency_ms=slow)]
    ((chart,), _) = charts(rows)
    assert ("log scale" in chart.svg) is logarithmic


def test_further_charts_are_named(examples: SimpleNamespace) -> None:
    count = CHARTS_MAX + 3
    rows = [examples.measured_row(batch=batch) for batch in range(1, count + 1)]
    rows += [examples.measured_row(batch=count, variant="int8")]
    drawn, left = charts(rows)
    assert len(drawn) == CHARTS_MAX
    assert len(left) == 3
    assert drawn[-1].points == 2, "the chart with most cases must be kept"


def test_a_long_label_is_cut_and_whole_in_the_tooltip(
    examples: SimpleNamespace,
) -> None:
    ((chart,), _) = charts([examples.measured_row(variant="v" * 30)])
    root = ET.fromstring(chart.svg)
    assert "v" * 21 + "…" in [element.text for element in root.iter("text")]
    assert next(root.iter("title")).text.startswith("v" * 30 + " on ")


def test_targets_past_the_palette_share_a_grey(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row(target=f"t{n}") for n in range(len(PALETTE) + 2)]
    colours = target_colours(rows)
    assert list(colours.values()) == [*PALETTE, OTHER, OTHER]


@pytest.mark.parametrize(
    ("low", "mid", "high"), [(0.0, 1.0, 50.0), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)]
)
def test_odd_values_are_drawn(
    examples: SimpleNamespace, low: float, mid: float, high: float
) -> None:
    latency = {"median": mid, "median_ci95": [low, high]}
    other = {"median": mid * 20, "median_ci95": [low, high * 20]}
    rows = [examples.measured_row(latency_ms=one) for one in (latency, other)]
    ((chart,), _) = charts(rows)
    assert chart.points == 2
    assert "nan" not in chart.svg.lower()
