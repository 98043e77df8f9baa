"""What the panel inspection needs of its model, on every target it ships to."""

import pytest

from tierbench import kb, ms


@pytest.mark.tierbench(sweep="../panel.toml", slower_max=0.10)
def test_it_keeps_up_with_the_line(bench):
    """Beside this, the limits of panel.toml and the baseline are applied."""
    assert bench.latency.median <= ms(20)


@pytest.mark.tierbench(path="../model/defect-fp32.onnx", target="host-onnxruntime")
def test_the_file_fits_on_the_camera(bench):
    """The camera has half a megabyte to spare."""
    assert bench.size <= kb(500)
