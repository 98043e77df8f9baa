"""What the documents promise is what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tierbench.harness import registry
from tierbench.harness.cli import BUILT_IN, main, tierbench
from tierbench.harness.target import Option

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
COMMAND_LINE = DOCS / "command-line.md"
TARGETS = DOCS / "targets.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")
GROUPED = (
    *("drift export", "drift study"),
    *("models build", "models list", "models rebuild", "models show"),
    "published import",
)
SHIPPED = (
    *sorted({*BUILT_IN} - {"models", "published"}),
    *GROUPED,
    "project",
    "report",
    "search",
)
HOST_TARGETS = (
    *("cortex-m", "cortex-m-qemu", "cortex-m-serial", "ethos-u"),
    *("host-litert", "host-onnxruntime", "host-openvino", "sim"),
)


def sections(path: Path) -> dict[str, str]:
    """Return the text under each heading of second level."""
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def table(text: str) -> list[list[str]]:
    """Return the cells of a section's first table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [
            cell.strip().replace("\\|", "|")
            for cell in re.split(r"(?<!\\)\|", line)[1:-1]
        ]
        for line in lines[2:]
    ]


def command(name: str) -> click.Command:
    found: click.Command | None = tierbench
    for word in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    return found


def options(name: str) -> Iterator[click.Option]:
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            yield parameter


def usage(name: str) -> str:
    """Return the command with its arguments, as a heading names it."""
    arguments = [
        (parameter.name or "").upper()
        for parameter in command(name).params
        if isinstance(parameter, click.Argument)
    ]
    return " ".join(["tierbench", name, *arguments])


def test_every_command_of_a_group_is_looked_at() -> None:
    found = set()
    for name in ("drift", "models", "published"):
        group = command(name)
        assert isinstance(group, click.Group)
        found |= {f"{name} {own}" for own in group.commands}
    assert found == set(GROUPED)


def test_every_command_has_its_section_and_no_other_is_promised() -> None:
    assert set(sections(COMMAND_LINE)) == {usage(name) for name in SHIPPED}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_option_is_described_with_its_default(name: str) -> None:
    rows = table(sections(COMMAND_LINE)[usage(name)])
    described = {cells[0].strip("`"): cells[1].strip("`") for cells in rows}
    expected = {}
    for option in options(name):
        (flag,) = option.opts
        shown = flag if option.is_flag else f"{flag} {kind(option)}"
        expected[shown] = option
    assert described.keys() == expected.keys()
    for shown, option in expected.items():
        if isinstance(option.default, (str, Path)):
            assert described[shown] == str(option.default)


def kind(option: click.Option) -> str:
    """Return what stands for an option's value in its help."""
    return option.make_metavar(click.Context(tierbench))


def test_statuses_are_told_alike_everywhere(capsys) -> None:
    main(["--help"])
    told = capsys.readouterr().out
    for path in (COMMAND_LINE, ROOT / "README.md"):
        found = dict(re.findall(r"^\| (\d) \| (.+?) \|$", path.read_text(), re.M))
        assert sorted(found) == ["0", "1", "2", "3"]
        for number, meaning in found.items():
            assert f"{number} {meaning.split(':')[0].split(' ')[0]}" in told


@pytest.mark.parametrize("name", HOST_TARGETS)
def test_every_option_of_a_target_is_described(name: str) -> None:
    rows = table(sections(TARGETS)[name])
    found = {cells[0].strip("`"): cells[1:3] for cells in rows}
    target = registry.find(registry.TARGETS, name)
    assert list(found) == [option.name for option in target.options]
    for option in target.options:
        default, valid = found[option.name]
        assert default.strip("`") == toml(option.default), option.name
        assert valid == range_of(option), option.name


def toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def range_of(option: Option) -> str:
    """Return what is valid, in the words of the page."""
    if option.kind is bool:
        return "`true`, `false`"
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices if choice != "")
    if option.minimum is not None and option.maximum is not None:
        return f"{option.minimum:g} to {option.maximum:g}"
    if option.minimum is not None:
        return f"{option.minimum:g} or more"
    return "any text" if option.kind is str else "any whole number"


def test_every_shipped_target_has_its_section_and_its_row() -> None:
    assert set(sections(TARGETS)) == set(HOST_TARGETS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in HOST_TARGETS:
        assert f"| `{name}` |" in readme
        target = registry.find(registry.TARGETS, name)
        if target.runtime != "tierbench":
            assert f"`{target.runtime}`" in sections(TARGETS)[name]


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://")):
            assert (page.parent / link).exists(), link


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / link).resolve()
        for page in pages()
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert {page for page in DOCS.glob("*.md") if page.resolve() not in linked} == set()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_commands_in_the_documents_exist(page: Path) -> None:
    """Every ``tierbench COMMAND --option`` in a code line is one that runs."""
    blocks = re.findall(r"^```.*?^```", page.read_text(encoding="utf-8"), re.M | re.S)
    inline = re.findall(r"`(tierbench [^`]+)`", page.read_text(encoding="utf-8"))
    text = "\n".join([*blocks, *inline])
    for name, rest in re.findall(
        r"(?:^|/|(?<!from) )tierbench ((?:(?:models|drift|published) )?[a-z]+)(.*)$",
        text,
        re.M,
    ):
        assert name in SHIPPED, name
        known = {flag for option in options(name) for flag in option.opts}
        used = re.findall(r"(?<!\S)--[a-z-]+", rest.partition("#")[0])
        assert set(used) <= known | {"--help"}, (name, used)
