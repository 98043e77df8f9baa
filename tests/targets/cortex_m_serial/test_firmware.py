"""What a firmware takes and tells of a model."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from support.boards import profile_of

from tierbench.harness.errors import CaseError, WorkerError
from tierbench.targets.cortex_m_serial.firmware import BENCHMARKS, firmware_of


def test_stored_values_are_sent_as_they_are() -> None:
    firmware = firmware_of("own01", "", "auto", profile_of(4, 2))
    array = np.array([[-128, -1, 0, 127]], np.int8)
    assert firmware.encoded(array) == bytes([0x80, 0xFF, 0x00, 0x7F])


@pytest.mark.parametrize("model", ["ic01", "vww01"])
def test_image_firmware_takes_unsigned_bytes(model: str) -> None:
    known = BENCHMARKS[model]
    firmware = firmware_of(model, "", "auto", profile_of(known.inputs, known.outputs))
    array = np.zeros((1, known.inputs), np.int8)
    array[0, :3] = -128, -1, 127
    assert firmware.encoded(array)[:4] == bytes([0, 127, 255, 128])


def test_anomaly_firmware_takes_real_numbers_and_tells_one() -> None:
    firmware = firmware_of("ad01", "", "auto", profile_of(640, 640))
    sent = firmware.encoded(np.full((1, 640), 64, np.int8))
    assert len(sent) == 2560
    assert struct.unpack("<2f", sent[:8]) == (0.5, 0.5)
    assert firmware.decoded([12.345]).tolist() == [[pytest.approx(12.345)]]


def test_a_form_can_be_told() -> None:
    firmware = firmware_of("ic01", "", "stored", profile_of(3072, 10))
    assert firmware.encoded(np.full((1, 3072), -1, np.int8))[:1] == b"\xff"


def test_unsigned_bytes_are_for_int8() -> None:
    profile = profile_of(4, 2)
    inputs = (replace(profile.inputs[0], dtype="float32", scale=None),)
    with pytest.raises(CaseError, match="set input_form = 'stored'"):
        firmware_of("own01", "", "uint8", replace(profile, inputs=inputs))


def test_float_inputs_are_sent_in_four_bytes() -> None:
    profile = profile_of(2, 2)
    inputs = (replace(profile.inputs[0], dtype="float32", scale=None),)
    firmware = firmware_of("own01", "", "auto", replace(profile, inputs=inputs))
    assert firmware.encoded(np.array([[1.0, -2.0]], np.float32)) == struct.pack(
        "<2f", 1.0, -2.0
    )


@pytest.mark.parametrize("told", [[-1.1, 0.0], [0.0, 1.1]])
def test_results_beyond_the_output_are_another_models(told: list[float]) -> None:
    firmware = firmware_of("own01", "", "auto", profile_of(4, 2))
    with pytest.raises(WorkerError, match=r"output holds -1 to 0\.992188"):
        firmware.decoded(told)


def test_results_take_the_outputs_shape() -> None:
    profile = profile_of(4, 6)
    outputs = (replace(profile.outputs[0], shape=(1, 2, 3)),)
    firmware = firmware_of("own01", "", "auto", replace(profile, outputs=outputs))
    assert firmware.decoded([0.1] * 6).shape == (1, 2, 3)
