"""Find what a target needs on the machine it runs on, importing nothing of a vendor.

============  =====================================  ==========================
kind          name                                   what is told of one found
============  =====================================  ==========================
distribution  as the package index names it          its version
module        dotted                                 where its source lies
program       as it is called                        its path
file          a path with wildcards, or, with        the first path
              ``=text`` at its end, one that holds
              that text alone
============  =====================================  ==========================
"""

from __future__ import annotations

import glob
import shutil
from collections.abc import Callable, Mapping
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder

from .sysfs import read_text


def find(kind: str, name: str) -> str | None:
    """Return what is found of a thing, None where it is missing or of no known kind."""
    search = _SEARCHES.get(kind)
    return None if search is None else search(name)


def _distribution(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _module(name: str) -> str | None:
    """Follow the packages' folders, since ``find_spec`` would import the parents."""
    path: list[str] | None = None
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for depth in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: depth + 1]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    places = [] if spec is None else [spec.origin, *(path or ())]
    return next((place for place in places if place), name)


def _file(name: str) -> str | None:
    pattern, equals, text = name.partition("=")
    for path in sorted(glob.glob(pattern)):
        if not equals or (read_text(path) or "").strip() == text:
            return path
    return None


_SEARCHES: Mapping[str, Callable[[str], str | None]] = {
    "distribution": _distribution,
    "module": _module,
    "program": shutil.which,
    "file": _file,
}
