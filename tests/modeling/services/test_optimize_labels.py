"""Searching labels in a database: what is read, what is counted, what is refused, what is written."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Bars, Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from modeling.contracts import BarrierLabelSet
from modeling.fitting.recipe import recipe_load
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.splits import chronological_split
from modeling.models import Trial
from modeling.selectors.label_sets import label_set_get
from modeling.services.optimize_labels import SearchAsk, SearchReport, labels_optimize, training_end
from tests.features.series import candle_columns
from tests.market.make import FILE
from tests.modeling.synthetic import START_S, bars, label_set, quick_label_sets
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import InputError, NotFoundError, NotReadyError

pytestmark = pytest.mark.django_db
DAYS = 260
NOW = from_epoch_s(START_S) + timedelta(days=DAYS)
BORDER_DAY = 150
UNTIL = from_epoch_s(START_S) + timedelta(days=BORDER_DAY)


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The label set of the synthetic bars, a small search, and a recipe that learns it."""
    (tmp_path / "label_sets.yaml").write_text(f"# mine\n{quick_label_sets()}")
    effort = yaml.safe_load((PACKAGED_DIR / "label_search.yaml").read_text()) | {
        "grid_points": 3, "bayesian_points": 4, "min_months": 3,
    }  # fmt: skip
    (tmp_path / "label_search.yaml").write_text(yaml.safe_dump(effort))
    recipe = yaml.safe_load((PACKAGED_DIR / "recipes/global_swing_v1.yaml").read_text())
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/quick.yaml").write_text(yaml.safe_dump(recipe | {"label_set": "quick_v1"}))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    return tmp_path


def store(secid: str, own: Bars) -> None:
    row, _ = Instrument.objects.get_or_create(secid=secid, defaults={"name_ru": secid, "name_en": secid})
    candles_write(instrument_id=row.pk, timeframe=Timeframe.H1, columns=candle_columns(own), origin=FILE)


@pytest.fixture
def shares() -> dict[str, Bars]:
    found = {f"SHR{number}": bars(f"SHR{number}", days=DAYS, seed=number) for number in (1, 2)}
    for secid, own in found.items():
        store(secid, own)
    return found


def searched(**ask: object) -> SearchReport:
    return labels_optimize(ask=SearchAsk(**({"label_set": "quick_v1"} | ask)), now=NOW)


def with_noise(own: Bars, *, from_day: int) -> Bars:
    later = (own.begin_s - START_S) // 86_400 >= from_day
    factor = np.where(later, np.random.default_rng(9).uniform(0.5, 2.0, len(own)), 1.0)
    return replace(
        own,
        open=own.open * factor,
        high=own.high * factor,
        low=own.low * factor,
        close=own.close * factor,
        volume_shares=np.where(later, 1.0, own.volume_shares),
    )


@pytest.mark.parametrize("ask", [{"until": UNTIL}, {"recipe": "quick"}])
def test_bars_after_the_training_part_change_nothing(shares: dict[str, Bars], ask: dict[str, object]):
    before = searched(**ask)
    assert before.new_trials == before.points
    border = BORDER_DAY + 6  # 60 % of the days, less what the last window may take, lies before it
    for secid, own in shares.items():
        store(secid, with_noise(own, from_day=border))
    again = searched(**ask)
    assert again == replace(before, new_trials=0)  # the very same points of the very same data
    for secid, own in shares.items():
        store(secid, with_noise(own, from_day=BORDER_DAY - 20))
    after = searched(**ask)
    assert after.table != before.table  # the comparison can fail
    assert after.new_trials == after.points


def test_every_point_is_a_trial_once(shares: dict[str, Bars]):
    report = searched(until=UNTIL)
    assert Trial.objects.count() == report.points == report.new_trials
    trial = Trial.objects.first()
    assert trial is not None
    assert (trial.kind, trial.label_family, trial.data_family) == ("label_search", "quick", "real-1h")
    assert (trial.days, trial.trades > 0, trial.net_expectancy_frac is not None) == ([], True, True)
    assert searched(until=UNTIL).new_trials == 0
    # Other data are another look.
    assert searched(until=UNTIL - timedelta(days=5)).new_trials > 0


def test_the_best_is_the_best_of_the_table_and_the_set_itself_stands_beside_it(shares: dict[str, Bars]):
    report = searched(until=UNTIL)
    assert isinstance(report.best, BarrierLabelSet)
    first = report.table[1].split()
    wanted = (report.best.horizons[0], f"{report.best.take_profit:g}", f"{report.best.stop_loss:g}")
    assert tuple(first[1:4]) == wanted
    scores = [float(line.split()[4]) for line in report.table[1:11]]
    assert scores == sorted(scores, reverse=True)
    own = [line for line in report.table if line.split()[0].endswith("*")]
    assert [line.split()[1] for line in own if "refused" not in line]
    assert report.spec == label_set_get(name="quick_v1")


def border_of(own: list[Bars], spec: BarrierLabelSet, train_frac: float) -> int:
    """Return where the recipe's own split begins its validation part."""
    rows = []
    for each in own:
        inputs = row_inputs(each, cost_frac=0.002)
        for horizon in spec.horizons:
            found = barrier_labels(each, spec, horizon, inputs)
            rows.append((found.decision_s[found.labelled], found.window_end_s[found.labelled]))
    decision_s, end_s = (np.concatenate(column) for column in zip(*rows, strict=True))
    shares = (train_frac, (1 - train_frac) / 2, (1 - train_frac) / 2)
    return chronological_split(decision_s, end_s, shares=shares).validation_start_s


@settings(deadline=None, max_examples=10)
@given(days=st.integers(60, 200), number=st.integers(0, 99))
def test_the_training_part_ends_before_the_recipes_own_validation_part(days: int, number: int):
    recipe, spec = recipe_load("quick"), label_set()
    own = bars("SHR", days=days, seed=number)
    first, last = from_epoch_s(int(own.begin_s[0])), from_epoch_s(int(own.begin_s[-1]))
    end = training_end(first, last, recipe=recipe, spec=spec)
    limit_s = border_of([own], spec, recipe.split.train_frac) - 86_400 * recipe.split.embargo_days
    assert limit_s - 7 * 86_400 < to_epoch_s(end) <= limit_s
    # Measured by the newest bar itself, the part would reach too far.
    assert to_epoch_s(first + recipe.split.train_frac * (last - first)) > limit_s


def test_what_says_no_training_part_is_refused(shares: dict[str, Bars]):
    with pytest.raises(InputError, match="no recipe learns quick_v1 at 1h"):
        searched()
    with pytest.raises(InputError, match="give one"):
        searched(recipe="quick", until=UNTIL)
    with pytest.raises(InputError, match="learns swing_v1 at 1h"):
        searched(recipe="global_swing_v1")
    with pytest.raises(NotFoundError, match="did you mean 'quick_v1'"):
        searched(label_set="quik_v1", until=UNTIL)
    with pytest.raises(NotReadyError, match="no share has 1h bars in the training part"):
        searched(until=from_epoch_s(START_S) - timedelta(days=1))
    assert not Trial.objects.exists()


def test_a_search_without_a_feasible_point_says_why_and_is_counted(shares: dict[str, Bars]):
    with pytest.raises(NotReadyError, match=r"labels 2 months, wanted are 3.*loosen them"):
        searched(until=from_epoch_s(START_S) + timedelta(days=20))
    assert Trial.objects.exists()


def test_without_bars_there_is_nothing_to_search():
    with pytest.raises(NotReadyError, match="no share has 1h bars"):
        searched(until=UNTIL)


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("optimize_labels", "quick_v1", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_writes_a_set_that_can_be_used(shares: dict[str, Bars], own_config: Path):
    before = (own_config / "label_sets.yaml").read_text()
    until = f"{UNTIL:%Y-%m-%d}"
    assert "wrote" not in command("--until", until)
    assert (own_config / "label_sets.yaml").read_text() == before
    said = command("--until", until, "--write")
    assert "wrote quick_v2 version 1 to" in said
    after = (own_config / "label_sets.yaml").read_text()
    assert after.startswith(before.rstrip("\n"))
    assert "# Found by manage.py optimize_labels quick_v1 on " in after
    assert "training part: 2022-01-02 to" in after or "training part: 2021-12-31 to" in after
    found = label_set_get(name="quick_v2")
    assert (found.version, found.horizons[0] in label_set().horizons) == (1, True)
    assert label_set_get(name="quick_v1") == label_set()
    assert "wrote quick_v3" in command("--until", until, "--write")


def test_the_command_refuses_before_it_searches(shares: dict[str, Bars], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TRADERAI_CONFIG_DIR")
    with pytest.raises(CommandError, match="TRADERAI_CONFIG_DIR must be a directory of your own"):
        command("--until", "2022-05-01", "--write")
    assert not Trial.objects.exists()
