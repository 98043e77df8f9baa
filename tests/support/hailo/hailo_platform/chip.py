"""A chip that adds: output k is the sum of all inputs whose place is k modulo n.

Frames run one after the other on a thread, a millisecond each, as on a device of its
own. A HEF's configuration part holds the network as JSON (``support.hefs`` writes it).
"""

import fcntl
import json
import os
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np

from .listed import SETTINGS, enumeration, information, structure

FRAME_S = 0.001

FormatType = enumeration("FormatType")
FormatOrder = enumeration("FormatOrder")
HailoPowerMode = enumeration("HailoPowerMode")
DvmTypes = enumeration("DvmTypes")
PowerMeasurementTypes = enumeration("PowerMeasurementTypes")
SamplingPeriod = enumeration("SamplingPeriod")
AveragingFactor = enumeration("AveragingFactor")
MeasurementBufferIndex = enumeration("MeasurementBufferIndex")
_Architecture = enumeration("DeviceArchitecture")
_DTYPES = {"UINT8": np.uint8, "UINT16": np.uint16, "FLOAT32": np.float32}
_FIRST = MeasurementBufferIndex.MEASUREMENT_BUFFER_INDEX_0


class HailoRTException(Exception):
    pass


class AsyncInferCompletionInfo:
    __slots__ = ("_exception",)

    def __init__(self, exception):
        self._exception = exception

    @property
    def exception(self):
        return self._exception


class InferModel:
    __slots__ = ("_batch", "_configured", "_inputs", "_network", "_outputs")

    class InferStream:
        __slots__ = ("_frozen", "_order", "_told", "_type")

        def __init__(self, told, frozen):
            self._told, self._frozen = told, frozen
            self._type, self._order = FormatType[told["type"]], FormatOrder["NHWC"]
            if told.get("nms"):
                self._order = FormatOrder[told["nms"]]

        @property
        def name(self):
            return self._told["name"]

        @property
        def shape(self):
            return list(self._told["shape"])

        @property
        def format(self):
            given = {"type": self._type, "order": self._order, "flags": 0}
            return structure("HailoFormat", given)

        @property
        def quant_infos(self):
            return [
                structure("QuantInfo", {"qp_zp": float(zero), "qp_scale": float(scale)})
                for zero, scale in self._told["scales"]
            ]

        @property
        def is_nms(self):
            return bool(self._told.get("nms"))

        def set_format_type(self, type):
            if self._frozen():
                raise HailoRTException("HAILO_INVALID_OPERATION(6): configured already")
            self._type = FormatType(type)

    def __init__(self, network):
        self._network, self._batch, self._configured = network, 1, False
        frozen = lambda: self._configured  # noqa: E731
        self._inputs = [self.InferStream(told, frozen) for told in network["inputs"]]
        self._outputs = [self.InferStream(told, frozen) for told in network["outputs"]]

    def set_batch_size(self, batch_size):
        if self._configured or not 1 <= batch_size <= 65535:
            raise HailoRTException("HAILO_INVALID_ARGUMENT(2): batch size")
        self._batch = batch_size

    def set_power_mode(self, power_mode):
        HailoPowerMode(power_mode)

    @property
    def inputs(self):
        return list(self._inputs)

    @property
    def outputs(self):
        return list(self._outputs)

    def configure(self):
        self._configured = True
        return ConfiguredInferModel(self)


class ConfiguredInferModel:
    __slots__ = ("_buffers", "_jobs", "_model", "_thread", "_under_way")

    class Bindings:
        __slots__ = ("_inputs", "_outputs")

        class InferStream:
            __slots__ = ("_buffer", "_stream")

            def __init__(self, stream):
                self._stream, self._buffer = stream, None

            def set_buffer(self, buffer):
                if not buffer.flags.c_contiguous:
                    raise HailoRTException("Buffer must be C_CONTIGUOUS")
                self._buffer = buffer

            def get_buffer(self, tf_format=False):
                return self._buffer

        def __init__(self, model):
            kind = self.InferStream
            self._inputs = {s.name: kind(s) for s in model.inputs}
            self._outputs = {s.name: kind(s) for s in model.outputs}

        def input(self, name=""):
            return _of(self._inputs, name)

        def output(self, name=""):
            return _of(self._outputs, name)

    def __init__(self, model):
        self._model, self._jobs, self._under_way = model, deque(), 0
        self._buffers = set()
        self._thread = None

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self._model = None

    def create_bindings(self, input_buffers=None, output_buffers=None):
        made = self.Bindings(self._model)
        for name, buffer in (input_buffers or {}).items():
            made.input(name).set_buffer(buffer)
        for name, buffer in (output_buffers or {}).items():
            made.output(name).set_buffer(buffer)
        return made

    def get_async_queue_size(self):
        return SETTINGS["queue"]

    def wait_for_async_ready(self, timeout_ms=1000, frames_count=1):
        end = time.monotonic() + timeout_ms / 1e3
        while self._under_way + frames_count > SETTINGS["queue"]:
            if time.monotonic() > end:
                raise HailoRTException("HAILO_TIMEOUT(4)")
            time.sleep(1e-4)

    def run_async(self, bindings, callback=None):
        if not isinstance(bindings, list):
            raise TypeError("run_async takes a list of bindings")
        if self._under_way + len(bindings) > SETTINGS["queue"]:
            raise HailoRTException("HAILO_QUEUE_IS_FULL(82)")
        for bound in bindings:
            for each in (*bound._inputs.values(), *bound._outputs.values()):
                _check_size(each)
                if id(each._buffer) in self._buffers:
                    raise HailoRTException("a buffer that is under way already")
                self._buffers.add(id(each._buffer))
        self._under_way += len(bindings)
        job = AsyncInferJob()
        self._jobs.append((bindings, callback, job))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return job

    def shutdown(self):
        self._jobs.append(None)

    def _work(self):
        model = self._model
        while True:
            if not self._jobs:
                time.sleep(1e-4)
                continue
            asked = self._jobs.popleft()
            if asked is None:
                return
            bindings, callback, job = asked
            failed = None
            for bound in bindings:
                time.sleep(FRAME_S)
                if SETTINGS["fail"] == "async":
                    failed = HailoRTException("HAILO_STREAM_ABORT(63)")
                else:
                    _run(model, bound)
            if callback:
                callback(completion_info=AsyncInferCompletionInfo(failed))
            for bound in bindings:
                for each in (*bound._inputs.values(), *bound._outputs.values()):
                    self._buffers.discard(id(each._buffer))
            self._under_way -= len(bindings)
            job._done.set()


class AsyncInferJob:
    __slots__ = ("_done",)

    def __init__(self):
        self._done = threading.Event()

    def wait(self, timeout_ms):
        if not self._done.wait(timeout_ms / 1e3):
            raise HailoRTException("HAILO_TIMEOUT(4)")


class VDevice:
    __slots__ = ("_held", "_lock")

    def __init__(self, params=None, *, device_ids=None):
        if params is not None and device_ids is not None:
            raise HailoRTException("HAILO_INVALID_ARGUMENT(2): params and device_ids")
        for name in device_ids or ():
            if name not in SETTINGS["devices"]:
                raise HailoRTException("HAILO_INVALID_ARGUMENT(2): no such device")
        self._lock = _lock()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.release()
        return False

    def release(self):
        self._lock.close()

    def create_infer_model(self, hef_source, name=""):
        network = network_of(hef_source)
        if network["architecture"] != SETTINGS["architecture"]:
            raise HailoRTException("HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE(93)")
        return InferModel(network)


class Device:
    __slots__ = ("_control", "_id")

    @classmethod
    def scan(cls):
        return list(SETTINGS["devices"])

    def __init__(self, device_id=None):
        if device_id is None:
            if not SETTINGS["devices"]:
                raise HailoRTException("HailoRT device not found in the system")
            device_id = SETTINGS["devices"][0]
        if device_id not in SETTINGS["devices"]:
            raise HailoRTException("HAILO_OUT_OF_PHYSICAL_DEVICES(74)")
        self._id, self._control = device_id, Control()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.release()
        return False

    @property
    def control(self):
        return self._control

    def release(self):
        self._control = None


class Control:
    __slots__ = ("_averaging", "_index", "_read")

    def __init__(self):
        self._averaging = self._index = None
        self._read = 0

    def identify(self):
        return information(
            "BoardInformation",
            {
                "device_architecture": _Architecture[SETTINGS["architecture"].upper()],
                "product_name": "HAILO-8 AI ACC M.2 M KEY MODULE\x00",
                "part_number": "\x00",
                "firmware_version": f"{SETTINGS['version']} (release,app)",
            },
        )

    def get_extended_device_information(self):
        told = {"current_monitoring": SETTINGS["monitor"]}
        if SETTINGS["version"].startswith("5"):
            told["power_measurement"] = SETTINGS["monitor"]
        features = information("SupportedFeatures", told)
        return information(
            "ExtendedDeviceInformation", {"supported_features": features}
        )

    def get_chip_temperature(self):
        given = {"ts0_temperature": 51.5, "ts1_temperature": 52.25, "sample_count": 1}
        return structure("TemperatureInfo", given)

    def get_throttling_state(self):
        return True

    def _get_health_information(self):
        return information(
            "HealthInformation",
            {"current_temperature_throttling_level": -1, "current_overcurrent_zone": 0},
        )

    def stop_power_measurement(self):
        self._averaging = None

    def set_power_measurement(
        self,
        buffer_index=_FIRST,
        dvm=DvmTypes.AUTO,
        measurement_type=PowerMeasurementTypes.AUTO,
    ):
        if self._averaging is not None:
            raise HailoRTException("HAILO_FW_CONTROL_FAILURE(18): measuring already")
        DvmTypes(dvm)
        self._index = MeasurementBufferIndex(buffer_index)
        if PowerMeasurementTypes(measurement_type) is not PowerMeasurementTypes.POWER:
            raise HailoRTException("this chip has but power")

    def start_power_measurement(
        self,
        averaging_factor=AveragingFactor.AVERAGE_256,
        sampling_period=SamplingPeriod.PERIOD_1100us,
    ):
        SamplingPeriod(sampling_period)
        self._averaging = AveragingFactor(averaging_factor)

    def get_power_measurement(self, buffer_index=_FIRST, should_clear=True):
        if self._averaging is None or buffer_index is not self._index:
            raise HailoRTException("HAILO_FW_CONTROL_FAILURE(18): not measuring")
        self._read += 1
        average = 2.5 + 0.125 * (self._read % 2)
        given = {"average_value": average, "total_number_of_samples": 1}
        return structure("PowerMeasurementData", given)


def network_of(path):
    """Return the network that a HEF's configuration part holds."""
    if not isinstance(path, str):
        raise HailoRTException("HAILO_INVALID_ARGUMENT(2): no path")
    content = Path(path).read_bytes()
    if content[:4] != b"\x01HEF":
        raise HailoRTException("HAILO_INVALID_HEF(26)")
    return json.loads(content[content.index(b'{"architecture"') :])


def _of(streams, name):
    if name == "" and len(streams) == 1:
        (name,) = streams
    if name not in streams:
        raise HailoRTException(f"HAILO_NOT_FOUND(61): {name!r}")
    return streams[name]


def _lock():
    """Hold the chip, which no two processes can."""
    held = open(os.environ["FAKE_HAILO"] + ".lock", "w")  # noqa: SIM115
    try:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise HailoRTException("HAILO_OUT_OF_PHYSICAL_DEVICES(74)") from None
    return held


def _check_size(each):
    stream, buffer = each._stream, each._buffer
    kind = np.dtype(np.uint8 if _is_bytes(stream) else _DTYPES[stream._type.name])
    wanted = int(np.prod(stream.shape)) * kind.itemsize
    if buffer is None or buffer.nbytes != wanted:
        has = None if buffer is None else buffer.nbytes
        raise HailoRTException(
            f"HAILO_INVALID_OPERATION(6): {stream.name!r} takes {wanted} bytes, "
            f"not {has}"
        )


def _is_bytes(stream):
    """Return whether the shape is a number of bytes, whatever the type."""
    return stream._order in (
        FormatOrder.HAILO_NMS_BY_SCORE,
        FormatOrder.HAILO_NMS_WITH_BYTE_MASK,
    )


def _run(model, bound):
    """Compute one frame in the network's own integers."""
    values = np.concatenate(
        [_taken(stream, bound._inputs[stream.name]._buffer) for stream in model._inputs]
    )
    for stream in model._outputs:
        n = stream.shape[-1]
        buffer = bound._outputs[stream.name]._buffer
        if stream.is_nms:
            buffer[...] = np.arange(n)
            continue
        sums = np.array([values[k::n].sum() for k in range(n)])
        zero, scale = np.array(stream._told["scales"]).T
        most = np.iinfo(_DTYPES[stream._told["type"]]).max
        stored = np.clip(np.round(sums / scale + zero), 0, most)
        if stream._type is FormatType.FLOAT32:
            stored = (stored - zero) * scale
        buffer[...] = stored.astype(buffer.dtype).reshape(buffer.shape)


def _taken(stream, buffer):
    """Return an input's real numbers, as the chip has them after quantisation."""
    ((zero, scale),) = stream._told["scales"]
    if stream._type is FormatType.FLOAT32:
        most = np.iinfo(_DTYPES[stream._told["type"]]).max
        buffer = np.clip(np.round(buffer.reshape(-1) / scale + zero), 0, most)
    return (buffer.reshape(-1).astype(np.float64) - zero) * scale
