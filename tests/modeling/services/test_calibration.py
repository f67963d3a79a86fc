"""The weekly calibration of the version in service: kept where it is proven, served by one code, nothing of the future."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from market.models import DataQualityReport
from modeling.contracts import ModelVersionFacts, Prediction
from modeling.contracts.calibration import CalibrationFacts
from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels, LevelState
from modeling.errors import ArtifactBrokenError
from modeling.fitting.adapter_rows import Late, late_parts
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.levels import Side, side_rows
from modeling.fitting.ranges import day_ends
from modeling.fitting.recalibration import folds_said, out_of_sample
from modeling.kernels.calibration import sigmoid
from modeling.kernels.running_levels import level_fit, level_steps
from modeling.kernels.trust import informed
from modeling.models import WeeklyCalibration
from modeling.registry import artifact as store
from modeling.registry.adapters import Adapter, Adapters, Correction, ServingAdapters
from modeling.registry.folds import folds_bytes
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.calibration import artifact_calibrated, calibration_list
from modeling.selectors.configuration import retraining_config_get
from modeling.services import calibration as module
from modeling.services.calibration import calibration_weekly, dataset_calibrate
from modeling.services.judgement import artifact_judged, artifact_raw
from modeling.tasks import calibration_weekly as calibration_weekly_task
from tests.market import make
from tests.modeling.fitting.adapter_maker import COLUMN, FOLLOWER, adapter_data, folds_of
from tests.modeling.learned_maker import plain_bytes
from tests.modeling.serving_maker import PLAN, base_trust, serving
from tests.signals import builders
from tests.summary_place import Place, summary_place
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InvariantError, NotReadyError

pytestmark = pytest.mark.django_db
EARLIER = datetime(2001, 1, 1, tzinfo=UTC)
SHIFTED = 0.3  # so many of the late long trades that missed their target are told to have reached it


@cache
def bars() -> Dataset:
    return adapter_data(days=300)


@cache
def folds() -> bytes:
    """What three folds said that all ended before half of the bars, as training would have kept it."""
    data = bars()
    half = int(np.median(data.decision_s))
    own = [replace(fold.dataset, part=early(fold.dataset, half)) for fold in folds_of(data)]
    kept = [
        Fold(dataset=data, raw=fold.raw.taken(data.rows_of(VALIDATION)))
        for data, fold in zip(own, folds_of(bars()), strict=True)
        if (data.part == VALIDATION).any()
    ]
    return folds_bytes(folds_said(kept, column=COLUMN))


def early(data: Dataset, until_s: int) -> np.ndarray:
    late = (data.part == VALIDATION) & (data.targets.window_end_s > until_s)
    return np.where(late, -1, data.part).astype(np.int8)


@cache
def moved(since_s: int | None = None) -> Dataset:
    """Return the bars with more of the long trades hit, from half of them on or from a moment on."""
    data = bars()
    late = data.decision_s > (int(np.median(data.decision_s)) if since_s is None else since_s)
    lucky = np.random.default_rng(5).random(data.targets.p_long.shape) < SHIFTED
    hit = np.where(late[:, None] & lucky & (data.targets.p_long == 0.0), 1.0, data.targets.p_long)
    return replace(data, targets=replace(data.targets, p_long=hit))


@pytest.fixture(scope="module")
def now() -> datetime:
    """Twenty days before the bars end: what comes then is not known yet."""
    return from_epoch_s(int(bars().decision_s.max())) - timedelta(days=20)


@pytest.fixture
def base(quick: Path) -> ModelVersionFacts:
    return serving(bars(), "global-quick-1", informed=False, more={store.FOLDS: folds()})


def answers(facts: ModelVersionFacts, as_of: datetime, **options: Any) -> tuple[Prediction, ...]:
    """Return what a version says in service of its last rows, at a moment."""
    data = bars()
    rows = np.flatnonzero(data.usable[:, 1] & (data.decision_s > data.decision_s.max() - 6 * 86_400))
    scorer = scorer_open(
        artifact=artifact_calibrated(artifact=artifact_load(version=facts), as_of=as_of), **options
    )
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    secids = [data.secids[number] for number in data.instrument[rows]]
    return scorer.predict(windows=windows, secids=secids, horizon="2d")


def calibrated(facts: ModelVersionFacts, data: Dataset, now: datetime) -> CalibrationFacts:
    found = dataset_calibrate(facts=facts, dataset=data, now=now)
    assert found is not None
    return found


def test_a_shifted_base_rate_is_learned_kept_and_served_from_then_on(base: ModelVersionFacts, now: datetime):
    before = answers(base, now)
    found = calibrated(base, moved(), now)
    assert (found.kept, found.version, found.as_of) == (True, base.version, now)
    assert found.note.startswith("p_long") and "proven better" in found.note
    verdict = next(own for own in found.figures["verdicts"] if own["head"] == "p_long")
    assert verdict["better_low"] > 0.0 and verdict["days"] >= 10
    assert verdict["log_loss_after"] < verdict["log_loss_before"]
    for horizon, own in base_trust(bars(), p_long_trust=0.0, p_short_trust=0.0).items():
        kept = found.trust[horizon]
        assert (kept.quantile_weights, kept.volatility_weights) == (
            own.quantile_weights,
            own.volatility_weights,
        )
        assert kept.p_long_prior == own.p_long_prior

    after = answers(base, now)
    assert answers(base, now - timedelta(seconds=1)) == before  # it serves from its moment on
    rate = float(np.nanmean(moved().targets.p_long[bars().decision_s > to_epoch_s(base.trained_until), 1]))
    for one, other in zip(before, after, strict=True):
        assert (other.return_quantiles, other.volatility) == (one.return_quantiles, one.volatility)
        assert abs(other.p_long - rate) < abs(one.p_long - rate)
    own = found.trust["2d"]
    wanted = sigmoid(
        np.array([own.p_long_prior + own.p_long_trust * (-0.75 - own.p_long_prior) + own.p_long_shift])
    )
    if own.p_long_map is None:
        assert after[0].p_long == pytest.approx(float(wanted[0]), abs=1e-6)


def test_nothing_to_learn_leaves_it_alone_and_says_so(base: ModelVersionFacts, now: datetime):
    before = answers(base, now)
    found = calibrated(base, bars(), now)
    assert (found.kept, found.trust) == (False, {})
    assert "nothing better was found" in found.note or "is not proven" in found.note
    assert answers(base, now + timedelta(days=1)) == before
    assert artifact_calibrated(artifact=artifact_load(version=base), as_of=now).recalibrated is None


def test_a_week_is_judged_once_and_the_next_one_against_what_stands(base: ModelVersionFacts, now: datetime):
    first = calibrated(base, moved(), now)
    assert calibrated(base, bars(), now + timedelta(minutes=1)) == first
    second = calibrated(base, moved(), now + timedelta(days=7))
    assert second.week != first.week and calibration_list(version_id=base.id) == (first, second)
    # What stands has learned the shift: little is left to be proven.
    verdicts = [{own["head"]: own for own in told.figures["verdicts"]}["p_long"] for told in (first, second)]
    assert verdicts[1]["log_loss_before"] < verdicts[0]["log_loss_before"]


def test_what_is_known_later_has_no_say(base: ModelVersionFacts, now: datetime):
    def judged(data: Dataset) -> tuple[Any, ...]:
        WeeklyCalibration.objects.all().delete()
        found = calibrated(base, data, now)
        return found.kept, found.trust, found.figures

    plain = judged(bars())
    assert judged(changed(to_epoch_s(now))) == plain
    # Seen to fail: what ended two weeks before has a say.
    assert judged(changed(to_epoch_s(now - timedelta(days=14)))) != plain


def changed(after_s: int) -> Dataset:
    """Return the bars with every long outcome turned that is known after a moment."""
    targets = bars().targets
    late = targets.window_end_s > after_s
    return replace(
        bars(), targets=replace(targets, p_long=np.where(late, 1.0 - targets.p_long, targets.p_long))
    )


def test_rows_that_taught_the_version_are_refused(base: ModelVersionFacts):
    data, artifact = bars(), artifact_load(version=base)
    seen = np.flatnonzero(data.usable.all(axis=1) & (data.decision_s < to_epoch_s(base.trained_until)))[-9:]
    part = np.full_like(data.part, -1)
    part[seen] = VALIDATION
    own = replace(data, part=part)
    with pytest.raises(InvariantError, match="hold those rows out"):
        out_of_sample(artifact_raw(artifact, own, rows=seen), own, artifact.trust)


def test_a_crash_on_the_way_changes_nothing(base: ModelVersionFacts, now: datetime, quick: Path):
    before = answers(base, now)
    path = quick / base.artifact_key / store.FOLDS
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        calibrated(base, moved(), now)
    path.write_bytes(whole)

    class Killed(Exception):
        pass

    with pytest.raises(Killed), transaction.atomic():
        assert calibrated(base, moved(), now).kept
        raise Killed
    assert not WeeklyCalibration.objects.exists()
    assert answers(base, now) == before
    assert calibrated(base, moved(), now).kept  # nothing is left that would keep it from being done again


def test_sides_that_would_trade_worse_stay_as_they_stand(quick: Path, now: datetime):
    """More hits are told than there are: probabilities are said better, and trades by them lose their costs."""
    heard = serving(
        bars(),
        "global-quick-1",
        more={store.FOLDS: folds()},
        weights=(0.0, 0.0, 0.3),
        p_long_trust=0.05,
    )
    found = calibrated(heard, moved(), now)
    verdict = next(own for own in found.figures["verdicts"] if own["head"] == "p_long")
    standing, proposed = found.figures["choices"]
    assert verdict["proven"] and proposed["mean_daily_net"] < standing["mean_daily_net"]
    assert (found.kept, found.note) == (False, "its trades made less")


def levelled(offset: float, *, kept: tuple[str, ...]) -> dict[str, bytes]:
    """Return the files of a version whose folds are known and whose levels were taught by its training."""
    until = int(np.median(bars().decision_s))
    side = LevelState(
        tercile_edges=(0.001, 0.002),
        step=0.02,
        offsets=(offset,) * 3,
        learned_rows=(1, 1, 1),
        learned_until_s=until,
    )
    own = HorizonLevels(
        volatility_scale=1.0,
        longest_window_s=4 * 86_400,
        since_s=1,
        sides=dict.fromkeys(LEVEL_SIDES, side),
        kept=kept,
    )
    return {store.FOLDS: folds(), store.LEVELS: plain_bytes(dict.fromkeys(bars().horizons, own))}


def test_what_a_level_has_learned_by_itself_is_no_gain_of_a_calibration(quick: Path, now: datetime):
    def verdict(kept: tuple[str, ...]) -> dict[str, Any]:
        WeeklyCalibration.objects.all().delete()
        name = f"global-quick-{len(kept)}"
        facts = serving(bars(), name, informed=False, more=levelled(0.0, kept=kept))
        own: dict[str, Any] = {
            each["head"]: each for each in calibrated(facts, moved(), now).figures["verdicts"]
        }["p_long"]
        return own

    fixed, learning = verdict(()), verdict(LEVEL_SIDES)
    assert fixed["proven"] and learning["log_loss_before"] < fixed["log_loss_before"] - 0.01
    gain = {
        name: own["log_loss_before"] - own["log_loss_after"]
        for name, own in (("fixed", fixed), ("learning", learning))
    }
    assert abs(gain["learning"]) < 0.2 * gain["fixed"] and not learning["proven"]


def test_a_calibration_is_judged_by_what_it_would_say_in_service(quick: Path, now: datetime):
    facts = serving(bars(), "global-quick-1", informed=False, more=levelled(0.0, kept=LEVEL_SIDES))
    found = next(
        own for own in calibrated(facts, moved(), now).figures["verdicts"] if own["head"] == "p_long"
    )
    # Once more by another way: levels begun by hand on what was known by the border, then led on day by day.
    data = moved()
    late = Late(
        learned_s=to_epoch_s(facts.trained_until), as_of_s=to_epoch_s(now),
        embargo_s=round(PLAN.split.embargo_days * 86_400),
    )  # fmt: skip
    newest = late_parts(data, late, retraining_config_get().calibration).judges
    artifact = artifact_load(version=facts)
    rows = np.flatnonzero(
        data.usable.any(axis=1) & (data.decision_s > late.learned_s) & (data.decision_s <= late.as_of_s)
    )
    words = artifact_judged(artifact, artifact_raw(artifact, data, rows=rows), data).forecasts
    losses, days = [], []
    for h, name in enumerate(data.horizons):
        assert artifact.levels is not None
        own = artifact.levels[name]
        said, order = side_rows(words, data, Side("p_long", h, 1.0, own.sides["p_long"].tercile_edges))
        border, at = newest.validation_start_s, words.rows[order]
        known = data.usable[at, h] & (said.resolved_s <= border)
        past = type(said)._make(column[known] for column in said)
        state = level_fit(past, tercile_edges=(0.001, 0.002), until_s=border, step=0.02)
        ends = day_ends(data, after_s=border, until_s=late.as_of_s)
        moved_p, _ = level_steps([state], said, until_s=ends)
        judged = newest.part[at, h] == VALIDATION
        y, p = data.targets.p_long[at[judged], h], moved_p[judged]
        losses.append(-np.where(y == 1.0, np.log(p), np.log(1.0 - p)))
        days.append(data.day[at[judged]])
    loss, day = np.concatenate(losses), np.concatenate(days)
    wanted = np.mean([loss[day == each].mean() for each in np.unique(day)])
    assert found["log_loss_before"] == pytest.approx(wanted, rel=1e-9)


def test_a_share_with_an_adapter_keeps_what_its_adapter_was_taught(base: ModelVersionFacts, now: datetime):
    added = Correction(
        family="logistic",
        text='{"mean": [0, 0, 0, 0, 0], "std": [1, 1, 1, 1, 1], "coefficients": [0, 0, 0, 0, 0], "intercept": 0.4}',
    )
    own = Adapters(
        features=("noise",), horizons=bars().horizons, learned_until_s=0, judged_until_s=0,
        by_secid={FOLLOWER: Adapter(secid=FOLLOWER, long=added, short=added, share=1.0, days=90)},
    )  # fmt: skip
    adapters = ServingAdapters(version=base, adapters=own)
    before, alone = answers(base, now, adapters=adapters), answers(base, now)
    calibrated(base, moved(), now)
    after, alone_after = answers(base, now, adapters=adapters), answers(base, now)
    follows = [each.adapter is not None for each in after]
    assert 0 < sum(follows) < len(follows)
    for place, has_adapter in enumerate(follows):
        assert after[place] == (before[place] if has_adapter else alone_after[place])
        assert alone_after[place].p_long > alone[place].p_long


def test_a_side_that_has_become_a_base_rate_claims_no_edge():
    trust = base_trust(bars(), p_long_trust=0.0)
    found = informed(dict.fromkeys(trust, builders.evidence()), trust)
    assert {(own.long_informed, own.short_informed) for own in found.values()} == {(False, True)}
    silent = dict.fromkeys(trust, replace(builders.evidence(), short_informed=False))
    assert not informed(silent, trust)["1d"].short_informed


def test_too_few_days_are_told_and_an_older_artifact_learns_nothing(quick: Path, now: datetime):
    assert calibration_weekly(now=now) is None
    older = serving(bars(), "global-quick-1")
    assert (
        calibration_weekly(now=now) is None
        and dataset_calibrate(facts=older, dataset=bars(), now=now) is None
    )
    base = serving(bars(), "global-quick-2", more={store.FOLDS: folds()})
    found = calibrated(base, moved(), base.trained_until + timedelta(days=12))
    assert not found.kept and "calibrations need 40 days to learn from" in found.note
    assert "lower calibration.min_days of retraining.yaml" in found.note


@pytest.fixture
def place(settings) -> Iterator[Place]:
    with summary_place() as found:
        settings.SUMMARY_WEBHOOK_URL = found.url
        yield found


def test_the_task_looks_at_the_data_first_and_loads_once_a_week(
    base: ModelVersionFacts, now: datetime, monkeypatch: pytest.MonkeyPatch, place: Place
):
    asked: list[dict[str, Any]] = []

    def loaded(_facts: object, **options: Any) -> Dataset:
        asked.append(options)
        return moved()

    # Synthetic bars are in no database: they stand in for what would be read of one.
    monkeypatch.setattr(module, "dataset_since", loaded)
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(NotReadyError, match="report on the quality"):
        calibration_weekly_task()
    assert not asked and not WeeklyCalibration.objects.exists()
    for secid in bars().secids:
        share = make.instrument(secid, is_simulated=True)
        make.write(share, make.columns(make.hours(f"{now - timedelta(days=1):%Y-%m-%d}")))
    DataQualityReport.objects.create(
        created_at=now, as_of=now, scope="s", verdict="ok", findings={"unfit_series": []}
    )
    calibration_weekly_task()
    calibration_weekly_task()
    assert [own["since"] for own in asked] == [base.trained_until]
    (row,) = WeeklyCalibration.objects.all()
    assert row.kept and str(row) == f"{base.version} in {row.week}: kept"
    ((_, told),) = place.posted
    assert told["event"] == "calibration" and "is calibrated anew" in told["text"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "modeling_weeklycalibration_once"),
        ({"week": "2020-W02", "trust": {}}, "modeling_weeklycalibration_kept_has_trust"),
        ({"week": "2020-W02", "kept": False}, "modeling_weeklycalibration_kept_has_trust"),
        ({"week": "2020-W02", "note": ""}, "modeling_weeklycalibration_says_why"),
        ({"week": "2020-W02", "at": EARLIER}, "modeling_weeklycalibration_known_when_stored"),
    ],
)
def test_the_database_keeps_one_whole_word_a_week(
    base: ModelVersionFacts, now: datetime, changes: dict[str, Any], rule: str
):
    row(base, now)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        row(base, now, **changes)


def row(base: ModelVersionFacts, as_of: datetime, **fields: Any) -> WeeklyCalibration:
    trust = {name: asdict(own) for name, own in base_trust(bars()).items()}
    plain = {"week": "2020-W01", "kept": True, "trust": trust, "figures": {}, "note": "n", "at": as_of}
    return WeeklyCalibration.objects.create(version_id=base.id, as_of=as_of, **plain | fields)


def test_the_database_refuses_to_change_a_word_and_staff_sees_it(
    base: ModelVersionFacts, now: datetime, client: Client
):
    stored = row(base, now)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        WeeklyCalibration.objects.update(note="other")
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    listed = reverse("admin:modeling_weeklycalibration_changelist")
    assert client.get(listed).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_weeklycalibration"))
    assert base.version in client.get(listed).content.decode()
    client.force_login(User.objects.create_superuser("boss"))
    page = reverse("admin:modeling_weeklycalibration_change", args=[stored.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"note": "other"}).status_code == 403
