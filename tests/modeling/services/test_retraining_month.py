"""The clock goes through a month: what is due is trained, gated, switched or kept, and drift is looked for each day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("keras", reason="training needs Keras")

from market.models import DataQualityReport
from modeling.contracts.retraining import RetrainingFacts
from modeling.fitting.dataset import Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.loading import Loaded
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import LeakScanConfig
from modeling.models import DriftReport, GateVerdict, Promotion, TrainingRun
from modeling.selectors.drift import drift_reports
from modeling.selectors.retraining import retraining_reports
from modeling.selectors.terms import TradingTerms
from modeling.selectors.versions import champion_get
from modeling.services import fit as fit_module
from modeling.services import judgement as judgement_module
from modeling.services.drift import drift_daily
from modeling.services.retraining import retraining_due
from tests.market import make
from tests.modeling.council_maker import council_recipe
from tests.modeling.synthetic import instruments, label_set, shuffled, tiny_recipe
from traderai.common.clock import MOSCOW, to_epoch_s
from traderai.common.config import PACKAGED_DIR, config_path

pytestmark = pytest.mark.django_db
FEATURES = ("adx_14", "atr_14_pct", "rsi_14")  # of the recipes' set, so that their families are known
FIRST, LAST = date(2022, 8, 1), date(2022, 9, 1)
WORLD_DAYS = 260  # from 31 December 2021 on


@dataclass
class World:
    """Synthetic bars of which each moment knows those that have closed; they stand in for what is read of a database."""

    rows: list[InstrumentRows]
    shuffles: bool = False
    asked: list[datetime] = field(default_factory=list)

    def known(self, as_of: datetime) -> Dataset:
        self.asked.append(as_of)
        known = [closed_before(item, as_of) for item in self.rows]
        return dataset_assemble(known, features=FEATURES, label_set=label_set(), lookback_bars=8)

    def dataset_load(
        self, recipe: Any, *, as_of: datetime, progress: Any
    ) -> tuple[Dataset, bool, tuple[str, ...]]:
        data = split_by_shares(self.known(as_of), recipe.split)
        dataset_check(data, max_missing_frac=0.2, leak_scan=LeakScanConfig(direction_auc=0.9, side_auc=0.95))
        return shuffled(data, seed=1) if self.shuffles else data, True, ()

    def whole_load(self, recipe: Any, *, as_of: datetime, **_options: Any) -> Loaded:
        return Loaded(dataset=self.known(as_of), instruments=(), is_simulated=True, without_features=())


def closed_before(item: InstrumentRows, as_of: datetime) -> InstrumentRows:
    n = int(np.searchsorted(item.bars.begin_s + 3600, to_epoch_s(as_of), side="right"))
    terms = TradingTerms(**{name: getattr(item.terms, name)[:n] for name in asdict(item.terms)})
    return replace(
        item, bars=item.bars.part(0, n), values=item.values[:n], cost_frac=item.cost_frac[:n], terms=terms
    )


@pytest.fixture
def folder(quick: Path, tmp_path: Path) -> Path:
    """A folder of settings: two small recipes, retrained each month."""
    limits = yaml.safe_load(config_path("drift.yaml").read_text())
    (tmp_path / "drift.yaml").write_text(yaml.safe_dump(limits | {"stretch_days": 8, "least_stretches": 8}))
    write_jobs(tmp_path, "global", "council")
    (tmp_path / "recipes").mkdir()
    write_recipe(tmp_path, "global_quick")
    write_recipe(tmp_path, "council_quick", learning_rate=1e30)
    return tmp_path


def write_jobs(folder: Path, *enabled: str) -> None:
    content = yaml.safe_load((PACKAGED_DIR / "retraining.yaml").read_text())
    content["jobs"] = {
        name: {"recipe": f"{name}_quick", "every": "month", "enabled": name in enabled}
        for name in ("global", "council")
    }
    (folder / "retraining.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def write_recipe(folder: Path, name: str, **fit: Any) -> None:
    small = {
        "fit.max_epochs": 1, "fit.max_windows_per_epoch": 1000, "evaluation.explain_rows": 200,
        "network.volatility_feature": "atr_14_pct", "label_set": "quick_v1",
    }  # fmt: skip
    if name == "council_quick":
        recipe = council_recipe(**small, **{"split.calibration_folds": 2})
    else:
        recipe = tiny_recipe(**small, **{"split.calibration_folds": 1})
    content = json.loads(json.dumps(asdict(recipe)))
    content["fit"] |= fit
    del content["name"]
    (folder / "recipes" / f"{name}.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(rows=instruments(days=WORLD_DAYS, planted=True))
    monkeypatch.setattr(fit_module, "dataset_load", made.dataset_load)
    monkeypatch.setattr(judgement_module, "whole_load", made.whole_load)
    for item in made.rows:
        facts = make.instrument(item.bars.secid, is_simulated=True)
        make.write(facts, make.columns(make.hours(LAST.isoformat())))
    return made


def at(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=MOSCOW)


def night(day: date, *, looked_at: bool = True) -> list[RetrainingFacts]:
    """Let the clock go through a night: the data are looked at, then each hour what is due is done, then drift."""
    if looked_at:
        DataQualityReport.objects.create(
            created_at=at(day, 3, 30), as_of=at(day, 3, 30), scope="s", verdict="ok", findings={"unfit_series": []}
        )  # fmt: skip
    woken = [retraining_due(now=at(day, hour, 45)) for hour in (3, 4, 5)]
    drift_daily(now=at(day, 6, 30))
    return [*filter(None, woken), *filter(None, [retraining_due(now=at(day, 6, 45))])]


def told(reports: list[RetrainingFacts]) -> list[tuple[str, str, str]]:
    return [(own.job, own.period, own.state) for own in reports]


def test_a_month_of_retraining(world: World, folder: Path):
    """Stale data, a first champion, a fit that diverges and is mended, a quiet month, and a candidate that is no good."""
    day = FIRST
    next_day: Callable[[], date] = lambda: day + timedelta(days=1)  # noqa: E731

    assert told(night(day, looked_at=False)) == [
        ("global", "2022-08", "refused"),
        ("council", "2022-08", "refused"),
    ]
    assert (world.asked, champion_get()) == ([], None)

    day = next_day()
    first, diverged = night(day)
    assert told([first, diverged]) == [("global", "2022-08", "switched"), ("council", "2022-08", "failed")]
    champion = champion_get()
    assert champion is not None
    assert (first.version, first.verdict) == (champion.version, champion.grade)
    assert champion.trained_until < at(day, 0, 0)
    # Where the small network loses to its base, the base is judged, too, and serves.
    assert GateVerdict.objects.latest("pk").version.version == first.version
    assert first.figures["days"] >= 40 and "daily_net_low" in first.figures
    assert "FitDivergedError: the loss must stay finite" in diverged.note
    assert "lower fit.learning_rate, was 1e+30" in diverged.note
    assert TrainingRun.objects.get(recipe="council_quick").state == "failed"

    write_recipe(folder, "council_quick")
    day = next_day()
    (mended,) = night(day)
    assert (mended.job, mended.period) == ("council", "2022-08")
    assert mended.state in ("switched", "kept")
    # A council and the global model compete for one place of service.
    judged = GateVerdict.objects.get(version__version=mended.version)
    assert judged.version.kind == "council"
    assert judged.against is not None and judged.against.version == first.version
    served = champion_get()
    assert served is not None
    assert served.version == (mended.version if mended.state == "switched" else first.version)

    for _ in range((LAST - day).days - 1):
        day = next_day()
        assert night(day) == []
    assert champion_get() == served
    assert {own.grade for own in drift_reports(as_of=at(day, 7, 0), limit=100)} <= {"ok", "watch", "unknown"}
    assert (
        DriftReport.objects.values("day").distinct().count() == (day - FIRST).days
    )  # each since the first champion

    world.shuffles = True  # what is learned in September is worth nothing
    write_jobs(folder, "global")
    day = next_day()
    switches = Promotion.objects.count()
    (kept,) = night(day)
    assert told([kept]) == [("global", "2022-09", "kept")]
    assert (kept.verdict, "rejected" in kept.note) == ("rejected", True)
    assert (champion_get(), Promotion.objects.count()) == (served, switches)
    assert retraining_due(now=at(day, 7, 45)) is None
    assert len(retraining_reports(as_of=at(day, 8, 0), limit=100)) == 6
