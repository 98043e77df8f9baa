"""Wrong variants, calibration, images and metrics: one line each, nothing measured."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.complaints import Done, check, dump
from support.models import write_linear, write_mean_colour, write_token_model
from support.photos import write_photos

RNG = np.random.default_rng(9)
ROWS = RNG.random((40, 6), np.float32)
HALVES = np.arange(40) % 2


@pytest.fixture
def own(folder: Path) -> Path:
    """Return a folder with models, data and images that are right."""
    write_linear(folder / "linear.onnx", np.eye(6)[:, :3])
    write_mean_colour(folder / "colour.onnx", channels_first=True)
    write_token_model(folder / "tokens.onnx")
    np.savez(folder / "d.npz", x=ROWS, labels=HALVES)
    np.savez(folder / "numbers.npz", x=ROWS, labels=HALVES / 2)
    np.savez(folder / "bare.npz", x=ROWS)
    np.savez(folder / "c.npz", x=1 + ROWS)
    np.savez(folder / "narrow.npz", x=ROWS[:, :5])
    np.savez(folder / "few.npz", x=1 + ROWS[:7])
    np.savez(folder / "nan.npz", x=np.where(ROWS > 0.9, np.nan, ROWS))
    photos = RNG.integers(0, 255, (6, 8, 8, 3))
    write_photos(folder / "photos", photos, [0, 1, 2, 0, 1, 2])
    return folder


LINEAR = 'path = "linear.onnx"\n'
COLOUR = 'path = "colour.onnx"\n'
INT8 = LINEAR + 'variants = ["fp32", "int8"]\n'

WRONG: dict[str, tuple[str, list[str]]] = {
    "calibration that does not fit": (
        INT8 + 'calibration = "narrow.npz"',
        ["'narrow'", "shape (5,)", "takes (6,)"],
    ),
    "calibration of too few samples": (
        LINEAR + 'variants = ["int8", "int4", "mixed"]\ncalibration = "few.npz"',
        ["calibration 'few.npz': 7 samples; give 8 at least", "ranges"],
    ),
    "calibration that is not finite": (
        INT8 + 'calibration = "nan.npz"',
        ["'x'", "finite"],
    ),
    "calibration that is evaluated": (
        INT8 + 'data = "d.npz"\ncalibration = "bare.npz"',
        ["calibration 'bare.npz': 40 of its 40 samples", "'d.npz'"],
    ),
    "calibration by images for no image model": (
        INT8 + 'calibration = "photos"',
        ["images fit an input of height x width", "(6,)"],
    ),
    "evaluation data that do not fit any variant": (
        INT8 + 'data = "narrow.npz"\ncalibration = "c.npz"',
        ["'narrow'", "takes (6,)"],
    ),
    "a metric without labels": (
        LINEAR + 'data = "bare.npz"\nmetric = "top1"',
        ["'bare': no labels, which metric 'top1' needs"],
    ),
    "a metric of classes for numbers": (
        LINEAR + 'data = "numbers.npz"\nmetric = "top1"',
        ["metric 'top1': labels are numbers"],
    ),
    "more classes than scores": (
        LINEAR + 'data = "d.npz"\nmetric = "top5"',
        ["metric 'top5': the model puts out 3 scores", "more than 5"],
    ),
    "a class that no label names": (
        LINEAR + 'data = "d.npz"\nmetric = "auc"',
        ["metric 'auc': class 2 is the label of 0 samples"],
    ),
    "an error of other outputs": (
        LINEAR + 'data = "d.npz"\nmetric = "mae"',
        ["metric 'mae': the model puts out 3 numbers", "labels have 1"],
    ),
    "images for two inputs": (
        'path = "tokens.onnx"\ndata = "photos"',
        ["images fit a model with one input; this one has 2"],
    ),
    "images for no image input": (
        LINEAR + 'data = "photos"',
        ["images fit an input of height x width x 1 or 3 channels"],
    ),
    "means of other channels": (
        COLOUR + 'data = "photos"\nimage_mean = [0.5, 0.5]',
        ["image_mean has 2 numbers; input 'image' has 3 channels"],
    ),
}


def wrong_sweep(folder: Path, model: str) -> Path:
    sweep = folder / "wrong.toml"
    sweep.write_text(f'name = "x"\n[[model]]\n{model}\n[[target]]\nuse = "sim"\n')
    return sweep


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_wrong_is_told_once_and_nothing_is_measured(
    own: Path, cli: Callable[..., Done], name: str
) -> None:
    model, words = WRONG[name]
    sweep, before = wrong_sweep(own, model), dump(own / "results.db")
    done = cli("run", sweep, "--store", f"sqlite:///{own}/results.db")
    check(done, 2, str(sweep), "model[0]: ", *words, lines=1)
    assert dump(own / "results.db") == before


def test_a_quantised_file_has_no_variants(own: Path, cli: Callable[..., Done]) -> None:
    from tierbench.models.defect import model

    int8 = model.build("int8", "tflite", own / "variants")
    (own / "int8.tflite").write_bytes(int8.path.read_bytes())
    done = cli("plan", wrong_sweep(own, 'path = "int8.tflite"\nvariants = "fp32"'))
    check(done, 2, "int8.tflite", "fp32 file", "have 8 bits", "leave", lines=1)


def test_every_recipe_that_fails_is_told(own: Path, cli: Callable[..., Done]) -> None:
    """The runtime that recipes calibrate with does not know this file's operator."""
    from onnx import load, save

    graph = load(own / "linear.onnx")
    graph.graph.node[0].op_type = "NoSuchOperator"
    save(graph, own / "odd.onnx")
    text = 'path = "odd.onnx"\nvariants = ["int8", "int4"]\ncalibration = "c.npz"'
    done = cli("plan", wrong_sweep(own, text))
    check(done, 2, "variant 'int8': ", "variant 'int4': ", "odd.onnx", lines=2)


def test_recipes_that_do_not_apply_are_told_before_any_is_applied(
    own: Path, cli: Callable[..., Done]
) -> None:
    (own / "net.tflite").write_bytes(b"not even read")
    asked = '["int8-entropy", "int4-uniform", "mixed(2)", "int8(2)", "int8"]'
    done = cli("plan", wrong_sweep(own, f'path = "net.tflite"\nvariants = {asked}'))
    check(
        done,
        2,
        "'int8-entropy' is for onnx files, not tflite: ai-edge-quantizer keeps",
        "'int4-uniform' is for onnx files, not tflite: ai-edge-quantizer has",
        "'mixed(2)': must be given the share of weights",
        "'int8(2)': recipe 'int8' takes nothing",
        "'int8' needs samples",
        lines=5,
    )


def test_building_tells_all_that_cannot_be_built(
    own: Path, cli: Callable[..., Done]
) -> None:
    wanted = ("int8", "mixed(nan)", "int9", "int4-weights")
    options = [part for name in wanted for part in ("--variant", name)]
    done = cli("models", "build", own / "linear.onnx", *options)
    check(
        done,
        2,
        "'int8' needs calibration samples",
        "'mixed(nan)': must be given the share",
        "no recipe 'int9'",
        lines=3,
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite(
    own: Path, cli: Callable[..., Done], bad: float
) -> None:
    weights = np.eye(6)[:, :3]
    weights[2, 1] = bad
    write_linear(own / "linear.onnx", weights)
    done = cli("plan", wrong_sweep(own, LINEAR + 'variants = "int4-weights"'))
    check(done, 2, "'int4-weights'", "weights 'w' hold NaN or infinity", lines=1)


DAMAGE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "an absent image": (lambda folder: (folder / "1.png").unlink(), ["'1.png'", "No"]),
    "a cut image": (
        lambda folder: (folder / "1.png").write_bytes(
            (folder / "1.png").read_bytes()[:60]
        ),
        ["image '1.png': not a whole", "save it again"],
    ),
    "a text": (
        lambda folder: (folder / "1.png").write_text("hello"),
        ["image '1.png': not a whole"],
    ),
    "images elsewhere": (
        lambda folder: (folder / "labels.csv").write_text("file,label\n../d.npz,1\n"),
        ["'../d.npz' lies outside the folder"],
    ),
    "another header": (
        lambda folder: (folder / "labels.csv").write_text("image,label\n1.png,1\n"),
        ["labels.csv", "'file,label' is valid"],
    ),
    "no rows": (
        lambda folder: (folder / "labels.csv").write_text("file,label\n"),
        ["labels.csv", "names no images"],
    ),
}


@pytest.mark.parametrize("name", sorted(DAMAGE))
@pytest.mark.parametrize("key", ["data", "calibration"])
def test_a_damaged_folder_of_images(
    own: Path, cli: Callable[..., Done], name: str, key: str
) -> None:
    damage, words = DAMAGE[name]
    damage(own / "photos")
    variants = 'variants = ["fp32", "int8"]\n' if key == "calibration" else ""
    done = cli("plan", wrong_sweep(own, f'{COLOUR}{variants}{key} = "photos"'))
    check(done, 2, "model[0]: data ", *words, lines=1)


def test_images_of_somebody_else(
    open_folder: Path, cli: Callable[..., Done], nobody
) -> None:
    write_mean_colour(open_folder / "colour.onnx", channels_first=False)
    photos = write_photos(open_folder / "photos", [np.zeros((8, 8, 3))], [0])
    photos.chmod(0o755)
    sweep = wrong_sweep(open_folder, COLOUR + 'data = "photos"')
    assert cli("plan", sweep).status == 0  # others may not start this Python at all
    (photos / "0.png").chmod(0o600)
    with nobody():
        done = cli("plan", sweep)
    check(done, 2, "'0.png'", "Permission denied", lines=1)
