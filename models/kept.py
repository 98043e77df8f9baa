"""Drawn samples kept in a file, since drawing them takes longer than an epoch may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.cache import write_atomically
from ..harness.errors import DataError
from ..harness.lock import locked
from .learner import Samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Kept:
    """The samples of another source, each split drawn once and checked each time.

    ``sha256`` is that of every split's inputs and labels, as ``content_sha256`` gives
    it. Raises DataError where what was drawn is something else.
    """

    def __init__(
        self, source: Samples, sha256: Mapping[str, str], stem: str, cache: Path
    ) -> None:
        """Keep where samples come from and where they go, ``cache/<stem>-...npy``."""
        self._source = source
        self._sha256 = sha256
        self._stem = stem
        self._cache = cache

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes."""
        return self._source.classes

    def samples(self, split: str) -> NDArray[Any]:
        """Return the samples of a split, the same as were recorded."""
        path = self._cache / f"{self._stem}-{split}-{self._sha256[split][:32]}.npy"
        with locked(path):
            return self._read_or_draw(path, split)

    def _read_or_draw(self, path: Path, split: str) -> NDArray[Any]:
        import numpy as np

        recorded = self._sha256[split]
        if path.exists():
            kept = np.load(path, allow_pickle=False)
            if self._found(split, kept) == recorded:
                return np.asarray(kept)
        drawn = self._source.samples(split)
        if (found := self._found(split, drawn)) != recorded:
            raise DataError(
                f"the {split} samples of model {self._stem!r} drawn here have sha256 "
                f"{found!r}, not {recorded!r}; install the numpy with which they were "
                "recorded"
            )
        write_atomically(path, _npy(drawn))
        return drawn

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the class indices of a split, int64 [n]."""
        return self._source.labels(split)

    def as_input(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Turn some samples into inputs as the model's files take them."""
        return self._source.as_input(samples)

    def _found(self, split: str, samples: NDArray[Any]) -> str:
        from .content import content_sha256

        return content_sha256(self.as_input(samples), self.labels(split))


def _npy(array: NDArray[Any]) -> bytes:
    from io import BytesIO

    import numpy as np

    content = BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()
