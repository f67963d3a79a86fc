"""The stored history of the regime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from features.contracts import REGIMES
from features.models import RegimeHistory
from features.selectors.regime import regime_at, regime_days
from features.services.regime import SETTLE, regime_build, regime_build_due
from market.models import CorporateAction, Instrument
from tests.features.conftest import NOW
from tests.features.series import random_bars
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db
MakeShare = Callable[..., Instrument]
DAYS = 60


def shares(share: MakeShare, *, simulated: bool = False, n: int = DAYS * 14) -> None:
    for number in range(6):
        bars = random_bars(n, seed=number)
        bars = replace(bars, dividend_rub=np.zeros(n))
        share(f"{'SIM' if simulated else 'REAL'}{number:02}", bars, simulated=simulated)


def test_the_history_is_written_once(share: MakeShare) -> None:
    shares(share)
    (report,) = regime_build(now=NOW)
    assert (report.market, report.shares, report.days_new) == ("MOEX", 6, report.days)
    assert report.days + report.days_unknown == DAYS
    assert RegimeHistory.objects.count() == report.days > 20
    before = list(RegimeHistory.objects.order_by("pk").values())
    (again,) = regime_build(now=NOW + timedelta(days=1))
    assert (again.days_new, again.days_changed) == (0, 0)
    assert list(RegimeHistory.objects.order_by("pk").values()) == before


def test_the_regime_is_that_of_shares_with_bars(share: MakeShare) -> None:
    shares(share)
    (report,) = regime_build(now=NOW)
    before = list(RegimeHistory.objects.order_by("pk").values())
    for number, kind in enumerate(("index", "etf")):
        bars = replace(random_bars(DAYS * 14, seed=90 + number), dividend_rub=np.zeros(DAYS * 14))
        share(f"OTHER{number}", bars)
        Instrument.objects.filter(secid=f"OTHER{number}").update(kind=kind)
    Instrument.objects.create(secid="EMPTY", name_ru="EMPTY", name_en="EMPTY")
    (again,) = regime_build(now=NOW)
    assert (again.shares, again.days_new, again.days_changed) == (report.shares, 0, 0)
    assert list(RegimeHistory.objects.order_by("pk").values()) == before
    # Sabotage: a share more does change the history.
    Instrument.objects.filter(secid="OTHER0").update(kind="preferred")
    (changed,) = regime_build(now=NOW)
    assert changed.shares == report.shares + 1
    assert changed.days_changed > 0


def test_a_regime_is_known_when_its_day_is_over(share: MakeShare) -> None:
    shares(share)
    regime_build(now=NOW)
    row = RegimeHistory.objects.order_by("trading_day")[10]
    facts = regime_at(as_of=row.as_of)
    assert facts is not None
    assert row.as_of == datetime.combine(row.trading_day, datetime.min.time(), tzinfo=UTC) + timedelta(
        hours=21
    )
    assert (facts.name, facts.as_of) == (row.name, row.as_of)
    assert set(facts.probabilities) == set(REGIMES)
    assert sum(facts.probabilities.values()) == pytest.approx(1.0)
    assert dict(facts.reasons)["drawdown_20d_pct"] <= 0.0
    assert facts.since.date() == row.spell_began_on
    earlier = regime_at(as_of=row.as_of - timedelta(seconds=1))
    assert earlier is not None
    assert earlier.as_of < row.as_of
    assert regime_at(as_of=datetime(2020, 1, 1, tzinfo=UTC)) is None
    assert len(regime_days(as_of=row.as_of, since=datetime(2020, 1, 1, tzinfo=UTC))) == 11


def test_the_history_up_to_a_day_is_the_same_when_built_on_that_day(share: MakeShare) -> None:
    shares(share)
    regime_build(now=NOW)
    fields = ("trading_day", "name", "probabilities", "reasons", "spell_began_on", "as_of")
    whole = list(RegimeHistory.objects.order_by("trading_day").values_list(*fields))
    RegimeHistory.objects.all().delete()
    regime_build(now=whole[14][5] + SETTLE)
    assert list(RegimeHistory.objects.order_by("trading_day").values_list(*fields)) == whole[:15]


def test_the_simulated_market_has_its_own_history(share: MakeShare) -> None:
    shares(share)
    shares(share, simulated=True)
    reports = regime_build(now=NOW)
    assert [report.market for report in reports] == ["MOEX", "SIMULATED"]
    simulated = regime_at(as_of=NOW, simulated=True)
    assert simulated is not None
    assert all("SIMULATED" in row.source for row in RegimeHistory.objects.filter(market="SIMULATED"))
    assert not any("SIMULATED" in row.source for row in RegimeHistory.objects.filter(market="MOEX"))
    RegimeHistory.objects.filter(market="SIMULATED").delete()
    assert regime_at(as_of=NOW, simulated=True) is None
    assert regime_at(as_of=NOW) is not None


def test_changed_rows_are_written_again_and_lost_days_removed(share: MakeShare) -> None:
    shares(share)
    (first,) = regime_build(now=NOW)
    row = RegimeHistory.objects.first()
    assert row is not None
    RegimeHistory.objects.filter(pk=row.pk).update(name="euphoria", shares=1)
    RegimeHistory.objects.create(
        **{field: getattr(row, field) for field in ("market", "name", "probabilities", "reasons", "shares")},
        trading_day=date(2019, 1, 1), spell_began_on=date(2019, 1, 1), as_of=datetime(2019, 1, 1, tzinfo=UTC),
        built_at=NOW, source="", config_sha="",
    )  # fmt: skip
    (report,) = regime_build(now=NOW)
    assert report.days_changed == 2
    assert RegimeHistory.objects.count() == first.days
    assert RegimeHistory.objects.get(pk=row.pk).name == row.name


def test_a_finished_day_is_built_once(share: MakeShare) -> None:
    assert not regime_build_due(now=NOW)
    shares(share)
    assert regime_build_due(now=NOW)
    assert RegimeHistory.objects.exists()
    assert not regime_build_due(now=NOW + timedelta(hours=1))


def test_a_build_that_fails_is_due_again(share: MakeShare) -> None:
    shares(share)
    impossible = CorporateAction.objects.create(
        instrument=Instrument.objects.get(secid="REAL00"), kind="dividend", ex_date=date(2024, 2, 1),
        amount_rub=1e6, source="test", known_at=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(ValueError, match="a dividend must be above 0 and below the close before it"):
        regime_build_due(now=NOW)
    assert Job.objects.get().state == "failed"
    impossible.delete()
    assert regime_build_due(now=NOW)
    assert Job.objects.get().state == "done"


ROW: dict[str, Any] = {
    "market": "MOEX", "trading_day": date(2024, 1, 9), "name": "flat", "probabilities": {}, "reasons": [],
    "shares": 5, "spell_began_on": date(2024, 1, 9), "as_of": NOW, "source": "x", "config_sha": "x", "built_at": NOW,
}  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "rows"),
    [
        ("features_regimehistory_once", [{}, {"name": "panic"}]),
        ("features_regimehistory_name_known", [{"name": "boring"}]),
        ("features_regimehistory_market_known", [{"market": "NYSE"}]),
        ("features_regimehistory_spell_began_before", [{"spell_began_on": date(2024, 1, 10)}]),
    ],
)
def test_the_database_refuses(db: None, constraint: str, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        for row in rows:
            RegimeHistory.objects.create(**(ROW | row))
