"""What the worker does when LoadGen asks, with a stand-in for LoadGen's module."""

import sys
from types import SimpleNamespace

import pytest
from support.counting_session import CountingSession

from tierbench.harness.device.session import SessionError

MODULE = "tierbench.harness.loadgen"


class Fake(SimpleNamespace):
    """LoadGen's module as far as it is used: one query of five samples."""

    def __init__(self) -> None:
        super().__init__(
            TestScenario=SimpleNamespace(Offline="offline", Server="server"),
            TestMode=SimpleNamespace(PerformanceOnly="performance"),
            TestSettings=SimpleNamespace,
            LogSettings=SimpleNamespace,
            LogOutputSettings=SimpleNamespace,
            QuerySampleResponse=lambda id, data, size: id,
        )
        self.completed: list[int] = []
        self.destroyed: list[str] = []

    def ConstructSUT(self, issue, flush):
        self.issue, self.flush = issue, flush
        return "sut"

    def ConstructQSL(self, n, at_once, load, unload):
        load([0])
        unload([0])
        return "qsl"

    def QuerySamplesComplete(self, responses):
        self.completed += responses

    def StartTestWithLogSettings(self, sut, qsl, settings, logs, audit):
        self.settings, self.logs = settings, logs
        self.issue([SimpleNamespace(id=i) for i in range(5)])
        self.flush()

    def DestroyQSL(self, qsl):
        self.destroyed.append(qsl)

    def DestroySUT(self, sut):
        self.destroyed.append(sut)


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", made)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield made
    sys.modules.pop(MODULE, None)


@pytest.mark.parametrize(("batch", "calls"), [(1, 5), (2, 3), (5, 1), (8, 1)])
def test_all_samples_of_a_query_are_answered_in_calls(fake, batch, calls) -> None:
    from tierbench.harness.loadgen import comply

    session = CountingSession()
    comply(session, "offline", batch, {"min_duration_ms": 7}, "/logs")
    assert session.calls == calls
    assert fake.completed == [0, 1, 2, 3, 4]
    assert fake.settings.scenario == "offline"
    assert fake.settings.min_duration_ms == 7
    assert fake.logs.log_output.outdir == "/logs"
    assert fake.destroyed == ["qsl", "sut"]


def test_loadgen_is_freed_where_a_call_fails(fake) -> None:
    from tierbench.harness.loadgen import comply

    class Failing(CountingSession):
        def infer(self):
            raise SessionError("it broke")

    with pytest.raises(SessionError, match="it broke"):
        comply(Failing(), "server", 1, {}, "/logs")
    assert fake.destroyed == ["qsl", "sut"]


def test_without_loadgen_the_remedy_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with pytest.raises(SessionError, match="pip install"):
        __import__(MODULE)
