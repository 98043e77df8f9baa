"""The contract, over the delegate that stands for libedgetpu."""

from pathlib import Path

import pytest
from support.small_tflite import write_edgetpu

from tierbench.targets.contract import TargetContract
from tierbench.targets.coral import Coral


class TestCoral(TargetContract):
    target = Coral

    @pytest.fixture(autouse=True)
    def _model(self, tpu: Path, tmp_path: Path) -> None:
        type(self).model = write_edgetpu(tmp_path / "net_edgetpu.tflite")

    def test_outputs_are_those_of_the_reference(self) -> None:
        """A compiled file runs nowhere else; ``test_device`` knows what is computed."""
