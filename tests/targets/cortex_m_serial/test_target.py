"""The target on its own: what it says without a board, and what it refuses."""

import subprocess
import sys
from dataclasses import replace

import pytest
from store_examples import example_case
from support.boards import profile_of
from support.serial_device import Firmware, Pty

from tierbench.harness.errors import TargetUnavailable
from tierbench.harness.values import Clock, Scenario
from tierbench.targets import cortex_m_serial
from tierbench.targets.cortex_m_serial import CortexMSerial


def test_without_a_port_it_says_what_to_do() -> None:
    missing = CortexMSerial().unavailable()
    assert missing is not None
    assert missing.reason == "no port is given"
    assert "/dev/ttyACM0" in missing.remedy


def test_without_pyserial_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(cortex_m_serial, "installed", lambda: False)
    missing = CortexMSerial({"port": "/dev/ttyACM0"}).unavailable()
    assert missing is not None
    assert missing.reason == "pyserial is not installed"
    assert missing.remedy == "pip install 'tierbench[serial]'"


def test_a_file_is_no_port(tmp_path) -> None:
    path = tmp_path / "port"
    path.write_bytes(b"m-ready\r\n")
    missing = CortexMSerial({"port": str(path)}).unavailable()
    assert missing is not None
    assert "cannot be opened" in missing.reason
    assert path.read_bytes() == b"m-ready\r\n"


def test_it_lives_in_this_process() -> None:
    missing = CortexMSerial(python="/nonexistent/python").unavailable()
    assert missing is not None
    assert "/nonexistent/python" in missing.reason


def test_the_board_names_itself_once() -> None:
    with Pty(Firmware(name="L4R5", model="own01")) as board:
        target = CortexMSerial({"port": board.path})
        assert target.unavailable() is None
    found = target.describe()
    assert found.device == "L4R5"
    assert found.runtime_version == "ULPMark for tinyML Firmware V0.0.1"
    assert found.identity["model"] == "own01"
    assert target.describe().sha256 == found.sha256


def test_a_board_that_is_not_there_cannot_be_described() -> None:
    with pytest.raises(TargetUnavailable, match="cannot be opened"):
        CortexMSerial({"port": "/dev/no-such-port"}).describe()


def test_what_the_protocol_cannot_carry_is_refused_before() -> None:
    target = CortexMSerial()
    case = example_case("int8")
    variant, workload = replace(case.variant, profile=profile_of()), case.workload
    workload = replace(workload, scenario=Scenario.SINGLE_STREAM)
    assert target.check(variant, replace(workload, batch=1)) is None
    for other in (
        replace(workload, batch=2),
        replace(workload, batch=1, scenario=Scenario.OFFLINE),
    ):
        assert "one sample after the other" in (target.check(variant, other) or "")
    two = profile_of()
    twice = replace(variant, profile=replace(two, inputs=two.inputs * 2))
    assert "one input" in (target.check(twice, replace(workload, batch=1)) or "")
    any_batch = replace(two, inputs=(replace(two.inputs[0], shape=(-1, 100)),))
    batched = replace(variant, profile=any_batch)
    assert target.check(batched, replace(workload, batch=1)) is None
    free = replace(two, inputs=(replace(two.inputs[0], shape=(1, -1)),))
    found = target.check(replace(variant, profile=free), replace(workload, batch=1))
    assert "fixed shape" in (found or "")


def test_a_board_holds_one_model() -> None:
    target = CortexMSerial()
    case = example_case("int8")
    workload = replace(case.workload, scenario=Scenario.SINGLE_STREAM)
    first = replace(case.variant, profile=profile_of(), sha256="1" * 64)
    other = replace(first, name="int4", sha256="2" * 64)
    assert target.check(first, workload) is None
    assert "defect int8 comes first" in (target.check(other, workload) or "")
    assert target.check(first, workload) is None


def test_its_own_clock_times_it_alone() -> None:
    target = CortexMSerial({"port": "/dev/ttyACM3"})
    assert target.clock is Clock.DEVICE
    assert (target.workers_min, target.workers_max) == (1, 1)
    assert target.machine == "board on /dev/ttyACM3"


def test_listing_targets_imports_no_serial_library() -> None:
    code = (
        "import sys; from tierbench.targets.cortex_m_serial import CortexMSerial as T; "
        "T().unavailable(); sys.exit('serial' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
