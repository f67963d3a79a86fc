"""What edge reports walk through when they are not told otherwise (edge_reports.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, TypeVar

from modeling.fitting.cross_settings import RankReportConfig
from traderai.common import clock
from traderai.common.config import load_config
from traderai.common.errors import InputError, did_you_mean

CONFIG: Final = "edge_reports.yaml"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfig:
    """What a label set's report walks through when it is not told otherwise."""

    recipe: str
    since: str | None
    folds: int
    first_train_days: float
    validation_days: float
    rolling_days: float | None
    min_median_turnover_rub: float

    def __post_init__(self) -> None:
        if not self.min_median_turnover_rub >= 0:
            raise ValueError(
                f"min_median_turnover_rub must not be negative, was {self.min_median_turnover_rub}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsConfig:
    """The whole file, by label set."""

    reports: dict[str, ReportConfig]
    rank_reports: dict[str, RankReportConfig] = field(default_factory=dict)


def is_rank_report(label_set: str) -> bool:
    """Return whether the report of a label set is one on ranks."""
    return label_set in load_config(CONFIG, ReportsConfig).rank_reports


def report_config(label_set: str) -> ReportConfig:
    """Return what the report of a barrier label set walks through.

    Raises: InputError for a label set without an entry.
    """
    return _entry(label_set, load_config(CONFIG, ReportsConfig).reports)


def rank_report_config(label_set: str) -> RankReportConfig:
    """Return what the report of a rank label set walks through.

    Raises: InputError for a label set without an entry.
    """
    return _entry(label_set, load_config(CONFIG, ReportsConfig).rank_reports)


def fed_label_sets() -> tuple[str, ...]:
    """Return the sets of ranks that feed councils."""
    reports = load_config(CONFIG, ReportsConfig).rank_reports
    return tuple(name for name, own in reports.items() if own.feed is not None)


def _entry(label_set: str, known: Mapping[str, T]) -> T:
    if label_set in known:
        return known[label_set]
    everything = load_config(CONFIG, ReportsConfig)
    names = (*everything.reports, *everything.rank_reports)
    raise InputError(
        f"{CONFIG} must have an entry for {label_set!r}{did_you_mean(label_set, names)}; known: {', '.join(names)}",
        field="label_set",
    )


def midnight(day: str | None) -> datetime | None:
    """Return the beginning of a day in Moscow."""
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), clock.MOSCOW)
