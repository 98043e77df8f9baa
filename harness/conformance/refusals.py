"""Error translation: what goes wrong is an error of ours, one line, with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..data import synthetic
from ..errors import CaseError, TierbenchError
from ..worker import Worker
from .subject import LIMITS, MADE_UP, Note, Subject

FOREIGN = ("Traceback (most recent call last)",)


class RefusalChecks(Subject):
    """What a target does with what cannot work."""

    def test_garbage_is_refused(self, tmp_path: Path, note: Note) -> None:
        """A file of garbage ends as an error of the case, never of the harness."""
        target = self._available()
        garbage = tmp_path / f"garbage{self.model.suffix}"
        garbage.write_bytes(b"\x00\xff<garbage>" * 100)
        worker = target.launch(self._case(self.model), garbage, LIMITS)
        with worker:
            try:
                worker.bind(synthetic(worker.open().inputs, 1, 0))
            except TierbenchError as exc:
                note(message=_one_line(exc).replace(f"{tmp_path}/", ""))
                return
        if self.target.evidence in MADE_UP:
            pytest.skip("the target reads no model")
        pytest.fail("a file of garbage was opened as a model", pytrace=False)

    def test_wrong_inputs_are_refused(self, worker: Worker, note: Note) -> None:
        """Inputs that are missing or of a wrong shape are an error of the case."""
        inputs = self._bind(worker)
        if not inputs:
            pytest.skip("the target takes no inputs")
        name, array = next(iter(inputs.items()))
        wrong = {
            "none": {},
            "of a wrong shape": {
                **inputs,
                name: np.zeros((*array.shape, 2), array.dtype),
            },
        }
        for what, given in wrong.items():
            try:
                worker.evaluate(given)
            except TierbenchError as exc:
                note(**{what: _one_line(exc)})
            else:
                pytest.fail(f"inputs {what} were taken", pytrace=False)

    def test_a_refusal_harms_nothing(self, worker: Worker) -> None:
        """After inputs were refused, the same worker answers as before."""
        inputs = self._bind(worker)
        if not inputs:
            pytest.skip("the target takes no inputs")
        before = worker.evaluate(inputs)
        with pytest.raises(CaseError):
            worker.evaluate({})
        after = worker.evaluate(inputs)
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


def _one_line(exc: TierbenchError) -> str:
    """Return an error's message, which must be one line for people."""
    text = str(exc)
    assert text.strip(), f"{type(exc).__name__} has no message"
    assert "\n" not in text, f"the message has several lines: {text!r}"
    assert not any(word in text for word in FOREIGN), f"a traceback: {text!r}"
    return text[:300]
