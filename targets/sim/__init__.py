"""A simulated device: deterministic, seeded, with every trouble a real one makes.

It computes nothing. Its latency is a named random process (``process``), in virtual
time by default: a minute of measuring takes milliseconds. With ``clock = "real"`` it
runs in a worker process like any other target and spends the time it reports; faults
are always real (``device``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...harness.meter import PowerMeter
from ...harness.target import Line, Option, Target, Tier
from ...harness.values import Case, Environment, Evidence, Setting, Variant
from ...harness.watch import StateReader
from ...harness.worker import Limits, SubprocessWorker, Worker
from .meter import SimMeter
from .process import DRIFTS
from .worker import SimWorker, pass_time

FAULTS = ("none", "raise", "abort", "segfault", "hang", "memory", "print", "exit")


def _number(name: str, default: float, help: str, maximum: float = 1e9) -> Option:
    return Option(
        name=name, kind=float, default=default, help=help, minimum=0, maximum=maximum
    )


class Sim(Target):
    """A device that exists only as a random process."""

    name = "sim"
    tier = Tier.SIMULATED
    formats = ("onnx", "tflite")
    evidence = Evidence.SIMULATED
    runtime = "tierbench"
    remedy = "it is part of tierbench and always available"
    device_modules = (
        "tierbench.targets.sim.process",
        "tierbench.targets.sim.heat",
        "tierbench.targets.sim.device",
    )
    options = (
        _number("latency_us", 1000.0, "median latency of a call with batch 1"),
        _number("batch_share", 1.0, "latency added by each further sample", 1.0),
        _number("noise", 0.02, "standard deviation of a call's log latency", 2.0),
        _number("slice_noise", 0.0, "the same, shared by all calls of a slice", 2.0),
        _number("worker_noise", 0.0, "the same, shared by all of a worker", 2.0),
        Option(
            name="drift",
            kind=str,
            default="none",
            help="how the device's speed changes with time",
            choices=DRIFTS,
        ),
        _number("drift_size", 0.1, "largest relative change by drift", 10.0),
        _number("drift_period_s", 60.0, "time that the drift takes"),
        _number("spike_share", 0.0, "share of calls that are disturbed", 1.0),
        _number("spike_factor", 3.0, "how much longer a disturbed call takes", 1e6),
        _number("throttle_after_s", 0.0, "when throttling begins; 0: never"),
        _number("throttle_factor", 1.5, "how much longer a call takes then", 1e6),
        _number("stall_ms", 0.0, "how much longer one call of a worker takes; 0: none"),
        _number("stall_after_s", 0.0, "when that call comes"),
        _number("preprocess_us", 0.0, "time before each inference of a frame"),
        _number("postprocess_us", 0.0, "time after each inference of a frame"),
        _number("heat", 0.0, "temperature that load leads to, over the limit", 100.0),
        Option(
            name="heat_s",
            kind=float,
            default=60.0,
            help="time constant of warming and cooling",
            minimum=0.1,
            maximum=1e9,
        ),
        Option(
            name="depth",
            kind=int,
            default=1,
            help="calls that make progress at the same time",
            minimum=1,
            maximum=256,
        ),
        _number("power_w", 0.0, "power while it works, virtual clock; 0: no meter"),
        _number("idle_w", 0.0, "power while it does nothing, as its meter reads it"),
        Option(
            name="fault",
            kind=str,
            default="none",
            help="what goes wrong, really, in a worker of its own",
            choices=FAULTS,
        ),
        Option(
            name="fault_after_calls",
            kind=int,
            default=100,
            help="calls before it goes wrong; 0: when the model is opened",
            minimum=0,
        ),
        Option(
            name="clock",
            kind=str,
            default="virtual",
            help="virtual: time passes by itself; real: the worker spends it",
            choices=("virtual", "real"),
        ),
        Option(name="seed", kind=int, default=0, help="seed of all randomness"),
        Option(name="device", kind=str, default="sim", help="name of the device"),
        Option(name="runtime_version", kind=str, default="1", help="version it claims"),
    )

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Start counting workers, so that each has a seed of its own."""
        super().__init__(settings, python)
        self._launched: Counter[str] = Counter()

    @property
    def _virtual(self) -> bool:
        """Return whether time passes by itself; faults need a process to happen in."""
        return self.settings["clock"] == "virtual" and self.settings["fault"] == "none"

    @property
    def machine(self) -> str:
        """Name the simulated device: different ones measure side by side."""
        return f"sim {self.settings['device']}"

    def examine(self) -> Iterator[Line]:
        """Yield that it needs nothing: it runs everywhere."""
        yield "nothing", "part of tierbench", ""

    def describe(self) -> Environment:
        """Return an environment that depends on the options alone."""
        return Environment(
            device=str(self.settings["device"]),
            tier=self.tier,
            runtime="sim",
            runtime_version=str(self.settings["runtime_version"]),
            identity={},
        )

    def footprint_bytes(self, variant: Variant) -> int:
        """Return next to nothing: a worker in virtual time is no process."""
        return 1 << 20

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return the device's own meter, where it was given a power to draw."""
        power_w = float(self.settings["power_w"])
        if not power_w or not self._virtual:
            return ()
        idle_w, seed = float(self.settings["idle_w"]), int(self.settings["seed"])
        return (SimMeter(self.machine, power_w, idle_w, seed),)

    def rest(self, duration_s: float) -> None:
        """Let the device cool; in virtual time that takes none."""
        if self._virtual:
            pass_time(self.machine, duration_s)
        else:
            super().rest(duration_s)

    def readers(self) -> tuple[StateReader, ...]:
        """Return none: the simulation tells of its throttling itself."""
        return ()

    def launch(self, case: Case, artifact: Path, limits: Limits) -> Worker:
        """Start a worker; one in virtual time is no process at all."""
        worker = self._launched[case.key]
        self._launched[case.key] += 1
        # Two artifacts on one device do not share their noise.
        stream = f"{case.variant.sha256[:16]}/{worker}"
        settings = {**self.settings, "worker": stream}
        if self._virtual:
            return SimWorker(
                machine=self.machine, settings=settings, batch=case.workload.batch
            )
        return SubprocessWorker(
            modules=self.device_modules,
            artifact=artifact,
            options=settings,
            batch=case.workload.batch,
            limits=limits,
            python=self.python,
        )
