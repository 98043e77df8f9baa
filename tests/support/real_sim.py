"""The simulated device in a worker process, spending its time."""

from dataclasses import replace

from tierbench.targets.sim import Sim


class RealSim(Sim):
    """A simulated device whose clock is real unless a sweep says otherwise."""

    options = tuple(
        replace(option, default="real") if option.name == "clock" else option
        for option in Sim.options
    )
