"""Published tables: recognised, corrected, marked, and refused whole."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import InputError
from tierbench.harness.published import coral, hailo, mlperf_inference, mlperf_tiny
from tierbench.harness.published.cells import Cells
from tierbench.harness.published.files import FORMATS, read_published
from tierbench.harness.published.result import PublishedResult, published_row

INFERENCE = {
    "version": "v3.1",
    "submitter": "NVIDIA",
    "division": "closed",
    "availability": "available",
    "system": "Server with L4",
    "accelerator": "NVIDIA L4",
    "accelerators_per_node": "1",
    "host": "AMD EPYC",
    "model": "resnet",
    "scenario": "SingleStream",
    "result": "0.35",
    "units": "Latency (ms)",
    "power": "",
    "power_units": "",
    "accuracy": "76.442",
    "framework": "TensorRT 9.0",
    "inferred": "0",
    "errors": "0",
    "location": "closed/NVIDIA/results/L4/resnet50/singlestream",
    "url": "https://github.com/mlcommons/inference_results_v3.1/tree/main/x",
}
TINY = {
    "round": "v1.0",
    "division": "closed",
    "submitter_dir": "Somebody",
    "status": "Available",
    "board": "NUCLEO-L4R5ZI",
    "benchmark": "kws",
    "variant": "",
    "stack": "TFLM",
    "precision": "int8",
    "latency_ms": "99.5",
    "energy_uJ": "4000",
    "power_mW": "40",
    "top1_pct": "90.1",
    "auc": "",
    "ref_model_macs": "2656768",
    "hw_notes": "Operating at 1.8V",
    "system_dir": "L4R5ZI",
    "repo": "mlcommons/tiny_results_v1.0",
    "commit": "abc",
    "perf_path": "closed/Somebody/results.txt",
}
HAILO = {
    "parse_misaligned": "False",
    "arch": "HAILO8",
    "network": "resnet_v1_50",
    "metric_header": "float",
    "float_acc": "75.2",
    "hw_header": "Hardware Degradation",
    "hw_value": "0.4",
    "fps_batch1": "1300",
    "fps_batch8": "1300",
    "params_M": "25.5",
    "ops_G": "7.0",
    "hef_version": "v2.17.0",
    "dfc": "v3.33.0",
    "repo": "hailo-ai/hailo_model_zoo",
    "commit": "abc",
    "path": "docs/public_models/HAILO8/x.rst",
}
CORAL: dict[str, Any] = {
    "model": "ResNet-50 V1 (299x299)",
    "source": "https://coral.ai/docs/edgetpu/benchmarks (also elsewhere)",
    "desktop_cpu_ms": 484.0,
    "desktop_cpu_plus_usb_edgetpu_ms": 49.0,
    "embedded_cpu_ms": 1763.0,
    "dev_board_edgetpu_ms": 56.0,
}
EXAMPLES = ((mlperf_inference, INFERENCE), (mlperf_tiny, TINY), (hailo, HAILO))


def write(path: Path, *rows: dict[str, Any]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def one(tmp_path: Path, row: dict[str, Any]) -> PublishedResult:
    (file,) = read_published([write(tmp_path / "x.csv", row)])
    (result,) = file.results
    return result


def left_out(tmp_path: Path, row: dict[str, Any]) -> list[str]:
    (file,) = read_published([write(tmp_path / "x.csv", row)])
    assert file.results == ()
    return list(file.left_out)


@pytest.mark.parametrize(("form", "row"), EXAMPLES)
def test_a_table_is_recognised_by_its_columns(tmp_path: Path, form, row) -> None:
    (file,) = read_published([write(tmp_path / "some name.txt", row)])
    assert file.title == form.TITLE
    for result in file.results:
        told = published_row(result)
        assert told["evidence"] == "PUBLISHED"
        assert told["citation"]["url"].startswith("https://")
        for key in ("latency_ms", "throughput_per_s", "accuracy", "power_w"):
            assert (told[key] is None) == (f"{key}_reason" in told), key


def test_single_stream_is_told_to_be_a_90th_percentile(tmp_path: Path) -> None:
    result = one(tmp_path, INFERENCE)
    assert (result.latency_ms, result.latency_percentile) == (0.35, 90)
    assert (result.network, result.device_name) == ("resnet50", "l4")
    assert result.accuracy == pytest.approx(0.76442)
    assert "90th percentile" in result.caveats[0]


def test_a_rate_is_that_of_one_accelerator(tmp_path: Path) -> None:
    row = {**INFERENCE, "scenario": "Offline", "units": "Samples/s", "result": "800"}
    result = one(tmp_path, {**row, "accelerators_per_node": "8"})
    assert (result.throughput_per_s, result.accelerators) == (100, 8)
    assert "a system of 8 accelerators: the rate is divided" in " ".join(result.caveats)


def test_a_latency_is_not_divided(tmp_path: Path) -> None:
    result = one(tmp_path, {**INFERENCE, "accelerators_per_node": "8"})
    assert result.latency_ms == 0.35
    assert "a system of 8 accelerators: not divided" in result.caveats


@pytest.mark.parametrize(
    ("model", "version", "counted"),
    [
        ("llama2-70b-99", "v4.0", "tokens"),
        ("mixtral-8x7b", "v4.1", "tokens"),
        ("gptj-99", "v4.1", "tokens"),
        ("gptj-99", "v4.0", "samples"),
        ("resnet", "v4.1", "samples"),
    ],
)
def test_wrong_units_are_corrected_and_told(
    tmp_path: Path, model: str, version: str, counted: str
) -> None:
    row = {**INFERENCE, "scenario": "Offline", "units": "Samples/s", "result": "80"}
    result = one(tmp_path, {**row, "model": model, "version": version})
    assert result.counted == counted
    assert (counted == "tokens") == any("labelled" in c for c in result.caveats)


def test_power_is_the_systems(tmp_path: Path) -> None:
    stream = {**INFERENCE, "power": "20.5", "power_units": "millijoules"}
    result = one(tmp_path, stream)
    assert (result.energy_mj, result.power_w) == (20.5, None)
    assert result.power_scope == "wall/system"
    offline = {**stream, "power_units": "Watts", "scenario": "Offline"}
    result = one(tmp_path, {**offline, "units": "Samples/s"})
    assert (result.energy_mj, result.power_w) == (None, 20.5)


def test_without_an_accelerator_the_host_ran_it(tmp_path: Path) -> None:
    row = {**INFERENCE, "accelerator": "-", "accelerators_per_node": "0"}
    result = one(tmp_path, {**row, "host": "NVIDIA Jetson AGX Orin's Cortex"})
    assert result.device.endswith("Cortex")
    assert (result.device_name, result.accelerators) == (None, 1)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("inferred", "1", "inferred from another scenario"),
        ("errors", "1", "the submission had errors"),
        ("scenario", "Interactive", "no known scenario"),
        ("result", "", "neither latency nor rate nor power"),
    ],
)
def test_what_proves_nothing_is_left_out_and_counted(
    tmp_path: Path, key: str, value: str, reason: str
) -> None:
    (told,) = left_out(tmp_path, {**INFERENCE, key: value})
    assert told.startswith(reason)


def test_tiny_tells_supply_and_energy(tmp_path: Path) -> None:
    result = one(tmp_path, TINY)
    assert (result.network, result.device_name) == ("mlperf-tiny-kws", "nucleo-l4r5zi")
    assert (result.latency_ms, result.energy_mj, result.power_w) == (99.5, 4.0, 0.04)
    assert "Operating at 1.8V" in result.caveats
    assert left_out(tmp_path, {**TINY, "benchmark": "sww"})


def test_hailo_counts_two_operations_a_mac(tmp_path: Path) -> None:
    (file,) = read_published([write(tmp_path / "x.csv", HAILO)])
    assert [(r.batch, r.throughput_per_s) for r in file.results] == [
        (1, 1300),
        (8, 1300),
    ]
    first = file.results[0]
    assert (first.macs, first.parameters) == (3_500_000_000, 25_500_000)
    assert first.accuracy == pytest.approx(74.8)


@pytest.mark.parametrize(
    ("arch", "cell", "accuracy", "caveat"),
    [
        ("HAILO8L", "74.9", 74.9, "printed as a degradation"),
        ("HAILO8", "74.9", None, "ambiguous"),
        ("HAILO8", "-0.2", 75.4, "less the printed degradation"),
        ("HAILO8", "0", 75.2, "less the printed degradation"),
    ],
)
def test_hailo_degradation_cells(
    tmp_path: Path, arch: str, cell: str, accuracy: float | None, caveat: str
) -> None:
    row = {**HAILO, "arch": arch, "hw_value": cell}
    (file,) = read_published([write(tmp_path / "x.csv", row)])
    assert file.results[0].accuracy == pytest.approx(accuracy)
    assert caveat in " ".join(file.results[0].caveats)
    assert left_out(tmp_path, {**row, "parse_misaligned": "True"})


def test_coral_is_four_devices_and_a_misprint_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    odd = {**CORAL, "model": "EfficientNet-EdgeTpu-S*", "desktop_cpu_ms": 5431}
    path.write_text(json.dumps({"source": "x", "rows": [CORAL, odd]}))
    (file,) = read_published([path])
    assert len(file.results) == 8
    assert {r.device_name for r in file.results} == {
        *(None, "coral-usb", "coral-dev-board")
    }
    assert {r.network for r in file.results[:4]} == {"resnet50"}
    assert all("18 %" in " ".join(r.caveats) for r in file.results)
    misprints = [r for r in file.results if "misprint" in " ".join(r.caveats)]
    assert [(r.model, r.device) for r in misprints] == [
        ("EfficientNet-EdgeTpu-S", "desktop CPU")
    ]


def test_all_bad_rows_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    bad = write(
        tmp_path / "a.csv",
        {**INFERENCE, "result": "fast", "url": "javascript:alert(1)"},
        {**INFERENCE, "accelerators_per_node": "-3", "submitter": ""},
        {**INFERENCE, "result": "-1", "location": "elsewhere"},
    )
    also = write(tmp_path / "b.csv", {**TINY, "latency_ms": "nan"})
    with pytest.raises(InputError) as caught:
        read_published([bad, also, tmp_path / "absent.csv"])
    told = "\n".join(caught.value.lines)
    for line in (
        "line 2, result: must be a number above 0, not 'fast'",
        "line 2, url: must begin with https://, not 'javascript:alert(1)'",
        "line 3, accelerators_per_node: must be a whole number, not '-3'",
        "line 3, submitter: is empty",
        "line 4, result: must be a number above 0, not '-1'",
        "b.csv': line 2, latency_ms: must be a number above 0, not 'nan'",
        "absent.csv': no such file",
    ):
        assert line in told, line


def test_two_rows_that_contradict_one_another_are_refused(tmp_path: Path) -> None:
    rows = (INFERENCE, INFERENCE, {**INFERENCE, "result": "2"})
    with pytest.raises(InputError, match="line 4, tells otherwise than an earlier"):
        read_published([write(tmp_path / "x.csv", *rows)])
    (file,) = read_published([write(tmp_path / "x.csv", *rows[:2])])
    assert len(file.results) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no rows|no known table"),
        ("a,b\n1,2\n", "no known table.*lacks"),
        ("a,b\n1\n", "line 2: must hold 2 cells"),
        ("a,b\n1,2,3\n", "line 2: must hold 2 cells"),
        ('a,b\n"1,2\n', "no CSV"),
        ("{", "no JSON"),
        ("[1]", "must be a list of objects"),
        ('{"rows": 3}', "must be a list of objects"),
        ("[]", "holds no rows"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        read_published([path])


CELL = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["0", "1", "-1", "1e999", "nan", "True", "Offline", "https://a"]),
)


@given(st.data())
def test_wild_cells_are_read_or_refused(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(FORMATS))
    names = sorted({*form.COLUMNS, "hw_notes", "status", "ref_model_macs"})
    row = data.draw(st.fixed_dictionaries({name: CELL for name in names}))
    cells = Cells(row)
    found = form.read(cells)
    assert isinstance(found, str) or all(
        isinstance(published_row(result), dict) for result in found
    )


def test_coral_without_an_address_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps([{**CORAL, "source": "somebody said"}]))
    with pytest.raises(InputError, match="row 1, source: names no address"):
        read_published([path])
    assert coral.TITLE
