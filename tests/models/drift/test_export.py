"""What is exported runs where there is Python, NumPy and nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tierbench.harness import registry
from tierbench.harness.errors import DataError, InputError
from tierbench.models.drift import monitor
from tierbench.models.drift.export import export_file, export_reference
from tierbench.models.drift.streams import stream
from tierbench.models.prediction import runner
from tierbench.models.splits import Split

WINDOW = 25

ALONE = """
import sys
for name in ("tierbench", "onnx", "onnxruntime", "scipy", "sqlalchemy"):
    sys.modules[name] = None  # an import of it fails
sys.path[:0] = [".", {site!r}]
import json
import numpy as np
from drift_monitor import Monitor, load
monitor = Monitor(load("drift.state"))
rows = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, {size})
found = [v for v in map(monitor.observe, rows) if v is not None]
print(json.dumps([[v.alarm, v.mmd2] for v in found]))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "device"
    return export_reference("bearing", "int8", "tflite", 500, WINDOW, 0.01, out)


@pytest.fixture(scope="module")
def embedded(exported):
    shifts = registry.find(registry.SHIFTS, "bearing")
    split = Split(seed=77, samples=4 * WINDOW)

    def embed(severity: int) -> np.ndarray:
        drawn = next(shifts.inputs(split, shifts.find("roughness"), severity))
        return runner(exported.model)(drawn)[1].reshape(len(drawn), -1)

    return embed


def alone(folder: Path, embeddings: np.ndarray) -> list[list]:
    site = str(Path(np.__file__).parents[1])
    code = ALONE.format(site=site, size=embeddings.shape[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=folder,
        input=embeddings.astype("<f4").tobytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_folder_holds_three_files_and_no_sample(exported):
    folder = exported.state.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "drift.state",
        "drift_monitor.py",
        "model.tflite",
    ]
    source = Path(str(monitor.__file__))
    assert exported.module.read_bytes() == source.read_bytes()
    # features and their mean: no room for 500 embeddings, let alone inputs
    assert exported.state.stat().st_size < 4 * 256 * (96 + 2) + 2_000


def test_it_runs_in_a_bare_process_and_tells_shifted_from_clean(exported, embedded):
    folder = exported.state.parent
    clean, shifted = (alone(folder, embedded(severity)) for severity in (0, 5))
    assert len(clean) == len(shifted) == 4
    assert [alarm for alarm, _ in shifted] == [True] * 4
    assert sum(alarm for alarm, _ in clean) <= 1
    here = monitor.Monitor(monitor.load(exported.state))
    verdicts = [v for v in map(here.observe, embedded(0)) if v is not None]
    assert [v.mmd2 for v in verdicts] == pytest.approx([m for _, m in clean], abs=1e-6)


def test_the_state_says_what_was_watched(exported):
    about = monitor.load(exported.state).about
    assert about["model"] == "bearing"
    assert about["variant"] == "int8"
    assert about["layer"].startswith("penultimate activations")
    assert len(about["model_sha256"]) == 64


def test_a_second_export_is_the_same_to_the_last_byte(exported, tmp_path):
    again = export_reference(
        "bearing", "int8", "tflite", 500, WINDOW, 0.01, tmp_path / "again"
    )
    for name in ("state", "module", "model"):
        first, second = getattr(exported, name), getattr(again, name)
        assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> Path:
    shifts = registry.find(registry.SHIFTS, "bearing")
    drawn = next(shifts.inputs(stream(shifts, "reference", 300)))
    path = tmp_path_factory.mktemp("npz") / "reference.npz"
    np.savez(path, x=drawn)
    return path


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_a_file_of_ones_own_is_watched_against_ones_own_samples(
    shipped, samples, tmp_path, format
):
    source = shipped("bearing").file(format)
    found = export_file(source, samples, WINDOW, 0.05, tmp_path / "out")
    assert found.monitored.reference_samples == 300
    assert found.monitored.about["variant"] == "bearing"


def test_samples_that_do_not_do_are_refused(shipped, samples, tmp_path):
    source, out = shipped("bearing").file("onnx"), tmp_path / "out"
    with pytest.raises(DataError, match="300 reference samples for windows of 200"):
        export_file(source, samples, 200, 0.05, out)
    with pytest.raises(DataError, match="false-alarm rate of 2"):
        export_file(source, samples, WINDOW, 2.0, out)
    np.savez(tmp_path / "nan.npz", input=np.full((300, 1, 1024, 1), np.nan, "f4"))
    with pytest.raises(DataError, match="holds nan at"):
        export_file(source, tmp_path / "nan.npz", WINDOW, 0.05, out)
    np.savez(tmp_path / "shape.npz", input=np.ones((300, 9), "f4"))
    with pytest.raises(DataError, match="shape"):
        export_file(source, tmp_path / "shape.npz", WINDOW, 0.05, out)
    assert not out.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--out .* cannot be written"):
        export_reference(
            "bearing", "fp32", None, 300, WINDOW, 0.05, tmp_path / "file" / "x"
        )
