import json

import numpy as np
import pytest

from tierbench.harness.cli import main

SMALL = ("--window", "20", "--windows", "2", "--clean-windows", "3")
SMALL = (*SMALL, "--reference-samples", "200")


def test_a_study_is_a_table_a_file_and_a_page(tmp_path, capsys):
    out, page = tmp_path / "study.json", tmp_path / "page.html"
    assert main(["drift", "study", "bearing", *SMALL, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "severity 5" in told.out
    assert "chance allows" in told.out
    assert "roughness: severity 5" in told.err
    assert json.loads(out.read_text())["model"] == "bearing"
    assert main(["report", "--drift", str(out), "--out", str(page)]) == 0
    assert "roughness" in page.read_text()


def test_json_is_all_that_goes_to_stdout(capsys):
    assert main(["drift", "study", "bearing", *SMALL, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["window"] == 20


def test_export_tells_what_it_wrote(tmp_path, capsys):
    arguments = ["drift", "export", "bearing", "--reference-samples", "300"]
    arguments += ["--window", "20", "--out", str(tmp_path / "out"), "--json"]
    assert main(arguments) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["false_alarm_rate"] == 0.01
    assert row["embedding_size"] == 96
    assert (tmp_path / "out" / "drift_monitor.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["study", "nothing"], "no model 'nothing'"),
        (["study", "bearing", "--variant", "int9"], "int9"),
        (["study", "bearing", "--format", "gguf"], "gguf"),
        (["study", "bearing", "--window", "900"], "900"),
        (["export", "nothing"], "no shift"),
        (["export", "x.onnx"], "without --reference"),
        (["export", "bearing", "--reference", "x.npz"], "draws its own samples"),
        (["export", "bearing", "--false-alarms", "0"], "false-alarm rate of 0.0"),
        (["export", "bearing", "--window", "1"], "a window of 1 samples"),
        (["export", "x.onnx", "--reference", "x.npz", "--variant", "a"], "leave them"),
        (["export", "x.onnx", "--reference", "x.npz"], "x.onnx"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, capsys, arguments, told):
    if arguments[0] == "export":
        arguments = [*arguments, "--out", str(tmp_path / "out")]
    assert main(["drift", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_an_own_file_and_own_samples(shipped, tmp_path, capsys):
    samples = np.random.default_rng(0).uniform(-1, 1, (300, 1, 1024, 1))
    np.savez(tmp_path / "r.npz", input=samples.astype(np.float32))
    arguments = ["drift", "export", str(shipped("bearing").file("onnx"))]
    arguments += ["--reference", str(tmp_path / "r.npz"), "--window", "20"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert "penultimate" in capsys.readouterr().out
