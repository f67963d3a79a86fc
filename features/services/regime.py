"""Building the history of the market's regime from stored hourly bars."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction

from features.contracts import REGIMES, RegimeReport
from features.kernels.panel import DailyPanel, daily_panel
from features.kernels.regime import RegimeConfig, RegimePath, regime_path
from features.models import RegimeHistory
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.bars import bars_load, newest_bars
from market.selectors.instruments import traded_list
from traderai.common.clock import MOSCOW, from_epoch_s, to_epoch_s
from traderai.common.config import fingerprint, load_config
from traderai.jobs.services import job_claim, job_fail, job_finish

CONFIG_NAME = "regime.yaml"
JOB_KIND = "regime_build"
JOB_LEASE = timedelta(minutes=15)
# The last bars of a day reach us some minutes after midnight.
SETTLE = timedelta(hours=1)
SHARE_KINDS = ("share", "preferred")
COMPARED = ("name", "probabilities", "reasons", "shares", "spell_began_on", "as_of", "source", "config_sha")


def regime_build(*, now: datetime) -> tuple[RegimeReport, ...]:
    """Write the regime of every finished trading day of the real and of the simulated market.

    Repeating changes nothing; a day whose bars, shares or thresholds have changed is written again and counted.
    """
    # Funds and indices follow the shares; they would count them twice.
    instruments = [
        facts for facts in traded_list(timeframe=Timeframe.H1, active_only=False) if facts.kind in SHARE_KINDS
    ]
    reports = []
    for market, simulated in (("MOEX", False), ("SIMULATED", True)):
        chosen = tuple(item for item in instruments if item.is_simulated is simulated)
        if chosen:
            reports.append(_market_build(market, chosen, now=now))
    return tuple(reports)


def regime_build_due(*, now: datetime) -> bool:
    """Build the history if a trading day has ended since the last build; return whether it was built.

    Repeating: the build is claimed once for each newest finished date; a failed one is due again.
    """
    newest = newest_bars(timeframe=Timeframe.H1)
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


def _market_build(market: str, instruments: tuple[InstrumentFacts, ...], *, now: datetime) -> RegimeReport:
    series = [bars_load(secid=item.secid, timeframe=Timeframe.H1, as_of=now) for item in instruments]
    panel = daily_panel(series)
    config = load_config(CONFIG_NAME, RegimeConfig)
    finished = int(np.searchsorted(panel.known_s, to_epoch_s(now - SETTLE), side="right"))
    path = regime_path(panel.closes[:finished], config)
    shares = sum(len(bars) > 0 for bars in series)
    rows = [
        _row(market, panel, path, int(day), shares=shares, config_sha=fingerprint(config), now=now)
        for day in np.flatnonzero(path.code >= 0)
    ]
    new, changed = _store(market, rows)
    return RegimeReport(
        market=market,
        shares=shares,
        days=len(rows),
        days_new=new,
        days_changed=changed,
        days_unknown=finished - len(rows),
        newest_day=rows[-1].trading_day.isoformat() if rows else None,
    )


def _row(
    market: str,
    panel: DailyPanel,
    path: RegimePath,
    day: int,
    *,
    shares: int,
    config_sha: str,
    now: datetime,
) -> RegimeHistory:
    return RegimeHistory(
        market=market,
        trading_day=_date(panel, day),
        name=REGIMES[int(path.code[day])],
        probabilities={name: float(p) for name, p in zip(REGIMES, path.probabilities[day], strict=True)},
        reasons=[[name, round(value, 4)] for name, value in path.figures.at(day).items()],
        shares=int(path.shares[day]),
        spell_began_on=_date(panel, int(path.spell_start[day])),
        as_of=from_epoch_s(int(panel.known_s[day])),
        source=f"equal-weight proxy of {shares} {'SIMULATED ' if market == 'SIMULATED' else ''}shares, 1h bars",
        config_sha=config_sha,
        built_at=now,
    )


def _date(panel: DailyPanel, day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(panel.date_day[day]))


def _store(market: str, rows: list[RegimeHistory]) -> tuple[int, int]:
    """Write what differs from what is stored; return how many days are new and how many changed."""
    with transaction.atomic():
        stored = {
            row.trading_day: row for row in RegimeHistory.objects.select_for_update().filter(market=market)
        }
        new = [row for row in rows if row.trading_day not in stored]
        changed = []
        for row in rows:
            old = stored.pop(row.trading_day, None)
            if old is not None and any(getattr(old, name) != getattr(row, name) for name in COMPARED):
                row.pk = old.pk
                changed.append(row)
        RegimeHistory.objects.bulk_create(new)
        RegimeHistory.objects.bulk_update(changed, [*COMPARED, "built_at"], batch_size=500)
        # What is left no longer has a regime (other thresholds, a corrected calendar).
        RegimeHistory.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
    return len(new), len(changed) + len(stored)
