import numpy as np
import pytest

from tierbench.models.content import content_sha256

INPUTS = np.arange(12, dtype=np.float32).reshape(3, 4)
LABELS = np.array([0, 1, 1])
KNOWN = content_sha256(INPUTS, LABELS)


def test_order_of_bytes_and_memory_layout_do_not_matter():
    swapped = INPUTS.astype(">f4")
    strided = np.asfortranarray(INPUTS)
    assert content_sha256(swapped, LABELS.astype(">i8")) == KNOWN
    assert content_sha256(strided, LABELS) == KNOWN


@pytest.mark.parametrize(
    ("inputs", "labels"),
    [
        (INPUTS + 1, LABELS),
        (INPUTS, LABELS[::-1]),
        (INPUTS.reshape(3, 2, 2), LABELS),
        (INPUTS.view(np.int32), LABELS),
        (INPUTS, LABELS.view(np.uint64)),
    ],
    ids=["values", "labels", "shape", "type", "type of labels"],
)
def test_any_other_content_has_another_hash(inputs, labels):
    assert content_sha256(inputs, labels) != KNOWN
