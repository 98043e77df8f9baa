"""Spellings of networks and devices: those listed, and no others."""

import pytest

from tierbench.harness.published.spellings import (
    DEVICES,
    NETWORKS,
    device_of,
    network_of,
)
from tierbench.targets.catalogue.board import board_names
from tierbench.targets.catalogue.device import device_names, find_device


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NVIDIA L4", "l4"),
        ("NVIDIA L4-PCIe-24GB", "l4"),
        ("NVIDIA L40-PCIE-48GB", "l40"),
        ("Virtualized NVIDIA L40S", "l40s"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("AMD Instinct MI300X-NPS1-SPX-192GB-750W", "mi300x"),
        ("NVIDIA Jetson AGX Orin 64G", "jetson-agx-orin"),
        ("NVIDIA Jetson AGX Orin 32G", None),
        ("NVIDIA Orin NX 16G", "jetson-orin-nx"),
        ("NVIDIA Orin", None),
        ("HAILO8", "hailo8"),
        ("Hailo-8L", "hailo8l"),
        ("Coral Dev Board", "coral-dev-board"),
        ("Coral Dev Board Mini", None),
        ("NUCLEO-H7A3ZI", "nucleo-h7a3zi-q"),
        ("NUCLEO-L4R5ZI-P", "nucleo-l4r5zi-p"),
        ("AMD EPYC 7B13", None),
        ("", None),
    ],
)
def test_devices(text: str, name: str | None) -> None:
    assert device_of(text) == name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("resnet", "resnet50"),
        ("resnet50-v1-12", "resnet50"),
        ("ResNet-50 V1 (299x299)", "resnet50"),
        ("resnet_v1_50", "resnet50"),
        ("resnet_v1_18", None),
        ("MobileNet v1 SSD (224x224)", "ssd-mobilenet-v1"),
        ("MobileNet v1 (224x224)", "mobilenet-v1"),
        ("mobilenet_v2_1.0", "mobilenet-v2"),
        ("kws_ref_model", "mlperf-tiny-kws"),
        ("keyword", None),
        ("", None),
    ],
)
def test_networks(model: str, name: str | None) -> None:
    assert network_of(model) == name


def test_no_spelling_stands_for_two_networks() -> None:
    spelt = [text for all in NETWORKS.values() for text in all]
    assert len(spelt) == len(set(spelt))


def test_every_device_is_in_the_catalogue() -> None:
    known = {"", *device_names(), *board_names()}
    assert {name for _, name in DEVICES} <= known


@pytest.mark.parametrize("name", device_names())
def test_every_device_of_the_catalogue_is_found_by_its_title(name: str) -> None:
    assert device_of(find_device(name).title) == name
