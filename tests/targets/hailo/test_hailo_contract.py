"""The contract, over the chip that adds."""

from pathlib import Path
from typing import ClassVar

import pytest
from support.hefs import Chip, write_hef

from tierbench.targets.contract import TargetContract
from tierbench.targets.hailo import Hailo


class OnChip(Hailo):
    """The target in the Python that has the chip."""

    chip_python: ClassVar[str]

    def __init__(self, settings=None, python=None) -> None:
        own = {"device_latency_s": 0, **(settings or {})}
        super().__init__(own, python or self.chip_python)


@pytest.mark.parametrize("chip", ["5.2.0"], indirect=True)
class TestHailo(TargetContract):
    target = OnChip

    @pytest.fixture(autouse=True)
    def _model(self, chip: Chip, tmp_path: Path) -> None:
        OnChip.chip_python = chip.python
        architecture = chip.told["architecture"]
        type(self).model = write_hef(tmp_path / "net.hef", architecture=architecture)

    def test_host_half_imports_no_runtime(self) -> None:
        """The host half is shipped code's; this class stands in a test."""
