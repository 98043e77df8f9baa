"""The catalogue's devices and boards as every command sees them."""

from tierbench.harness.known_device import known_devices
from tierbench.harness.plain import to_json
from tierbench.targets.catalogue.board import board_names
from tierbench.targets.catalogue.device import device_names
from tierbench.targets.catalogue.listing import boards, devices


def test_all_are_found_through_the_entry_points() -> None:
    found = [device.name for device in known_devices()]
    assert sorted(found) == sorted([*board_names(), *device_names()])


def test_only_boards_with_an_accelerator_run_on_ethos_u() -> None:
    targets = {board.name: board.targets for board in boards()}
    assert "ethos-u" in targets["corstone-300-u55"]
    assert "ethos-u" not in targets["nucleo-l4r5zi"]


def test_facts_are_plain_and_what_is_unknown_has_its_reason() -> None:
    for device in (*boards(), *devices()):
        assert to_json(device)
        for name, value in device.facts.items():
            if value is None and name not in ("accelerator",):
                assert device.unknown[name], (device.name, name)
