"""The shapes of the report's charts: numbers for SVG, which the template draws without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320.0, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bar of a chart that may go below zero."""

    x: float
    y: float
    width: float
    height: float
    is_down: bool
    label: str
    text: str

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A chart of bars with its zero line."""

    zero_y: float
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point of a line, with what it says."""

    x: float
    y: float
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points; a gap where nothing is known."""

    paths: tuple[str, ...]  # of SVG polylines
    dots: tuple[Dot, ...]


def columns_of(rows: Sequence[tuple[str, float, str]]) -> Columns:
    """Return bars of (label, value, text), as wide as there is room, zero always in sight."""
    top, bottom = max([0.0, *(value for _, value, _ in rows)]), min([0.0, *(value for _, value, _ in rows)])
    scale = HEIGHT / ((top - bottom) or 1.0)
    step = WIDTH / max(len(rows), 1)
    zero = top * scale
    columns = tuple(
        Column(
            x=round(step * (place + 0.15), 2),
            y=round(zero - max(value, 0.0) * scale, 2),
            width=round(step * 0.7, 2),
            height=round(max(abs(value) * scale, 1.0), 2),
            is_down=value < 0,
            label=label,
            text=text,
        )
        for place, (label, value, text) in enumerate(rows)
    )
    return Columns(zero_y=round(zero, 2), columns=columns)


def line_of(rows: Sequence[tuple[str, float | None, str]], *, top: float = 100.0) -> Line:
    """Return a line through (label, value, text) on a scale from 0 to `top`; None breaks it."""
    step = WIDTH / max(len(rows), 1)
    paths: list[list[str]] = [[]]
    dots = []
    for place, (label, value, text) in enumerate(rows):
        if value is None:
            paths.append([])
            continue
        x, y = round(step * (place + 0.5), 2), round(HEIGHT * (1 - value / top), 2)
        paths[-1].append(f"{x},{y}")
        dots.append(Dot(x=x, y=y, label=label, text=text))
    return Line(paths=tuple(" ".join(path) for path in paths if len(path) > 1), dots=tuple(dots))
