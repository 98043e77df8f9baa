"""Boards by what Linux tells of them, and the SoCs that are refused."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from support.components import missing
from support.provider_options import QNN

from tierbench.harness.device.session import SessionError
from tierbench.targets.qualcomm.soc import SOCS, board, chosen, refusal


def tree(folder: Path, *names: str) -> str:
    path = folder / "compatible"
    path.write_bytes(b"".join(name.encode() + b"\0" for name in names))
    return str(path)


def test_a_board_with_a_tensor_processor(tmp_path: Path) -> None:
    name, soc = board(tree(tmp_path, "qcom,qcs6490-rb3gen2", "qcom,qcm6490"))
    assert (name, soc) == ("qcom,qcs6490-rb3gen2", "qcm6490")
    assert chosen("", soc) == "qcm6490"
    assert SOCS[soc].hexagon == 68


@pytest.mark.parametrize("wanted", ["", "qcs6490", "qrb5165"])
def test_the_rb5_is_refused_whatever_is_asked_for(tmp_path: Path, wanted: str) -> None:
    _, soc = board(tree(tmp_path, "qcom,qrb5165-rb5", "qcom,sm8250"))
    with pytest.raises(SessionError, match=r"Hexagon v66.*QCS6490.*SNPE"):
        chosen(wanted, soc)


def test_a_soc_that_is_not_known_needs_to_be_told(tmp_path: Path) -> None:
    _, soc = board(tree(tmp_path, "acme,board", "qcom,sm9999"))
    with pytest.raises(SessionError, match="which Hexagon sm9999 has; set soc"):
        chosen("", soc)
    assert chosen("sm8650", soc) == "sm8650"


@pytest.mark.parametrize("names", [(), ("raspberrypi,5-model-b", "brcm,bcm2712")])
def test_no_board_of_qualcomms(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(SessionError, match="qualcomm-simulator"):
        board(tree(tmp_path, *names))
    with pytest.raises(SessionError, match="names no SoC"):
        board(str(tmp_path / "missing"))


def test_only_what_the_package_has_libraries_for_is_taken() -> None:
    taken = {soc.hexagon for name, soc in SOCS.items() if refusal(name) is None}
    assert taken == {68, 69, 73, 75}


@pytest.mark.parametrize("soc", SOCS)
def test_every_option_is_one_of_the_wheels(soc: str) -> None:
    if find_spec("onnxruntime_qnn") is None:
        missing("qnn", "onnxruntime_qnn is not installed")
    from tierbench.targets.qualcomm.qnn import provider_options

    asked = provider_options(soc)
    assert asked.keys() <= QNN
    assert asked["htp_arch"] == str(SOCS[soc].hexagon)
