"""The catalogue of accelerators and servers, and a person's own device file."""

from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from tierbench.harness.errors import InputError, NotFound
from tierbench.targets.catalogue.device import (
    Device,
    PowerMode,
    device_names,
    find_device,
    read_device,
)
from tierbench.targets.catalogue.facts import Price

OWN = """\
name = "my-card"
title = "My Card"
vendor = "Me"
tier = "server"
target = "nvidia"
"""
NUMBERS = (
    "link",
    "memory_bytes",
    "on_chip_bytes",
    "bandwidth_bytes_per_s",
    "typical_power_w",
    "tdp_w",
)


@pytest.mark.parametrize("name", device_names())
def test_every_fact_of_the_catalogue_has_a_source_or_a_reason(name: str) -> None:
    device = find_device(name)
    assert device.name == name
    for key in NUMBERS:
        told = getattr(device, key) is not None
        assert told == (device.sources.get(key, "").startswith("http")), key
        assert told == (key not in device.unknown), key
    for table in ("peak_ops_per_s", "peak_sparse_ops_per_s"):
        for precision in getattr(device, table):
            keys = {table, f"{table}.{precision}"}
            assert keys & device.sources.keys(), (table, precision)
    assert device.peak_ops_per_s or len(device.unknown["peak_ops_per_s"]) > 10
    assert not device.power_modes or "power_modes" in device.sources
    if device.price is None:
        assert len(device.unknown["price"]) > 10
    else:
        assert device.price.source.startswith("https://")


def test_the_catalogue_covers_the_tiers() -> None:
    devices = [find_device(name) for name in device_names()]
    assert {device.tier for device in devices} == {"accelerator", "server"}
    assert {device.target for device in devices} == {
        *("amd", "coral", "hailo", "jetson", "nvidia", "qualcomm")
    }


def test_sparse_peaks_are_never_taken_for_dense_ones() -> None:
    for name in device_names():
        device = find_device(name)
        for precision, dense in device.peak_ops_per_s.items():
            sparse = device.peak_sparse_ops_per_s.get(precision)
            assert sparse is None or 1.9 < sparse / dense < 2.1, (name, precision)
    orin = find_device("Jetson AGX Orin")
    assert orin.peak_ops_per_s == {}
    assert orin.peak_sparse_ops_per_s["int8"] == 171e12
    assert orin.power_modes["15W"] == PowerMode(
        power_w=15.0, peak_sparse_ops_per_s={"int8": 14e12, "dla_int8": 40e12}
    )


def test_what_no_source_tells_stays_unknown() -> None:
    assert "int8" not in find_device("mi300x").peak_ops_per_s
    assert "661.3" in find_device("mi300x").unknown["peak_ops_per_s.int8"]
    assert find_device("rb5").peak_ops_per_s == {}


def test_an_unknown_device_names_a_near_one() -> None:
    with pytest.raises(NotFound, match=r"device 'l40x'.*did you mean 'l40'"):
        find_device("l40x")
    with pytest.raises(NotFound):
        find_device("../boards/rpi-pico")


def test_an_own_device_may_tell_little(tmp_path: Path) -> None:
    path = tmp_path / "my-card.toml"
    path.write_text(OWN)
    device = find_device(str(path))
    assert (device.name, device.tdp_w, device.peak_ops_per_s) == ("my-card", None, {})
    assert device.unknown["peak_ops_per_s"] == "my-card.toml does not tell it"


def test_an_own_device_may_tell_all(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_text(
        OWN + 'link = "pcie"\nmemory_bytes = 17_179_869_184\non_chip_bytes = 1048576\n'
        "bandwidth_bytes_per_s = 300000000000\ntypical_power_w = 2.5\ntdp_w = 72\n"
        "[peak_ops_per_s]\nint8 = 26_000_000_000_000\n"
        "[peak_sparse_ops_per_s]\nint8 = 52e12\n[power_modes.15W]\npower_w = 15\n"
        '[price]\namount = 2\ncurrency = "EUR"\ndate = "2026-05"\nsource = "offer"\n'
        '[sources]\n"peak_ops_per_s.int8" = "data sheet"\n'
        '[unknown]\n"peak_ops_per_s.fp16" = "none is told"\n'
    )
    assert read_device(path) == Device(
        name="my-card",
        title="My Card",
        vendor="Me",
        tier="server",
        target="nvidia",
        link="pcie",
        memory_bytes=16 << 30,
        on_chip_bytes=1 << 20,
        bandwidth_bytes_per_s=300e9,
        typical_power_w=2.5,
        tdp_w=72.0,
        peak_ops_per_s={"int8": 26e12},
        peak_sparse_ops_per_s={"int8": 52e12},
        power_modes={"15W": PowerMode(power_w=15.0)},
        price=Price(amount=2.0, currency="EUR", date="2026-05", source="offer"),
        sources={"peak_ops_per_s.int8": "data sheet"},
        unknown={"peak_ops_per_s.fp16": "none is told"},
    )


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_text(
        'title = ""\nvendor = "Me"\ntier = "host"\ntarget = "x"\nlink = "isa"\n'
        "memory_bytes = 1.5\nspeed = 9\n[peak_ops_per_s]\nint3 = 1e12\nint8 = -1\n"
        "[power_modes]\n10W = 10\n[power_modes.15W]\nvolts = 1\npower_w = true\n"
        '[sources]\nclock = "x"\n[unknown]\n"peak_ops_per_s.int8" = "why"\n'
    )
    with pytest.raises(InputError) as caught:
        read_device(path)
    told = "\n".join(caught.value.lines)
    for line in (
        "line 7, speed: is not known",
        "name: is missing",
        "line 1, title: must be 1 to 500 printable characters",
        "line 3, tier: must be one of",
        "line 5, link: must be one of",
        "line 6, memory_bytes: must be int",
        "line 9, peak_ops_per_s.int3: is not known",
        "line 10, peak_ops_per_s.int8: must be at least",
        "line 12, power_modes.10W: must be a table",
        "line 14, power_modes.15W.volts: is not known",
        "line 15, power_modes.15W.power_w: must be float",
        "line 17, sources.clock: is not known",
        "unknown.peak_ops_per_s.int8: is told above: -1",
    ):
        assert line in told, line


@pytest.mark.parametrize("key", [f.name for f in fields(Device)])
@pytest.mark.parametrize(
    "value", ["1", "1.5", "nan", '"x"', "[1]", "{}", "{ a = 1 }", "true", "1979-05-27"]
)
def test_a_key_of_any_type_is_refused_or_read(tmp_path, key: str, value: str) -> None:
    path = tmp_path / "d.toml"
    lines = [line for line in OWN.splitlines() if not line.startswith(f"{key} ")]
    path.write_text(f"{key} = {value}\n" + "\n".join(lines))
    with suppress(InputError):
        assert read_device(path).name
