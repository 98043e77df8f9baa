"""Models, data and metrics of a user's own, from the command line to the table."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.models import (
    write_linear,
    write_mean_colour,
    write_onnx,
    write_token_model,
)
from support.photos import write_photos

from tierbench.harness.cli import main
from tierbench.harness.profiles import SMOKE

ONNX, LITERT = "host-onnxruntime", "host-litert"
RNG = np.random.default_rng(8)

Rows = list[dict[str, Any]]
Run = Callable[..., Rows]


@pytest.fixture
def run(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Return a function that runs a sweep of model tables and returns its rows."""
    profile = replace(SMOKE, measured_min_s=0.02, case_limit_s=0.2)
    monkeypatch.setattr("tierbench.harness.run.PROFILES", {SMOKE.name: profile})

    def call(*models: str, target: str = ONNX, rest: str = "") -> Rows:
        sweep = tmp_path / "sweep.toml"
        tables = "".join(f"[[model]]\n{model}\n" for model in models)
        sweep.write_text(f'name = "own"\n{tables}[[target]]\nuse = "{target}"\n{rest}')
        assert main(["plan", str(sweep)]) == 0
        capsys.readouterr()
        store = f"sqlite:///{tmp_path}/results.db"
        status = main(["run", str(sweep), "--store", store, "--json"])
        out, err = capsys.readouterr()
        assert status == 0, err
        rows: Rows = json.loads(out)
        assert all(row["latency_ms"] is not None for row in rows)
        return rows

    return call


def accuracies(rows: Rows) -> dict[str, Mapping[str, Any]]:
    """Return each variant's accuracy."""
    return {row["variant"]: row["accuracy"] for row in rows}


def test_a_free_batch_is_judged_alike_in_every_batch(tmp_path: Path, run: Run) -> None:
    write_linear(tmp_path / "m.onnx", np.eye(6))
    inputs = RNG.random((50, 6), np.float32)
    labels = inputs.argmax(axis=1)
    labels[:5] = (labels[:5] + 1) % 6
    np.savez(tmp_path / "d.npz", x=inputs, labels=labels)
    model = 'path = "m.onnx"\ndata = "d.npz"'
    rows = run(model, rest="[workload]\nbatch = [1, 8, 64]\n")
    assert [row["batch"] for row in rows] == [1, 8, 64]
    for row in rows:
        assert row["accuracy"]["value"] == 0.9
        assert row["accuracy"]["n"] == 50
        assert row["accuracy"]["metric"] == "top1"
    (row,) = run(f'{model}\nmetric = "top2"\nname = "other"')
    assert row["accuracy"]["metric"] == "top2"
    assert row["accuracy"]["value"] > 0.9


def test_weights_in_a_file_beside_are_measured_and_quantised(
    tmp_path: Path, run: Run
) -> None:
    weights = RNG.normal(size=(64, 8))
    beside = {"location": "w.bin", "save_as_external_data": True, "size_threshold": 0}
    write_linear(tmp_path / "m.onnx", weights, **beside)
    inputs = RNG.normal(size=(200, 64)).astype(np.float32)
    labels = (inputs @ weights).argmax(axis=1)
    np.savez(tmp_path / "d.npz", x=inputs[:150], labels=labels[:150])
    np.savez(tmp_path / "c.npz", x=inputs[150:])
    rows = run(
        'path = "m.onnx"\ndata = "d.npz"\ncalibration = "c.npz"\n'
        'variants = ["fp32", "int8"]'
    )
    found = accuracies(rows)
    assert found["fp32"]["value"] == 1.0
    assert found["int8"]["value"] > 0.9
    assert {row["variant"]: row["weight_bits"] for row in rows} == {
        "fp32": 32,
        "int8": 8,
    }
    assert rows[0]["size_bytes"] > (tmp_path / "w.bin").stat().st_size


def test_two_inputs_one_of_them_of_token_ids(tmp_path: Path, run: Run) -> None:
    write_token_model(tmp_path / "m.onnx")
    ids = RNG.integers(0, 8, (30, 4))
    mask = np.ones((30, 4), np.float32)
    np.savez(tmp_path / "d.npz", ids=ids, mask=mask, labels=np.arange(30) % 2)
    without, judged = run(
        'path = "m.onnx"\nname = "without"',
        'path = "m.onnx"\nname = "judged"\ndata = "d.npz"\nmetric = "auc"',
    )
    assert without["accuracy"] is None
    assert without["accuracy_reason"] == "no evaluation data was given"
    assert judged["accuracy"]["metric"] == "auc"
    assert 0 < judged["accuracy"]["value"] < 1


@pytest.mark.parametrize("channels_first", [True, False])
def test_a_folder_of_images_in_either_order_of_axes(
    tmp_path: Path, run: Run, channels_first: bool
) -> None:
    write_mean_colour(tmp_path / "m.onnx", channels_first=channels_first)
    labels = np.arange(24) % 3
    pixels = RNG.integers(0, 128, (24, 10, 12, 3))
    pixels[np.arange(24), :, :, labels] += 120
    colours = np.array(["red", "green", "blue"])
    folder = write_photos(tmp_path / "photos", pixels, list(colours[labels]))
    (folder / "classes.txt").write_text("red\ngreen\nblue\n")
    model = 'path = "m.onnx"\ndata = "photos"\nimage_mean = [0.5, 0.5, 0.5]\n'
    (row,) = run(model + "image_std = 0.25")
    assert row["accuracy"]["value"] == 1.0
    assert row["accuracy"]["n"] == 24


def test_how_images_became_inputs_is_kept_with_the_run(
    tmp_path: Path, run: Run
) -> None:
    from tierbench.harness.store import Store

    write_mean_colour(tmp_path / "m.onnx", channels_first=True)
    pixels = RNG.integers(0, 255, (4, 8, 9, 3))
    write_photos(tmp_path / "photos", pixels, [0, 1, 2, 0])
    run('path = "m.onnx"\ndata = "photos"\nimage_std = 0.5')
    with Store.open(f"sqlite:///{tmp_path}/results.db") as store:
        (kept,) = store.runs()[0].sweep["images"]
    assert (kept["model"], kept["data"]) == ("m", "photos")
    assert kept["resized"] == "bilinear, 4 of 4 images"
    assert (kept["channels_first"], kept["std"]) == (True, [0.5])


@pytest.fixture(scope="module")
def defects() -> tuple[np.ndarray, np.ndarray]:
    """Return pixels [n, height, width] and labels of a reference model's data."""
    from tierbench.models.defect import model

    evaluation = model.evaluation()
    (images,) = evaluation.inputs.values()
    pixels = np.rint(images[:240, :, :, 0] * 255).astype(np.uint8)
    return pixels, evaluation.labels[:240]


@pytest.mark.parametrize(("suffix", "target"), [("onnx", ONNX), ("tflite", LITERT)])
def test_a_file_is_quantised_by_images_and_judged_by_others(
    tmp_path: Path, run: Run, defects, suffix: str, target: str
) -> None:
    pixels, labels = defects
    shipped = files("tierbench.models.defect") / f"defect.{suffix}"
    (tmp_path / f"mine.{suffix}").write_bytes(shipped.read_bytes())
    write_photos(tmp_path / "photos", pixels[:160], labels[:160].tolist())
    write_photos(tmp_path / "calibration", pixels[160:], [""] * 80)
    images = pixels[..., None] / np.float32(255)
    np.savez(tmp_path / "photos.npz", input=images[:160], labels=labels[:160])
    np.savez(tmp_path / "calibration.npz", input=images[160:])
    variants = f'path = "mine.{suffix}"\nvariants = ["fp32", "int8"]\n'
    by_files = run(
        variants + 'data = "photos.npz"\ncalibration = "calibration.npz"',
        target=target,
    )
    by_images = run(
        variants + 'data = "photos"\ncalibration = "calibration"', target=target
    )
    assert accuracies(by_images) == accuracies(by_files)
    found = accuracies(by_images)
    assert found["fp32"]["value"] > 0.8
    assert found["int8"]["value"] > found["fp32"]["value"] - 0.05
    sizes = {row["variant"]: row["size_bytes"] for row in by_images}
    assert sizes["int8"] < 0.6 * sizes["fp32"]


def test_the_way_from_the_file_is_kept(tmp_path: Path, run: Run) -> None:
    from tierbench.harness.hashing import file_sha256
    from tierbench.harness.store import Store

    path = write_linear(tmp_path / "m.onnx", RNG.normal(size=(8, 4)))
    np.savez(tmp_path / "c.npz", x=RNG.random((30, 8), np.float32))
    run('path = "m.onnx"\nvariants = ["fp32", "int8"]\ncalibration = "c.npz"')
    with Store.open(f"sqlite:///{tmp_path}/results.db") as store:
        variants = {r.case.variant.name: r.case.variant for r in store.results()}
    first = {"step": "file", "name": "m.onnx", "sha256": file_sha256(path)}
    assert variants["fp32"].lineage == (first,)
    assert variants["int8"].lineage[0] == first
    assert variants["int8"].lineage[1]["recipe"] == "int8"
    calibration = variants["int8"].lineage[1]["calibration_sha256"]
    assert calibration == file_sha256(tmp_path / "c.npz")


def test_a_regression_is_judged_by_its_error(tmp_path: Path, run: Run) -> None:
    weights = RNG.normal(size=(5, 2))
    write_linear(tmp_path / "m.onnx", weights)
    inputs = RNG.normal(size=(60, 5)).astype(np.float32)
    off = RNG.normal(size=(60, 2))
    np.savez(tmp_path / "d.npz", x=inputs, labels=inputs @ weights + off)
    (row,) = run('path = "m.onnx"\ndata = "d.npz"')
    found = row["accuracy"]
    assert (found["metric"], found["n"]) == ("mae", 60)
    assert found["value"] == pytest.approx(np.abs(off).mean(), rel=1e-4)
    assert found["ci95"][0] < found["value"] < found["ci95"][1]


def test_a_regression_in_whole_numbers_is_judged_in_real_ones(
    tmp_path: Path, run: Run
) -> None:
    """The file's int8 output has a scale; labels are in the scale's unit."""
    scale = np.array(0.25, np.float32)
    write_onnx(
        tmp_path / "m.onnx",
        [
            ("QuantizeLinear", ["x", "scale", "zero"], "q"),
            ("DequantizeLinear", ["q", "scale", "zero"], "y"),
        ],
        {"x": (np.float32, ["batch", 1])},
        ("y", ["batch", 1]),
        {"scale": scale, "zero": np.array(0, np.int8)},
    )
    from onnx import TensorProto, load, save

    model = load(tmp_path / "m.onnx")
    del model.graph.node[1]
    model.graph.output[0].name = "q"
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT8
    save(model, tmp_path / "m.onnx")
    values = np.arange(-20, 20, dtype=np.float32)[:, None] / 4
    np.savez(tmp_path / "d.npz", x=values, labels=values + 0.125)
    (row,) = run('path = "m.onnx"\ndata = "d.npz"')
    assert row["accuracy"]["value"] == pytest.approx(0.125)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_binary_classifier_is_judged_by_its_ranks(
    tmp_path: Path, run: Run, outputs: int
) -> None:
    weights = np.zeros((3, outputs))
    weights[0, -1] = 1
    write_linear(tmp_path / "m.onnx", weights)
    labels = np.arange(80) % 2
    inputs = RNG.normal(size=(80, 3)) + labels[:, None]
    np.savez(tmp_path / "d.npz", x=inputs.astype(np.float32), labels=labels)
    (row,) = run('path = "m.onnx"\ndata = "d.npz"\nmetric = "auc"')
    own, rest = inputs[labels == 1, 0], inputs[labels == 0, 0]
    found = row["accuracy"]
    assert found["value"] == pytest.approx((own[:, None] > rest).mean())
    assert found["ci95"][0] < found["value"] < found["ci95"][1]


PUBLISHED = os.environ.get("TIERBENCH_PUBLISHED")


@pytest.mark.skipif(not PUBLISHED, reason="TIERBENCH_PUBLISHED names no folder")
@pytest.mark.parametrize(
    ("name", "shape", "variants"),
    [
        ("kws_ref_model", (49, 10, 1), ""),
        ("vww_96_int8", (96, 96, 3), ""),
        ("ad01_fp32", (640,), 'variants = ["fp32", "fp16"]'),
        ("pretrainedResnet", (32, 32, 3), 'variants = ["fp32", "fp16"]'),
    ],
)
def test_published_models_are_measured(
    tmp_path: Path, run: Run, name: str, shape: tuple[int, ...], variants: str
) -> None:
    """They come without the data that they were judged by; these are made up."""
    folder = Path(str(PUBLISHED)) / "mlperf_tiny_models"
    content = (folder / f"{name}.tflite").read_bytes()
    (tmp_path / f"{name}.tflite").write_bytes(content)
    values = RNG.random((40, *shape), np.float32)
    labels = values if shape == (640,) else np.arange(40) % 2
    np.savez(tmp_path / "d.npz", x=values, labels=labels)
    rows = run(f'path = "{name}.tflite"\ndata = "d.npz"\n{variants}', target=LITERT)
    assert len(rows) == 1 + variants.count('", "')
    for row in rows:
        assert row["accuracy"]["metric"] == ("mae" if shape == (640,) else "top1")
