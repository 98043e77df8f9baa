"""Cortex-M in QEMU: real Arm code whose instructions are counted, never its time.

The firmware is ours, built around the model (``targets/cortex_m/firmware``), or the
user's own ELF file that speaks MLPerf Tiny's device protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...harness.errors import ModelError, TargetUnavailable
from ...harness.figure import Figure
from ...harness.hashing import file_sha256
from ...harness.target import Line, Option, Target, Tier
from ...harness.values import Case, Environment, Evidence, Variant, Workload
from ...harness.worker import Limits, Worker
from ..cortex_m.generator import Generated, generate
from .build import REMEDY, build, compiler_version, firmware_sha256, flags_of
from .elf import read_elf
from .elsewhere import elsewhere
from .emulator import qemu_version
from .figures import figures
from .machines import MACHINES, Machine

QEMU_BYTES = 256 << 20


class CortexMQemu(Target):
    """A board of Arm's, emulated, and the firmware on it."""

    name = "cortex-m-qemu"
    tier = Tier.MICROCONTROLLER
    formats = ("tflite",)
    runtime = "qemu-system-arm"
    remedy = REMEDY
    device_modules = ()
    evidence = Evidence.EMULATED
    clock = None
    options = (
        Option(
            name="machine",
            kind=str,
            default="mps2-an386",
            help="QEMU's board: an386 is a Cortex-M4, an500 an M7, an505 an M33, "
            "an547 an M55",
            choices=tuple(MACHINES),
        ),
        Option(
            name="elf",
            kind=str,
            default="",
            help="a firmware of your own that holds the model; empty: ours",
        ),
    )

    @property
    def board(self) -> Machine:
        """Return the board that is emulated."""
        return MACHINES[str(self.settings["machine"])]

    @property
    def elf(self) -> Path | None:
        """Return the user's firmware, None for ours."""
        given = str(self.settings["elf"])
        return Path(given).absolute() if given else None

    def examine(self) -> Iterator[Line]:
        """Yield the emulator, and the compiler where the firmware is ours."""
        if self.python is not None:
            why = f"it runs in tierbench's own process, not in {self.python}"
            yield why, None, "leave out python"
            return
        tools = {"QEMU": qemu_version, "a cross compiler": compiler_version}
        if self.elf is not None:
            del tools["a cross compiler"]
        for name, version in tools.items():
            try:
                yield name, version(), ""
            except TargetUnavailable as exc:
                yield exc.reason, None, exc.remedy

    def describe(self) -> Environment:
        """Return the board, QEMU, and what the firmware is made of."""
        board, elf = self.board, self.elf
        made: dict[str, str | None]
        if elf is None:
            made = {
                "compiler": compiler_version(),
                "flags": " ".join(flags_of(board)),
                "firmware": firmware_sha256(),
            }
        else:
            made = {"elf": file_sha256(elf) if elf.is_file() else None}
        return Environment(
            device=f"{board.core} ({board.name})",
            tier=self.tier,
            runtime=self.runtime,
            runtime_version=qemu_version(),
            identity=made,
        )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return why the firmware cannot hold or run this, or None."""
        if workload.batch != 1:
            return f"a microcontroller runs a batch of 1, not {workload.batch}"
        try:
            if self.elf is not None:
                read_elf(self.elf)
            else:
                _generated(variant.path, variant.sha256)
        except ModelError as exc:
            return str(exc)
        return None

    def footprint_bytes(self, variant: Variant) -> int:
        """Return about what QEMU takes."""
        return QEMU_BYTES

    def prepare(self, variant: Variant) -> Path:
        """Return the firmware: the user's, or ours built around the model."""
        if self.elf is not None:
            return self.elf
        return build(_generated(variant.path, variant.sha256), self.board).path

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Return a worker; QEMU starts when it opens."""
        from .worker import EmulatedWorker

        profile = case.variant.profile
        return EmulatedWorker(
            self.board.name, artifact, profile.inputs, profile.outputs, limits
        )

    def figures(
        self, case: Case, artifact: Path, ran: Mapping[str, Any]
    ) -> tuple[Figure, ...]:
        """Return instructions, the arena, and the sizes of code, data and stack."""
        basis = {
            "machine": self.board.name,
            "core": self.board.core,
            "qemu": qemu_version(),
            "firmware": "own" if self.elf else f"tierbench {firmware_sha256()[:12]}",
        }
        others = elsewhere(case.variant.sha256, self.board.core)
        return figures(ran, basis, others)


@lru_cache(maxsize=16)
def _generated(path: Path, sha256: str) -> Generated:
    """Return what is generated of a file with this content."""
    return generate(path)
