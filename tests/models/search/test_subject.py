from dataclasses import asdict, fields

import numpy as np
import pytest

from tierbench.harness.errors import NotFound
from tierbench.models.search.subject import find_subject


@pytest.fixture
def subject(reference):
    return find_subject(reference.name)


def test_the_network_that_ships_can_be_chosen(subject):
    for name, value in asdict(subject.shape()).items():
        assert value in subject.choices[name]


def test_all_of_a_shape_can_be_chosen(subject):
    assert list(subject.choices) == [field.name for field in fields(subject.shape)]
    assert subject.size == np.prod([len(v) for v in subject.choices.values()])
    for values in subject.choices.values():
        assert list(values) == sorted(set(values))


def test_a_model_without_a_space():
    with pytest.raises(NotFound, match="known: bearing, defect, keyword"):
        find_subject("panel")


def test_sources_are_part_of_what_it_is():
    shas = {find_subject(name).code_sha256 for name in ("bearing", "defect", "keyword")}
    assert len(shas) == 3
