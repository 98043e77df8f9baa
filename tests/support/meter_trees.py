"""Fake roots with the power files of Jetsons and of RAPL, as their kernels lay them."""

from collections.abc import Mapping

I2C = "sys/bus/i2c/devices"
POWERCAP = "sys/class/powercap"


def ina3221(
    device: str, hwmon: str, rails: Mapping[int, tuple[str, int, int]]
) -> dict[str, object]:
    """Return one chip's files; rails are (label, mV, mA) by number."""
    place = f"{I2C}/{device}"
    chip = f"{place}/hwmon/{hwmon}"
    files: dict[str, object] = {
        f"{place}/name": "ina3221",
        f"{chip}/name": "ina3221",
        f"{chip}/update_interval": 8,
        f"{chip}/samples": 1,
        f"{chip}/in7_label": "sum of shunt voltages",
        f"{chip}/in7_input": 12,
    }
    for number, (label, millivolts, milliamperes) in rails.items():
        files[f"{chip}/in{number}_label"] = label
        files[f"{chip}/in{number}_input"] = millivolts
        files[f"{chip}/in{number + 3}_input"] = 4
        files[f"{chip}/curr{number}_input"] = milliamperes
    return files


def orin_nx(hwmon: str = "hwmon3") -> dict[str, object]:
    """JetPack 5 and 6: the module's input first, 10 W."""
    rails = {
        1: ("VDD_IN", 5000, 2000),
        2: ("VDD_CPU_GPU_CV", 5000, 800),
        3: ("VDD_SOC", 5000, 400),
    }
    other = {f"{I2C}/0-0050/name": "24c02", f"{I2C}/i2c-1/name": "c240000.i2c"}
    return {**other, **ina3221("1-0040", hwmon, rails)}


def agx_orin() -> dict[str, object]:
    """No total: 4 + 3 + 5 W into the module, 1 W apart; two inputs not connected."""
    first = {
        1: ("VDD_GPU_SOC", 20000, 200),
        2: ("VDD_CPU_CV", 20000, 150),
        3: ("VIN_SYS_5V0", 5000, 1000),
    }
    second = {
        1: ("NC", 0, 0),
        2: ("VDDQ_VDD2_1V8AO", 5000, 200),
        3: ("NC", 0, 0),
    }
    one = ina3221("1-0040", "hwmon2", first)
    return {**one, **ina3221("1-0041", "hwmon5", second)}


def thor() -> dict[str, object]:
    """An INA238 before the carrier board, 60 W, and an INA3221 with rails."""
    chip = f"{I2C}/2-0044"
    rails = {
        1: ("VDD_GPU", 12000, 2000),
        2: ("VDD_CPU_SOC_MSS", 12000, 1000),
        3: ("VIN_SYS_5V0", 5000, 1000),
    }
    return {
        f"{chip}/name": "ina238",
        f"{chip}/hwmon/hwmon4/name": "ina238",
        f"{chip}/hwmon/hwmon4/in1_label": "VIN",
        f"{chip}/hwmon/hwmon4/power1_input": 60_000_000,
        **ina3221("2-0040", "hwmon3", rails),
    }


def rapl_zone(
    zone: str, name: str, microjoules: int = 5_000_000, most: int = 262_143_328_850
) -> dict[str, object]:
    """Return one domain's files."""
    return {
        f"{POWERCAP}/{zone}/name": name,
        f"{POWERCAP}/{zone}/energy_uj": microjoules,
        f"{POWERCAP}/{zone}/max_energy_range_uj": most,
    }


def rapl_intel() -> dict[str, object]:
    """Two packages, one with memory, the platform, and the same again by mmio."""
    return {
        f"{POWERCAP}/intel-rapl/enabled": 1,
        **rapl_zone("intel-rapl:0", "package-0", 10_000_000),
        **rapl_zone("intel-rapl:0:0", "core", 4_000_000),
        **rapl_zone("intel-rapl:0:1", "dram", 2_000_000, 65_532_610_987),
        **rapl_zone("intel-rapl:1", "package-1", 20_000_000),
        **rapl_zone("intel-rapl:2", "psys", 90_000_000),
        **rapl_zone("intel-rapl-mmio:0", "package-0", 10_000_000),
    }


def rapl_amd() -> dict[str, object]:
    """One package and its cores, under Intel's name too."""
    return {
        **rapl_zone("intel-rapl:0", "package-0", 10_000_000, 65_532_610_987),
        **rapl_zone("intel-rapl:0:0", "core", 3_000_000, 65_532_610_987),
    }
