import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tierbench.reports.ridges import ridges


def test_one_axis_for_each_model_and_workload(examples: SimpleNamespace) -> None:
    rows = examples.sweep_rows()
    found = ridges(rows, examples.histograms(rows))
    assert [ridge.title.replace("\N{NO-BREAK SPACE}", " ") for ridge in found] == [
        "defect: single stream, batch 1",
        "defect: single stream, batch 8",
    ]
    assert [len(ridge.strips) for ridge in found] == [7, 7]
    assert len({strip.place for ridge in found for strip in ridge.strips}) == 14


def test_marks_stand_where_the_row_says(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row()]
    ((strip,),) = [ridge.strips for ridge in ridges(rows, examples.histograms(rows))]
    assert strip.figures == (("median", "0.6183"), ("p90", "0.704"), ("p99", "n/a"))
    assert strip.calls == "100 calls"
    root = ET.fromstring(strip.svg)
    assert root.get("aria-label") == (
        "Latencies of fp32 on host-onnxruntime in ms: median 0.6183, p90 0.704, "
        "p99 n/a; 100 calls"
    )
    marks = {line.get("class"): line.get("x1") for line in root.iter("line")}
    assert set(marks) == {"grid", "median", "p90"}, "p99 is not published"
    at = {name: float((x or "").rstrip("%")) for name, x in marks.items()}
    assert 0 < at["median"] < at["p90"] < 100


def test_the_outline_is_as_high_as_the_root_of_the_counts(
    examples: SimpleNamespace,
) -> None:
    rows = [examples.measured_row()]
    ((strip,),) = [ridge.strips for ridge in ridges(rows, examples.histograms(rows))]
    path = next(ET.fromstring(strip.svg).iter("path")).get("d") or ""
    heights = [int(y) for y in re.findall(r"[ML][\d.]+ (\d+)", path)]
    assert heights[0] == heights[-1] == 100
    assert min(heights) == 0, "the fullest bin fills the strip"
    assert 100 - round(100 * (3 / 70) ** 0.5) in heights


@pytest.mark.parametrize(
    "changes",
    [
        {"edges_ms": (2.0, 2.0), "counts": (9,)},
        {"edges_ms": (1e-6, 1e6), "counts": (1,)},
        {"counts": (0, 0, 0)},
    ],
)
def test_odd_histograms_are_drawn(
    examples: SimpleNamespace, changes: dict[str, tuple[float, ...]]
) -> None:
    row = examples.measured_row()
    (key, histogram), *_ = examples.histograms([row]).items()
    ((strip,),) = [
        ridge.strips for ridge in ridges([row], {key: replace(histogram, **changes)})
    ]
    assert "nan" not in strip.svg


def test_cases_without_a_distribution_have_no_strip(examples: SimpleNamespace) -> None:
    assert ridges(examples.offline_rows(), {}) == []


def test_hostile_names_are_inert(examples: SimpleNamespace) -> None:
    row = examples.measured_row(variant='"><script>')
    ((strip,),) = [r.strips for r in ridges([row], examples.histograms([row]))]
    assert "<script" not in strip.svg
    assert '"><script>' in (ET.fromstring(strip.svg).get("aria-label") or "")
