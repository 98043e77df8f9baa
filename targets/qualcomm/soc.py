"""Which Hexagon a Qualcomm SoC has, and which of them ONNX Runtime's QNN runs on."""

from __future__ import annotations

from typing import NamedTuple

from ...harness.device.session import SessionError
from ...harness.device.sysfs import read_text

COMPATIBLE = "/proc/device-tree/compatible"
"""Names of the board and its SoC, the nearest first, each as ``qcom,NAME``."""


class Soc(NamedTuple):
    """The generation of a SoC's Hexagon, and QAIRT's number of it where it is known."""

    hexagon: int
    number: int | None = None


SOCS = {
    "sdm845": Soc(65),
    "sm8150": Soc(66),
    "sm8250": Soc(66, 21),
    "qrb5165": Soc(66, 21),
    "sc7280": Soc(68, 93),
    "qcm6490": Soc(68, 93),
    "qcs6490": Soc(68, 93),
    "sm8350": Soc(68, 30),
    "sc8280xp": Soc(68, 37),
    "sm8450": Soc(69, 36),
    "sm8550": Soc(73, 43),
    "qcs8550": Soc(73),
    "sa8775p": Soc(73),
    "qcs9100": Soc(73),
    "sm8650": Soc(75, 57),
}
"""SoCs as Linux's device tree names them. Numbers: ``Qnn_SocModel_t`` (QnnTypes.h,
QAIRT 2.45), and 93 as Qualcomm's table of supported devices has it. Given a number,
QNN knows what the generation alone does not tell, such as that QCS6490 has no float16.
"""

OLDEST = 68
"""The package (onnxruntime-qnn 2.7.0, aarch64) holds libraries for v68, 69, 73, 75, 79
and 81."""


def refusal(name: str) -> str | None:
    """Return why the provider does not run on a known SoC, None where it does."""
    hexagon = SOCS[name].hexagon
    if hexagon >= OLDEST:
        return None
    return (
        f"{name} has a Hexagon v{hexagon}, for which ONNX Runtime's QNN has no "
        f"libraries, only for v{OLDEST} and later; take a board such as the QCS6490, "
        "or run the model with Qualcomm's SNPE or QAIRT (behind a login)"
    )


def board(path: str = COMPATIBLE) -> tuple[str, str]:
    """Return the board's name and its SoC's, as the device tree has them.

    Raises:
        SessionError: this is no board of Qualcomm's.
    """
    names = [each for each in (read_text(path) or "").split("\0") if each.strip()]
    own = [each[5:].strip() for each in names if each.startswith("qcom,")]
    if not own:
        raise SessionError(
            f"{path} names no SoC of Qualcomm's; run this on the board, or use the "
            "target qualcomm-simulator here"
        )
    soc = next((name for name in own if name in SOCS), own[-1])
    return names[0], soc


def chosen(wanted: str, found: str) -> str:
    """Return the SoC to compile for.

    Args:
        wanted: what the option says; empty: what was found.
        found: what the board has.

    Raises:
        SessionError: the provider does not run on it, or it is not known.
    """
    for name in (found, wanted or found):
        if name in SOCS and (reason := refusal(name)):
            raise SessionError(reason)
    if (wanted or found) not in SOCS:
        raise SessionError(
            f"it is not known which Hexagon {found} has; set soc to one that is alike: "
            f"{', '.join(SOCS)}"
        )
    return wanted or found
