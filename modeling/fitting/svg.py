"""Plots of reports as SVG that takes the page's text colour; made without pyplot, so nothing stays behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

BLUE, RED, AMBER, GREEN, VIOLET, GREY = "#2f6feb", "#d9485f", "#d98a1f", "#2f9e6e", "#8e5bd0", "#8a94a6"
_INK: Final = "#010203"  # a colour that nothing else has: replaced by the page's text colour
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
}


@contextmanager
def report_style() -> Iterator[None]:
    """Draw in the style of reports; what was set before holds again afterwards."""
    with mpl.rc_context(_STYLE):
        yield


def figure_of(*, height: float, width: float = 10.5) -> Figure:
    """Return an empty figure that belongs to no window."""
    return Figure(figsize=(width, height), layout="constrained")


def svg_of(figure: Figure, *, name: str) -> str:
    """Return a figure as an SVG element whose ids are its own; the same figure gives the same text."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    text = stream.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    prefix = re.sub(r"\W", "", name)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    return text.replace(_INK, "currentColor")
