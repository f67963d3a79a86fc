"""A storm of news: against the past of the same sources, and never where none were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.kernels.regime_config import RegimeConfig
from features.kernels.regime_news import NewsDays, NewsLoad, heaviest_since, news_load
from features.models import RegimeHistory
from features.selectors.regime import regime_at
from features.services.regime import SETTLE, regime_build
from market.models import Instrument, NewsItem, NewsSource, NewsTrigger
from market.selectors.news_readings import news_readings
from tests.features.conftest import NOW
from tests.features.series import random_bars
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW
from traderai.common.config import load_config

CONFIG = load_config("regime.yaml", RegimeConfig).news
MakeShare = Callable[..., Instrument]
FIRST = datetime(2023, 11, 20, 12, tzinfo=MOSCOW)  # eight weeks before the bars of the tests begin
STORM = datetime(2024, 3, 19, 12, tzinfo=MOSCOW)


def sources(days: int, count: int = 1, *, seed: int = 0) -> NewsDays:
    """Return quiet news: 30 texts a day and source, a tenth of them with verdicts."""
    rng = np.random.default_rng(seed)
    number = rng.integers(1, 5, (days, count)).astype(np.float64)
    return NewsDays(texts=np.full((days, count), 30), number=number, severity=0.4 * number)


def table(load: NewsLoad) -> F64:
    return np.column_stack([load.number, load.severity, load.number_ratio, load.severity_ratio])


def test_the_load_equals_plain_arithmetic() -> None:
    days = sources(200, 2)
    load = news_load(days, CONFIG)
    t = 180
    number = days.number.sum(axis=1)
    rate = number / 60.0
    past = slice(t - CONFIG.days, t)
    assert load.number[t] == number[t]
    np.testing.assert_allclose(
        load.number_ratio[t],
        min(number[t] / max(np.quantile(number[past], 0.95), 5.0), rate[t] / np.quantile(rate[past], 0.95)),
    )
    np.testing.assert_allclose(load.severity[t], 0.4 * number[t])
    assert np.isnan(table(load)[: CONFIG.least_days]).all()
    assert np.isfinite(table(load)[CONFIG.least_days :]).all()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 119))
def test_no_load_knows_the_days_after_it(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    days = NewsDays(
        texts=rng.poisson(3.0, (120, 3)),
        number=rng.poisson(1.0, (120, 3)) * 1.0,
        severity=rng.random((120, 3)),
    )
    noisy = NewsDays(texts=days.texts.copy(), number=days.number.copy(), severity=days.severity.copy())
    noisy.texts[cut:], noisy.number[cut:], noisy.severity[cut:] = 99, 77.0, 55.0
    short = NewsDays(texts=days.texts[:cut], number=days.number[:cut], severity=days.severity[:cut])
    whole = table(news_load(days, CONFIG))[:cut]
    assert table(news_load(short, CONFIG)).tobytes() == whole.tobytes()
    assert table(news_load(noisy, CONFIG))[:cut].tobytes() == whole.tobytes()


def test_many_verdicts_in_as_many_texts_are_a_storm_and_more_texts_are_none() -> None:
    storm = sources(200)
    storm.number[150], storm.severity[150] = 25.0, 15.0
    assert news_load(storm, CONFIG).number_ratio[150] > 2.0
    grown = NewsDays(texts=storm.texts.copy(), number=storm.number, severity=storm.severity)
    grown.texts[150] = 600
    assert news_load(grown, CONFIG).number_ratio[150] < 1.0


def test_a_new_source_is_no_storm_and_a_silent_one_is_unknown() -> None:
    days = sources(200, 2)
    days.texts[:100, 1] = 0
    days.number[:100, 1] = 0.0
    days.number[100:, 1] *= 20.0
    days.severity[100:, 1] *= 20.0
    ratio = news_load(days, CONFIG).number_ratio
    assert np.isfinite(ratio[40:]).all()
    assert ratio[100:].max() < 1.5
    # Sabotage: had the second source been there with little to say, its verdicts would be a storm.
    days.texts[:100, 1] = 30
    assert news_load(days, CONFIG).number_ratio[100] > 2.0
    days.texts[150:] = 0
    days.texts[150:, 0] = 1
    assert np.isnan(news_load(days, CONFIG).number_ratio[150:]).all()


def test_a_trading_day_has_the_heaviest_load_since_the_one_before() -> None:
    values = np.array([1.0, 5.0, 2.0, np.nan, 4.0, 3.0])
    load = NewsLoad(number=values, severity=values, number_ratio=values, severity_ratio=values)
    got = heaviest_since(load, 100, np.array([98, 100, 102, 103, 105, 120]))
    np.testing.assert_array_equal(got.number, [np.nan, 1.0, 5.0, np.nan, 4.0, np.nan])


def read(
    source: NewsSource, at: datetime, *, score: float, number: int = 1, secid: str = "", sector: str = ""
) -> None:
    """Store texts with a verdict on the market, on a sector or on a share."""
    for one in range(number):
        item = NewsItem.objects.create(
            source=source, external_id=f"{at.isoformat()}/{score}/{one}/{secid}{sector}", title="text", published_at=at,
            fetched_at=at, known_at=at,
        )  # fmt: skip
        NewsTrigger.objects.create(
            item=item, at=at, known_at=at, score=score, direction=-1 if score else 0, event_type="sanctions",
            scorer="rules", scorer_version="1", is_market=not secid and not sector, sector=sector,
            instrument=Instrument.objects.get(secid=secid) if secid else None,
        )  # fmt: skip


def source_of(code: str) -> NewsSource:
    return NewsSource.objects.get_or_create(code=code, defaults={"kind": "file"})[0]


def quiet(code: str = "moex") -> NewsSource:
    """Store a text a day that triggers nothing."""
    source = source_of(code)
    for day in range(150):
        read(source, FIRST + timedelta(days=day), score=0.0)
    return source


def market(share: MakeShare, *, simulated: bool = False) -> None:
    for number in range(6):
        bars = replace(random_bars(60 * 14, seed=number), dividend_rub=np.zeros(60 * 14))
        made = share(f"{'SIM' if simulated else 'REAL'}{number:02}", bars, simulated=simulated)
        Instrument.objects.filter(pk=made.pk).update(sector="metals" if number < 3 else "oil_gas")


def after(moment: datetime, *, sector: str = "", simulated: bool = False) -> tuple[str, float, str]:
    """Return regime, probability of a storm and source of the trading day of a moment."""
    facts = regime_at(as_of=moment + timedelta(hours=12), sector=sector, simulated=simulated)
    assert facts is not None
    assert facts.as_of == moment + timedelta(hours=12)
    return facts.name, facts.probabilities["news_storm"], facts.source


@pytest.mark.django_db
def test_planted_news_are_a_storm_on_their_day_and_not_before(share: MakeShare) -> None:
    market(share)
    source = quiet()
    read(source, STORM, score=80.0, number=30)
    regime_build(now=NOW)
    name, p_storm, told = after(STORM)
    assert (name, p_storm > 0.5) == ("news_storm", True)
    assert told.endswith("; news")
    name, p_storm, told = after(STORM - timedelta(days=1))
    assert name != "news_storm"
    assert 0.0 < p_storm < 0.2
    # A storm about the whole market is not one of a sector, and one of a sector is not one of another sector.
    assert after(STORM, sector="metals")[1] < 0.2
    read(source, STORM, score=90.0, number=30, sector="metals")
    read(source, STORM, score=90.0, number=30, secid="REAL00")
    regime_build(now=NOW)
    assert after(STORM, sector="metals")[0] == "news_storm"
    assert after(STORM, sector="oil_gas")[1] < 0.2


@pytest.mark.django_db
def test_without_read_news_there_is_no_storm_and_the_reason_is_told(share: MakeShare) -> None:
    market(share)
    regime_build(now=NOW)
    assert set(RegimeHistory.objects.values_list("probabilities__news_storm", flat=True)) == {0.0}
    assert after(STORM)[2].endswith("too few days of read news stored, so news_storm is 0")
    # Texts that nobody has read say nothing either.
    source = source_of("moex")
    for day in range(150):
        at = FIRST + timedelta(days=day)
        NewsItem.objects.create(
            source=source, external_id=str(day), title="t", published_at=at, fetched_at=at, known_at=at
        )
    (report,) = regime_build(now=NOW)
    assert (report.days_changed, report.sector_days_changed) == (0, 0)


@pytest.mark.django_db
def test_later_news_change_no_earlier_day(share: MakeShare) -> None:
    market(share)
    source = quiet()
    regime_build(now=NOW)
    fields = ("scope", "trading_day", "name", "probabilities", "reasons", "source", "as_of")
    rows = RegimeHistory.objects.filter(trading_day__lt=STORM.date()).order_by("scope", "trading_day")
    before = list(rows.values_list(*fields))
    read(source, STORM, score=80.0, number=30)
    (report,) = regime_build(now=NOW)
    assert list(rows.values_list(*fields)) == before
    assert report.days_changed > 0


@pytest.mark.django_db
def test_a_silence_is_unknown_whether_or_not_news_come_after_it(share: MakeShare) -> None:
    market(share)
    source = source_of("moex")
    for day in (*range(113), *range(126, 150)):
        read(source, FIRST + timedelta(days=day), score=0.0)
    regime_build(now=NOW)
    fields = ("scope", "trading_day", "name", "probabilities", "reasons", "source", "as_of")
    rows = RegimeHistory.objects.order_by("scope", "trading_day")
    whole = list(rows.values_list(*fields))
    silent = {row[1] for row in whole if not row[5].endswith("; news")}
    first = (FIRST + timedelta(days=113)).date()
    assert min(silent) == first
    for after_days in (111, 115, 122, 128):
        cut = datetime.combine(
            (FIRST + timedelta(days=after_days)).date(), datetime.min.time(), tzinfo=MOSCOW
        )
        RegimeHistory.objects.all().delete()
        regime_build(now=cut + SETTLE)
        assert list(rows.values_list(*fields)) == [row for row in whole if row[6] <= cut]
        assert rows.filter(scope="").count() > 9


def test_a_source_of_a_text_now_and_then_is_no_coverage() -> None:
    days = sources(200)
    days.texts[np.arange(200) % 3 > 0] = 0
    assert np.isnan(news_load(days, CONFIG).number_ratio).all()


@pytest.mark.django_db
def test_simulated_news_are_of_the_simulated_market_alone(share: MakeShare) -> None:
    market(share)
    market(share, simulated=True)
    source = quiet("simulator")
    read(source, STORM, score=80.0, number=30)
    regime_build(now=NOW)
    assert after(STORM, simulated=True)[0] == "news_storm"
    assert after(STORM)[1] == 0.0


@pytest.mark.django_db
def test_readings_are_by_text_day_and_target(share: MakeShare) -> None:
    market(share)
    source = source_of("moex")
    midnight = datetime(2024, 3, 19, tzinfo=MOSCOW)
    read(source, midnight, score=40.0, secid="REAL00")
    item = NewsItem.objects.get()
    for secid in ("REAL01", "REAL05"):
        NewsTrigger.objects.create(
            item=item, at=midnight, known_at=midnight, score=60.0, direction=1, event_type="report", scorer="rules",
            scorer_version="1", instrument=Instrument.objects.get(secid=secid),
        )  # fmt: skip
    rows = news_readings(as_of=NOW)
    assert list(zip(rows.sector, rows.score.tolist(), strict=True)) == [("metals", 60.0), ("oil_gas", 60.0)]
    assert set(rows.text.tolist()) == {item.pk}
    # What is known at midnight was known when the day before ended.
    assert set(rows.day.tolist()) == {(midnight.date() - date(1970, 1, 2)).days}
    assert rows.source == ("moex", "moex")
    assert len(news_readings(as_of=midnight - timedelta(seconds=1))) == 0
    assert len(news_readings(as_of=NOW, scorers=("other",))) == 0
    assert len(news_readings(as_of=NOW, simulated=True)) == 0
