"""HEF files of a network that ``support/hailo`` computes, and a Python that has it."""

import json
import sys
import venv
from pathlib import Path

from tierbench.harness.formats.hef_file import ARCHITECTURES, COMMON, DISTINCT, MAGIC

FOLDER = Path(__file__).parent / "hailo"
ONE_INPUT = (
    {"name": "net/in", "shape": [2, 2, 3], "type": "UINT8", "scales": [[10, 0.5]]},
)
ONE_OUTPUT = ({"name": "net/out", "shape": [4], "type": "UINT8", "scales": [[3, 2.0]]},)


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    """Return one field of a Protocol Buffers message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def description(architecture: str, operators: tuple[bytes, ...]) -> bytes:
    """Return a HEF's description: its chip, its compiler and its operators."""
    code = {name: code for code, name in ARCHITECTURES.items()}[architecture]
    header = (field(1, code) if code else b"") + field(3, b"3.33.0")
    group = field(10, b"net") + b"".join(field(8, one) for one in operators)
    return field(1, header) + field(2, group)


CORE = field(1, b"core") + field(4, b"")
NMS = field(1, b"nms") + field(5, field(4, 80))
SOFTMAX = field(1, b"softmax") + field(6, field(1, 1))
ARGMAX = field(1, b"argmax") + field(6, b"")


def hef_bytes(
    version: int = 2,
    architecture: str = "hailo8",
    inputs: tuple[dict, ...] = ONE_INPUT,
    outputs: tuple[dict, ...] = ONE_OUTPUT,
    operators: tuple[bytes, ...] = (CORE,),
) -> bytes:
    described = description(architecture, operators)
    network = {"architecture": architecture, "inputs": inputs, "outputs": outputs}
    behind = json.dumps(network).encode()
    if version == 0:  # all is in the description
        described, behind = described + field(3, behind), b""
    rest = {
        0: (0, bytes(16)),
        1: (0, len(behind), 0),
        2: (0, len(behind), 0, 0),
        3: (0, len(behind) - 5, 0, 5, 0, 0),
    }[version]
    head = COMMON.pack(MAGIC, version, len(described)) + DISTINCT[version].pack(*rest)
    return head + described + behind


def write_hef(path: Path, **network) -> Path:
    path.write_bytes(hef_bytes(**network))
    return path


def python_with(folder: Path, *paths: Path) -> str:
    """Return a Python of its own that finds this one's packages and more besides."""
    venv.create(folder, symlinks=True, with_pip=False)
    (site,) = (folder / "lib").glob("python*/site-packages")
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / "more.pth").write_text("\n".join([*map(str, paths), *shared]))
    return str(folder / "bin" / "python")


class Chip:
    """A Python with a HailoRT of one version, its ``hailortcli``, and a chip."""

    def __init__(self, folder: Path, version: str) -> None:
        self.python = python_with(folder / "venv", FOLDER)
        self.settings = folder / "chip.json"
        self.programs = folder / "bin"
        self.programs.mkdir()
        program = self.programs / "hailortcli"
        text = (FOLDER / "hailortcli").read_text()
        program.write_text(f"#!{self.python}\n{text}")
        program.chmod(0o755)
        self.told = {
            "version": version,
            "architecture": "hailo8" if version < "5" else "hailo15h",
            "devices": ["0000:01:00.0", "0000:02:00.0"],
            "queue": 8,
            "monitor": True,
            "fail": None,
        }
        self.set()

    def set(self, **more) -> None:
        """Make the chip another one."""
        self.told |= more
        self.settings.write_text(json.dumps(self.told))

    @property
    def environment(self) -> dict[str, str]:
        """Return what the processes of a test must find."""
        return {"FAKE_HAILO": str(self.settings)}
