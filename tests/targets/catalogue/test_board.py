"""The catalogue of boards, and a person's own board file."""

from contextlib import suppress
from pathlib import Path

import pytest

from tierbench.harness.errors import InputError, NotFound
from tierbench.targets.catalogue.board import (
    CATALOGUE,
    Board,
    Price,
    board_names,
    find_board,
    read_board,
)

OWN = """\
name = "my-board"
core = "cortex-m33"
fpu = true
dsp = true
mve = false
"""
NUMBERS = ("clock_mhz", "flash_bytes", "ram_bytes", "supply_v", "price")


@pytest.mark.parametrize("name", board_names())
def test_every_number_of_the_catalogue_has_a_source_or_a_reason(name: str) -> None:
    board = find_board(name)
    assert board.name == name
    for key in NUMBERS:
        if getattr(board, key) is None:
            assert len(board.unknown[key]) > 10, key
        elif key != "price":  # which carries its own
            assert board.sources[key].startswith("https://"), key
    assert {"core", "soc"} <= board.sources.keys()
    assert board.accelerator is None or "accelerator" in board.sources


def test_the_catalogue_covers_the_cores() -> None:
    cores = {find_board(name).core for name in board_names()}
    assert cores >= {
        *(f"cortex-m{core}" for core in ("0+", "4", "7", "33", "55", "85")),
        "xtensa-lx7",
    }


def test_a_board_is_found_as_results_spell_it() -> None:
    assert find_board("NUCLEO-L4R5ZI") == find_board("nucleo-l4r5zi")
    assert find_board("nRF5340 DK").core == "cortex-m33"
    found = find_board("nucleo-l4r5zi")
    assert (found.clock_mhz, found.flash_bytes, found.ram_bytes) == (
        120.0,
        2 << 20,
        640 << 10,
    )
    assert (found.dsp, found.mve, found.supply_v) == (True, False, 1.8)


def test_an_unknown_board_names_a_near_one() -> None:
    with pytest.raises(NotFound, match=r"nucleo-l4r5zl.*did you mean 'nucleo-l4r5zi'"):
        find_board("nucleo-l4r5zl")
    with pytest.raises(NotFound):
        find_board("../../secret")


def test_an_own_board_may_tell_little(tmp_path: Path) -> None:
    path = tmp_path / "my-board.toml"
    path.write_text(OWN)
    board = find_board(str(path))
    assert (board.name, board.core, board.clock_mhz) == ("my-board", "cortex-m33", None)
    assert board.unknown["clock_mhz"] == "my-board.toml does not tell it"
    assert "accelerator" not in board.unknown


def test_an_own_board_may_tell_all(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        OWN + "clock_mhz = 100\nram_bytes = 65_536\nflash_bytes = 262144\n"
        'supply_v = 3\nsoc = "X"\naccelerator = "ethos-u55-64"\n'
        '[price]\namount = 2\ncurrency = "EUR"\ndate = "2026-05"\nsource = "offer"\n'
        '[sources]\nclock_mhz = "data sheet"\n'
    )
    assert read_board(path) == Board(
        name="my-board",
        core="cortex-m33",
        fpu=True,
        dsp=True,
        mve=False,
        soc="X",
        clock_mhz=100.0,
        flash_bytes=262144,
        ram_bytes=65536,
        supply_v=3.0,
        accelerator="ethos-u55-64",
        price=Price(amount=2.0, currency="EUR", date="2026-05", source="offer"),
        sources={"clock_mhz": "data sheet"},
    )


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        'core = "cortex-m4"\nfpu = 1\ndsp = false\nmve = true\nclock_mhz = -3\n'
        'ram_bytes = 1.5\nspeed = 9\naccelerator = "ethos-u55-3"\n'
        '[price]\namount = "2"\n[sources]\nclock = "x"\n[unknown]\nclock_mhz = 3\n'
    )
    with pytest.raises(InputError) as caught:
        read_board(path)
    told = "\n".join(caught.value.lines)
    for line in (
        "line 7, speed: is not known",
        "name: is missing",
        "line 2, fpu: must be bool",
        "line 3, dsp: must be true: every cortex-m4",
        "line 4, mve: must be false: cortex-m4 has no Helium",
        "line 5, clock_mhz: must be at least 1",
        "line 6, ram_bytes: must be int",
        "line 8, accelerator: must be one of",
        "line 10, price.amount: must be float",
        "price.date: is missing",
        "line 12, sources.clock: is not known",
        "line 14, unknown.clock_mhz: must be str",
        "line 14, unknown.clock_mhz: is told above",
    ):
        assert line in told, line


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name = ", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a" * (65 << 10), "bytes; 65536 at most"),
    ],
)
def test_what_is_no_board_is_refused(tmp_path: Path, content, reason: str) -> None:
    path = tmp_path / "b.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_board(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="not a regular file"):
        read_board(tmp_path / "folder.toml")
    with pytest.raises(InputError, match="cannot be read"):
        find_board(str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match="cannot be read"):
        find_board("a\0.toml")


@pytest.mark.parametrize("key", ["name", "core", "price", "sources", "unknown", "fpu"])
@pytest.mark.parametrize(
    "value", ["1", "1.5", "nan", '"x"', "[1]", "{}", "{ a = 1 }", "true", "1979-05-27"]
)
def test_a_key_of_any_type_is_refused_or_read(tmp_path, key: str, value: str) -> None:
    path = tmp_path / "b.toml"
    lines = [line for line in OWN.splitlines() if not line.startswith(key)]
    path.write_text(f"{key} = {value}\n" + "\n".join(lines))
    with suppress(InputError):
        assert read_board(path).name


def test_the_catalogue_is_beside_the_targets() -> None:
    assert len(list(CATALOGUE.glob("*.toml"))) == len(board_names()) >= 15
