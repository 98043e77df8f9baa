"""The worker's side of the protocol."""

import io
import os
import subprocess
import sys

import pytest

from tierbench.harness.device.main import _Worker
from tierbench.harness.device.session import Session, SessionError
from tierbench.harness.device.wire import Tensor, read_frame, write_frame
from tierbench.harness.pack import pack


class Doubling(Session):
    """A session that doubles its input bytes."""

    on_cpu = True

    def __init__(self) -> None:
        self.calls = 0
        self.closed = False
        self._bound = b""
        self._result = b""

    def inputs(self):
        return [{"name": "x", "dtype": "uint8", "shape": [-1]}]

    def bind(self, tensors) -> None:
        self._bound = bytes(tensors[0].data)

    def infer(self) -> None:
        self.calls += 1
        self._result = self._bound * 2

    def outputs(self):
        return [Tensor("y", "uint8", (len(self._result),), self._result)]

    def ran(self):
        return {"provider": "doubling"}

    def memory(self):
        return {"arena_bytes": 5}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def worker():
    made = _Worker()
    made.session = Doubling()
    return made


def ask(worker, op, tensors=(), **arguments):
    return worker.answer({"op": op, "version": 1, **arguments}, list(tensors))


X = Tensor("x", "uint8", (3,), b"abc")


def test_what_is_bound_is_run(worker) -> None:
    reply, _ = ask(worker, "bind", [X])
    assert reply["ok"]
    assert reply["ran"] == {"provider": "doubling"}
    assert reply["first_call_ns"] > 0
    reply, outputs = ask(worker, "evaluate", [Tensor("x", "uint8", (1,), b"z")])
    assert [(out.name, out.data) for out in outputs] == [("y", b"zz")]


def test_a_block_is_measured_within_its_bounds(worker) -> None:
    ask(worker, "bind", [X])
    bounds = {"calls_min": 2, "calls_max": 5, "duration_ns": 10**12}
    reply, tensors = ask(worker, "block", kind="slice", **bounds)
    assert reply["calls"] == 5
    shapes = {tensor.name: tensor.shape for tensor in tensors}
    assert shapes == {"latency": (5,), "gap": (4,), "off_cpu": (5,)}
    assert "voluntary_switches" in reply["context"]
    assert worker.session.calls == 6


def test_the_runtimes_own_memory_is_told_beside_the_process(worker) -> None:
    reply, _ = ask(worker, "memory")
    assert reply["arena_bytes"] == 5
    assert reply["peak_bytes"] >= reply["steady_bytes"] > 0


def test_the_peak_counts_calls_but_no_transfer_and_no_samples(worker) -> None:
    ask(worker, "bind", [Tensor("x", "uint8", (1,), b"x")])
    low = ask(worker, "memory")[0]["peak_bytes"]
    worker.session.bind = lambda tensors: None
    sent = [Tensor("x", "uint8", (200 << 20,), b"x" * (200 << 20))]
    assert worker.answer({"op": "bind"}, sent)[0]["ok"]
    assert ask(worker, "memory")[0]["peak_bytes"] < low + (100 << 20)
    room = {"calls_min": 1, "calls_max": 5_000_000, "duration_ns": 1}
    ask(worker, "block", kind="slice", **room)
    assert ask(worker, "memory")[0]["peak_bytes"] < low + (100 << 20)


def test_memory_is_taken_around_one_more_call(worker) -> None:
    calls = worker.session.calls
    told, _ = ask(worker, "memory")
    assert worker.session.calls == calls + 1
    assert told["peak_steady_bytes"] >= told["steady_bytes"]


def test_a_limit_that_is_lower_already_stays() -> None:
    code = (
        "import resource as r; from tierbench.harness.device.main import _limit;"
        "r.setrlimit(r.RLIMIT_FSIZE, (4096, 4096)); _limit(r.RLIMIT_FSIZE, 8192);"
        "print(r.getrlimit(r.RLIMIT_FSIZE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "(4096, 4096)\n", done.stderr


def test_a_closed_session_is_gone(worker) -> None:
    session = worker.session
    assert ask(worker, "close")[0]["ok"]
    assert session.closed
    reply, _ = ask(worker, "bind", [X])
    assert reply["message"] == "no session is open"
    assert ask(worker, "close")[0]["ok"]


@pytest.mark.parametrize(
    ("op", "arguments"),
    [
        ("no such thing", {}),
        ("", {}),
        ("block", {}),
        ("block", {"kind": "slice", "surprise": 1}),
        ("__init__", {}),
        (7, {}),
    ],
)
def test_a_request_that_it_does_not_know_is_refused(worker, op, arguments) -> None:
    reply, tensors = ask(worker, op, **arguments)
    assert reply["ok"] is False
    assert reply["message"]
    assert tensors == []


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (SessionError("it\n refuses  this"), "session", "it refuses this"),
        (SessionError(), "session", "SessionError"),
        (ValueError("bad\nshape"), "runtime", "ValueError: bad shape"),
        (MemoryError(), "memory", "MemoryError: MemoryError"),
        (KeyError("k"), "runtime", "KeyError: 'k'"),
    ],
)
def test_whatever_goes_wrong_is_one_line(worker, error, kind, message) -> None:
    def fail():
        raise error

    worker.session.infer = fail
    reply, _ = ask(worker, "bind", [X])
    assert (reply["ok"], reply["kind"], reply["message"]) == (False, kind, message)


def test_a_long_message_is_cut(worker) -> None:
    def fail():
        raise ValueError("x" * 10**6)

    worker.session.infer = fail
    assert len(ask(worker, "bind", [X])[0]["message"]) == 2000


def test_a_probe_tells_versions(worker) -> None:
    things = [["distribution", "pytest"], ["distribution", "no-such-thing"]]
    reply, _ = ask(worker, "probe", things=things)
    assert reply["found"] == [pytest.__version__, None]


def child(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(pack(())), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_it_greets_and_ends_when_nobody_asks_more() -> None:
    process = child("0")
    out, err = process.communicate(b"", timeout=60)
    stream = io.BytesIO(out)
    frame = read_frame(stream)
    assert frame is not None
    assert frame[0]["pid"] == process.pid
    assert frame[0]["hello"]["cpus"] == os.cpu_count()
    assert read_frame(stream) is None
    assert (process.returncode, err) == (0, b"")


def test_garbage_is_answered_and_ends_it() -> None:
    process = child("0")
    out, err = process.communicate(b"GET / HTTP/1.1\n", timeout=60)
    stream = io.BytesIO(out)
    read_frame(stream)
    frame = read_frame(stream)
    assert frame is not None
    assert frame[0]["kind"] == "wire"
    assert (process.returncode, err) == (1, b"")


def test_a_worker_whose_parent_is_gone_does_not_start() -> None:
    process = child("1")
    out, _ = process.communicate(b"", timeout=60)
    assert (out, process.returncode) == (b"", 1)


def test_requests_are_answered_in_order() -> None:
    question = io.BytesIO()
    for op in ("one", "two"):
        write_frame(question, {"op": op})
    write_frame(question, {"op": "probe", "things": []})
    process = child("0")
    out, _ = process.communicate(question.getvalue(), timeout=60)
    stream = io.BytesIO(out)
    replies = [read_frame(stream) for _ in range(4)]
    assert [frame[0]["ok"] for frame in replies if frame] == [True, False, False, True]
