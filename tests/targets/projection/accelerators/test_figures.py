"""What is said of a model on a device, and what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tierbench.harness.cli import main

NUMBERS = {
    "parameters": 11_200_000,
    "macs": {"conv": 14_300_000_000},
    "input_shape": [640, 640, 3],
    "weight_bits": 8,
    "activation_bits": 8,
}


def ask(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    target: str,
    *settings: str,
    **changes: Any,
) -> dict[str, Any]:
    path = folder / "numbers.json"
    path.write_text(json.dumps({**NUMBERS, **changes}), encoding="utf-8")
    sets = [word for one in settings for word in ("--set", one)]
    status = main(
        ["project", "--profile", str(path), "--target", target, *sets, "--json"]
    )
    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.mark.parametrize(
    ("target", "device"),
    [
        ("coral", "coral-usb"),
        ("coral", "coral-dev-board"),
        ("jetson", "jetson-agx-orin"),
        ("jetson", "jetson-orin-nx"),
        ("nvidia", "l4"),
        ("nvidia-onnxruntime", "l40s"),
        ("nvidia", "h100"),
    ],
)
def test_a_call_has_a_latency_and_its_throughput(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, target: str, device: str
) -> None:
    found = ask(capsys, tmp_path, target, f"device={device}")
    latency, throughput = found["latency_ms"], found["throughput_per_s"]
    assert 0 < latency["low"] < latency["mid"] < latency["high"]
    assert latency["mid"] * throughput["mid"] == pytest.approx(1000)
    assert latency["low"] * throughput["high"] == pytest.approx(1000)
    assert (latency["coverage"], latency["evidence"]) == (0.8, "PROJECTED")
    assert latency["rests_on"]
    assert any("no row has" in note for note in latency["notes"]) == (device == "h100")


def test_hailo_has_frame_rates_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ask(capsys, tmp_path, "hailo", "device=hailo8")
    assert found["latency_ms"] is None
    assert "frame rates" in found["latency_ms_reason"]
    whole = found["throughput_per_s"]
    assert whole["low"] < 491 < whole["high"]  # YOLOv8s, which is among the rows
    half = ask(capsys, tmp_path, "hailo", "device=hailo8l")["throughput_per_s"]
    assert half["mid"] < whole["mid"]
    assert half["high"] / half["low"] > whole["high"] / whole["low"]
    other = ask(capsys, tmp_path, "hailo", "device=hailo15h")["throughput_per_s"]
    assert any("without a source" in note for note in other["notes"])


def test_numbers_alone_are_wider_on_hailo(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = ask(capsys, tmp_path, "hailo", "device=hailo8")["throughput_per_s"]
    alone = ask(capsys, tmp_path, "hailo", "device=hailo8", macs=14_300_000_000)
    untold = alone["throughput_per_s"]
    assert untold["high"] / untold["low"] > told["high"] / told["low"]
    assert any("by operator class" in note for note in untold["notes"])


def test_a_network_of_any_kind_is_null_on_hailo(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    numbers = {"parameters": 12_300_000, "input_shape": [224, 224, 3]}
    for device in ("hailo8", "hailo8l"):
        macs = 1_300_000_000
        found = ask(capsys, tmp_path, "hailo", f"device={device}", macs=macs, **numbers)
        assert found["throughput_per_s"] is None
        for said in ("plain (", "separable (", "transformer (", "by operator class"):
            assert said in found["throughput_per_s_reason"]
    told = ask(
        capsys, tmp_path, "hailo", "device=hailo8", macs={"conv": macs}, **numbers
    )
    assert told["throughput_per_s"]["mid"] > 0


def test_weights_beyond_the_chip_cost_at_every_call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small, large = (
        ask(capsys, tmp_path, "coral", "device=coral-usb", parameters=count)
        for count in (7_000_000, 60_000_000)
    )
    more = large["latency_ms"]["mid"] - small["latency_ms"]["mid"]
    assert 52e6 / 600e6 * 1e3 < more < 52e6 / 250e6 * 1e3  # what USB 3 carries
    assert any("streamed" in note for note in large["latency_ms"]["notes"])


def test_a_latency_under_mlperf_says_that_it_is_a_percentile(capsys, tmp_path) -> None:
    told = ask(capsys, tmp_path, "nvidia", "device=l4")
    assert any("90th percentiles" in n for n in told["latency_ms"]["notes"])
    offline = ask(capsys, tmp_path, "nvidia", "device=l4", "scenario=offline")
    notes = offline["throughput_per_s"]["notes"]
    assert not any("percentile" in n for n in notes)


def test_batches_raise_throughput_and_latency(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, many, best = (
        ask(capsys, tmp_path, "nvidia", "device=l4", *more)
        for more in ((), ("batch=32",), ("scenario=offline",))
    )
    assert one["latency_ms"]["mid"] < many["latency_ms"]["mid"]
    rates = [found["throughput_per_s"]["mid"] for found in (one, many, best)]
    assert rates == sorted(rates)
    assert best["latency_ms"] is None
    assert "single_stream" in best["latency_ms_reason"]


def test_weights_bound_what_computes_little(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ask(
        capsys,
        tmp_path,
        "nvidia",
        "device=l4",
        parameters=6_000_000_000,
        macs={"dense": 6_000_000_000},
    )
    assert found["latency_ms"]["mid"] == pytest.approx(6e9 / 300e9 * 1e3, rel=0.1)


@pytest.mark.parametrize(
    ("target", "settings", "changes", "said"),
    [
        ("amd", ["device=mi300x"], {}, "language model"),
        ("hailo", ["device=hailo8", "batch=4"], {}, "batches 1 and 8"),
        ("hailo", ["device=hailo8"], {"weight_bits": 32}, "32 bits"),
        ("hailo", ["device=hailo8"], {"parameters": 10**10}, "parameters"),
        ("coral", ["device=coral-usb", "batch=2"], {}, "one by one"),
        ("coral", ["device=coral-usb"], {"activation_bits": 16}, "16 bits"),
        ("coral", ["device=coral-usb"], {"macs": 1000}, "anything said"),
        ("nvidia", ["device=l4"], {"weight_bits": 32}, "int8 and fp16"),
        ("nvidia", ["device=l4"], {"macs": 10**17}, "anything said"),
        ("jetson", ["device=jetson-agx-orin"], {"macs": 1000}, "anything said"),
    ],
)
def test_what_nothing_bears_on_is_null(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    target: str,
    settings: list[str],
    changes: dict[str, Any],
    said: str,
) -> None:
    found = ask(capsys, tmp_path, target, *settings, **changes)
    for key in ("latency_ms", "throughput_per_s"):
        assert found[key] is None
        assert said in found[f"{key}_reason"]


def test_every_mistake_is_told_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "numbers.json"
    path.write_text('{"parameters": 0, "colour": 1}', encoding="utf-8")
    sets = ["device=l5", "scenario=server", "batch=0"]
    words = [word for one in sets for word in ("--set", one)]
    status = main(["project", "--profile", str(path), "--target", "nvidia", *words])
    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    for said in ("colour", "parameters", "macs is missing", "'l5'", "server", "batch"):
        assert any(said in line for line in lines), said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either MODEL or --profile"),
        (("bearing", "--profile", "x.json"), "give either MODEL or --profile"),
        (("--profile", "x.json", "--variant", "int8"), "leave it out"),
    ],
)
def test_one_of_model_and_profile_is_given(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    sets = ("--target", "nvidia", "--set", "device=l4")
    assert main(["project", *arguments, *sets]) == 2
    assert said in capsys.readouterr().err


def test_a_device_must_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["project", "bearing", "--target", "hailo"]) == 2
    assert "set device=NAME of hailo10h, " in capsys.readouterr().err
    sets = ("--set", "device=l4", "--set", "batch=1.5")
    assert main(["project", "bearing", "--target", "nvidia", *sets]) == 2
    assert "whole number" in capsys.readouterr().err


def test_a_microcontroller_wants_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ask(capsys, tmp_path, "cortex-m", "core=cortex-m7", "clock_mhz=216")
    assert found["latency_ms"] is None
    assert ".tflite" in found["latency_ms_reason"]
