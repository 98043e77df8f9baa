"""The pytest plugin: marks declare cases, one run measures them, tests judge them.

Every pytest session imports this module, most of them in vain: it imports nothing but
pytest. What measures is imported when the first mark is met.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .declaration import Declaration
    from .findings import Findings

MARK = "tierbench"
FIXTURE = "bench"
BENCHMARK = "benchmark"
"""pytest-benchmark's plugin, and its fixture."""
_DECLARED = "declared.json"
_OUTCOME = "outcome.json"
_FOLDER = "tierbench_folder"
_MARK_HELP = (
    "tierbench(sweep=FILE | model=NAME | path=FILE, ...): measure these cases before "
    "the first test; the fixture 'bench' holds one of them"
)

_OPTIONS = {
    "--tier-profile": ("PROFILE", "How carefully: smoke, nightly or procurement."),
    "--tier-store": ("URL", "Where results are kept."),
    "--tier-baseline": ("RUN", "Fail what became slower than in this run, or 'last'."),
}
_KIT_OPTIONS = {
    "--tier-option": ("NAME=VALUE", "Kit: an option of the target; repeat for more."),
    "--tier-python": ("PYTHON", "Kit: the Python that has the target's runtime."),
    "--tier-model": ("FILE", "Kit: try it with this model; repeat for more."),
    "--tier-reset": ("COMMAND", "Kit: the command that resets the device."),
    "--tier-conformance-report": ("FILE", "Kit: its report; conformance-NAME.json."),
}

_declared = pytest.StashKey[dict[str, "Declaration"]]()
_outcome = pytest.StashKey[dict[str, Any]]()
_case = pytest.StashKey[dict[str, Any]]()
_meeting = pytest.StashKey[Path]()
_sampled = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each is an ini key of the same name as well."""
    group = parser.getgroup("tierbench", "benchmarks of edge-AI inference (tierbench)")
    group.addoption(
        "--tier-target",
        action="append",
        metavar="NAME",
        help="Measure on this target; repeat for more. `tierbench targets` lists all.",
    )
    group.addoption(
        "--tier-conformance",
        action="store_true",
        help="Run the conformance kit on the one target that --tier-target names.",
    )
    for name, (metavar, text) in {**_OPTIONS, **_KIT_OPTIONS}.items():
        action = "append" if "repeat" in text else "store"
        group.addoption(name, metavar=metavar, action=action, help=text)
    parser.addini("tier_target", "Targets to measure on.", type="args", default=[])
    for key in ("tier_profile", "tier_store", "tier_baseline"):
        parser.addini(key, f"See --{key.replace('_', '-')}.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the mark, and refuse names that do not exist.

    Raises:
        pytest.UsageError: no such target or profile, or the kit cannot run so.
    """
    config.addinivalue_line("markers", _MARK_HELP)
    if _targets(config):
        from . import registry

        known = registry.names(registry.TARGETS)
        _check("target", _targets(config), known)
    if profile := _setting(config, "tier_profile"):
        from .profiles import PROFILES

        _check("profile", (profile,), list(PROFILES))
    if config.getoption("tier_conformance"):
        from .conformance.plugin import Kit

        config.pluginmanager.register(Kit(config), "tierbench-conformance")
        return
    for name in _KIT_OPTIONS:
        if config.getoption(name):
            raise pytest.UsageError(f"{name} is for --tier-conformance")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case that a mark declares."""
    definition = metafunc.definition
    marks = list(definition.iter_markers(MARK))
    if not marks:
        return
    if FIXTURE not in metafunc.fixturenames:
        if any(mark.name == MARK for mark in definition.own_markers):
            text = "the mark tierbench does nothing without the fixture 'bench'"
            definition.warn(pytest.PytestWarning(text))
        return
    from .declaration import labels
    from .errors import TierbenchError

    config = metafunc.config
    declaration = _declaration(definition, marks, config)
    try:
        cases = list(labels(declaration.sweep()))
    except TierbenchError:  # told by the test itself, so that its neighbours still run
        cases = [("", "wrong-mark")]
    config.stash.setdefault(_declared, {})[declaration.source] = declaration
    params: list[Any] = [
        pytest.param((declaration.source, label), id=name) for label, name in cases
    ]
    if not params:
        skip = pytest.mark.skip(reason=_no_target(config))
        params = [pytest.param(None, id="no-target", marks=skip)]
    metafunc.parametrize(FIXTURE, params, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Let pytest-benchmark know our tests, so that its options select them."""
    if _declared not in config.stash or not config.pluginmanager.has_plugin(BENCHMARK):
        return
    options = config.option
    if _is_worker(config) and not (options.benchmark_only or options.benchmark_skip):
        return  # it keeps no samples there, and would say so of every test
    ours: list[Any] = [item for item in items if _param(item)]
    ours = [item for item in ours if BENCHMARK not in item.fixturenames]
    for item in ours:
        if BENCHMARK not in item.fixturenames:  # tests of one function share them
            item.fixturenames.append(BENCHMARK)
        item.stash[_sampled] = True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what the chosen tests declare; under xdist, hand it to the controller."""
    config = session.config
    if _declared not in config.stash:
        return
    from dataclasses import asdict, replace

    wanted: dict[str, list[str]] = {}
    for item in session.items:
        if (param := _param(item)) and not _is_skipped(item):
            wanted.setdefault(param[0], []).append(param[1])
    chosen = {
        source: replace(declared, wanted=tuple(dict.fromkeys(wanted[source])))
        for source, declared in config.stash[_declared].items()
        if source in wanted
    }
    config.stash[_declared] = chosen
    if _is_worker(config):
        plain = [asdict(found) for found in chosen.values()]
        _write(_folder(config) / _DECLARED, plain)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Measure before the first test."""
    config, options = session.config, session.config.option
    declared = config.stash.get(_declared, {})
    broken = session.testsfailed and not options.continue_on_collection_errors
    in_vain = broken or options.collectonly or getattr(options, "setupplan", False)
    if declared and not in_vain and not _is_worker(config):
        config.stash[_outcome] = _measured(config, list(declared.values()))
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker in which folder it meets the controller."""
    config = node.config
    if _meeting not in config.stash:
        folder = tempfile.TemporaryDirectory(prefix="tierbench-")
        config.add_cleanup(folder.cleanup)
        config.stash[_meeting] = Path(folder.name)
    node.workerinput[_FOLDER] = str(config.stash[_meeting])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """Measure in the controller: no test runs anywhere before all workers are here."""
    config, folder = node.config, node.config.stash[_meeting]
    if _outcome in config.stash or not (folder / _DECLARED).exists():
        return
    from .declaration import Declaration

    plain = json.loads((folder / _DECLARED).read_text(encoding="utf-8"))
    if plain:
        declarations = [Declaration(**found) for found in plain]
        config.stash[_outcome] = _measured(config, declarations)
        _write(folder / _OUTCOME, config.stash[_outcome])


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Findings:
    """Give what was found out about one case that the mark declares."""
    if not isinstance(getattr(request, "param", None), tuple):
        pytest.fail(
            "the fixture 'bench' needs a mark that says what to measure, as "
            "@pytest.mark.tierbench(model='defect')",
            pytrace=False,
        )
    from .findings import Findings
    from .pytest_records import record

    case = _found(request.config, *request.param)
    request.node.stash[_case] = case
    found = Findings(case["row"])
    if request.node.stash.get(_sampled, False):
        benchmark = request.getfixturevalue(BENCHMARK)
        record(benchmark, case, found, _store(request.config))
    return found


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Fail a test that passed, but whose case broke a constraint or became slower."""
    case = pyfuncitem.stash.get(_case, None)
    failures = "\n".join(case["failures"]) if case else ""
    try:
        result = yield
    except BaseException:
        if failures:
            pyfuncitem.add_report_section("call", MARK, failures)
        raise
    if failures:
        pytest.fail(failures, pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which run it was, what the gate did, and how to see more."""
    outcome = config.stash.get(_outcome, None)
    if outcome and outcome.get("run"):
        from .pytest_records import summary

        terminalreporter.section("tierbench")
        for line in summary(outcome):
            terminalreporter.write_line(line)


def _measured(config: pytest.Config, declarations: list[Declaration]) -> dict[str, Any]:
    """Return what came of measuring; a failure is told by every test that needs it."""
    from .errors import TierbenchError
    from .gate import measure
    from .leaving import Leaving
    from .progress import PlainProgress
    from .pytest_records import to_junit

    reporter = config.pluginmanager.has_plugin("terminalreporter")
    stream: Any = config.get_terminal_writer() if reporter else sys.stderr
    print(file=stream)
    progress = PlainProgress(stream)
    leaving = Leaving(progress, tell=partial(print, file=stream, flush=True))
    try:
        with leaving:
            outcome = measure(
                declarations,
                store_url=_store(config),
                baseline=_setting(config, "tier_baseline"),
                progress=progress,
                stopping=leaving.asked,
            )
    except TierbenchError as exc:
        return {"error": str(exc)}
    except OSError as exc:
        place = "the system" if exc.filename is None else repr(exc.filename)
        return {"error": f"{place}: {exc.strerror or exc}; nothing was measured"}
    finally:
        progress.close()
    if outcome["interrupted"]:
        run = outcome["run"][:8]
        pytest.exit(f"left run {run} early; the same command goes on with it", 2)
    to_junit(config, outcome)
    return outcome


def _declaration(
    definition: pytest.Item, marks: list[pytest.Mark], config: pytest.Config
) -> Declaration:
    from .declaration import Declaration, merged, plain

    arguments: dict[str, Any] = {}
    for mark in reversed(marks):  # the closest comes first
        unnamed = {"": plain(mark.args)} if mark.args else {}
        arguments = merged(arguments, {**plain(mark.kwargs), **unnamed})
    return Declaration(
        source=definition.nodeid,
        folder=str(definition.path.parent),
        arguments=arguments,
        targets=_targets(config),
        profile=_setting(config, "tier_profile"),
    )


def _found(config: pytest.Config, source: str, label: str) -> dict[str, Any]:
    """Return what came of a case; fail or skip where there is nothing to judge."""
    if _outcome not in config.stash and _is_worker(config):
        path = _folder(config) / _OUTCOME
        if path.exists():
            config.stash[_outcome] = json.loads(path.read_text(encoding="utf-8"))
    outcome = config.stash.get(_outcome, {})
    problem: str | None = outcome.get("error") or outcome.get("wrong", {}).get(source)
    case = outcome.get("cases", {}).get(source, {}).get(label)
    if problem or case is None:
        missing = f"{label or source} was not measured before the tests began"
        pytest.fail(problem or missing, pytrace=False)
    row = case["row"]
    if row["status"] == "skipped":
        pytest.skip(row["reason"])
    if row["status"] not in ("ok", "not_converged"):
        pytest.fail(f"{label}: {row['status']}: {row['reason']}", pytrace=False)
    known: dict[str, Any] = case
    return known


def _param(item: pytest.Item) -> tuple[str, str] | None:
    """Return source and label of the case that a test holds, None for other tests."""
    callspec = getattr(item, "callspec", None)
    param = callspec.params.get(FIXTURE) if callspec else None
    if isinstance(param, tuple) and item.get_closest_marker(MARK):
        return param
    return None


def _is_skipped(item: pytest.Item) -> bool:
    """Return whether a mark skips the test, so that measuring would be in vain."""
    from _pytest.skipping import evaluate_skip_marks

    try:
        return evaluate_skip_marks(item) is not None
    except pytest.fail.Exception:  # a wrong condition, which the test itself tells
        return True


def _is_worker(config: pytest.Config) -> bool:
    """Return whether this is a process of xdist that only runs tests."""
    return hasattr(config, "workerinput")


def _folder(config: Any) -> Path:
    """Return the folder in which an xdist worker meets the controller."""
    return Path(config.workerinput[_FOLDER])


def _write(path: Path, plain: Any) -> None:
    """Write JSON so that nobody reads half of it; the folder may be elsewhere."""
    if path.parent.is_dir():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
            json.dump(plain, draft)
        Path(draft.name).replace(path)


def _targets(config: pytest.Config) -> tuple[str, ...]:
    return tuple(config.getoption("tier_target") or config.getini("tier_target"))


def _setting(config: pytest.Config, key: str) -> str | None:
    return config.getoption(key) or config.getini(key) or None


def _store(config: pytest.Config) -> str:
    default = config.rootpath / "results" / "tierbench.db"
    return _setting(config, "tier_store") or f"sqlite:///{default}"


def _check(kind: str, named: tuple[str, ...], known: list[str]) -> None:
    for name in named:
        if name not in known:
            raise pytest.UsageError(
                f"--tier-{kind}: unknown {kind} {name!r}; known: {', '.join(known)}"
            )


def _no_target(config: pytest.Config) -> str:
    if not _targets(config):
        return "no target to measure on; name one with --tier-target NAME"
    return f"it is declared for other targets than {', '.join(_targets(config))}"
