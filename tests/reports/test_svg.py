import xml.etree.ElementTree as ET

import pytest

from tierbench.reports.svg import fragment

SOURCE = """<?xml version="1.0" encoding="utf-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="10pt" height="5pt" viewBox="0 0 10 5" version="1.1">
<metadata>gone</metadata><defs><style type="text/css">*{a: b}</style>
<path id="m1" d="M0 0"/><clipPath id="box"><path d="M0 0"/></clipPath></defs>
<g id="point-0"><g clip-path="url(#box)"><use xlink:href="#m1" x="1"/></g></g>
<g id="unused"><text style="font: 9.5px 'Sans', serif; fill: #AABBCC">@0</text></g>
</svg>"""


@pytest.fixture
def drawing() -> ET.Element:
    text = fragment(
        SOURCE,
        prefix="c7-",
        texts={"@0": "<b>&\"'</b>"},
        titles={"point-0": "</title><script>"},
        colours={"#aabbcc": "var(--ink)"},
        label='a "name"',
    )
    assert "http" not in text
    return ET.fromstring(text)


def test_style_becomes_attributes(drawing: ET.Element) -> None:
    text = drawing.find(".//text")
    assert text is not None
    assert text.attrib == {"font-size": "9.5", "fill": "var(--ink)"}
    assert drawing.find(".//style") is None
    assert drawing.find(".//metadata") is None


def test_placeholders_become_inert_text(drawing: ET.Element) -> None:
    assert [e.text for e in drawing.iter("text")] == ["<b>&\"'</b>"]
    assert [e.text for e in drawing.iter("title")] == ["</title><script>"]
    assert drawing.get("aria-label") == 'a "name"'


def test_only_ids_in_use_stay_and_have_the_prefix(drawing: ET.Element) -> None:
    ids = {e.get("id") for e in drawing.iter() if e.get("id")}
    assert ids == {"c7-m1", "c7-box"}
    assert next(drawing.iter("use")).get("href") == "#c7-m1"
    assert drawing.find(".//g[@clip-path='url(#c7-box)']") is not None


def test_the_size_is_the_page_s_choice(drawing: ET.Element) -> None:
    assert drawing.get("viewBox") == "0 0 10 5"
    assert drawing.get("width") is None
