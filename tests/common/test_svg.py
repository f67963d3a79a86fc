"""Figures as SVG: many fit on one page, they take its colour, and the same figure is the same text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from traderai.common.svg import BLUE, INK, SVG_STYLE, svg_of


def drawn(style: dict[str, object], *, name: str) -> str:
    with mpl.rc_context(style):
        figure = Figure(figsize=(3.0, 2.0))
        axes = figure.add_subplot()
        axes.plot(np.arange(5), color=BLUE, label="five")
        axes.set_xlabel("bars")
        axes.legend()
        return svg_of(figure, name=name)


def test_a_figure_is_one_element_that_takes_the_pages_colour():
    text = drawn(SVG_STYLE, name="equity 1d")
    assert ET.fromstring(text).tag.endswith("svg")
    assert "currentColor" in text and BLUE in text and INK not in text
    assert "<metadata" not in text and ">bars<" in text  # words stay words
    assert text == drawn(SVG_STYLE, name="equity 1d")


def test_ids_are_the_figures_own_and_lead_somewhere():
    texts = [drawn(SVG_STYLE, name=name) for name in ("one 1d", "two 1d")]
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in texts]
    assert len(set(ids[0] + ids[1])) == len(ids[0]) + len(ids[1])
    for text, own in zip(texts, ids, strict=True):
        led = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
        assert led and {one or other for one, other in led} <= set(own)


def test_without_the_style_the_colours_are_not_the_pages():
    assert "currentColor" not in drawn({}, name="plain")
