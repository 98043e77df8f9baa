"""A whole search in a folder: begun or taken up, judged, and written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...harness import registry
from ...harness.cache import cache_folder
from ...harness.errors import InputError
from ...harness.model import ReferenceModel
from ...harness.outfile import replacing
from ...harness.sources import DataSource
from ...harness.store import Store
from ..shape import Shape
from .front import reference_point
from .latency import REFERENCE, LeftEarly, Stopwatch
from .proxy import Trained, Trainer
from .request import Request
from .study import Search, open_study
from .told import judge, told
from .trial import Trial

NETWORKS, STORE, TOLD, PICTURE = "networks", "results.db", "search.json", "search.svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Trained networks, each with a copy in the search's own folder."""

    train: Callable[[Shape], Trained]
    folder: Path

    def __call__(self, shape: Shape) -> Trained:
        """Return the trained network, its file named by the shape.

        Raises:
            InputError: the folder cannot be written.
        """
        trained = self.train(shape)
        path = self.folder / f"{shape.label}{trained.path.suffix}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".part")
            shutil.copyfile(trained.path, draft)
            draft.replace(path)
        except OSError as exc:
            raise InputError(
                f"{str(path)!r} cannot be written: {exc.strerror}; free some space, or "
                "name another folder with --out"
            ) from exc
        return replace(trained, path=path)


def run_search(
    request: Request,
    folder: Path,
    *,
    tell: Callable[[Trial], object] = lambda trial: None,
    stopping: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Bring a search to its end and return what it found as JSON values.

    Args:
        request: what is searched.
        folder: of the search; what it has found already is kept.
        tell: told of each trial.
        stopping: asked whether to leave early.

    Raises:
        InputError: the folder holds another search, or cannot be used.
        LeftEarly: somebody asked to leave; nothing that counts is lost.
        InfrastructureError: the target, the cache or the store failed.
    """
    subject = request.subject
    model: ReferenceModel = registry.find(registry.MODELS, subject.model)
    trainer = Trainer(
        subject=subject,
        seed=request.seed,
        format=request.format,
        folder=cache_folder("networks"),
    )
    reference = model.build(REFERENCE, request.format, cache_folder("variants"))
    asked = {**request.plain, **trainer.plain}
    networks = Networks(train=trainer, folder=folder / NETWORKS)
    with open_study(folder, asked) as study, Store.open(_url(folder)) as store:
        stopwatch = Stopwatch(
            model=subject.model,
            reference=reference,
            target=request.target,
            store=store,
            seed=request.seed,
            search=asked,
            stopping=stopping,
        )
        search = Search(
            study=study,
            shape=subject.shape,
            choices=subject.choices,
            sampler=request.sampler,
            seed=request.seed,
            train=networks,
            measure=stopwatch,
        )
        search.go_on(request.trials, tell, stopping)
        if stopping():
            raise LeftEarly
        data = DataSource(model.name, model.evaluation_sha256, model.evaluation)
        trials = search.trials()
        judged = judge(trials, stopwatch, networks, data)
    worst = reference_point(len(subject.data.classes))
    found = told(asked, trials, worst, judged)
    _write(folder, found)
    return found


def _url(folder: Path) -> str:
    return f"sqlite:///{folder.absolute() / STORE}"


def _write(folder: Path, found: dict[str, Any]) -> None:
    from .picture import draw

    with replacing(folder / TOLD) as file:
        file.write(json.dumps(found, indent=2) + "\n")
    with replacing(folder / PICTURE) as file:
        file.write(draw(found))
