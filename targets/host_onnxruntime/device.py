"""The device half for ONNX Runtime's CPU provider."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from ...harness.device.session import Session
from ..onnxruntime.session import CPU, OrtSession, load, quiet_settings

LEVELS = {
    "disabled": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


class CpuSession(OrtSession):
    """One model on the CPU provider and no other."""

    def __init__(self, model: str, options: dict[str, Any], batch: int) -> None:
        """Load the model."""
        self._told = {
            "threads": int(options["threads"]),
            "graph_optimization": str(options["graph_optimization"]),
            "memory_arena": bool(options["memory_arena"]),
            "prepacking": bool(options["prepacking"]),
        }
        self.on_cpu = self._told["threads"] == 1
        super().__init__(load(model, _settings(self._told), [CPU]), batch)

    def ran(self) -> dict[str, Any]:
        """Tell the threads and settings too."""
        return {
            **super().ran(),
            "precision": None,
            "precision_reason": "the provider computes in the types of the file",
            **self._told,
        }


def _settings(told: dict[str, Any]) -> ort.SessionOptions:
    settings = quiet_settings(told["threads"])
    settings.graph_optimization_level = LEVELS[told["graph_optimization"]]
    settings.enable_cpu_mem_arena = told["memory_arena"]
    unpacked = "0" if told["prepacking"] else "1"
    settings.add_session_config_entry("session.disable_prepacking", unpacked)
    return settings


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Load a model file."""
    return CpuSession(model, options, batch)
