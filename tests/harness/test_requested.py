"""Variants of a user's own file: what is made, what is refused, and how it is told."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from support.models import write_linear

from tierbench.harness import registry
from tierbench.harness.errors import InputError, ModelError, NotFound
from tierbench.harness.model import BuiltVariant
from tierbench.harness.requested import RequestedModel
from tierbench.harness.sources import evaluation_origin
from tierbench.harness.sweep import ModelRequest


class Copy:
    """A recipe that copies the file and keeps what it was called with."""

    formats = ("onnx",)
    summary = "a copy"
    reasons: ClassVar = {}

    def __init__(self, name: str, problem: str | None = None) -> None:
        self.name = name
        self.calls: list[tuple] = []
        self._problem = problem

    def calibrated(self, format: str) -> bool:
        return self.name != "plain"

    def build(self, source, format, calibration, cache) -> BuiltVariant:
        self.calls.append((source, format, calibration, cache))
        if self._problem:
            raise ModelError(self._problem)
        cache.mkdir(parents=True, exist_ok=True)
        path = cache / f"{self.name}.onnx"
        path.write_bytes(source.read_bytes())
        return BuiltVariant(
            path=path,
            recipe=self.name,
            weight_bits=7,
            activation_bits=9,
            lineage=({"step": "recipe", "recipe": self.name},),
        )


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Copy]:
    """Return the only recipes that are installed."""
    found = {"plain": Copy("plain"), "scaled": Copy("scaled")}

    def find(group: str, name: str):
        assert group == registry.RECIPES
        return found[name]

    monkeypatch.setattr(registry, "find", find)
    return found


def requested(path: Path, *variants: str, **fields) -> RequestedModel:
    empty = {"use": None, "data_use": None, "data_path": None}
    request = ModelRequest(
        **{"name": "m", "path": path, "variants": variants, **empty, **fields}
    )
    return RequestedModel(request, evaluation_origin(request))


def arrays(path: Path, start: int, n: int) -> Path:
    rows = np.arange(start, start + n, dtype=np.float32)[:, None] * np.ones(4)
    np.savez(path, x=rows.astype(np.float32), labels=np.zeros(n, int))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_linear(tmp_path / "m.onnx", np.eye(4))


def test_a_file_without_variants_is_measured_as_it_is(path: Path) -> None:
    ((variant, data),) = requested(path).variants(("onnx",))
    assert (variant.name, variant.weight_bits, variant.lineage) == ("as is", 32, ())
    assert variant.path == path
    assert data is None


def test_fp32_is_the_file_itself_and_others_are_made(
    path: Path, tmp_path: Path, recipes
) -> None:
    calibration = arrays(tmp_path / "c.npz", 100, 9)
    model = requested(path, "plain", "fp32", "scaled", calibration=calibration)
    plain, fp32, scaled = (variant for variant, _ in model.variants(("onnx",)))
    assert (fp32.path, fp32.weight_bits) == (path, 32)
    assert [v.name for v in (plain, fp32, scaled)] == ["plain", "fp32", "scaled"]
    assert (plain.weight_bits, plain.activation_bits) == (32, 32)  # the file's own
    assert [step["step"] for step in plain.lineage] == ["file", "recipe"]
    ((source, format, given, cache),) = recipes["scaled"].calls
    assert (source, format) == (path, "onnx")
    assert len(given.load()["x"]) == 9
    assert fp32.sha256[:32] in cache.parts
    assert recipes["plain"].calls[0][2] is None


def test_variants_are_made_once_whatever_is_asked(path: Path, recipes) -> None:
    model = requested(path, "plain")
    assert model.variants(("onnx",)) == model.variants(("onnx", "tflite"))
    assert len(recipes["plain"].calls) == 1


def test_every_variant_that_cannot_be_made_is_told(
    path: Path, tmp_path: Path, recipes
) -> None:
    recipes["plain"] = Copy("plain", "no such operator")
    recipes["scaled"] = Copy("scaled", "no scale")
    calibration = arrays(tmp_path / "c.npz", 100, 9)
    model = requested(path, "plain", "fp32", "scaled", calibration=calibration)
    with pytest.raises(InputError) as caught:
        model.variants(("onnx",))
    assert caught.value.lines == (
        "variant 'plain': no such operator",
        "variant 'scaled': no scale",
    )


def test_data_that_do_not_fit_are_told_once(
    path: Path, tmp_path: Path, recipes
) -> None:
    data = tmp_path / "d.npz"
    np.savez(data, x=np.zeros((3, 5), np.float32))
    with pytest.raises(InputError, match=r"shape \(5,\)") as caught:
        requested(path, "fp32", "plain", data_path=data).variants(("onnx",))
    assert len(caught.value.lines) == 1
    assert not recipes["plain"].calls


@pytest.mark.parametrize(
    ("dtype", "bits"), [(np.float16, "have 16 bits"), (np.int8, "cannot be counted")]
)
def test_variants_are_made_of_fp32_files_only(
    tmp_path: Path, recipes, dtype, bits: str
) -> None:
    from onnx import numpy_helper

    path = write_linear(tmp_path / "m.onnx", np.eye(4))
    import onnx

    model = onnx.load(path)
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    stored = numpy_helper.from_array(np.eye(4, dtype=dtype), "w")
    model.graph.initializer[0].CopyFrom(stored)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = kind
    onnx.save(model, path)
    with pytest.raises(ModelError, match=f"fp32 file, .*{bits}; leave"):
        requested(path, "fp32").variants(("onnx",))
    assert requested(path).variants(("onnx",))


def test_samples_in_common_are_refused(path: Path, tmp_path: Path, recipes) -> None:
    data = arrays(tmp_path / "d.npz", 0, 30)
    calibration = arrays(tmp_path / "c.npz", 28, 30)
    model = requested(path, "scaled", data_path=data, calibration=calibration)
    with pytest.raises(InputError, match="2 of its 30 samples are also in"):
        model.variants(("onnx",))


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        ("top4", "'top4': the model puts out 4 scores"),
        ("auc", "'auc': class 1 is the label of 0 samples"),
        ("mae", "'mae': the model puts out 4 numbers for each sample, labels have 1"),
    ],
)
def test_a_metric_that_cannot_judge_is_told_before_anything_runs(
    path: Path, tmp_path: Path, metric: str, problem: str
) -> None:
    data = arrays(tmp_path / "d.npz", 0, 30)
    with pytest.raises(InputError, match=problem):
        requested(path, data_path=data, metric=metric).variants(("onnx",))
    assert requested(path, data_path=data, metric="top3").variants(("onnx",))
    assert requested(path, data_path=data).variants(("onnx",))


class Reference:
    """A reference model of which one variant exists in one format only."""

    name = "small"
    formats = ("onnx", "tflite")
    variants = ("fp32", "odd")
    evaluation_sha256 = "ab" * 32

    def __init__(self, path: Path) -> None:
        self.built: list[tuple[str, str]] = []
        self._path = path

    def build(self, variant: str, format: str, cache: Path) -> BuiltVariant:
        if variant not in self.variants or (variant, format) != ("odd", "onnx"):
            raise NotFound(f"format of variant {variant!r}", format, ["onnx"])
        self.built.append((variant, format))
        return BuiltVariant(
            path=self._path,
            recipe=variant,
            weight_bits=4,
            activation_bits=8,
            lineage=(),
        )


def reference(path: Path, monkeypatch: pytest.MonkeyPatch) -> RequestedModel:
    model = Reference(path)
    monkeypatch.setattr(registry, "find", lambda group, name: model)
    request = ModelRequest(
        name="small",
        use="small",
        path=None,
        variants=("odd",),
        data_use=None,
        data_path=None,
    )
    return RequestedModel(request, None)


def test_a_variant_that_lacks_a_targets_format_comes_in_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = reference(path, monkeypatch)
    for formats in (("tflite",), ("tflite", "onnx"), ("onnx",)):
        ((variant, _),) = model.variants(formats)
        assert (variant.name, variant.format) == ("odd", "onnx")


def test_a_variant_without_any_format_is_a_mistake_that_names_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = reference(path, monkeypatch)
    monkeypatch.setattr(Reference, "variants", ())
    with pytest.raises(ModelError, match="variant 'odd' of model 'small' exists in no"):
        model.variants(("onnx",))
