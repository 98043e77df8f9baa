"""Workers of this machine."""

from pathlib import Path

from tierbench.harness.local import Local, signal_name


def test_how_a_worker_ended_is_told() -> None:
    assert Local(None).end(3) == "ended with status 3"
    assert Local(None).end(-9) == "was ended by SIGKILL"
    assert signal_name(999) == "signal 999"


def test_a_file_lies_where_it_is_and_no_link_is_lost() -> None:
    assert Local(None).place(Path("/some/model.onnx")) == "/some/model.onnx"
    assert Local(None).loss(255) is None
