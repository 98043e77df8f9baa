"""The seam over TensorRT 10.3 and 11: a model becomes an engine, which is kept.

Networks are strongly typed: each tensor has the type that the file gives it, int8 and
fp8 by explicit Q/DQ. So an engine computes in what its model says, and no calibrator is
needed. The calls are those of NVIDIA's Python bindings 10.3.0 and 11.4.0; TensorRT 11
knows no other networks, 10 must be asked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorrt as trt

from ...harness.device import artifacts
from ...harness.device.session import SessionError

FP8_FROM = (8, 9)
"""The least compute capability that has FP8."""

MAJORS = ("10", "11")


@dataclass(frozen=True)
class Wish:
    """What an engine shall be beside its model: ``dla`` is a core, -1 the GPU."""

    batch: int
    tf32: bool = False
    dla: int = -1
    gpu_fallback: bool = False


class Log(trt.ILogger):  # type: ignore[misc]
    """Keeps what TensorRT says of errors: its calls only return that they failed."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        trt.ILogger.__init__(self)
        self._lines: list[str] = []

    def log(self, severity: Any, msg: str) -> None:
        """Take a line; called by TensorRT, from any thread."""
        if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
            self._lines = [*self._lines, " ".join(msg.split())][-5:]

    @property
    def said(self) -> str:
        """Return the last errors in one line."""
        return "; ".join(self._lines) or "it does not say why"


def check_version() -> None:
    """Refuse a TensorRT that this module was not written for.

    Raises:
        SessionError: it is neither 10 nor 11.
    """
    if trt.__version__.split(".")[0] not in MAJORS:
        raise SessionError(
            f"TensorRT {trt.__version__} is not supported; install 10.3 or later, or 11"
        )


def path_of(model: str, identity: Mapping[str, Any], wish: Wish) -> str:
    """Return where the engine of a model lies, built or not."""
    depends = {"identity": dict(identity), "wish": vars(wish)}
    return artifacts.path_of(model, depends, ".engine")


def build(
    model: str,
    identity: Mapping[str, Any],
    wish: Wish,
    capability: tuple[int, int],
) -> None:
    """Build and keep the engine of a model, unless that is done already.

    How long kernels take is kept beside, for all engines of this device and version.

    Raises:
        SessionError: TensorRT or the device cannot take the model; in its own words.
    """
    path = path_of(model, identity, wish)
    if os.path.exists(path):
        return
    log = Log()
    builder = _made(trt.Builder(log), "builder", log)
    typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(typed if trt.__version__[:3] == "10." else 0)
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(model):
        errors = [parser.get_error(i) for i in range(parser.num_errors)]
        told = "; ".join(" ".join(str(error.desc()).split()) for error in errors)
        raise SessionError(f"TensorRT's parser refuses the model: {told or log.said}")
    _check_types(network, capability)
    config = _config(builder, wish)
    _fix_batch(builder, network, config, wish.batch)
    timings = _timings(identity)
    cache = _timing_cache(config, timings)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise SessionError(f"TensorRT cannot build an engine of the model: {log.said}")
    artifacts.keep(path, plan)
    artifacts.keep(timings, cache.serialize())


def _check_types(network: Any, capability: tuple[int, int]) -> None:
    """Refuse FP8 where the device has none."""
    if capability >= FP8_FROM:
        return
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        for place in range(layer.num_outputs):
            if layer.get_output(place).dtype == trt.DataType.FP8:
                raise SessionError(
                    f"layer {layer.name!r} computes in FP8, for which a GPU of compute "
                    "capability 8.9 or later is needed; this one has {}.{}; take an "
                    "int8 or fp16 variant".format(*capability)
                )


def _config(builder: Any, wish: Wish) -> Any:
    config = builder.create_builder_config()
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if wish.tf32:
        config.set_flag(trt.BuilderFlag.TF32)
    else:  # it is on by default
        config.clear_flag(trt.BuilderFlag.TF32)
    if config.get_flag(trt.BuilderFlag.TF32) != wish.tf32:
        raise SessionError(f"TensorRT does not take tf32 = {str(wish.tf32).lower()}")
    if wish.dla >= 0:
        if wish.dla >= builder.num_DLA_cores:
            raise SessionError(
                f"there is no DLA core {wish.dla}; this device has "
                f"{builder.num_DLA_cores}; set dla to -1 for the GPU"
            )
        config.default_device_type = trt.DeviceType.DLA
        config.DLA_core = wish.dla
        if wish.gpu_fallback:
            config.set_flag(trt.BuilderFlag.GPU_FALLBACK)
    return config


def _fix_batch(builder: Any, network: Any, config: Any, batch: int) -> None:
    """Fix free dimensions by a profile: the first is the batch, others are 1."""
    profile, free = builder.create_optimization_profile(), False
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)
        if tensor.is_shape_tensor:
            raise SessionError(f"input {tensor.name!r} is a shape, which is not taken")
        if shape and shape[0] not in (-1, batch):
            raise SessionError(
                f"input {tensor.name!r} has a fixed batch of {shape[0]}, not {batch}"
            )
        if -1 in shape:
            free = True
            rest = [1 if n == -1 else n for n in shape[1:]]
            fixed = (batch, *rest)
            profile.set_shape(tensor.name, fixed, fixed, fixed)
    if free:
        config.add_optimization_profile(profile)


def _timings(identity: Mapping[str, Any]) -> str:
    text = repr(sorted(identity.items())).encode()
    name = hashlib.sha256(text).hexdigest()[:32] + ".timings"
    return os.path.join(artifacts.folder(), name)


def _timing_cache(config: Any, path: str) -> Any:
    """Give the builder the timings of earlier builds; those it refuses are dropped."""
    known = b""
    if os.path.exists(path):
        with open(path, "rb") as file:
            known = file.read()
    cache = config.create_timing_cache(known)
    if cache is None or not config.set_timing_cache(cache, False):
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def load(model: str, identity: Mapping[str, Any], wish: Wish, log: Log) -> Any:
    """Return the engine that was built of a model, and its runtime, which it needs.

    Raises:
        SessionError: none was built, or TensorRT refuses it.
    """
    path = path_of(model, identity, wish)
    try:
        with open(path, "rb") as file:
            plan = file.read()
    except OSError as exc:
        raise SessionError(
            f"there is no engine of this model for this device and batch: {path!r}"
        ) from exc
    runtime = _made(trt.Runtime(log), "runtime", log)
    if wish.dla >= 0:
        runtime.DLA_core = wish.dla
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise SessionError(f"TensorRT refuses the engine: {log.said}; remove {path!r}")
    return engine, runtime


def _made(thing: Any, what: str, log: Log) -> Any:
    if thing is None:
        raise SessionError(f"TensorRT makes no {what}: {log.said}")
    return thing
