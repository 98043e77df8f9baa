"""Hashes of files."""

import pytest

from tierbench.harness.errors import InputError
from tierbench.harness.hashing import file_sha256, files_sha256


def test_a_files_hash_is_that_of_its_bytes(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    # FIPS 180-4, the example of one block
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == expected
    assert files_sha256([path]) == expected


def test_each_file_and_their_order_count(tmp_path) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    one, two, three = paths
    hashes = {
        files_sha256([one, two]),
        files_sha256([two, one]),
        files_sha256([one, three]),
        files_sha256([one]),
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_named(tmp_path, name) -> None:
    with pytest.raises(InputError, match="cannot be read") as caught:
        file_sha256(tmp_path / name)
    assert repr(str(tmp_path / name)) in str(caught.value)
