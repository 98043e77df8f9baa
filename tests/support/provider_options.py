"""Options of ONNX Runtime's providers, as the vendors' wheels hold their names."""

import tomllib
from pathlib import Path

_PATH = Path(__file__).parents[1] / "recorded" / "provider_options.toml"
_OPTIONS = tomllib.loads(_PATH.read_text(encoding="utf-8"))

CUDA = frozenset(_OPTIONS["cuda"])
TENSORRT = frozenset(_OPTIONS["tensorrt"])
MIGRAPHX = frozenset(_OPTIONS["migraphx"])
QNN = frozenset(_OPTIONS["qnn"])
