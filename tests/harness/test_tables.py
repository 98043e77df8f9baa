"""Tables for people and pipes."""

from tierbench.harness.tables import print_table


def test_a_pipe_gets_whole_rows(capsys) -> None:
    long = "x" * 2000
    print_table(("a", "b"), [(long, "1"), ("y", "2")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["a", "b"], [long, "1"], ["y", "2"]]


def test_names_are_inert(capsys) -> None:
    names = ("[red]bold[/red]", "\x1b]0;title\x07", "a\nb", ":smile:", "/x[/]")
    print_table(("name",), [(name,) for name in names])
    out = capsys.readouterr().out
    shown = [line.strip() for line in out.splitlines()]
    assert shown == [
        "name",
        "[red]bold[/red]",
        "\\x1b]0;title\\x07",
        "a\\nb",
        ":smile:",
        "/x[/]",
    ]


def test_a_table_without_rows_has_its_head(capsys) -> None:
    print_table(("a", "b"), [])
    assert capsys.readouterr().out.split() == ["a", "b"]
