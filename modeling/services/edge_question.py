"""What an edge report is asked, and what answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from modeling.fitting.recipe import Backbone
from modeling.fitting.report_page import Page, page_html
from traderai.common.progress import Progress

STAGES: Final = 4  # loading, learning, trading, figures


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


def stage(progress: Progress, number: int) -> Progress:
    """Return the progress of one stage of a report."""
    return lambda done, total, what: progress(number, STAGES, f"{what} {done}/{total}")
