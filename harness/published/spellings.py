"""The many spellings of one network and of one device, listed one by one.

Names that are not listed stand for themselves alone: nothing is taken to be the same
because it looks alike.
"""

from __future__ import annotations

import re

NETWORKS: dict[str, tuple[str, ...]] = {
    "resnet50": (
        *("resnet", "resnet50", "resnet50v1", "resnet50v15", "resnetv150"),
        *("resnet50v17", "resnet50v112", "resnet50v1onnx"),
    ),
    "mobilenet-v1": ("mobilenetv1", "mobilenetv110", "mobilenetv110224"),
    "mobilenet-v2": ("mobilenetv2", "mobilenetv210", "mobilenetv212", "mobilenetv27"),
    "ssd-mobilenet-v1": ("ssdmobilenetv1", "mobilenetv1ssd", "ssdmobilenet"),
    "densenet": ("densenet", "densenet121"),
    "inception-v4": ("inceptionv4",),
    "resnet152-v2": ("resnet152v2",),
    "vgg16": ("vgg16",),
    "unet-mobilenet-v2": ("unetmv2", "unetmobilenetv2"),
    "efficientnet-edgetpu-s": ("efficientnetedgetpus",),
    "mlperf-tiny-kws": ("mlperftinykws", "kwsrefmodel", "kwsrefmodelfloat32"),
    "mlperf-tiny-vww": ("mlperftinyvww", "vww96int8", "vww96float", "vww96"),
    "mlperf-tiny-ic": (
        *("mlperftinyic", "pretrainedresnet", "pretrainedresnetquant"),
        "pretrainedresnetfloat",
    ),
    "mlperf-tiny-ad": ("mlperftinyad", "ad01int8", "ad01fp32", "ad01"),
}
"""What a network is called here, and its spellings in small letters and digits."""

DEVICES: tuple[tuple[str, str], ...] = (
    (r"\bh100\b.*\bpcie\b", "h100-pcie"),
    *((rf"\b{name}\b", name) for name in ("l40s", "l40", "l4", "h200", "h100", "a100")),
    (r"\bmi300x\b", "mi300x"),
    (r"\bagx orin\b.*\b32 ?gb?\b", ""),  # a module of its own, not in the catalogue
    (r"\bagx orin\b", "jetson-agx-orin"),
    (r"\borin nx\b.*\b8 ?gb?\b", ""),
    (r"\borin nx\b", "jetson-orin-nx"),
    (r"\borin nano\b", "jetson-orin-nano"),
    (r"\bhailo ?8l\b", "hailo8l"),
    (r"\bhailo ?8r?\b", "hailo8"),
    (r"\bhailo ?10h\b", "hailo10h"),
    (r"\bhailo ?15h\b", "hailo15h"),
    (r"\b(coral usb|usb edge tpu|usb accelerator)\b", "coral-usb"),
    (r"\bcoral dev board$", "coral-dev-board"),
    (r"\b(coral (m 2|mini pcie|pcie))\b", "coral-pcie"),
    (r"\bqrb5165\b", "rb5"),
    (r"\bqcs6490\b", "qcs6490"),
    (r"^nucleo l4r5zi p$", "nucleo-l4r5zi-p"),
    (r"^nucleo l4r5zi$", "nucleo-l4r5zi"),
    (r"^nucleo h7a3zi( q)?$", "nucleo-h7a3zi-q"),
    (r"^nucleo u575zi q$", "nucleo-u575zi-q"),
    (r"^nucleo g0b1re$", "nucleo-g0b1re"),
    (r"^ek ra8d1$", "ek-ra8d1"),
    (r"^nrf5340 ?dk$", "nrf5340-dk"),
    (r"^cy8cproto 062 4343w$", "cy8cproto-062-4343w"),
)
"""Patterns, the first that fits counts, and the name in the catalogue of devices or
boards; "" for a device that must not be taken for the next one."""

_NETWORK_OF = {spelt: name for name, all in NETWORKS.items() for spelt in all}
_SIZE = re.compile(r"\((\d+x)*\d+\)")


def network_of(model: str) -> str | None:
    """Return the network that a model's name is a spelling of, None for an unknown one.

    Case, punctuation and a size of the input in brackets do not count.
    """
    spelt = re.sub(r"[^a-z0-9]", "", _SIZE.sub("", model.lower()))
    return _NETWORK_OF.get(spelt)


def device_of(text: str) -> str | None:
    """Return the catalogue's name of what a text names, None for an unknown device."""
    spelt = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    for pattern, name in DEVICES:
        if re.search(pattern, spelt):
            return name or None
    return None
