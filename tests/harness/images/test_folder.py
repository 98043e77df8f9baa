"""A folder's labels, and the files that they name."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierbench.harness.errors import DataError
from tierbench.harness.images.folder import read_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "more/c.png"):
        (folder / name).write_bytes(name.encode())
    return folder


def labelled(folder: Path, *labels: object, header: str = "file,label") -> Path:
    names = ("a.png", "b.png", "more/c.png")
    rows = [f"{name},{label}" for name, label in zip(names, labels, strict=False)]
    (folder / "labels.csv").write_text("\n".join([header, *rows]))
    return folder


def test_whole_numbers_are_class_indices(photos: Path) -> None:
    found = read_folder(labelled(photos, 2, 0, "01"))
    assert found.files == ("a.png", "b.png", "more/c.png")
    assert found.labels is not None
    assert (found.labels.dtype, found.labels.tolist()) == (np.int64, [2, 0, 1])
    assert found.classes == ()


def test_names_are_classes_in_their_order(photos: Path) -> None:
    found = read_folder(labelled(photos, "scratch", "dent", "scratch"))
    assert found.classes == ("dent", "scratch")
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0, 1]


def test_classes_may_be_listed(photos: Path) -> None:
    (photos / "classes.txt").write_text("scratch\nclean\ndent\n")
    found = read_folder(labelled(photos, "scratch", "dent", "scratch"))
    assert found.classes == ("scratch", "clean", "dent")
    assert found.labels is not None
    assert found.labels.tolist() == [0, 2, 0]
    found = read_folder(labelled(photos, 0, 2, 0))
    assert found.labels is not None
    assert found.labels.tolist() == [0, 2, 0]


def test_listed_classes_may_be_called_by_numbers(photos: Path) -> None:
    (photos / "classes.txt").write_text("7\n3\n5\n")
    found = read_folder(labelled(photos, 3, 7, 5))
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0, 2]


@pytest.mark.parametrize("wrong", ["nan", "inf", "-1e999"])
def test_a_number_that_is_not_finite_makes_no_classes_of_all(
    photos: Path, wrong: str
) -> None:
    with pytest.raises(DataError, match=f"label '{wrong}'; only finite numbers"):
        read_folder(labelled(photos, 0.5, wrong, 1.5))


def test_other_numbers_are_those_of_a_regression(photos: Path) -> None:
    found = read_folder(labelled(photos, "1.5", "-2", "3e2"))
    assert found.labels is not None
    assert (found.labels.dtype, found.labels.tolist()) == (
        np.float64,
        [1.5, -2.0, 300.0],
    )


def test_labels_may_be_left_empty(photos: Path) -> None:
    found = read_folder(labelled(photos, "", "", ""))
    assert (found.labels, len(found.files)) == (None, 3)


def test_what_a_spreadsheet_writes_is_read(photos: Path) -> None:
    text = '\ufefffile,label\r\n"a.png","dent, deep"\r\n\r\nb.png, clean\r\n'
    (photos / "labels.csv").write_bytes(text.encode())
    found = read_folder(photos)
    assert found.classes == ("clean", "dent, deep")


def test_names_bytes_and_labels_decide_the_hash(photos: Path) -> None:
    hashes = {read_folder(labelled(photos, 0, 1, 0)).sha256}
    hashes.add(read_folder(labelled(photos, 0, 1, 1)).sha256)
    hashes.add(read_folder(labelled(photos, 0, 1)).sha256)
    (photos / "a.png").write_bytes(b"other")
    hashes.add(read_folder(labelled(photos, 0, 1, 0)).sha256)
    (photos / "classes.txt").write_text("x\ny\n")
    hashes.add(read_folder(photos).sha256)
    assert len(hashes) == 5
    assert read_folder(photos).sha256 in hashes
    moved = photos.rename(photos.parent / "elsewhere")
    assert read_folder(moved).sha256 in hashes


def test_a_link_within_the_folder_is_followed(photos: Path) -> None:
    (photos / "more" / "link.png").symlink_to(photos / "a.png")
    (photos / "labels.csv").write_text("file,label\nmore/link.png,0\n")
    assert read_folder(photos).files == ("more/link.png",)


def rows(*lines: str) -> Callable[[Path], object]:
    text = "\n".join(["file,label", *lines])
    return lambda folder: (folder / "labels.csv").write_text(text)


def text(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "labels.csv").write_bytes(content)


def linked(folder: Path) -> None:
    (folder / "link.png").symlink_to("/etc/hostname")
    rows("link.png,0")(folder)


def looped(folder: Path) -> None:
    (folder / "loop.png").symlink_to("loop.png")
    rows("loop.png,0")(folder)


def piped(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    rows("pipe.png,0")(folder)


def classes(content: str, *lines: str) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        (folder / "classes.txt").write_text(content)
        rows(*lines)(folder)

    return write


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no labels.csv": (lambda folder: None, "is not a regular file"),
    "empty": (text(b""), r"the first line is '\[\]'; 'file,label' is valid"),
    "another header": (text(b"name,class\na.png,1"), "'file,label' is valid"),
    "no rows": (text(b"file,label\n"), "names no images"),
    "one cell": (rows("a.png"), "line 2 is .*a file, a comma and a label"),
    "three cells": (rows("a.png,1,2"), "line 2 is"),
    "no name": (rows(" ,1"), "line 2 is"),
    "a name twice": (rows("a.png,1", "a.png,1"), "line 3: 'a.png' stands there twice"),
    "a name too long": (rows("x" * 2000 + ",1"), "line 2 is"),
    "a cell without end": (text(b'file,label\n"' + b"x" * 200_000), "field larger"),
    "not UTF-8": (text(b"file,label\n\xff,1"), "not UTF-8 at byte 11"),
    "an absent image": (rows("no.png,1"), "image 'no.png' cannot be read: No such"),
    "a folder": (rows("more,1"), "image 'more' is not a regular file"),
    "a pipe": (piped, "image 'pipe.png' is not a regular file"),
    "outside": (rows("../secret.png,1"), "'../secret.png' lies outside the folder"),
    "the root": (rows("/etc/hostname,1"), "'/etc/hostname' lies outside the folder"),
    "a link outside": (linked, "'link.png' lies outside the folder"),
    "a loop of links": (looped, "image 'loop.png' cannot be read"),
    "a zero byte": (text(b"file,label\na\0.png,1"), "."),
    "some labels": (rows("a.png,1", "b.png,"), "image number 2 has no label"),
    "an unlisted class": (
        classes("dent\n", "a.png,dent", "b.png,scratch"),
        "label 'scratch' is not in classes.txt",
    ),
    "an index too high": (
        classes("dent\nclean\n", "a.png,2"),
        "label 2 with 2 lines in classes.txt; indices begin at 0",
    ),
    "a class twice": (classes("dent\ndent\n", "a.png,dent"), "or a name twice"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_folders_are_refused(photos: Path, case: str) -> None:
    write, problem = WRONG[case]
    (photos.parent / "secret.png").write_bytes(b"secret")
    write(photos)
    with pytest.raises(DataError, match=problem) as caught:
        read_folder(photos)
    assert str(caught.value).startswith(f"data '{photos}/")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_large_files_are_refused(photos: Path, monkeypatch) -> None:
    monkeypatch.setattr("tierbench.harness.images.folder.IMAGE_BYTES_MAX", 4)
    with pytest.raises(DataError, match=r"'a\.png' has 5 bytes; 4 at most are valid"):
        read_folder(labelled(photos, 1))
    monkeypatch.setattr("tierbench.harness.images.folder.TEXT_BYTES_MAX", 4)
    with pytest.raises(DataError, match="more than 4 bytes"):
        read_folder(photos)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=st.lists(
        st.lists(
            st.sampled_from(["a.png", "b.png", "..", "/", "1", "nan", "x", '"', ""])
            | st.text(max_size=5),
            max_size=3,
        ).map(",".join),
        max_size=4,
    )
)
def test_any_labels_give_a_folder_or_a_data_error(lines, photos: Path) -> None:
    content = "\n".join(["file,label", *lines]).encode("utf-8", "surrogatepass")
    (photos / "labels.csv").write_bytes(content)
    try:
        told = read_folder(photos).files[0]
    except DataError as error:
        told = str(error)
    assert told
    assert told.isprintable()
