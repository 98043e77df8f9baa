"""One compliance run on the device: MLCommons' LoadGen asks, a session answers.

It travels to the worker and is imported there when a run is asked for: LoadGen shares
the process with the runtime, so that no pipe is between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .device import clock
from .device.session import Session, SessionError

try:
    import mlperf_loadgen as lg
except ImportError as exc:
    raise SessionError(
        "LoadGen is not installed in the target's Python: pip install "
        "'mlcommons-loadgen>=6.0.17,<7'"
    ) from exc

SCENARIOS = {
    "single_stream": "SingleStream",
    "multi_stream": "MultiStream",
    "server": "Server",
    "offline": "Offline",
}


def comply(
    session: Session,
    scenario: str,
    batch: int,
    settings: Mapping[str, Any],
    folder: str,
) -> None:
    """Run LoadGen in performance mode; its logs lie in the folder afterwards.

    Every query is answered by calls with the inputs that are bound.

    Args:
        session: bound.
        scenario: MLPerf's, as ``values.Scenario`` names it.
        batch: samples of one call.
        settings: fields of LoadGen's ``TestSettings``.
        folder: an existing one.
    """
    wanted = lg.TestSettings()
    wanted.scenario = getattr(lg.TestScenario, SCENARIOS[scenario])
    wanted.mode = lg.TestMode.PerformanceOnly
    for name, value in settings.items():
        setattr(wanted, name, value)
    output = lg.LogOutputSettings()
    output.outdir = folder
    output.copy_summary_to_stdout = False
    logs = lg.LogSettings()
    logs.log_output = output
    logs.enable_trace = False

    def issue(samples: Any) -> None:
        clock.answer_query(session, -(-len(samples) // batch))
        done = [lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples]
        lg.QuerySamplesComplete(done)

    system = lg.ConstructSUT(issue, _nothing)
    library = lg.ConstructQSL(1, 1, _nothing, _nothing)
    try:
        lg.StartTestWithLogSettings(system, library, wanted, logs, "")
    finally:
        lg.DestroyQSL(library)
        lg.DestroySUT(system)


def _nothing(*_: Any) -> None:
    pass
