import numpy as np

from tierbench.models.keyword import phonemes, words


def others(count=300):
    rng = np.random.default_rng(2)
    return [words.other_word(rng) for _ in range(count)]


def test_every_word_can_be_spoken():
    for word in [*words.KEYWORDS.values(), *others()]:
        assert set(word) <= set(phonemes.SOUNDS)
        assert set(word) & set(phonemes.VOWELS)


def test_another_word_is_no_keyword():
    assert not set(others()) & set(words.KEYWORDS.values())


def test_other_words_are_many():
    assert len(set(others())) > 200


def test_some_other_words_are_keywords_but_for_one_sound():
    def distance(word, keyword):
        return sum(a != b for a, b in zip(word, keyword, strict=True))

    near = [
        word
        for word in others()
        for keyword in words.KEYWORDS.values()
        if len(word) == len(keyword) and distance(word, keyword) == 1
    ]
    assert len(near) > 50


def test_no_two_sounds_are_the_same():
    assert len(set(phonemes.SOUNDS.values())) == len(phonemes.SOUNDS)
