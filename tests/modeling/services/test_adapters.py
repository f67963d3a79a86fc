"""Adapters from their training upon the version in service to its corrected answers, and where they are silent."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command

from market.models import DataQualityReport
from modeling.contracts import ModelVersionFacts, Prediction
from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels, LevelState
from modeling.fitting.adapter_rows import Late, late_parts
from modeling.fitting.adapters import said
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.levels import Side, side_rows
from modeling.fitting.ranges import day_ends
from modeling.kernels.running_levels import ProbabilityRows, level_fit, level_steps
from modeling.models import GateVerdict, ModelVersion, TrainingRun
from modeling.registry import artifact as store
from modeling.registry.adapters import adapters_read
from modeling.selectors.artifacts import EVENT, adapters_load, adapters_serving, artifact_load, scorer_open
from modeling.selectors.versions import champion_get, version_get
from modeling.services import adapters as adapters_module
from modeling.services.adapters import AdaptersReport, adapters_train, dataset_adapters_train
from modeling.services.judgement import artifact_judged, artifact_raw, version_judged
from modeling.services.registry import emission_pause, version_rollback
from modeling.services.retraining import retraining_due
from tests.market import make
from tests.modeling.fitting.adapter_maker import CONFIG, FOLLOWER, adapter_data
from tests.modeling.learned_maker import plain_bytes
from tests.modeling.serving_maker import PLAN, serving
from tests.modeling.synthetic import OUTCOMES
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import NotReadyError
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
DAYS = 360


@pytest.fixture(scope="module")
def data() -> Dataset:
    return adapter_data(days=DAYS)


@pytest.fixture(scope="module")
def now(data: Dataset) -> datetime:
    """Twenty days before the bars end: what comes then is not known yet."""
    return from_epoch_s(int(data.decision_s.max())) - timedelta(days=20)


@pytest.fixture
def base(quick: Path, data: Dataset) -> ModelVersionFacts:
    return serving(data, "global-quick-1")


def answers(facts: ModelVersionFacts, data: Dataset, *, alone: bool = False) -> tuple[Prediction, ...]:
    """Return what a version says in service of the late rows, with the adapters that serve beside it or alone."""
    artifact, rows = artifact_load(version=facts), late_rows(data)
    scorer = scorer_open(
        artifact=artifact,
        adapters=None if alone else adapters_load(serving=adapters_serving(), artifact=artifact),
    )
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    secids = [data.secids[number] for number in data.instrument[rows]]
    return scorer.predict(windows=windows, secids=secids, horizon="2d")


def late_rows(data: Dataset) -> np.ndarray:
    """Return rows of the last days, of all tickers."""
    last = data.usable[:, 1] & (data.decision_s > data.decision_s.max() - 15 * 86_400)
    return np.flatnonzero(last)[::7]


def trained(base: ModelVersionFacts, data: Dataset, now: datetime) -> AdaptersReport:
    return dataset_adapters_train(base=base, dataset=data, now=now)


def content(facts: ModelVersionFacts, name: str = store.ADAPTERS) -> bytes:
    found = store.artifact_file(lake=lake_at(settings.LAKE_URL), version=facts, name=name)
    assert found is not None
    return found


def test_the_planted_ticker_is_kept_and_served_and_no_other_changes(
    base: ModelVersionFacts, data: Dataset, now: datetime, quick: Path, caplog: pytest.LogCaptureFixture
):
    report = trained(base, data, now)
    facts = report.version
    assert (report.base, report.kept, report.promoted) == (base.version, (FOLLOWER,), True)
    assert report.note == f"promoted: adapters of {FOLLOWER} correct {base.version}"
    assert (champion_get(slot="adapters"), champion_get()) == (facts, base)
    assert (facts.kind, facts.grade, facts.trained_until <= now) == ("adapter", "inform", True)
    verdict = GateVerdict.objects.get(version_id=facts.id)
    by_secid = {own["secid"]: own for own in verdict.numbers["adapters"]["verdicts"]}
    assert {secid for secid, own in by_secid.items() if own["kept"]} == {FOLLOWER}
    assert by_secid[FOLLOWER]["better"] > 0.03
    without, with_them = verdict.numbers["adapters"]["choices"]
    assert with_them["trades"] > 0 and with_them["mean_daily_net"] >= without["mean_daily_net"]
    card = content(facts, "model_card.md").decode()
    assert f"| base | {base.version} |" in card and "SIMULATED" in card and f"| {FOLLOWER} |" in card

    rows = late_rows(data)
    before, after = answers(base, data, alone=True), answers(base, data)
    wanted = said(adapters_read(content(facts)), version_judged(base, data, rows=rows).forecasts, data)
    own = data.instrument[rows] == data.secids.index(FOLLOWER)
    assert 0 < own.sum() < own.size
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        if not own[place]:
            assert one == other  # bit for bit, and nothing is told of adapters
            continue
        assert other.adapter is not None
        assert (other.adapter.version, other.adapter.trained_until) == (facts.version, facts.trained_until)
        assert (other.adapter.p_long_before, other.adapter.p_short_before) == (one.p_long, one.p_short)
        assert replace(other, p_long=one.p_long, p_short=one.p_short, adapter=None) == one
        assert other.p_long == pytest.approx(wanted.p_long[place, 1], abs=1e-12)
    moved = [abs(one.p_long - other.p_long) for one, other in zip(before, after, strict=True)]
    assert max(moved) > 0.02

    again = trained(base, data, now)
    assert (again.reused, again.version, again.kept) == (True, facts, (FOLLOWER,))
    assert ModelVersion.objects.filter(kind="adapter").count() == 1

    # Silenced they are silent, and broken ones too: the base answers by itself.
    emission_pause(version_id=facts.id, by="t", reason="r", now=now)
    assert answers(base, data) == before
    call_command("models", "resume", "--slot", "adapters", "--reason", "r", stdout=StringIO())
    assert answers(base, data) == after
    path = quick / facts.artifact_key / store.ADAPTERS
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"SHR1", b"SHR2"))
    with caplog.at_level(logging.ERROR):
        assert answers(base, data) == before
    assert f"{EVENT}: {facts.version}: " in caplog.text and "corrupt" in caplog.text
    path.write_bytes(whole)

    # Of another version they are silent, and heard again when their own is back.
    second = serving(data, "global-quick-2")
    assert answers(second, data) == answers(second, data, alone=True)
    version_rollback(by="t", reason="r", now=now)
    assert champion_get() == base
    assert answers(base, data) == after


def test_labels_after_now_change_no_byte(base: ModelVersionFacts, data: Dataset, now: datetime):
    def flipped(inside: np.ndarray) -> Dataset:
        found = {name: getattr(data.targets, name).copy() for name in OUTCOMES}
        for name in ("p_long", "p_short"):
            found[name][inside] = 1.0 - found[name][inside]
        return replace(data, targets=replace(data.targets, **found))

    later = data.targets.window_end_s > to_epoch_s(now)
    first = trained(base, data, now).version
    second = trained(base, flipped(later), now).version
    assert first.version != second.version  # of other data, whatever part of them had a say
    for name in (store.ADAPTERS, store.METRICS):
        assert content(first, name) == content(second, name)
    # Seen to fail: a week before now they have a say.
    third = trained(base, flipped(data.targets.window_end_s > to_epoch_s(now) - 7 * 86_400), now).version
    assert content(third, store.METRICS) != content(first, store.METRICS)


def test_they_are_judged_beside_what_would_be_said_in_service(quick: Path, data: Dataset, now: datetime):
    side = LevelState(
        tercile_edges=(0.001, 0.002),
        step=0.02,
        offsets=(0.0, 0.0, 0.0),
        learned_rows=(1, 1, 1),
        learned_until_s=1,
    )
    levels = HorizonLevels(
        volatility_scale=1.0, longest_window_s=86_400, since_s=1, sides=dict.fromkeys(LEVEL_SIDES, side),
        kept=LEVEL_SIDES,
    )  # fmt: skip
    base = serving(
        data,
        "global-quick-1",
        more={store.LEVELS: plain_bytes(dict.fromkeys(data.horizons, levels))},
        p_long_shift=-0.8,
    )
    told: list[tuple[int, int, str]] = []
    report = dataset_adapters_train(
        base=base, dataset=data, now=now, progress=lambda *each: told.append(each)
    )
    shares = len(data.secids)
    assert [each for each in told if "adapter of" in each[2]] == [
        (number, shares, f"adapter of {secid}") for number, secid in enumerate(data.secids)
    ]
    assert {"rows answered", "judging on the newest rows"} <= {what for _, _, what in told}

    # Once more by hand: levels begun on what was known by the border, led on day by day, and the log loss of that.
    late = Late(
        learned_s=to_epoch_s(base.trained_until), as_of_s=to_epoch_s(now),
        embargo_s=round(PLAN.split.embargo_days * 86_400),
    )  # fmt: skip
    newest, artifact = late_parts(data, late, CONFIG).judges, artifact_load(version=base)
    inside = (data.decision_s > late.learned_s) & (data.decision_s <= late.as_of_s)
    heard = np.flatnonzero(data.usable.any(axis=1) & inside)
    words = artifact_judged(artifact, artifact_raw(artifact, data, rows=heard), data).forecasts
    rows = newest.rows_of(VALIDATION)
    shared, spoken = words.taken(rows), going_on(words, data, late, newest).taken(rows)
    after = said(adapters_read(content(report.version)), shared, data)
    own = report.version.metrics["adapters"]["verdicts"][data.secids.index(FOLLOWER)]

    def better(before: Forecasts) -> float:
        there = (newest.part[rows] == VALIDATION) & (data.instrument[rows] == data.secids.index(FOLLOWER))[
            :, None
        ]
        gains = np.zeros(there.shape)
        for name in LEVEL_SIDES:
            y = getattr(data.targets, name)[rows]
            for sign, words in ((1.0, before), (-1.0, after)):
                p = getattr(words, name)
                gains -= sign * np.where(y == 1.0, np.log(p), np.log(1.0 - p))
        days = data.day[rows]
        return float(
            np.mean(
                [
                    gains[there & (days == day)[:, None]].mean() / 2
                    for day in np.unique(days[there.any(axis=1)])
                ]
            )
        )

    assert own["better"] == pytest.approx(better(spoken), rel=1e-9)
    assert abs(better(shared) - better(spoken)) > 0.01  # beside the words without levels it is another gain


def going_on(words: Forecasts, data: Dataset, late: Late, newest: Dataset) -> Forecasts:
    """Return words with levels that began by the first row that judges and learned once a day from then on."""
    border, found = newest.validation_start_s, {name: getattr(words, name).copy() for name in LEVEL_SIDES}
    ends = day_ends(data, after_s=border, until_s=late.as_of_s)
    for name, p in found.items():
        for h in range(len(data.horizons)):
            told, order = side_rows(words, data, Side(name, h, 1.0, (0.001, 0.002)))
            known = data.usable[words.rows[order], h] & (told.resolved_s <= border)
            past = ProbabilityRows._make(column[known] for column in told)
            state = level_fit(past, tercile_edges=(0.001, 0.002), until_s=border, step=0.02)
            p[order, h] = level_steps([state], told, until_s=ends)[0]
    return replace(words, **found)


def test_nothing_proven_is_a_rejected_version_and_what_serves_stays(
    base: ModelVersionFacts, data: Dataset, now: datetime
):
    strict = replace(PLAN, adapters=replace(CONFIG, false_discoveries=1e-9, family="logistic"))
    first = trained(base, data, now).version

    def under(name: str) -> AdaptersReport:
        own = version_get(version=name)
        run = ModelVersion.objects.get(pk=own.id).run
        assert run is not None
        run.config = json.loads(json.dumps(asdict(strict)))
        run.save()
        return trained(own, data, now)

    report = under(base.version)
    assert (report.version.grade, report.version.state, report.kept) == ("rejected", "rejected", ())
    assert report.note == f"rejected: no ticker's gain in log loss is proven; {first.version} stays"
    assert champion_get(slot="adapters") == first
    other = serving(data, "global-quick-2")
    assert f"{first.version} belongs to {base.version} and is silent" in under(other.version).note


def test_what_cannot_be_trained_is_said(quick: Path, data: Dataset, now: datetime):
    with pytest.raises(NotReadyError, match="no version is in service"):
        adapters_train(now=now)
    with pytest.raises(CommandError, match="no version is in service"):
        call_command("train_adapters")
    base = serving(data, "global-quick-1")
    with pytest.raises(NotReadyError, match="need 40 days to learn from"):
        trained(base, data, base.trained_until + timedelta(days=30))
    run = ModelVersion.objects.get(pk=base.id).run
    assert run is not None
    run.config["adapters"] = None
    run.save()
    with pytest.raises(NotReadyError, match="by a recipe without adapters"):
        adapters_train(now=now)
    assert ModelVersion.objects.count() == TrainingRun.objects.count() == 1


@pytest.fixture
def week(tmp_path: Path, quick: Path, data: Dataset, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that train adapters alone, data in order, and synthetic bars in place of what is read of a database."""
    jobs = yaml.safe_load(Path("traderai/config/retraining.yaml").read_text())
    jobs["jobs"] = {"adapters": jobs["jobs"]["adapters"]}
    (tmp_path / "retraining.yaml").write_text(yaml.safe_dump(jobs))
    for secid in data.secids:
        instrument = make.instrument(secid, is_simulated=True)
        make.write(instrument, make.columns(make.hours(f"{now - timedelta(days=1):%Y-%m-%d}")))
    monkeypatch.setattr(adapters_module, "dataset_since", lambda *_args, **_options: data)


def looked_at(moment: datetime) -> None:
    DataQualityReport.objects.create(
        created_at=moment, as_of=moment, scope="s", verdict="ok", findings={"unfit_series": []}
    )


def test_the_calendar_trains_them_once_a_week(week: None, data: Dataset, now: datetime):
    def due(moment: datetime) -> Any:
        looked_at(moment - timedelta(minutes=15))
        return retraining_due(now=moment)

    refused = due(now)
    assert (refused.job, refused.state) == ("adapters", "refused")
    assert "no version is in service whose recipe it could go by" in refused.note
    base = serving(data, "global-quick-1")
    done = due(now + timedelta(days=1))
    assert (done.state, done.verdict) == ("switched", "inform")
    assert done.figures["adapters"] == [FOLLOWER] and done.figures["base"] == base.version
    assert done.period == f"{now + timedelta(days=1):%G-W%V}"
    assert champion_get(slot="adapters").version == done.version
    for days in range(2, 8):
        moment = now + timedelta(days=days)
        if f"{moment:%G-W%V}" == done.period:
            assert due(moment) is None
