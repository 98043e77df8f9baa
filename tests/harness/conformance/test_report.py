"""Reports are written whole, and believed only once they are checked."""

import json
from pathlib import Path

import pytest

from tierbench.harness.conformance.report import (
    REPORT_BYTES_MAX,
    Check,
    Outcome,
    Proof,
    Report,
    Tried,
    proof_of,
    read_report,
    write_report,
)
from tierbench.harness.errors import DataError, InputError
from tierbench.harness.evidence import Evidence

REPORT = Report(
    schema=1,
    target="my-chip",
    tierbench="0.1.0",
    date="2026-01-31T12:00:00+00:00",
    proof=Proof.DEVICE,
    evidence=Evidence.MEASURED,
    device="my chip",
    runtime="my-runtime",
    runtime_version=None,
    identity={"driver": "1", "firmware": None},
    options={"threads": 1},
    models=(Tried(name="small.onnx", sha256="0" * 64),),
    checks=(
        Check(
            name="measures",
            promise="It measures.",
            outcome=Outcome.PASSED,
            reason=None,
            figures={"calls": 5, "parts": {"share": 0.5}},
        ),
        Check(
            name="meters",
            promise="They tell.",
            outcome=Outcome.SKIPPED,
            reason="no meter",
            figures={},
        ),
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_report(tmp_path / "report.json", REPORT)
    return tmp_path / "report.json"


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_is_written_is_read(path: Path) -> None:
    assert read_report(path) == REPORT
    assert [REPORT.count(one) for one in Outcome] == [1, 0, 1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": 2}, "schema 2; this tierbench reads 1"),
        ({"target": "../../etc"}, "no name of a target"),
        ({"date": "yesterday"}, "is no date"),
        ({"proof": "run on the device, trust me"}, "proof"),
        ({"evidence": "SIMULATED"}, "not proof of 'run on the device'"),
        ({"evidence": "PROJECTED"}, "not proof of 'run on the device'"),
        ({"device": "a\nb"}, "not printable on one line"),
        ({"device": "\x1b[2J"}, "not printable on one line"),
        ({"device": "x" * 2000}, "too long"),
        ({"device": 7}, "device"),
        ({"more": 1}, "unknown field 'more'"),
        ({"checks": []}, "no check was made"),
        ({"identity": {"driver": ["1"]}}, "identity"),
    ],
)
def test_what_no_run_writes_is_refused(path: Path, fields, said: str) -> None:
    change(path, **fields)
    with pytest.raises(DataError, match=said) as caught:
        read_report(path)
    assert "\n" not in str(caught.value)


def test_checks_are_looked_at(path: Path) -> None:
    checks = json.loads(path.read_text())["checks"]
    for wrong, said in (
        ([*checks, checks[0]], "twice"),
        ([checks[1]], "no check was made"),
        ([checks[0], {**checks[1], "reason": None}], "without a reason"),
        ([checks[0], {**checks[1], "outcome": "fine"}], "outcome"),
    ):
        change(path, checks=wrong)
        with pytest.raises(DataError, match=said):
            read_report(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b"{", b'{"schema": 1}', b" " * (1 + REPORT_BYTES_MAX)],
)
def test_any_other_file_is_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match="conformance report"):
        read_report(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_report(tmp_path / "absent.json")
    with pytest.raises(InputError):
        write_report(tmp_path / "absent" / "report.json", REPORT)


def test_only_what_ran_is_proof() -> None:
    assert proof_of(Evidence.MEASURED) is Proof.DEVICE
    assert proof_of(Evidence.EMULATED) is Proof.SIMULATOR
    assert proof_of(Evidence.SIMULATED) is Proof.SIMULATOR
    assert proof_of(Evidence.PROJECTED) is None
    assert proof_of(Evidence.PUBLISHED) is None
