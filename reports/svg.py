"""Turn matplotlib's SVG into a fragment that a strict page can hold.

Style attributes become presentation attributes (a content security policy may forbid
the former), fixed colours become the page's variables (so the dark theme applies),
ids get a prefix (several charts share one page), and placeholders become the texts
that stand for them. Names never pass through matplotlib, which would read some of
them as mathematics; ElementTree escapes them here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

_NAMESPACE = re.compile(r"\{[^}]*\}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT_SIZE = re.compile(r"([0-9.]+)px")


def fragment(
    source: str,
    *,
    prefix: str,
    texts: Mapping[str, str],
    titles: Mapping[str, str],
    colours: Mapping[str, str],
    label: str,
) -> str:
    """Return an inline ``<svg>`` element.

    ``texts`` maps placeholders to what is shown, ``titles`` maps ids of groups to
    their tooltips, ``colours`` maps ``#rrggbb`` to a CSS value, ``label`` is the
    name read aloud.
    """
    root = ET.fromstring(source)
    _strip(root)
    _title(root, titles)
    for element in root.iter():
        _restyle(element, colours)
        element.text = texts.get(element.text or "", element.text)
    _rename(root, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": label, "class": "chart"})
    return ET.tostring(root, encoding="unicode")


def _strip(root: ET.Element) -> None:
    """Drop namespaces, metadata and style sheets."""
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        for name in list(element.attrib):
            element.attrib[_NAMESPACE.sub("", name)] = element.attrib.pop(name)
        for child in list(element):
            if _NAMESPACE.sub("", child.tag) in ("metadata", "style"):
                element.remove(child)


def _title(root: ET.Element, titles: Mapping[str, str]) -> None:
    for group in root.iter("g"):
        if (text := titles.get(group.get("id", ""))) is not None:
            title = ET.Element("title")
            title.text = text
            group.insert(0, title)


def _restyle(element: ET.Element, colours: Mapping[str, str]) -> None:
    declarations = element.attrib.pop("style", "")
    for declaration in filter(None, declarations.split(";")):
        name, _, value = declaration.partition(":")
        name, value = name.strip(), value.strip()
        if name == "font" and (size := _FONT_SIZE.search(value)):
            name, value = "font-size", size.group(1)
        element.set(name, value)
    for name in ("fill", "stroke"):
        if (colour := element.get(name)) is not None:
            element.set(name, colours.get(colour.lower(), colour))


def _rename(root: ET.Element, prefix: str) -> None:
    """Prefix the ids that something refers to; drop the others."""
    used = set()
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "href":
                used.add(value.removeprefix("#"))
                element.set(name, f"#{prefix}{value.removeprefix('#')}")
            elif match := _REFERENCE.search(value):
                used.add(match.group(1))
                element.set(name, f"url(#{prefix}{match.group(1)})")
    for element in root.iter():
        if (identity := element.attrib.pop("id", None)) in used:
            element.set("id", f"{prefix}{identity}")
