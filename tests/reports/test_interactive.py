import json
from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.reports.facets import facets
from tierbench.reports.interactive import bundle, figure
from tierbench.reports.metrics import read
from tierbench.reports.pareto import costs, fronts, states


def figure_of(rows: list[dict[str, Any]]) -> Any:
    return figure(facets(rows, fronts(rows)))


@pytest.fixture(scope="module")
def rows(examples: SimpleNamespace) -> list[dict[str, Any]]:
    found = [*examples.sweep_rows(), *examples.offline_rows()]
    return [*found, examples.projected_row(), examples.measured_row(model="other")]


def test_every_value_is_its_row_s(rows: list[dict[str, Any]]) -> None:
    points = figure_of(rows)["spec"]["datasets"]["points"]
    standing = states(fronts(rows))
    known = 0
    for point in points:
        row = rows[point["row"]]
        cost = costs(row)[point["panel"]]
        for axis, metric in (
            ("x", cost.of(row)),
            ("y", read(row, "accuracy", "value")),
        ):
            low, high = metric.interval or (None, None)
            found = [point[axis], point[f"{axis}_low"], point[f"{axis}_high"]]
            assert found == [metric.value, low, high]
        assert point["state"] == standing[point["row"]][cost.name]
        known += 1
    assert known == sum(len(by_cost) for by_cost in standing.values())


def test_scenes_name_every_tick(rows: list[dict[str, Any]]) -> None:
    for number, facet in enumerate(figure_of(rows)["facets"]):
        for place, panel in enumerate(facet["panels"]):
            scene = panel["scene"]
            assert (scene["facet"], scene["panel"]) == (number, place)
            for axis in (scene["x"], scene["y"]):
                assert len(axis["ticks"]) == len(axis["labels"]) > 0
            higher = panel["cost"] == "throughput"
            assert panel["higher"] is higher
            assert scene["step"] == ("step-before" if higher else "step-after")


def test_it_is_json_that_names_no_address(rows: list[dict[str, Any]]) -> None:
    text = json.dumps(figure_of(rows), allow_nan=False)
    assert "http" not in text
    assert "usermeta" not in text


def test_the_specification_compiles(rows: list[dict[str, Any]]) -> None:
    import vl_convert

    vega = vl_convert.vegalite_to_vega(figure_of(rows)["spec"])
    names = {mark["name"] for mark in vega["marks"]}
    assert {"intervals_x_marks", "intervals_y_marks", "cases_marks"} <= names
    assert {"scene", "hidden", "hover"} <= {s["name"] for s in vega["signals"]}


def test_without_points_there_is_no_figure(examples: SimpleNamespace) -> None:
    assert figure_of([]) is None
    assert figure_of([examples.unmeasured_row("failed", "died")]) is None


def test_a_panel_without_points_has_no_scene(examples: SimpleNamespace) -> None:
    found = figure_of([examples.measured_row(memory=None)])
    scenes = [panel["scene"] for panel in found["facets"][0]["panels"]]
    assert [scene is None for scene in scenes] == [False, False, True]


def test_the_bundle_can_stand_in_a_page() -> None:
    text = bundle()
    assert "vegaEmbed" in text
    assert not any(part in text.lower() for part in ("</script", "<script", "<!--"))
    assert text == bundle()
