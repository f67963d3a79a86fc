"""What an edge report is asked, what answers it, and what it walks through when it is not told otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, TypeVar

from modeling.fitting.cross_settings import RankNetworkConfig
from modeling.fitting.recipe import Backbone
from modeling.fitting.report_page import Page, page_html
from traderai.common import clock
from traderai.common.config import load_config
from traderai.common.errors import InputError, did_you_mean
from traderai.common.progress import Progress

CONFIG: Final = "edge_reports.yaml"
STAGES: Final = 4  # loading, learning, trading, figures
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
class RankFeed:
    """What of ranks an aggregator reads: the order over one horizon."""

    horizon: str
    models: tuple[
        str, ...
    ]  # of several, and the simple scores, the one that ranks best on the rows that choose


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReportConfig:
    """The same of a set of ranks; its liquidity limit is the label set's own."""

    feature_set: str
    since: str | None
    test_years: tuple[int, ...]  # a fold each; equal folds where a question asks for a number of them
    first_train_days: float  # of equal folds
    validation_days: float  # the end of what is learned from: it chooses settings, and which model serves
    embargo_days: float
    rolling_days: float | None
    round_trips_bp: tuple[float, ...]
    network: RankNetworkConfig | None = None  # what --network fits
    feed: RankFeed | None = None  # what a council reads of it

    def __post_init__(self) -> None:
        if not self.test_years or list(self.test_years) != sorted(set(self.test_years)):
            raise ValueError(f"test_years must rise and not be empty, were {self.test_years}")
        if self.embargo_days < 0 or not self.validation_days > 0:
            raise ValueError(
                "embargo_days must not be negative and validation_days above 0, were "
                f"{self.embargo_days} and {self.validation_days}"
            )
        if any(not cost > 0 for cost in self.round_trips_bp):
            raise ValueError(f"round_trips_bp must be above 0, were {self.round_trips_bp}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsConfig:
    """The whole file, by label set."""

    reports: dict[str, ReportConfig]
    rank_reports: dict[str, RankReportConfig] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeQuestion:
    """What is asked; None is what edge_reports.yaml and the recipe say."""

    label_set: str
    as_of: datetime
    timeframe: str | None = None
    feature_set: str | None = None
    secids: tuple[str, ...] | None = None
    since: datetime | None = None
    folds: int | None = None
    first_train_days: float | None = None
    validation_days: float | None = None
    rolling_days: float | None = None
    network: bool = False
    backbones: tuple[Backbone, ...] = ()  # each one's network is the recipe's else, and judged by its name
    council: bool = False  # the network with its strategies, and ways to join their votes
    seed: int = 0

    def told(self, *names: str) -> dict[str, Any]:
        """Return the fields of these names that are not None."""
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReport:
    """Where a report lies, and what it says."""

    json_path: Path
    html_path: Path
    sentence: str
    table: tuple[str, ...]
    is_simulated: bool
    new_trials: int


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


def _entry(label_set: str, known: Mapping[str, T]) -> T:
    if label_set in known:
        return known[label_set]
    everything = load_config(CONFIG, ReportsConfig)
    names = (*everything.reports, *everything.rank_reports)
    raise InputError(
        f"{CONFIG} must have an entry for {label_set!r}{did_you_mean(label_set, names)}; known: {', '.join(names)}",
        field="label_set",
    )


def report_files(content: Mapping[str, Any], page: Page, folder: Path) -> tuple[Path, Path]:
    """Write a report as JSON and HTML, named by its label set and timeframe; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    label_set, timeframe = content["label_set"]["name"], content["timeframe"]
    name = f"{label_set}_{timeframe}{'_SIMULATED' if content['is_simulated'] else ''}"
    json_path, html_path = folder / f"{name}.json", folder / f"{name}.html"
    json_path.write_text(
        json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")), encoding="utf-8"
    )
    html_path.write_text(page_html(page), encoding="utf-8")
    return json_path, html_path


def midnight(day: str | None) -> datetime | None:
    """Return the beginning of a day in Moscow."""
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), clock.MOSCOW)


def stage(progress: Progress, number: int) -> Progress:
    """Return the progress of one stage of a report."""
    return lambda done, total, what: progress(number, STAGES, f"{what} {done}/{total}")
