import ast
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.models.drift import monitor
from tierbench.models.drift.detector import Streaming
from tierbench.models.drift.monitor import (
    FORMAT,
    EmbeddingError,
    Monitor,
    State,
    StateError,
    load,
    save,
)

WINDOW = 20


@pytest.fixture(scope="module")
def streaming(embeddings) -> Streaming:
    return Streaming(embeddings(1, 400), WINDOW, np.random.default_rng(0))


@pytest.fixture(scope="module")
def state(streaming) -> State:
    return streaming.state(0.05, {"model": "m"})


@pytest.fixture(scope="module")
def content(state, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("state") / "drift.state"
    save(state, path)
    return path.read_bytes()


def loaded(tmp_path: Path, content: bytes) -> State:
    path = tmp_path / "x.state"
    path.write_bytes(content)
    return load(path)


def changed(content: bytes, **keys: object) -> bytes:
    told, _, payload = content[len(FORMAT) :].partition(b"\n")
    header = {**json.loads(told), **keys}
    return FORMAT + json.dumps(header).encode() + b"\n" + payload


def test_a_state_survives_its_file(state, content, tmp_path):
    found = loaded(tmp_path, content)
    for name in ("frequencies", "reference_mean"):
        assert np.array_equal(getattr(found, name), getattr(state, name))
    for name in ("window", "threshold", "reference_samples", "false_alarm_rate"):
        assert getattr(found, name) == getattr(state, name)
    assert found.about == {"model": "m"}


def test_a_verdict_comes_at_the_end_of_each_window_and_is_the_detectors(
    state, streaming, embeddings
):
    samples = embeddings(2, 3 * WINDOW + 5, shift=0.2)
    watching = Monitor(state)
    verdicts = [watching.observe(sample) for sample in samples]
    ends = [n for n, verdict in enumerate(verdicts) if verdict is not None]
    assert ends == [WINDOW - 1, 2 * WINDOW - 1, 3 * WINDOW - 1]
    found = [verdict for verdict in verdicts if verdict is not None]
    expected = streaming.statistics(samples)
    assert [v.mmd2 for v in found] == pytest.approx(expected, abs=1e-6)
    assert all(v.alarm == (v.mmd2 > state.threshold) for v in found)
    assert all(v.samples == WINDOW for v in found)


def test_the_estimate_is_unbiased_for_a_window_of_the_same_world(state, embeddings):
    watching = Monitor(state)
    verdicts = [watching.observe(sample) for sample in embeddings(3, 4_000)]
    found = [verdict.mmd2 for verdict in verdicts if verdict is not None]
    assert np.mean(found) == pytest.approx(0.0, abs=3 * np.std(found) / 200**0.5)


def test_memory_is_constant_and_no_sample_is_kept(state, embeddings):
    watching = Monitor(state)
    before = watching.state_bytes
    samples = embeddings(4, WINDOW - 1)
    for sample in samples:
        watching.observe(sample)
    assert watching.state_bytes == before
    kept = [value for value in vars(watching).values() if isinstance(value, np.ndarray)]
    assert [array.size for array in kept] == [2 * len(state.frequencies)]
    assert not any(np.shares_memory(array, samples) for array in kept)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (np.zeros(23), "of 23 numbers; the reference's have 24"),
        (np.full(24, np.nan), "NaN or infinity"),
        (np.full(24, 1e39), "NaN or infinity"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_bad_embedding_is_refused_and_not_counted(state, embeddings, bad, told):
    watching = Monitor(state)
    good = embeddings(5, WINDOW)
    for sample in good[:-1]:
        watching.observe(sample)
    with pytest.raises(EmbeddingError, match=told):
        watching.observe(bad)
    assert watching.observe(good[-1]) is not None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"window": 1}, "window is 1; 2 to 1000000 is valid"),
        ({"window": "9" * 999}, "window is '9999"),
        ({"embedding_size": 10**9}, "embedding_size is 1000000000"),
        ({"frequencies": True}, "frequencies is True"),
        ({"frequencies": 255}, "bytes of numbers; "),
        ({"false_alarm_rate": 1.5}, "false_alarm_rate is 1.5; between 0 and 1"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"about": []}, "about is no object"),
        ({"payload_sha256": "0"}, "damaged"),
        ({"window": 0, "threshold": None}, "window is 0.*threshold is None"),
    ],
)
def test_each_mistake_in_a_file_is_named(content, tmp_path, keys, told):
    with pytest.raises(StateError, match=told):
        loaded(tmp_path, changed(content, **keys))


def test_numbers_that_are_none_are_refused(state, tmp_path):
    spoilt = replace(state, reference_mean=np.full_like(state.reference_mean, np.inf))
    save(spoilt, tmp_path / "spoilt")
    with pytest.raises(StateError, match="NaN or infinity"):
        load(tmp_path / "spoilt")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", FORMAT, FORMAT + b"[1]\n", FORMAT + b"{" * 9_999]
)
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(StateError):
        loaded(tmp_path, content)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(data, content, tmp_path_factory):
    spoilt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, 700))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoilt)))
    path = tmp_path_factory.getbasetemp() / "spoilt.state"
    for found in (bytes(spoilt), bytes(spoilt[:cut])):
        path.write_bytes(found)
        try:
            state = load(path)
        except StateError:
            continue
        assert Monitor(state).observe(np.zeros(state.embedding_size)) is None


def test_the_file_needs_numpy_alone_and_is_written_for_python_3_9():
    source = Path(str(monitor.__file__)).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    tops = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            tops.add(str(node.module).split(".")[0])
    assert tops - set(sys.stdlib_module_names) == {"numpy"}
    # dataclasses have neither slots nor kw_only there
    assert "slots=" not in source
    assert "kw_only=" not in source
