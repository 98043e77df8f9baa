from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.harness.front import State
from tierbench.reports.facets import (
    OTHER,
    PALETTE,
    Facet,
    facets,
    spelled,
    target_colours,
)
from tierbench.reports.metrics import Metric, read
from tierbench.reports.pareto import fronts


def facets_of(rows: list[dict[str, Any]]) -> list[Facet]:
    return facets(rows, fronts(rows))


def test_a_facet_for_each_model_and_workload_the_simplest_first(
    examples: SimpleNamespace,
) -> None:
    rows = [*examples.offline_rows(), *reversed(examples.sweep_rows())]
    found = facets_of([*rows, examples.measured_row(model="other")])
    assert [f.title.replace("\N{NO-BREAK SPACE}", " ") for f in found] == [
        "defect: single stream, batch 1",
        "defect: single stream, batch 8",
        "defect: offline, batch 1",
        "defect: offline, batch 8",
        "other: single stream, batch 1",
    ]
    assert [panel.axis for panel in found[2].panels] == [
        "throughput, 1/s · higher is better",
        "model size · lower is better",
        "peak memory · lower is better",
    ]


def test_points_hold_the_values_of_their_rows(examples: SimpleNamespace) -> None:
    rows = [*examples.sweep_rows(), examples.projected_row()]
    for facet in facets_of(rows):
        for panel in facet.panels:
            for point in panel.points:
                row = rows[point.place]
                assert point.cost == panel.cost.of(row)
                assert point.accuracy == read(row, "accuracy", "value")
                assert point.hollow == (row["status"] == "not_converged")
                assert point.evidence == row["evidence"]


def test_lines_join_the_cases_on_the_front(examples: SimpleNamespace) -> None:
    rows = [*examples.sweep_rows(), examples.projected_row()]
    for panel in facets_of(rows)[0].panels:
        joined = {panel.points[n].place for line in panel.fronts for n in line}
        on_it = {p.place for p in panel.points if p.state is State.FRONT}
        assert joined == on_it
        assert len(panel.fronts) == 2, "projected cases have a front of their own"


def test_what_cannot_be_plotted_is_named_with_its_reason(
    examples: SimpleNamespace,
) -> None:
    rows = [
        examples.measured_row(),
        examples.measured_row(variant="a", accuracy=None, accuracy_reason="no data"),
        examples.measured_row(variant="b", latency_ms=None, latency_ms_reason="lost"),
        examples.unmeasured_row("failed", "it died", variant="c"),
        examples.unmeasured_row("failed", "it died", variant="d"),
        examples.measured_row(variant="e", accuracy={"metric": "auc", "value": 0.5}),
        examples.measured_row(variant="f", size_bytes=0),
    ]
    (facet,) = facets_of(rows)
    assert [len(panel.points) for panel in facet.panels] == [2, 2, 3]
    died = "median latency, peak memory and accuracy unknown: it died"
    assert facet.left_out == (
        ("a on host-onnxruntime", "accuracy unknown: no data"),
        ("b on host-onnxruntime", "median latency unknown: lost"),
        ("c on host-onnxruntime, d on host-onnxruntime", died),
        ("e on host-onnxruntime", "accuracy is 'auc', the chart's is 'accuracy'"),
        ("f on host-onnxruntime", "model size 0 has no place on a logarithmic axis"),
    )


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, 1e-300])
def test_what_no_axis_can_show_is_left_out(
    examples: SimpleNamespace, value: float
) -> None:
    (facet,) = facets_of([examples.measured_row(latency_ms={"median": value})])
    assert facet.panels[0].points == ()
    assert facet.panels[0].x is None
    assert "has no place" in facet.left_out[0][1]


def test_a_long_label_is_cut_and_whole_in_the_tooltip(
    examples: SimpleNamespace,
) -> None:
    (facet,) = facets_of([examples.measured_row(variant="v" * 30)])
    (point,) = facet.panels[0].points
    assert point.label == "v" * 21 + "…"
    assert point.told.startswith("v" * 30 + " on ")


def test_the_axis_says_what_is_better(examples: SimpleNamespace) -> None:
    (facet,) = facets_of([examples.measured_row()])
    assert facet.axis == "accuracy · higher is better"
    (facet,) = facets_of(
        [examples.measured_row(accuracy={"metric": "mae", "value": 0.1})]
    )
    assert facet.axis == "mae · lower is better"


def test_targets_past_the_palette_share_a_grey(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row(target=f"t{n}") for n in range(len(PALETTE) + 2)]
    own = [f"c{slot}" for slot in range(len(PALETTE))]
    assert list(target_colours(rows).values()) == [*own, OTHER, OTHER]


def test_values_are_spelled_with_their_intervals() -> None:
    point = Metric(evidence="MEASURED", value=0.123456789, low=0.1, high=0.2)
    assert spelled(point, "ms") == "0.123457 ms [0.1, 0.2]"
    band = Metric(evidence="PROJECTED", value=2, low=1, high=4, coverage=0.8, band=True)
    assert spelled(band, "1") == "2 [1, 4] (80 % band)"
    size = Metric(evidence="MEASURED", value=412_672)
    assert spelled(size, "").replace("\u202f", " ") == "403 KiB (412 672 bytes)"
    assert spelled(size, "1") == "412672, no interval"


def test_what_tells_no_time_has_panels_of_its_own(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row(), *examples.board_rows()]
    (facet,) = facets_of(rows)
    targets = {
        panel.cost.name: [point.target for point in panel.points]
        for panel in facet.panels
    }
    assert targets == {
        "latency": ["host-onnxruntime", "cortex-m"],
        "instructions": ["cortex-m-qemu"],
        "size": ["host-onnxruntime", "cortex-m", "cortex-m-qemu"],
        "memory": ["host-onnxruntime"],
        "arena": ["cortex-m"],
    }
    latency = facet.panels[0]
    assert [line for line in latency.fronts if len(line) > 1] == []
    assert "80 % band" in latency.points[1].facts[0]
