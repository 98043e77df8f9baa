"""The boards that QEMU emulates: cores, addresses, and how the compiler is told.

Sources: Arm application notes AN386, AN500, AN505 and AN547; QEMU's documentation of
its mps2 and mps3 machines.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of memory."""

    origin: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One board: ``code`` holds the vectors, ``const`` weights, ``data`` the rest.

    The clocks are those of the serial line and of the microsecond counter.
    """

    name: str
    core: str
    fpu: str
    uart_mhz: int
    counter_mhz: int
    uart: int
    fpgaio: int
    code: Region
    const: Region
    data: Region


_KIB = 1 << 10
_MIB = 1 << 20

MACHINES = {
    machine.name: machine
    for machine in (
        Machine(
            name="mps2-an386",
            core="cortex-m4",
            fpu="fpv4-sp-d16",
            uart_mhz=25,
            counter_mhz=25,
            uart=0x4000_4000,
            fpgaio=0x4002_8000,
            code=Region(origin=0, length=_MIB),
            const=Region(origin=_MIB, length=3 * _MIB),
            data=Region(origin=0x2000_0000, length=4 * _MIB),
        ),
        Machine(
            name="mps2-an500",
            core="cortex-m7",
            fpu="fpv5-sp-d16",
            uart_mhz=25,
            counter_mhz=25,
            uart=0x4000_4000,
            fpgaio=0x4002_8000,
            code=Region(origin=0, length=_MIB),
            const=Region(origin=_MIB, length=3 * _MIB),
            data=Region(origin=0x2000_0000, length=4 * _MIB),
        ),
        # The cores with TrustZone start in the secure state: secure addresses.
        Machine(
            name="mps2-an505",
            core="cortex-m33",
            fpu="fpv5-sp-d16",
            uart_mhz=20,
            counter_mhz=20,
            uart=0x5020_0000,
            fpgaio=0x5030_2000,
            code=Region(origin=0x1000_0000, length=_MIB),
            const=Region(origin=0x1010_0000, length=3 * _MIB),
            data=Region(origin=0x3800_0000, length=2 * _MIB),
        ),
        Machine(
            name="mps3-an547",
            core="cortex-m55",
            fpu="auto",
            uart_mhz=25,
            counter_mhz=20,
            uart=0x5930_3000,
            fpgaio=0x5930_2000,
            code=Region(origin=0x1000_0000, length=512 * _KIB),
            const=Region(origin=0x1100_0000, length=2 * _MIB),
            data=Region(origin=0x3100_0000, length=2 * _MIB),
        ),
    )
}
