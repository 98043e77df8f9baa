from __future__ import annotations

import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from store_examples import blocks, content

from tierbench.harness.errors import StoreError
from tierbench.harness.journal import (
    Journal,
    Record,
    block_record,
    read_journal,
    record_block,
)

MAGIC_BYTES = 20

int64s = st.integers(-(2**63), 2**63 - 1)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
arrays = st.one_of(
    npst.arrays(np.int64, st.integers(0, 20)),
    npst.arrays(np.float64, st.integers(0, 20)),
)


def fresh(tmp_path_factory):
    """Return a path where no file is, for one example of many."""
    path = tmp_path_factory.getbasetemp() / "example.journal"
    path.unlink(missing_ok=True)
    return path


def read(path):
    return [
        (record.kind, record.header, {k: a.tolist() for k, a in record.arrays.items()})
        for record in read_journal(path)
    ]


def write(path, *numbers):
    with Journal.open(path) as journal:
        for number in numbers:
            journal.append("n", {"n": number}, {"a": np.arange(number)})


def wanted(*numbers):
    return [("n", {"n": n}, {"a": list(range(n))}) for n in numbers]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.text(),
            st.dictionaries(st.text(), plain, max_size=2),
            st.dictionaries(st.text(), arrays, max_size=2),
        ),
        max_size=3,
    )
)
def test_records_come_back_in_order(tmp_path_factory, records):
    path = fresh(tmp_path_factory)
    with Journal.open(path) as journal:
        for kind, header, values in records:
            journal.append(kind, header, values)
    back = list(read_journal(path))
    assert [(r.kind, r.header) for r in back] == [r[:2] for r in records]
    for record, (_, _, values) in zip(back, records, strict=True):
        assert record.arrays.keys() == values.keys()
        for name, array in values.items():
            assert record.arrays[name].dtype == array.dtype
            assert record.arrays[name].tobytes() == array.tobytes()


@given(st.text(), blocks)
def test_a_block_comes_back_exactly(tmp_path_factory, case_key, block):
    path = fresh(tmp_path_factory)
    with Journal.open(path) as journal:
        journal.append(*block_record(case_key, block))
    (record,) = read_journal(path)
    key, back = record_block(record)
    assert key == case_key
    assert content(back) == content(block)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"case": "c", "series": []},
        {"case": "c", "block": {}, "series": []},
        {"case": "c", "block": {}, "series": [["latency", "ns", "host", "MEASURED"]]},
        {"case": "c", "block": {}, "series": 3},
    ],
)
def test_a_record_that_is_no_block_is_refused(header):
    with pytest.raises(StoreError):
        record_block(Record("other", header, {}))


def test_cut_at_any_byte_it_keeps_all_whole_records_and_takes_new_ones(tmp_path):
    path = tmp_path / "run.journal"
    ends = []
    for numbers in ((), (3,), (0,), (2,)):
        write(path, *numbers)
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    assert ends[0] == MAGIC_BYTES
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        kept = wanted(*(3, 0, 2)[: max(0, sum(end <= cut for end in ends) - 1)])
        assert read(path) == kept
        write(path, 1)
        assert read(path) == kept + wanted(1)


@given(st.data())
def test_a_changed_byte_is_a_torn_tail_or_an_error(tmp_path_factory, data):
    path = fresh(tmp_path_factory)
    write(path, 1)
    first = path.stat().st_size
    write(path, 2)
    second = path.stat().st_size
    write(path, 3)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    if at >= second:
        assert read(path) == wanted(1, 2)
        return
    with pytest.raises(StoreError) as caught:
        read(path)
    assert repr(str(path)) in str(caught.value)
    if at >= MAGIC_BYTES:
        damaged = first if at >= first else MAGIC_BYTES
        assert f"damaged at byte {damaged}," in str(caught.value)


def test_damage_in_the_middle_is_never_cut_off(tmp_path):
    path = tmp_path / "run.journal"
    write(path, 1, 2)
    content = bytearray(path.read_bytes())
    content[MAGIC_BYTES + 30] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged at byte 20"):
        Journal.open(path)
    assert path.read_bytes() == content


def test_zeros_after_a_power_loss_are_a_torn_tail(tmp_path):
    path = tmp_path / "run.journal"
    write(path, 1)
    path.write_bytes(path.read_bytes() + bytes(4096))
    assert read(path) == wanted(1)
    write(path, 2)
    assert read(path) == wanted(1, 2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"hello, this is a text file", "no journal"),
        (b"tierbench journal 2\n", "of another version"),
        (b"tierbench journal 10\n", "of another version"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path, content, problem):
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=problem):
        Journal.open(path)
    with pytest.raises(StoreError, match=problem):
        list(read_journal(path))
    assert path.read_bytes() == content


def test_a_second_writer_is_refused(tmp_path):
    path = tmp_path / "run.journal"
    with Journal.open(path), pytest.raises(StoreError, match="open in another process"):
        Journal.open(path)
    write(path, 1)


def test_an_absent_file_or_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        list(read_journal(tmp_path / "absent"))
    for path in (tmp_path / "absent" / "run.journal", tmp_path):
        with pytest.raises(StoreError, match="cannot be opened"):
            Journal.open(path)


@pytest.mark.parametrize("header", [{"x": object()}, {"x": {1: 2}}, {"x": b""}])
def test_what_cannot_be_kept_is_refused_before_writing(tmp_path, header):
    path = tmp_path / "run.journal"
    with Journal.open(path) as journal, pytest.raises(StoreError, match="stored"):
        journal.append("n", header)
    assert path.stat().st_size == MAGIC_BYTES


def test_a_full_disk_costs_only_the_record_that_did_not_fit(tmp_path):
    path = tmp_path / "run.journal"
    with Journal.open(path) as journal:
        journal.append("n", {"n": 1}, {"a": np.arange(1)})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # the kernel then writes what fits, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
        try:
            with pytest.raises(StoreError, match=r"cannot be written.*disk space"):
                journal.append("n", {"n": 99}, {"a": np.arange(99)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.append("n", {"n": 2}, {"a": np.arange(2)})
    assert read(path) == wanted(1, 2)


def test_only_on_demand_a_record_waits_for_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    with Journal.open(tmp_path / "run.journal") as journal:
        journal.append("n", {})
        assert not synced
        journal.append("n", {}, fsync=True)
        assert len(synced) == 1


def test_closing_twice_is_harmless(tmp_path):
    journal = Journal.open(tmp_path / "run.journal")
    journal.close()
    journal.close()
