"""What a search keeps, whatever becomes of its process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import toy_search

from tierbench.harness.errors import InfrastructureError, InputError
from tierbench.models.search.latency import Refused

pytestmark = pytest.mark.usefixtures("_optuna")


def opened(folder, asked=toy_search.ASKED):
    from tierbench.models.search.study import open_study

    return open_study(folder, asked)


def labels(search):
    return [trial.shape.label for trial in search.trials()]


def uninterrupted(folder, trials, **changes):
    """Return what a search tries that nobody disturbs."""
    with opened(folder) as study:
        search = toy_search.search(study, **changes)
        search.go_on(trials)
        return labels(search)


def test_trials_are_kept_with_all_that_was_found(tmp_path):
    uninterrupted(tmp_path, 3)
    with opened(tmp_path) as study:
        (*_, last) = toy_search.search(study).trials()
    trained = toy_search.train(last.shape)
    assert (last.number, last.correct, last.n) == (2, trained.correct, 100)
    assert last.sha256 == trained.sha256
    assert last.parameters == trained.parameters
    assert last.latency == toy_search.measure(last.shape.label, trained.path)
    assert last.point == (1 - trained.correct / 100, last.latency.ratio)


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
def test_a_search_in_two_parts_is_the_whole_one(tmp_path, sampler):
    whole = uninterrupted(tmp_path / "whole", 15, sampler=sampler)
    uninterrupted(tmp_path / "parts", 12, sampler=sampler)
    assert uninterrupted(tmp_path / "parts", 15, sampler=sampler) == whole


def test_no_network_is_tried_twice(tmp_path):
    few = {"width": (8, 16), "depth": (1, 2, 3)}
    assert len(set(uninterrupted(tmp_path, 6, choices=few))) == 6
    with pytest.raises(InputError, match="all 6 networks are tried"):
        uninterrupted(tmp_path, 7, choices=few)


def test_seeds_differ(tmp_path):
    one = uninterrupted(tmp_path / "1", 8, seed=1)
    assert one != uninterrupted(tmp_path / "2", 8, seed=2)


def test_more_trials_than_asked_are_none_too_many(tmp_path):
    four = uninterrupted(tmp_path, 4)
    assert uninterrupted(tmp_path, 2) == four


def test_an_error_in_a_trial_leaves_it_to_be_tried_again(tmp_path):
    whole = uninterrupted(tmp_path / "whole", 3)

    def broken(name: str, path: Path):
        raise InfrastructureError("the board is unplugged")

    uninterrupted(tmp_path / "broken", 1)
    with opened(tmp_path / "broken") as study:
        with pytest.raises(InfrastructureError):
            toy_search.search(study, measure=broken).go_on(3)
        assert labels(toy_search.search(study)) == whole[:1]
    assert uninterrupted(tmp_path / "broken", 3) == whole


def test_a_refused_network_counts_and_says_why(tmp_path):
    def refusing(name: str, path: Path):
        raise Refused("no kernel for it")

    with opened(tmp_path) as study:
        search = toy_search.search(study, measure=refusing)
        search.go_on(2)
        assert [trial.refused for trial in search.trials()] == ["no kernel for it"] * 2
        assert [trial.point for trial in search.trials()] == [None, None]


def test_it_leaves_when_asked(tmp_path):
    with opened(tmp_path) as study:
        search = toy_search.search(study)
        search.go_on(9, stopping=lambda: len(search.trials()) >= 2)
        assert len(search.trials()) == 2


def test_no_trial_is_lost_by_kill_9(tmp_path):
    """Killed in the midst of trials, it ends with those of an undisturbed search."""
    whole = uninterrupted(tmp_path / "whole", 7)
    log = tmp_path / "log"
    log.touch()
    command = [sys.executable, toy_search.__file__, tmp_path / "killed", "7", log]
    for measured in (2, 0, 3):
        process = subprocess.Popen([*command, str(measured)])
        hung = log.read_text().count("hangs") + 1
        while log.read_text().count("hangs\b") + log.read_text().count("hangs") < hung:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*command, "99"], check=True)
    told = [line.split() for line in log.read_text().splitlines()]
    assert [label for word, label in told if word == "counts"] == whole
    interrupted = [label for word, label in told if word == "hangs"]
    assert interrupted == [whole[2], whole[2], whole[5]]
    with opened(tmp_path / "killed") as study:
        assert labels(toy_search.search(study)) == whole


def test_another_search_is_refused_and_nothing_is_lost(tmp_path):
    tried = uninterrupted(tmp_path, 2)
    other = {**toy_search.ASKED, "seed": 2, "training": {"epochs": 3}}
    with pytest.raises(InputError) as caught, opened(tmp_path, other):
        pass
    assert "seed was 1 and is 2; training.epochs was 1 and is 3" in str(caught.value)
    assert uninterrupted(tmp_path, 2) == tried


def test_only_one_process_at_a_time(tmp_path):
    from tierbench.models.search.study import _alone

    with (
        _alone(tmp_path),
        pytest.raises(InfrastructureError, match="another process"),
        _alone(tmp_path),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" * 99])
def test_a_file_that_is_no_search(tmp_path, content):
    path = tmp_path / "search.db"
    path.write_bytes(content)
    if not content:  # an empty file is a new database
        assert len(uninterrupted(tmp_path, 1)) == 1
        return
    with pytest.raises(InputError, match="cannot be used"), opened(tmp_path):
        pass
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match="name another folder"),
        opened(tmp_path / "file" / "out"),
    ):
        pass


def test_optuna_says_nothing(tmp_path, capfd, recwarn):
    uninterrupted(tmp_path, 12, sampler="tpe")
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
