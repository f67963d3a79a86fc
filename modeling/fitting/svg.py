"""Figures of reports; made without pyplot, so nothing stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.figure import Figure

from traderai.common.svg import SVG_STYLE


@contextmanager
def report_style() -> Iterator[None]:
    """Draw in the style of reports; what was set before holds again afterwards."""
    with mpl.rc_context(SVG_STYLE):
        yield


def figure_of(*, height: float, width: float = 10.5) -> Figure:
    """Return an empty figure that belongs to no window."""
    return Figure(figsize=(width, height), layout="constrained")
