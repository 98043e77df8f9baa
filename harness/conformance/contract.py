"""The whole suite: what every target promises."""

from __future__ import annotations

from .calls import CallChecks
from .honesty import HonestyChecks
from .identity import IdentityChecks
from .numerics import NumericsChecks
from .recovery import RecoveryChecks
from .refusals import RefusalChecks
from .resources import ResourceChecks
from .timing import TimingChecks


class TargetContract(
    IdentityChecks,
    CallChecks,
    NumericsChecks,
    HonestyChecks,
    TimingChecks,
    ResourceChecks,
    RefusalChecks,
    RecoveryChecks,
):
    """Subclass it and name the target and a model."""
