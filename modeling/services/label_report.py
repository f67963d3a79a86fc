"""Reports on label sets: what the labels of all the data look like before anybody learns from them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from market.contracts import Timeframe
from modeling.contracts import BarrierLabelSet, ClassLabelSet, LabelSet
from modeling.fitting.class_page import class_section
from modeling.fitting.label_barriers import barrier_figures
from modeling.fitting.label_classes import class_figures
from modeling.fitting.label_data import LabelScope, shares_chosen
from modeling.fitting.label_page import NOTES, horizon_section
from modeling.fitting.label_ranks import rank_figures
from modeling.fitting.rank_page import rank_section
from modeling.fitting.report_page import Page, Section, page_html
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from traderai.common.clock import MOSCOW
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReportSpan:
    """Which rows a report is asked for."""

    secids: tuple[str, ...] | None = None  # None: every share with bars
    since: datetime | None = None
    as_of: datetime
    min_turnover_rub: float | None = None  # replaces the set's own limit on the median turnover of a bar


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport:
    """Where a report lies and what it says on top."""

    json_path: Path
    html_path: Path
    sentences: tuple[str, ...]
    is_simulated: bool


def label_report_write(
    *, label_set: str, timeframe: str | None, span: LabelReportSpan, folder: Path, progress: Progress
) -> LabelReport:
    """Look at every row of a label set and write the report as JSON and HTML; the same data give the same files.

    Raises: InputError or NotFoundError for an unknown set, timeframe or share, NotReadyError without bars.
    """
    spec = _spec(label_set, timeframe, span)
    code = Timeframe.parse(spec.timeframe)
    shares, left_out = shares_chosen(timeframe=code, secids=span.secids, as_of=span.as_of)
    scope = LabelScope(
        timeframe=code,
        shares=shares,
        left_out=left_out,
        since=span.since,
        as_of=span.as_of,
        costs=cost_model_get(),
    )
    figures = {**_about(spec, scope), "horizons": _figures(spec, scope, progress)}
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{spec.name}_{spec.timeframe}{'_SIMULATED' if scope.is_simulated else ''}"
    json_path, html_path = folder / f"{name}.json", folder / f"{name}.html"
    json_path.write_text(
        json.dumps(figures, ensure_ascii=False, allow_nan=False, separators=(",", ":")), encoding="utf-8"
    )
    html_path.write_text(page_html(_page(spec, figures)), encoding="utf-8")
    return LabelReport(
        json_path=json_path,
        html_path=html_path,
        sentences=tuple(one["sentence"] for one in figures["horizons"]),
        is_simulated=scope.is_simulated,
    )


def _spec(label_set: str, timeframe: str | None, span: LabelReportSpan) -> LabelSet:
    spec = label_set_get(name=label_set, timeframe=timeframe)
    if span.min_turnover_rub is None:
        return spec
    if not span.min_turnover_rub >= 0:
        raise InputError(
            f"min_turnover_rub must not be negative, was {span.min_turnover_rub}", field="min_turnover_rub"
        )
    return replace(spec, min_median_turnover_rub=span.min_turnover_rub)


def _figures(spec: LabelSet, scope: LabelScope, progress: Progress) -> list[dict[str, Any]]:
    if isinstance(spec, BarrierLabelSet):
        return barrier_figures(scope, spec, progress=progress)
    if isinstance(spec, ClassLabelSet):
        return class_figures(scope, spec, progress=progress)
    return rank_figures(scope, spec, progress=progress)


def _about(spec: LabelSet, scope: LabelScope) -> dict[str, Any]:
    return {
        "label_set": asdict(spec),
        "label_set_sha256": fingerprint(spec),
        "costs": asdict(scope.costs),
        "is_simulated": scope.is_simulated,
        "since": scope.since.isoformat() if scope.since else None,
        "as_of": scope.as_of.isoformat(),
        "secids": [facts.secid for facts in scope.shares],
        "left_out": scope.left_out,
    }


def _page(spec: LabelSet, figures: dict[str, Any]) -> Page:
    horizons = figures["horizons"]
    section = {"barrier": horizon_section, "class": class_section, "rank": rank_section}[spec.kind]
    summary = Section(key="summary", title="In short", says=[one["sentence"] for one in horizons])
    since, as_of = figures["since"], datetime.fromisoformat(figures["as_of"]).astimezone(MOSCOW)
    left_out = ", ".join(f"{secid} ({reason})" for secid, reason in figures["left_out"].items())
    begins = [one["first_day"] for one in horizons if one["first_day"]]
    ends = [one["last_day"] for one in horizons if one["last_day"]]
    return Page(
        title=f"Label report: {spec.name} at {spec.timeframe}",
        lead=f"{described(spec)} Data known by {as_of:%Y-%m-%d %H:%M} Moscow time"
        f"{f', rows from {since[:10]} on' if since else ''}."
        f"{f' Black-listed and left out: {left_out}.' if left_out else ''}",
        is_simulated=figures["is_simulated"],
        tiles=(
            (f"{len(figures['secids']):,}", "shares, those traded no more included"),
            (f"{max(one['coverage']['rows'] for one in horizons):,}", "rows looked at"),
            (
                f"{max(one['coverage']['labelled'] for one in horizons):,}",
                "labelled at the best covered horizon",
            ),
            (f"{min(begins)} to {max(ends)}" if begins else "none", "days with labels"),
        ),
        sections=[summary, *(section(one) for one in horizons)],
        notes=NOTES[spec.kind],
        footer=f"{spec.name} version {spec.version}, settings {figures['label_set_sha256'][:12]}; made by manage.py label_report.",
    )


def described(spec: LabelSet) -> str:
    """Return in a sentence what a label set asks."""
    limit = f"median turnover of a bar at least {spec.min_median_turnover_rub:,.0f} RUB"
    limits = f" Rows: {limit}." if spec.min_median_turnover_rub else " No limit on turnover."
    if isinstance(spec, BarrierLabelSet):
        unit = "ATR(14)" if spec.barrier_unit == "atr_14" else "%"
        scale = 1.0 if spec.barrier_unit == "atr_14" else 100.0
        day = ", inside the trading day" if spec.within_day else ""
        return (
            f"Take-profit {spec.take_profit * scale:g} {unit}, stop {spec.stop_loss * scale:g} {unit}, entry at the "
            f"first bar's open at least {spec.data_lag_min} minutes after the decision{day}.{limits}"
        )
    if isinstance(spec, ClassLabelSet):
        return f"Class of the move from the decision's close by the rule {spec.rule}; nothing can be traded at it.{limits}"
    return f"Rank of the forward return among at least {spec.min_shares} shares of the same moment.{limits}"
