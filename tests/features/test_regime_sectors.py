"""The regime of each sector and the regime by an index, as stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from features.contracts import REGIMES
from features.models import RegimeHistory
from features.selectors.regime import regime_at, regime_days, regime_spans
from features.services.regime import SETTLE, regime_build
from market.models import Instrument
from tests.features.conftest import NOW
from tests.features.series import random_bars
from tests.features.test_regime_daily import daily_candles

MakeShare = Callable[..., Instrument]
FIELDS = (
    "scope",
    "trading_day",
    "name",
    "probabilities",
    "reasons",
    "shares",
    "spell_began_on",
    "as_of",
    "source",
)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def shares(share: MakeShare, *, simulated: bool = False, days: int = 60) -> None:
    """Store eight shares: four of metals, two of telecom, two of no sector; those of metals fall at the end."""
    for number in range(8):
        n = days * 14
        bars = replace(random_bars(n, seed=number), dividend_rub=np.zeros(n))
        if number < 4:
            fall = np.exp(-0.04 * np.maximum(np.arange(n) // 14 - (days - 8), 0))
            bars = replace(
                bars, **{name: getattr(bars, name) * fall for name in ("open", "high", "low", "close")}
            )
        made = share(f"{'SIM' if simulated else 'REAL'}{number:02}", bars, simulated=simulated)
        sector = "metals" if number < 4 else "telecom" if number < 6 else ""
        Instrument.objects.filter(pk=made.pk).update(sector=sector)


def stored() -> list[tuple[object, ...]]:
    return list(RegimeHistory.objects.order_by("market", "scope", "trading_day").values_list(*FIELDS))


@pytest.mark.django_db
def test_a_sector_has_a_regime_of_its_own_shares(share: MakeShare) -> None:
    shares(share)
    (report,) = regime_build(now=NOW)
    # Two shares are no sector.
    assert report.sectors == (("metals", report.days),)
    assert report.sector_days_new == report.days
    metals, market = regime_at(as_of=NOW, sector="metals"), regime_at(as_of=NOW)
    assert metals is not None
    assert market is not None
    assert (metals.sector, metals.name, market.sector) == ("metals", "panic", "")
    assert dict(metals.reasons)["drawdown_20d_pct"] < dict(market.reasons)["drawdown_20d_pct"] < 0.0
    assert regime_at(as_of=NOW, sector="telecom") is None
    assert regime_at(as_of=NOW, sector="metals", simulated=True) is None
    # Shares of other sectors change nothing.
    before = stored()
    Instrument.objects.filter(sector="").update(sector="retail")
    (again,) = regime_build(now=NOW)
    assert (again.days_changed, again.sector_days_changed) == (0, 0)
    assert stored() == before
    # A sector without its shares loses its history.
    Instrument.objects.filter(sector="metals").update(sector="")
    (gone,) = regime_build(now=NOW)
    assert (gone.sectors, gone.sector_days_changed) == ((), report.days)
    assert not RegimeHistory.objects.exclude(scope="").exists()


@pytest.mark.django_db
def test_spans_are_the_days_of_every_scope(share: MakeShare) -> None:
    shares(share)
    regime_build(now=NOW)
    spans = regime_spans(as_of=NOW, since=EARLY)
    assert set(spans) == {"", "metals"}
    for sector, days in spans.items():
        assert days == regime_days(as_of=NOW, since=EARLY, sector=sector)
    cut = spans[""][9].as_of
    assert len(regime_spans(as_of=cut, since=EARLY)["metals"]) == 10
    assert regime_spans(as_of=NOW, since=EARLY, simulated=True) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("simulated", "index", "said"), [(False, "IMOEX", ""), (True, "SIMIDX", "SIMULATED ")]
)
def test_the_index_tells_the_level_where_it_is_stored(
    share: MakeShare, simulated: bool, index: str, said: str
) -> None:
    shares(share, simulated=simulated)
    regime_build(now=NOW)
    first = regime_days(as_of=NOW, since=EARLY, simulated=simulated)
    assert {day.source.split(";")[0] for day in first} == {"level: equal-weight proxy"}
    assert {day.source.split(";")[1] for day in first} == {f" {said}shares: 8 by 1h bars"}
    made = Instrument.objects.create(
        secid=index, name_ru=index, name_en=index, kind="index", is_simulated=simulated
    )
    dates = [
        date.fromordinal(date(1970, 1, 1).toordinal() + int(s) // 86_400)
        for s in random_bars(840, seed=0).begin_s[::14]
    ]
    daily_candles(made, {day: 3_000.0 * 1.004**place for place, day in enumerate(dates[:50])})
    (report,) = regime_build(now=NOW)
    assert report.days_changed > 0
    assert report.sector_days_changed == 0
    days = regime_days(as_of=NOW, since=EARLY, simulated=simulated)
    by_index = [day for day in days if day.source.startswith(f"level: {said}index {index};")]
    assert len(by_index) == len(days) - 10
    assert {dict(day.reasons)["return_1d_pct"] for day in by_index} == {0.4}
    assert by_index[-1].name == "uptrend"


@pytest.mark.django_db
def test_daily_bars_and_hourly_ones_tell_the_same_regime(share: MakeShare) -> None:
    shares(share)
    regime_build(now=NOW)
    before = stored()
    for instrument in Instrument.objects.filter(secid__startswith="REAL"):
        bars = random_bars(840, seed=int(instrument.secid[4:]))
        fall = (
            np.exp(-0.04 * np.maximum(np.arange(840) // 14 - 52, 0))
            if instrument.sector == "metals"
            else np.ones(840)
        )
        closes = (bars.close * fall)[13::14]
        dates = [
            date.fromordinal(date(1970, 1, 1).toordinal() + int(s) // 86_400) for s in bars.begin_s[::14]
        ]
        daily_candles(instrument, dict(zip(dates[:40], closes[:40].tolist(), strict=True)))
    regime_build(now=NOW)
    assert [row[:-1] for row in stored()] == [row[:-1] for row in before]
    told = regime_days(as_of=NOW, since=EARLY)
    assert "shares: 8 by 1d bars" in told[0].source
    assert "shares: 8 by 1h bars" in told[-1].source


@pytest.mark.django_db
def test_the_history_of_sectors_up_to_a_day_is_the_same_when_built_on_that_day(share: MakeShare) -> None:
    shares(share)
    regime_build(now=NOW)
    whole = stored()
    cut = whole[14][7]
    assert isinstance(cut, datetime)
    RegimeHistory.objects.all().delete()
    regime_build(now=cut + SETTLE)
    early = stored()
    assert {row[0] for row in early} == {"", "metals"}
    assert early == [row for row in whole if row[7] <= cut]
    # The build that extends it leaves every row as it is.
    kept = set(RegimeHistory.objects.values_list("pk", flat=True))
    (report,) = regime_build(now=NOW)
    assert (report.days_changed, report.sector_days_changed) == (0, 0)
    assert stored() == whole
    assert kept <= set(RegimeHistory.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_the_command_draws_the_history(
    share: MakeShare, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shares(share)
    first, again, sector = (tmp_path / name for name in ("market.png", "again.png", "metals.png"))
    call_command("build_regime", "--plot", str(first))
    call_command("build_regime", "--plot", str(again))
    call_command("build_regime", "--plot", str(sector), "--sector", "metals", "--since", "2024-01-01")
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == again.read_bytes() != sector.read_bytes()
    assert "MOEX sectors: metals 31 days, 31 new, 0 changed" in capsys.readouterr().out
    for wrong, message in (
        (("--sector", "telecom"), "a regime of telecom must be stored"),
        (("--simulated",), "a regime of the market must be stored"),
        (("--since", "yesterday"), "--since must be a day such as 2024-01-31, was 'yesterday'"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("build_regime", "--plot", str(tmp_path / "none.png"), *wrong)
    assert not (tmp_path / "none.png").exists()


@pytest.mark.django_db(transaction=True)
def test_the_migration_goes_back_and_drops_what_the_older_table_cannot_hold() -> None:
    for scope in ("", "metals"):
        RegimeHistory.objects.create(
            market="MOEX", scope=scope, trading_day=date(2024, 1, 9), name="flat", probabilities=dict.fromkeys(REGIMES, 0.1),
            reasons=[], shares=5, spell_began_on=date(2024, 1, 9), as_of=NOW - timedelta(days=1), source="x" * 190,
            config_sha="x", built_at=NOW,
        )  # fmt: skip
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("features", "0002_name_the_history")])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), max(length(source)) FROM features_regimehistory")
            assert cursor.fetchone() == (1, 120)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert RegimeHistory.objects.get().scope == ""
