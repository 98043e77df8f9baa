"""A sweep with what the command line changes about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .errors import NotFound
from .profiles import PROFILES
from .sweep import Sweep


def narrowed(
    sweep: Sweep, *, profile: str | None = None, targets: Sequence[str] = ()
) -> Sweep:
    """Return the sweep with another profile, or with only these of its targets.

    Raises:
        NotFound: no such profile, or no such target in the sweep.
    """
    if profile is not None:
        if profile not in PROFILES:
            raise NotFound("profile", profile, PROFILES)
        sweep = replace(sweep, profile=profile)
    if targets:
        known = [request.use for request in sweep.targets]
        for name in targets:
            if name not in known:
                raise NotFound("target in the sweep", name, known)
        kept = tuple(request for request in sweep.targets if request.use in targets)
        sweep = replace(sweep, targets=kept)
    return sweep
