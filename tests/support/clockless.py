"""A simulated device that tells no time, and figures in its place."""

from tierbench.harness.figure import Figure
from tierbench.harness.values import Evidence
from tierbench.targets.sim import Sim

COUNTED = Figure(
    quantity="instructions",
    unit="1",
    evidence=Evidence.EMULATED,
    value=7_698_485.0,
    basis={"machine": "mps2-an386"},
)
PROJECTED = Figure(
    quantity="latency",
    unit="ns",
    evidence=Evidence.PROJECTED,
    low=50e6,
    mid=75e6,
    high=110e6,
    coverage=0.8,
)
UNKNOWN = Figure(
    quantity="energy",
    unit="J",
    evidence=Evidence.PROJECTED,
    reason="no board of this core has told its power",
)
ARENA = Figure(
    quantity="arena",
    unit="B",
    evidence=Evidence.EMULATED,
    low=20e3,
    mid=23e3,
    high=28e3,
    coverage=0.8,
)


class Clockless(Sim):
    """The simulator's worker behind a target that runs code and tells no time."""

    evidence = Evidence.EMULATED
    clock = None
    known: tuple[Figure, ...] = (COUNTED, PROJECTED, UNKNOWN, ARENA)

    def figures(self, case, artifact, ran):
        assert artifact.exists()
        assert ran["provider"]
        return self.known
