"""The look of our plots, and a figure as SVG that takes the page's text colour.

Matplotlib is the caller's to import: what lies here is loaded by the web process, too.
"""

from __future__ import annotations

import io
import re
from typing import Any, Final, Protocol

BLUE, RED, AMBER, GREEN, VIOLET, GREY = "#2f6feb", "#d9485f", "#d98a1f", "#2f9e6e", "#8e5bd0", "#8a94a6"
TEAL: Final = "#1b9aaa"
INK: Final = "#010203"  # a colour that nothing else has: replaced by the page's text colour
PLAIN_STYLE: Final[Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
SVG_STYLE: Final[Any] = PLAIN_STYLE | {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
}


class Drawn(Protocol):
    """A figure of Matplotlib, drawn in `SVG_STYLE`."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the figure."""
        ...


def svg_of(figure: Drawn, *, name: str) -> str:
    """Return a figure as an SVG element whose ids are its own; the same figure gives the same text."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    text = stream.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    prefix = re.sub(r"\W", "", name)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    return text.replace(INK, "currentColor")
