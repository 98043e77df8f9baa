"""Identity: options, the two halves, and what device and software it says it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ..target import Tier
from ..values import Evidence
from .subject import Note, Subject

DEVICE_PYTHON = (3, 9)
"""The oldest Python that a device half's syntax keeps to."""

ABSENT_PYTHON = "/nonexistent/python"

DEVICES = (Tier.ACCELERATOR, Tier.SERVER)
"""Tiers whose device has a driver or a firmware of its own."""

SOFTWARE = ("driver", "firmware")


class IdentityChecks(Subject):
    """What can be known of a target without running a model."""

    def test_default_options_are_valid(self) -> None:
        """Every option's default is one of its valid values."""
        for option in self.target.options:
            problem = option.problem(option.default)
            assert problem is None, f"option {option.name!r}: {problem}"

    def test_option_names_are_unique(self) -> None:
        """No two options share a name."""
        names = [option.name for option in self.target.options]
        twice = sorted({name for name in names if names.count(name) > 1})
        assert not twice, f"options of one name: {', '.join(twice)}"

    def test_says_what_to_do_when_unavailable(self) -> None:
        """A target that cannot run names the reason and the remedy."""
        missing = self._target().unavailable()
        assert missing is None or (missing.reason and missing.remedy)

    def test_a_missing_python_is_a_reason(self) -> None:
        """A Python that does not exist makes the target unavailable, not broken."""
        missing = self._target(python=ABSENT_PYTHON).unavailable()
        assert missing is None or ABSENT_PYTHON in missing.reason, missing

    def test_describes_the_same_environment_twice(self, note: Note) -> None:
        """Reuse rests on an identity that does not change by itself."""
        self._available()
        first, second = self._target().describe(), self._afresh().describe()
        note(identity_sha256=first.identity_sha256)
        changed = sorted(
            key
            for key in {*first.identity, *second.identity}
            if first.identity.get(key) != second.identity.get(key)
        )
        assert first.identity_sha256 == second.identity_sha256, (
            f"asked twice, another identity: {', '.join(changed) or 'the device'}"
        )

    def test_names_device_and_software(self, note: Note) -> None:
        """A result says which device it is of, and which software ran on it."""
        found = self._available().describe()
        note(device=found.device, runtime_version=found.runtime_version)
        assert found.device.strip(), "the environment names no device"
        assert found.runtime_version, "the environment has no version of the runtime"
        if self.target.tier in DEVICES and self.target.evidence is Evidence.MEASURED:
            told = {
                key: found.identity[key] for key in SOFTWARE if key in found.identity
            }
            note(**told)
            assert told, (
                f"the identity of a target of tier {self.target.tier} holds neither "
                "'driver' nor 'firmware'; a newer one would pass for the same device"
            )

    def test_host_half_imports_no_runtime(self) -> None:
        """The harness's process never loads a vendor's runtime."""
        module, name = self.target.__module__, self.target.__qualname__
        device = self.target.device_modules[-1] if self.target.device_modules else None
        code = (
            f"import sys, {module}; {module}.{name}(); "
            f"sys.exit({device!r} in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code])
        assert done.returncode == 0, f"importing {module} imports {device}, or fails"

    def test_device_half_keeps_to_old_syntax(self) -> None:
        """The device half compiles on the oldest Python that a board may have."""
        for module in self.target.device_modules:
            spec = find_spec(module)
            assert spec is not None, f"device module {module} is not installed"
            assert spec.origin is not None, f"device module {module} has no file"
            source = Path(spec.origin).read_text(encoding="utf-8")
            ast.parse(source, feature_version=DEVICE_PYTHON)
