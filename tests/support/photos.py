"""Folders of small images with labels."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write_photos(
    folder: Path, pixels: Iterable[np.ndarray], labels: Sequence[object]
) -> Path:
    """Write images of pixels [height, width] or [height, width, 3] and labels.csv."""
    folder.mkdir(exist_ok=True)
    names = []
    for index, image in enumerate(pixels):
        names.append(f"{index}.png")
        Image.fromarray(np.asarray(image, np.uint8)).save(folder / names[-1])
    rows = [f"{name},{label}" for name, label in zip(names, labels, strict=True)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows, ""]))
    return folder
