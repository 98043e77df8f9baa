"""A model on Hexagon's tensor processor (HTP) through ONNX Runtime's QNN provider.

QNN comes as a plug-in (``onnxruntime-qnn`` 2.7.0): its library is registered, and a
session takes the devices that it then tells of. The same calls run the processor on a
board and, on x86-64, Qualcomm's simulator of it.
"""

from __future__ import annotations

import re
import tempfile
from typing import Any

import onnxruntime as ort
import onnxruntime_qnn as qnn

from ...harness.device.session import SessionError
from ..onnxruntime import distribution
from ..onnxruntime.accelerated import AcceleratedSession, fix_dimensions, survey
from ..onnxruntime.session import quiet_settings
from .graphs import precisions
from .soc import SOCS

PROVIDER = "QNNExecutionProvider"
VERSION = str(qnn.__version__)


def devices() -> list[Any]:
    """Register the provider's library and return the devices that it tells of.

    Raises:
        SessionError: it cannot be loaded, or tells of none.
    """
    try:
        if not _known():
            ort.register_execution_provider_library(PROVIDER, qnn.get_library_path())
    except Exception as exc:
        raise SessionError(
            f"onnxruntime-qnn {VERSION} cannot be loaded: {exc}; it needs "
            "onnxruntime 1.24.2 or later and glibc 2.35 or later"
        ) from exc
    found = _known()
    if not found:
        raise SessionError("onnxruntime-qnn tells of no device that it runs on")
    return found


def _known() -> list[Any]:
    return [one for one in ort.get_ep_devices() if one.ep_name == PROVIDER]


class HtpSession(AcceleratedSession):
    """One model on the tensor processor."""

    def __init__(
        self,
        model: str,
        batch: int,
        asked: dict[str, str],
        cpu_fallback: bool,
        entries: dict[str, str] | None = None,
        compiled: bool = False,
    ) -> None:
        """Load the model.

        Args:
            model: an ONNX file, or one that holds a compiled context.
            batch: samples of a call.
            asked: the provider's own options.
            cpu_fallback: let the CPU take what the processor does not.
            entries: more entries of the session's configuration.
            compiled: whether the file holds a context.
        """
        inputs = [] if compiled else survey(model).inputs
        with tempfile.TemporaryDirectory(prefix="tierbench-qnn-") as folder:
            own = {**asked, "backend_path": qnn.get_qnn_htp_path()}
            if not compiled:
                own |= {"dump_json_qnn_graph": "1", "json_qnn_graph_dir": folder}

            def settings() -> ort.SessionOptions:
                made = _settings(own, entries or {})
                fix_dimensions(made, inputs, batch)
                return made

            try:
                super().__init__(
                    model, batch, settings, PROVIDER, cpu_fallback=cpu_fallback
                )
            except SessionError as exc:
                raise _plainly(exc) from exc
            self.precisions = precisions(folder)

    def found_precision(self, profile: str) -> Any:
        """Return what the compiled graphs compute in, operator by operator."""
        counts = self.precisions
        return next(iter(counts)) if len(counts) == 1 else counts or None

    def ran(self) -> dict[str, Any]:
        """Tell the provider's version too."""
        return {**super().ran(), "qnn_provider": VERSION}


def _settings(own: dict[str, str], entries: dict[str, str]) -> ort.SessionOptions:
    made = quiet_settings()
    for name, value in entries.items():
        made.add_session_config_entry(name, value)
    made.add_provider_for_devices(devices()[:1], own)
    return made


def _plainly(exc: SessionError) -> SessionError:
    """Return what is meant where the provider gives back a node that it asked for.

    It has the runtime turn a node to its own layout first, and may then refuse the
    node's types, which is no case for the CPU any more.
    """
    given_back = re.search(r"Node '(\S+)' OpType:(\w+) with domain:\S+\.nhwc", str(exc))
    if given_back is None:
        return exc
    name, kind = given_back.groups()
    return SessionError(
        f"{PROVIDER} does not take {kind} {name!r} in the file's types; choose an int8 "
        "variant, or a SoC with float16"
    )


def provider_options(name: str) -> dict[str, str]:
    """Return the provider's options for a SoC.

    Quantising inputs and dequantising outputs is the processor's work here; the
    provider would leave it to the CPU. Float32 is computed in float16, where the
    processor can: it has no float32.
    """
    soc = SOCS[name]
    asked = {"htp_arch": str(soc.hexagon), "offload_graph_io_quantization": "0"}
    if soc.number is not None:
        asked |= {"soc_model": str(soc.number), "enable_htp_fp16_precision": "1"}
    return asked


def identity() -> dict[str, str | None]:
    """Return the software's versions.

    Raises:
        SessionError: it cannot be used, see ``devices`` and ``distribution.identity``.
    """
    devices()
    return {
        **distribution.identity("onnxruntime"),
        "runtime": "onnxruntime-qnn",
        "runtime_version": VERSION,
        "onnxruntime": str(ort.__version__),
        "qnn": str(qnn.build_and_package_info.qnn_version),
    }
