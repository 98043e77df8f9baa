from tierbench.harness.outline import outline


def lines(**values):
    return list(outline(values))


def test_what_lies_within_is_indented_beneath_its_name():
    assert lines(a=1, b={"c": "x", "d": {"e": 2.5}}, f="y") == [
        "a: 1",
        "b:",
        "  c: x",
        "  d:",
        "    e: 2.5",
        "f: y",
    ]


def test_lists_stand_in_one_line_unless_they_hold_mappings():
    assert lines(names=["a", "b"], steps=[{"x": 1, "y": {"z": 2}}, {"x": 3}]) == [
        "names: a, b",
        "steps:",
        "  - x: 1",
        "    y:",
        "      z: 2",
        "  - x: 3",
    ]


def test_what_is_missing_says_none():
    assert lines(a=None, b=[], c={}, d=(), e=0, f=False) == [
        "a: none",
        "b: none",
        "c: none",
        "d: none",
        "e: 0",
        "f: False",
    ]


def test_names_are_inert():
    assert lines(**{"a\x1b": "b\nc"}) == ["a\\x1b: b\\nc"]
    assert lines(a=["\x07"]) == ["a: \\x07"]
