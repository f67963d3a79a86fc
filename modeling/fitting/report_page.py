"""The parts of a report's page, as templates/reports/report.html shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

MISSING = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; a column whose name begins with "#" holds numbers."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    tall: bool = False  # scrolls within itself
    folded: bool = False  # shown when its caption is clicked


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot of ours as SVG: its labels were written by us."""

    title: str
    note: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A titled part of a section."""

    title: str
    texts: Sequence[str] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section that the page's navigation names."""

    key: str
    title: str
    says: Sequence[str] = ()  # plain sentences on top
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole report."""

    title: str
    lead: str
    is_simulated: bool
    tiles: Sequence[tuple[str, str]]  # figure and what it is
    sections: Sequence[Section]
    footer: str
    notes: Sequence[str] = field(default=())


def page_html(page: Page) -> str:
    """Return the page as one self-contained file: it loads nothing and runs nothing."""
    return render_to_string("reports/report.html", {"page": page, "sections": _plain(page.sections)})


def number(value: float | None, *, digits: int = 1, scale: float = 1.0, sign: bool = False) -> str:
    """Return a number as text; what is missing is "n/a"."""
    if value is None:
        return MISSING
    return f"{value * scale:{'+' if sign else ''},.{digits}f}"


def bounded(
    figure: Mapping[str, float | None], *, digits: int = 1, scale: float = 1.0, sign: bool = False
) -> str:
    """Return "-12.3 [-20.1, -4.5]"."""
    parts = [number(figure[name], digits=digits, scale=scale, sign=sign) for name in ("value", "low", "high")]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]" if parts[1] != MISSING else f"{parts[0]} [{MISSING}]"


def _plain(sections: Sequence[Section]) -> list[dict[str, Any]]:
    return [
        {
            "key": section.key,
            "title": section.title,
            "says": section.says,
            "parts": [
                {
                    "title": part.title,
                    "texts": part.texts,
                    "plots": [
                        {"title": plot.title, "note": plot.note, "svg": mark_safe(plot.svg)}  # noqa: S308
                        for plot in part.plots
                    ],
                    "tables": [_table(table) for table in part.tables],
                }
                for part in section.parts
            ],
        }
        for section in sections
    ]


def _table(table: Table) -> dict[str, Any]:
    numeric = [name.startswith("#") for name in table.columns]
    return {
        "caption": table.caption,
        "tall": table.tall,
        "folded": table.folded,
        "head": [
            (name.lstrip("#"), is_number) for name, is_number in zip(table.columns, numeric, strict=True)
        ],
        "rows": [list(zip(row, numeric, strict=True)) for row in table.rows],
    }
