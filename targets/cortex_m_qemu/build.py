"""Compile the firmware around a model, once for each content."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...harness.cache import cache_folder, write_atomically
from ...harness.errors import CaseError, ModelError, TargetUnavailable
from ..cortex_m.generator import Generated
from .elf import Program, read_elf
from .machines import Machine, Region

COMPILER = "arm-none-eabi-gcc"
REMEDY = (
    "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm, or "
    "your system's packages of these"
)
FIRMWARE = Path(__file__).parents[1] / "cortex_m" / "firmware"
STACK_BYTES = 16 << 10
TIMEOUT_S = 120.0

FLAGS = (
    "-std=c11",
    "-O2",
    "-mthumb",
    "-mfloat-abi=hard",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """A firmware that was built: for which machine, by what, with which flags."""

    path: Path
    program: Program
    compiler: str
    flags: tuple[str, ...]


def build(generated: Generated, machine: Machine) -> Elf:
    """Return the firmware of a generated model, from the cache if it is there.

    Raises:
        TargetUnavailable: the compiler is missing.
        CaseError: the model does not fit into the machine's memory.
    """
    version = compiler_version()
    flags = flags_of(machine)
    key = hashlib.sha256()
    for part in (version, *flags, firmware_sha256(), generated.source):
        key.update(part.encode() + b"\0")
    path = cache_folder("firmware") / f"{key.hexdigest()}.elf"
    program = _kept(path)
    if program is None:
        write_atomically(path, _compile(generated.source, machine, flags))
        program = read_elf(path)
    return Elf(path=path, program=program, compiler=version, flags=flags)


@cache
def firmware_sha256() -> str:
    """Return a hash of the firmware's sources."""
    key = hashlib.sha256()
    for file in sorted(FIRMWARE.iterdir()):
        key.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return key.hexdigest()


@cache
def compiler_version() -> str:
    """Return what the compiler calls itself.

    Raises:
        TargetUnavailable: it is not there.
    """
    found = shutil.which(COMPILER)
    if found is None:
        raise TargetUnavailable("cortex-m-qemu", f"{COMPILER} is not found", REMEDY)
    done = subprocess.run(
        [found, "--version"], capture_output=True, timeout=TIMEOUT_S, check=False
    )
    return done.stdout.decode("utf-8", "replace").split("\n")[0].strip()


def flags_of(machine: Machine) -> tuple[str, ...]:
    """Return the compiler's flags for a machine."""
    regions = {"CODE": machine.code, "CONST": machine.const, "DATA": machine.data}
    return (
        *FLAGS,
        f"-mcpu={machine.core}",
        f"-mfpu={machine.fpu}",
        f"-DUART_BASE={machine.uart:#x}u",
        f"-DFPGAIO_BASE={machine.fpgaio:#x}u",
        f"-DUART_MHZ={machine.uart_mhz}u",
        f"-DCOUNTER_MHZ={machine.counter_mhz}u",
        f"-Wl,--defsym=STACK_BYTES={STACK_BYTES}",
        *(flag for name, region in regions.items() for flag in _place(name, region)),
    )


def _place(name: str, region: Region) -> tuple[str, str]:
    return (
        f"-Wl,--defsym={name}_ORIGIN={region.origin:#x}",
        f"-Wl,--defsym={name}_LENGTH={region.length:#x}",
    )


def _kept(path: Path) -> Program | None:
    try:
        return read_elf(path)
    except ModelError:
        return None  # not there yet, or torn: it is made again


def _compile(source: str, machine: Machine, flags: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        model, out = Path(work) / "model.c", Path(work) / "firmware.elf"
        model.write_text(source, "ascii")
        command = [
            COMPILER,
            *flags,
            *("-I", str(FIRMWARE)),
            *("-T", str(FIRMWARE / "link.ld")),
            *(str(file) for file in sorted(FIRMWARE.glob("*.c"))),
            str(model),
            *("-o", str(out)),
            "-lm",
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as exc:
            raise CaseError(f"{COMPILER} took more than {TIMEOUT_S:g} s") from exc
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").split("\n")
            raise CaseError(_why(words, machine))
        return out.read_bytes()


def _why(words: list[str], machine: Machine) -> str:
    for line in words:
        if "overflowed by" in line:
            told = line.split("ld:")[-1].strip()
            return f"the firmware does not fit into {machine.name}'s memory: {told}"
    last = next((line.strip() for line in words if "error" in line), "no reason told")
    return f"{COMPILER} failed: {last[:300]}; is libnewlib-arm-none-eabi installed?"
