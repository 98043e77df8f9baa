"""What others' kernels take for models that everybody has: to read our counts by.

Counted in QEMU 7.2 by a plug-in, ``-O2``, of TensorFlow Lite Micro 90b983c2 with
CMSIS-NN 99f736a6 and with its reference kernels; on the M55 with Helium. The models are
those of MLPerf Tiny, by their content.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CMSIS_NN = "TFLM with CMSIS-NN"
REFERENCE = "TFLM, reference kernels"

_KWS = "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae"
_VWW = "597a384c8c2c8a1276f04702f25013b7838f2f814f1ca7c174d295b73e3d6b7b"
_IC = "3c002613d1b2475eb51dd78dfb85a546c8ae658dee71cf6ade43b022fe205415"
_AD = "87cf24194ef93d1d9b11a591d805526b98008e351655d29883c825c9c106ba24"

_COUNTED: Mapping[tuple[str, str], Mapping[str, int]] = MappingProxyType(
    {
        (_KWS, "cortex-m4"): {CMSIS_NN: 7_698_485, REFERENCE: 43_113_787},
        (_VWW, "cortex-m4"): {CMSIS_NN: 24_103_279, REFERENCE: 100_484_422},
        (_IC, "cortex-m4"): {CMSIS_NN: 29_863_921, REFERENCE: 107_489_794},
        (_AD, "cortex-m4"): {CMSIS_NN: 583_409, REFERENCE: 1_954_326},
        (_KWS, "cortex-m55"): {CMSIS_NN: 1_814_774},
        (_VWW, "cortex-m55"): {CMSIS_NN: 6_559_678},
        (_IC, "cortex-m55"): {CMSIS_NN: 4_912_211},
        (_AD, "cortex-m55"): {CMSIS_NN: 285_977},
    }
)


def elsewhere(sha256: str, core: str) -> Mapping[str, int]:
    """Return the instructions that others' kernels take, by their name, if counted."""
    return _COUNTED.get((sha256, core), {})
