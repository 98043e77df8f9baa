"""Memory from a worker's reply to a row."""

import pytest

from tierbench.harness.errors import WorkerError
from tierbench.harness.memory import memory_part, process_memory
from tierbench.harness.plain import from_plain
from tierbench.harness.values import Memory

TOLD = {
    "baseline_bytes": 10,
    "loaded_bytes": 20,
    "steady_bytes": 25,
    "steady_anonymous_bytes": 15,
    "steady_file_bytes": 10,
    "peak_opening_bytes": 30,
    "peak_first_call_bytes": 26,
    "peak_steady_bytes": 26,
    "peak_bytes": 30,
}


def test_what_a_worker_tells_is_taken() -> None:
    reply = {**TOLD, "ok": True, "arena_bytes": 3, "peak_reason": None}
    assert process_memory(reply) == Memory(scope="process", arena_bytes=3, **TOLD)


@pytest.mark.parametrize("value", [-1, 2.0, "9", True, [1]])
def test_what_is_no_number_of_bytes_is_refused(value: object) -> None:
    with pytest.raises(WorkerError, match="told device_bytes"):
        process_memory({**TOLD, "device_bytes": value})


def test_a_row_holds_all_parts_and_names_its_scope() -> None:
    part = memory_part(process_memory(TOLD), "host", None)["memory"]
    assert part.items() >= {**TOLD, "scope": "process"}.items()
    assert part["device_bytes"] is part["arena_bytes"] is None
    assert "memory of its process" in part["device_bytes_reason"]
    other = memory_part(process_memory(TOLD), "accelerator", None)["memory"]
    assert other["device_bytes_reason"] == "the runtime does not tell"
    known = memory_part(process_memory({**TOLD, "device_bytes": 7}), "server", None)
    assert known["memory"]["device_bytes"] == 7


def test_a_peak_that_is_refused_says_why_and_leaves_the_rest() -> None:
    reply = {"steady_bytes": 25, "peak_reason": "the peak cannot be reset (EACCES)"}
    part = memory_part(process_memory(reply), "host", None)["memory"]
    assert part["steady_bytes"] == 25
    for phase in ("", "opening_", "first_call_", "steady_"):
        assert part[f"peak_{phase}bytes"] is None
        assert "EACCES" in part[f"peak_{phase}bytes_reason"]


def test_what_an_older_store_holds_is_read() -> None:
    old = {"scope": "process", "baseline_bytes": 1, "steady_bytes": 2, "peak_bytes": 3}
    found = from_plain(Memory, {**old, "arena_bytes": None})
    part = memory_part(found, "host", None)["memory"]
    assert part["peak_bytes"] == 3
    assert part["loaded_bytes_reason"] == "it was not recorded"
    assert part["peak_opening_bytes_reason"] == "it was not recorded"


def test_without_any_there_is_a_reason() -> None:
    assert memory_part(None, "host", "no driver")["memory_reason"] == "no driver"
    assert (
        memory_part(None, "host", None)["memory_reason"] == "the target does not tell"
    )
