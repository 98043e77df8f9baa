"""Where made files lie, and that nobody sees half of one."""

import errno
import os

import pytest

from tierbench.harness.cache import cache_folder, write_atomically
from tierbench.harness.errors import InfrastructureError


def test_the_cache_follows_the_users_setting(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    folder = cache_folder("workers")
    assert folder == tmp_path / "mine" / "tierbench" / "workers"
    assert folder.is_dir()
    assert cache_folder("workers") == folder


@pytest.mark.parametrize("setting", ["", "relative/cache", None])
def test_without_a_sound_setting_it_lies_at_home(
    tmp_path, monkeypatch, setting
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    if setting is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", setting)
    folder = cache_folder("x")
    assert folder == tmp_path / "home" / ".cache" / "tierbench" / "x"
    assert os.listdir(tmp_path) == ["home"]


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "tierbench").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InfrastructureError, match="XDG_CACHE_HOME") as caught:
        cache_folder("x")
    assert repr(str(tmp_path / "tierbench" / "x")) in str(caught.value)


def test_a_file_is_replaced_whole(tmp_path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def refuse(*_):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("tierbench.harness.cache.os.replace", refuse)
    with pytest.raises(InfrastructureError, match="no space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
