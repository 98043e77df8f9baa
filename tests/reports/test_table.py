from types import SimpleNamespace

from tierbench.harness.front import State
from tierbench.reports.digits import fixed
from tierbench.reports.pareto import fronts, states
from tierbench.reports.table import table


def test_unknown_values_share_the_note_of_their_reason(
    examples: SimpleNamespace,
) -> None:
    rows = [
        examples.measured_row(),
        examples.unmeasured_row("failed", "it died"),
        examples.unmeasured_row("skipped", "it died"),
        examples.unmeasured_row("skipped", "no kernel"),
    ]
    shown = table(rows, {})
    assert shown.notes == ("it died", "no kernel")
    whys = [{cell.why for cell in line if cell.reason} for line in shown.rows]
    assert whys == [set(), {1}, {1}, {2}]
    assert all(c.text == "n/a" for line in shown.rows for c in line if c.reason)


def test_columns_that_no_case_knows_are_named_below(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row(), examples.unmeasured_row("failed", "died")]
    shown = table(rows, {})
    assert shown.unknown == (
        ("p99", ("p99 needs 1,000 effective samples; 4,812 are worth 310",)),
        ("Energy per inference", ("no power meter is attached",)),
    )
    assert "p99" not in [column.title for column in shown.columns]
    assert all(len(line) == len(shown.columns) for line in shown.rows)


def shown_cells(row):
    shown = table([row], {})
    titles = [column.title for column in shown.columns]
    return dict(zip(titles, shown.rows[0], strict=True))


def test_the_estimate_by_early_stopping_is_not_p99(examples: SimpleNamespace) -> None:
    cells = shown_cells(examples.measured_row())
    assert cells["p99 early stopping"].text == "0.917"
    assert cells["p99 early stopping"].spread == ""
    assert "p99" not in cells


def test_both_views_stand_side_by_side(examples: SimpleNamespace) -> None:
    row = examples.measured_row(off_cpu_share=0.187)
    row["latency_ms"]["on_cpu"] = {
        "median": 0.61, "median_ci95": [0.605, 0.615], "p90": 0.69, "p99": 0.7312,
    }  # fmt: skip
    cells = shown_cells(row)
    assert cells["Median latency"].detail == "on CPU 0.6100"
    assert cells["p90"].detail == "on CPU 0.690"
    assert (cells["p99"].text, cells["p99"].detail) == ("n/a", "on CPU 0.731")
    assert cells["Workload"].detail == "63 slices, 3 workers, 18.7\u00a0% preempted"
    assert shown_cells(examples.measured_row())["p90"].detail == ""


def test_evidence_stands_by_the_metric_where_it_differs(
    examples: SimpleNamespace,
) -> None:
    shown = table([examples.projected_row()], {})
    titles = [column.title for column in shown.columns]
    cells = dict(zip(titles, shown.rows[0], strict=True))
    assert cells["Accuracy"].evidence == "emulated"
    assert cells["Median latency"].evidence is None
    assert cells["Median latency"].spread == "[41, 74] (80 % band)"
    assert cells["Outcome"].text == "projected"


def test_cells_sort_by_the_whole_value(examples: SimpleNamespace) -> None:
    shown = table([examples.measured_row()], {})
    titles = [column.title for column in shown.columns]
    cells = dict(zip(titles, shown.rows[0], strict=True))
    assert float(cells["Median latency"].sort) == 0.61834
    assert float(cells["Model size"].sort) == 412_672


def test_effort_and_scope_are_shown(examples: SimpleNamespace) -> None:
    shown = table([examples.measured_row(slices=1)], {})
    details = [cell.detail for cell in shown.rows[0]]
    assert "1 slice, 3 workers" in details
    assert any(detail.startswith("process") for detail in details)
    assert "throttling unknown" in details


def test_a_missing_interval_has_its_note(examples: SimpleNamespace) -> None:
    latency = {"median": 2.5, "median_ci95": None, "median_ci95_reason": "4 slices"}
    shown = table([examples.measured_row(latency_ms=latency)], {})
    titles = [column.title for column in shown.columns]
    cell = dict(zip(titles, shown.rows[0], strict=True))["Median latency"]
    assert (cell.text, cell.spread, cell.known) == ("2.50", "no interval", True)
    assert shown.notes[(cell.why or 0) - 1] == "4 slices"


def test_the_standing_is_by_speed_with_the_other_fronts_beneath(
    examples: SimpleNamespace,
) -> None:
    rows = examples.sweep_rows()
    found = states(fronts(rows))
    shown = table(rows, found)
    column = [column.title for column in shown.columns].index("Pareto")
    cells = [line[column] for line in shown.rows]
    for place, cell in enumerate(cells):
        by_cost = found.get(place, {})
        state = by_cost.get("latency")
        assert cell.text == (state or "not judged")
        assert cell.sort == ("" if state is None else str(list(State).index(state)))
        also = [n for n in ("size", "memory") if by_cost.get(n) is State.FRONT]
        assert cell.detail == (f"front by {' and '.join(also)}" if also else "")
    assert {cell.text for cell in cells} == {*State, "not judged"}


def energy_row(examples: SimpleNamespace, scope: str, gross: float) -> dict:
    row = dict(examples.measured_row())
    row["energy_mj"] = {
        "gross": gross,
        "gross_ci95": [gross * 0.98, gross * 1.02],
        "net": gross / 2,
        "net_ci95": [gross * 0.48, gross * 0.52],
        "scope": scope,
    }
    return row


def test_energies_of_one_scope_share_a_column_and_name_it(
    examples: SimpleNamespace,
) -> None:
    rows = [energy_row(examples, "wall", gross) for gross in (10.0, 20.0)]
    found = table(rows, {})
    (place,) = [i for i, c in enumerate(found.columns) if "Energy" in c.title]
    assert found.columns[place].title == "Energy per inference"
    cell = found.rows[0][place]
    assert (cell.text, cell.spread) == ("10.00", "± 0.20")
    assert cell.detail.startswith("wall\nnet 5.00")


def test_energies_of_different_scope_are_not_ranked_in_one_column(
    examples: SimpleNamespace,
) -> None:
    rows = [energy_row(examples, scope, 10.0) for scope in ("rail", "wall")]
    found = table(rows, {})
    titles = [column.title for column in found.columns]
    assert titles[-2:] == ["Energy per inference, rail", "Energy per inference, wall"]
    rail, wall = found.rows[0][-2:]
    assert rail.known
    assert not wall.known
    assert wall.sort == ""
    assert (
        wall.reason == "its energy is that of the rail, which is not ranked with others"
    )


def test_a_peak_of_memory_is_broken_down(examples: SimpleNamespace) -> None:
    held = {"peak_bytes": 150 << 20, "steady_bytes": 100 << 20, "device_bytes": 1 << 30}
    row = examples.measured_row()
    row["memory"] = {**held, "baseline_bytes": 40 << 20, "scope": "process"}
    details = [cell.detail for cell in table([row], {}).rows[0]]
    told = "process\nsteady 100 MiB\nbaseline 40.0 MiB\ndevice 1.00 GiB"
    assert told in details


def test_arena_and_instructions_are_columns_where_a_case_knows_them(examples) -> None:
    titles = [column.title for column in table([examples.measured_row()], {}).columns]
    assert not {"Tensor arena", "Instructions"} & set(titles)
    board, emulator = examples.board_rows()
    assert "[19.5 KiB" in shown_cells(board)["Tensor arena"].spread
    assert shown_cells(board)["Tensor arena"].evidence == "emulated"
    assert shown_cells(emulator)["Instructions"].text == fixed(7698485, 0)
    assert "Tensor arena" not in shown_cells(emulator)


def test_others_counts_stand_beneath_ours(examples) -> None:
    _, emulator = examples.board_rows()
    beside = {"<i>Others</i>\n": 9_513_330, "broken": "many"}
    emulator["figures"] = {"instructions": {"basis": {"beside": beside}}}
    assert shown_cells(emulator)["Instructions"].detail == (
        f"<i>Others</i>: {fixed(9_513_330, 0)}"
    )
    for damaged in ({}, {"instructions": 3}, {"instructions": {"basis": []}}, None):
        emulator["figures"] = damaged
        assert shown_cells(emulator)["Instructions"].detail == ""
