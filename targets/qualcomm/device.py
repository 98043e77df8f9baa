"""The device half for a board's tensor processor (HTP), by ONNX Runtime's QNN provider.

What is opened is a context: the model compiled for one generation of the processor, in
an ONNX file around it. Compiling takes a process of its own, before anything is timed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import onnxruntime as ort

from ...harness.device import artifacts
from ...harness.device.session import Session, SessionError
from . import soc
from .qnn import VERSION, HtpSession, identity, provider_options


def identify(options: dict[str, Any]) -> dict[str, str | None]:
    """Return the board, its processor and the software.

    Raises:
        SessionError: this is no board of Qualcomm's, its processor is too old for the
            provider, or the provider does not load.
    """
    name, found = soc.board()
    chosen = soc.chosen(str(options["soc"]), found)
    return {
        **identity(),
        "device": f"{name} (Hexagon v{soc.SOCS[chosen].hexagon})",
        "soc": found,
        "compiled_for": chosen,
        "power_mode": str(options["performance_mode"]),
    }


def build(model: str, options: dict[str, Any], batch: int) -> None:
    """Compile a model file for the board's processor, and keep the context.

    Raises:
        SessionError: the model is refused, or needs the CPU.
    """
    compile_context(model, options, batch, _soc(options))


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load the context that was compiled of a model file."""
    return open_context(model, options, batch, _soc(options))


def compile_context(model: str, options: dict[str, Any], batch: int, name: str) -> None:
    """Compile a model for a SoC's processor, unless that is done.

    Raises:
        SessionError: see ``build``.
    """
    path = Path(context_path(model, options, batch, name))
    if path.exists():
        return
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.onnx")
    entries = {
        "ep.context_enable": "1",
        "ep.context_file_path": str(temporary),
        "ep.context_embed_mode": "1",
    }
    fallback = bool(options["cpu_fallback"])
    try:
        made = HtpSession(model, batch, _asked(options, name), fallback, entries)
        made.close()
        if not temporary.exists():
            raise SessionError("onnxruntime-qnn wrote no context of the model")
        described = {"operators": made.placed, "precisions": made.precisions}
        artifacts.keep(f"{path}.json", json.dumps(described).encode())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def open_context(
    model: str, options: dict[str, Any], batch: int, name: str
) -> HtpSession:
    """Load a compiled context, which tells of what it was compiled.

    Raises:
        SessionError: it was not compiled, or does not load.
    """
    path = context_path(model, options, batch, name)
    try:
        described = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise SessionError(f"no context was compiled of {model!r}") from exc
    asked, fallback = _asked(options, name), bool(options["cpu_fallback"])
    session = HtpSession(path, batch, asked, fallback, compiled=True)
    session.placed = described["operators"]
    session.precisions = described["precisions"]
    return session


def context_path(model: str, options: dict[str, Any], batch: int, name: str) -> str:
    """Return where the context of a model lies, whether it is compiled yet or not."""
    depends_on = {
        "onnxruntime": str(ort.__version__),
        "qnn_provider": VERSION,
        "options": {**options, "soc": name},
        "batch": batch,
    }
    return artifacts.path_of(model, depends_on, ".onnx")


def _soc(options: dict[str, Any]) -> str:
    return soc.chosen(str(options["soc"]), soc.board()[1])


def _asked(options: dict[str, Any], name: str) -> dict[str, str]:
    mode = {"htp_performance_mode": str(options["performance_mode"])}
    return {**provider_options(name), **mode}
