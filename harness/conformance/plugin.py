"""The kit in a pytest session: it brings its own tests, and ends with a report."""

from __future__ import annotations

import types
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ..errors import TierbenchError
from ..hashing import file_sha256
from .contract import TargetContract
from .report import (
    TEXT_MAX,
    Check,
    Outcome,
    Report,
    Tried,
    proof_of,
    read_report,
    write_report,
)
from .request import Request, own_models, request

CLASS = "TestConformance"


class Kit:
    """What ``--tier-conformance`` adds to a session.

    Everything is settled before a test runs: the target, that it can run here, what
    it is. The tests of the current folder are left alone.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Look at what was asked for.

        Raises:
            pytest.UsageError: it is wrong, or the target cannot run here.
        """
        _refuse_others(config)
        option = config.option
        try:
            self._asked = request(
                config.getoption("tier_target") or (),
                option.tier_option or (),
                option.tier_model or (),
                option.tier_python,
                option.tier_reset,
            )
            target = self._asked.configured()
            if missing := target.unavailable():
                raise pytest.UsageError(
                    f"target {target.name!r} cannot run here: {missing.reason}; "
                    f"{missing.remedy}"
                )
            self._environment = target.describe()
            self._models = self._asked.models or own_models(target)
        except TierbenchError as exc:
            raise pytest.UsageError("\n".join(exc.lines)) from exc
        default = f"conformance-{target.name}.json"
        self.path = Path(option.tier_conformance_report or default)
        self._checks: dict[str, Check] = {}
        self._seen: dict[str, list[pytest.TestReport]] = {}
        self._failed_to_write: str | None = None
        config.args = []  # nothing of the current folder is collected

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Bring the kit's tests, of which -k may leave some out."""
        module = pytest.Module.from_parent(
            session,
            path=Path(__file__).with_name("contract.py"),
            nodeid=f"conformance of {self._asked.target.name}",
        )
        module.obj = _module(self._asked, self._models)
        items[:] = session.genitems(module)
        for item in items:
            self._checks[item.nodeid] = _undone(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how a check ended."""
        if report.nodeid not in self._checks:
            return
        seen = self._seen.setdefault(report.nodeid, [])
        seen.append(report)
        undone = self._checks[report.nodeid]
        self._checks[report.nodeid] = _done(undone, seen)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report, where any check was made."""
        if session.config.option.collectonly or not self._seen:
            return
        try:
            write_report(self.path, self._report())
            read_report(self.path)
        except TierbenchError as exc:
            self._failed_to_write = str(exc)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what came of it and where the report is."""
        if not self._seen:
            return
        terminalreporter.section("conformance")
        line = terminalreporter.write_line
        for outcome in (Outcome.FAILED, Outcome.SKIPPED):
            for check in self._checks.values():
                if check.outcome is outcome:
                    line(f"{outcome} {check.name}: {check.reason}")
        counts = ", ".join(f"{self._count(one)} {one}" for one in Outcome)
        line(f"{self._asked.target.name} on {self._environment.device}: {counts}")
        line(self._failed_to_write or f"report: {self.path}")

    def _count(self, outcome: Outcome) -> int:
        return sum(check.outcome is outcome for check in self._checks.values())

    def _report(self) -> Report:
        target, found = self._asked.target, self._environment
        proof = proof_of(target.evidence)
        assert proof is not None  # else it was refused
        return Report(
            schema=1,
            target=target.name,
            tierbench=version("tierbench"),
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            proof=proof,
            evidence=target.evidence,
            device=found.device,
            runtime=found.runtime,
            runtime_version=found.runtime_version,
            identity=found.identity,
            options=self._asked.configured().settings,
            models=tuple(
                Tried(name=path.name, sha256=file_sha256(path)) for path in self._models
            ),
            checks=tuple(self._checks.values()),
        )


def _refuse_others(config: pytest.Config) -> None:
    """Refuse what does not go together with the kit."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        raise pytest.UsageError(
            f"--tier-conformance brings its own tests; leave out {config.args[0]!r}"
        )
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(
            "--tier-conformance times a device: it runs in one process; leave out -n"
        )


def _module(asked: Request, models: tuple[Path, ...]) -> types.ModuleType:
    """Return a module with the suite for what was asked for."""
    first, *others = models
    suite = type(
        CLASS,
        (TargetContract,),
        {
            "__doc__": TargetContract.__doc__,
            "target": asked.target,
            "model": first,
            "more_models": tuple(others),
            "settings": asked.settings,
            "python": asked.python,
            "reset": asked.reset,
        },
    )
    module = types.ModuleType("conformance")
    setattr(module, CLASS, suite)
    return module


def _undone(item: pytest.Item) -> Check:
    doc = getattr(getattr(item, "obj", None), "__doc__", None) or item.name
    return Check(
        name=item.name.removeprefix("test_"),
        promise=_line(doc.strip().split("\n")[0]),
        outcome=Outcome.SKIPPED,
        reason="left out, or the session was left before it",
        figures={},
    )


def _done(undone: Check, seen: Iterable[pytest.TestReport]) -> Check:
    """Return a check with its outcome: the worst of set-up, call and tear-down."""
    outcome, reason = Outcome.PASSED, None
    figures: dict[str, Any] = {}
    for report in seen:
        figures.update(report.user_properties)
        if report.failed:
            outcome, reason = Outcome.FAILED, _reason(report)
        elif report.skipped and outcome is Outcome.PASSED:
            outcome, reason = Outcome.SKIPPED, _reason(report)
    return Check(
        name=undone.name,
        promise=undone.promise,
        outcome=outcome,
        reason=reason,
        figures={_line(str(key)): _figure(value) for key, value in figures.items()},
    )


def _reason(report: pytest.TestReport) -> str:
    """Return why a check failed or was skipped, as one line."""
    if isinstance(report.longrepr, tuple):
        return _line(report.longrepr[2].removeprefix("Skipped: "))
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(crash.message if crash else report.longrepr).split("\nassert ")[0]
    return _line(message.removeprefix("AssertionError: ").removeprefix("Failed: "))


def _figure(value: Any) -> Any:
    """Return a figure as JSON holds it; texts are lines."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if isinstance(value, dict):
        return {_line(str(key)): _figure(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_figure(part) for part in value]
    return _line(str(value))


def _line(text: str) -> str:
    """Return a text as one printable line of bounded length, never empty."""
    words = " ".join(text.split())
    kept = "".join(char if char.isprintable() else "?" for char in words)
    return kept[:TEXT_MAX] or "no reason given"
