"""Building the history of the regime of each market and its sectors from stored closes, indices and news."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction

from features.contracts import REGIMES, RegimeReport
from features.kernels.regime import RegimePath, regime_path
from features.kernels.regime_config import RegimeConfig
from features.models import RegimeHistory
from features.services.regime_inputs import MarketDays, market_days
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from market.selectors.instruments import instrument_list
from traderai.common.clock import MOSCOW, from_epoch_s
from traderai.common.config import fingerprint, load_config
from traderai.jobs.services import job_claim, job_fail, job_finish

CONFIG_NAME = "regime.yaml"
JOB_KIND = "regime_build"
JOB_LEASE = timedelta(minutes=15)
# The last bars of a day reach us some minutes after midnight.
SETTLE = timedelta(hours=1)
SHARE_KINDS = ("share", "preferred")
COMPARED = ("name", "probabilities", "reasons", "shares", "spell_began_on", "as_of", "source", "config_sha")
_BATCH = 2_000


def regime_build(*, now: datetime) -> tuple[RegimeReport, ...]:
    """Write the regime of every finished trading day of the real and of the simulated market and of their sectors.

    Repeating changes nothing; a day whose bars, shares, news or thresholds have changed is written again and counted.
    """
    config = load_config(CONFIG_NAME, RegimeConfig)
    known = instrument_list(active_only=False)
    reports = []
    for market, simulated in (("MOEX", False), ("SIMULATED", True)):
        own = [facts for facts in known if facts.is_simulated is simulated]
        # Funds and indices follow the shares; they would count them twice.
        shares = [facts for facts in own if facts.kind in SHARE_KINDS]
        days = market_days(
            market=market,
            shares=shares,
            indices={facts.secid: facts.id for facts in own if facts.kind == "index"},
            config=config,
            now=now,
            over_by=now - SETTLE,
        )
        if days.shares:
            reports.append(_market_build(days, now=now))
    return tuple(reports)


def regime_build_due(*, now: datetime) -> bool:
    """Build the history if a trading day has ended since the last build; return whether it was built.

    Repeating: the build is claimed once for each newest finished date; a failed one is due again.
    """
    newest = newest_bars(timeframe=Timeframe.D1) | newest_bars(timeframe=Timeframe.H1)
    if not newest:
        return False
    candidate = min(
        max(newest.values()).astimezone(MOSCOW).date(),
        (now - SETTLE).astimezone(MOSCOW).date() - timedelta(days=1),
    )
    claim = job_claim(kind=JOB_KIND, business_key=f"{candidate}/{len(newest)}", now=now, lease=JOB_LEASE)
    if claim is None:
        return False
    try:
        regime_build(now=now)
    except Exception as error:
        job_fail(claim=claim, now=now, error=str(error))
        raise
    job_finish(claim=claim, now=now)
    return True


def _market_build(days: MarketDays, *, now: datetime) -> RegimeReport:
    paths = {
        sector: regime_path(
            days.inputs(sector),
            days.config,
            shares_min=days.config.sector_shares_min if sector else days.config.shares_min,
        )
        for sector in ("", *days.sectors)
    }
    rows = {sector: _rows(days, sector, path, now=now) for sector, path in paths.items()}
    with transaction.atomic():
        written = {sector: _store(days.market, sector, found) for sector, found in rows.items()}
        gone = RegimeHistory.objects.filter(market=days.market).exclude(scope__in=tuple(rows)).delete()[0]
    sectors = [sector for sector in rows if sector and rows[sector]]
    return RegimeReport(
        market=days.market,
        shares=len(days.shares),
        days=len(rows[""]),
        days_new=written[""][0],
        days_changed=written[""][1],
        days_unknown=days.panel.trading_day.size - len(rows[""]),
        newest_day=rows[""][-1].trading_day.isoformat() if rows[""] else None,
        sectors=tuple((sector, len(rows[sector])) for sector in sectors),
        sector_days_new=sum(written[sector][0] for sector in written if sector),
        sector_days_changed=sum(written[sector][1] for sector in written if sector) + gone,
    )


def _rows(days: MarketDays, sector: str, path: RegimePath, *, now: datetime) -> list[RegimeHistory]:
    config_sha = fingerprint(days.config)
    columns = days.columns(sector)
    traded = np.isfinite(days.panel.closes[:, columns])
    by_daily = (traded & days.panel.is_daily[:, columns]).sum(axis=1)
    by_hourly = traded.sum(axis=1) - by_daily
    return [
        RegimeHistory(
            market=days.market,
            scope=sector,
            trading_day=_date(days, int(day)),
            name=REGIMES[int(path.code[day])],
            probabilities={name: float(p) for name, p in zip(REGIMES, path.probabilities[day], strict=True)},
            reasons=[[name, round(value, 4)] for name, value in path.figures.at(int(day)).items()],
            shares=int(path.shares[day]),
            spell_began_on=_date(days, int(path.spell_start[day])),
            as_of=from_epoch_s(int(days.panel.known_s[day])),
            source=_source(days, path, int(day), by_daily=int(by_daily[day]), by_hourly=int(by_hourly[day])),
            config_sha=config_sha,
            built_at=now,
        )
        for day in np.flatnonzero(path.code >= 0)
    ]


def _source(days: MarketDays, path: RegimePath, day: int, *, by_daily: int, by_hourly: int) -> str:
    """Say what a day was computed from and what was missing."""
    label = "SIMULATED " if days.market == "SIMULATED" else ""
    parts = [f"{by_daily} by 1d" if by_daily else "", f"{by_hourly} by 1h" if by_hourly else ""]
    level = f"{label}index {days.index_secid}" if path.from_index[day] else "equal-weight proxy"
    has_volatility = bool(np.isfinite(path.figures.volatility_index[day]))
    has_news = bool(np.isfinite(path.figures.news_number_ratio[day]))
    return "; ".join(
        [
            f"level: {level}",
            f"{label}shares: {', '.join(part for part in parts if part)} bars",
            days.volatility_secid if has_volatility else "no volatility index",
            "news" if has_news else "too few days of read news stored, so news_storm is 0",
        ]
    )


def _date(days: MarketDays, day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(days.panel.trading_day[day]))


def _store(market: str, sector: str, rows: list[RegimeHistory]) -> tuple[int, int]:
    """Write what differs from what is stored; return how many days are new and how many changed."""
    found = RegimeHistory.objects.select_for_update().filter(market=market, scope=sector)
    stored = {row.trading_day: row for row in found}
    new = [row for row in rows if row.trading_day not in stored]
    changed = []
    for row in rows:
        old = stored.pop(row.trading_day, None)
        if old is not None and any(getattr(old, name) != getattr(row, name) for name in COMPARED):
            row.pk = old.pk
            changed.append(row)
    RegimeHistory.objects.bulk_create(new, batch_size=_BATCH)
    RegimeHistory.objects.bulk_update(changed, [*COMPARED, "built_at"], batch_size=500)
    # What is left no longer has a regime (other thresholds, a corrected calendar).
    RegimeHistory.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
    return len(new), len(changed) + len(stored)
