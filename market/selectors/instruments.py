"""Reading instruments."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from django.db import connection
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from market.contracts import InstrumentFacts, TermsFacts, Timeframe
from market.models import Candle, Instrument, TickerChange, TradingDay
from traderai.common import clock
from traderai.common.errors import NotFoundError, did_you_mean

# Dated lots and steps up to a day, and splits after it: one question, for each answer on demand asks it.
_TERMS = """
SELECT instrument_id, valid_from AS day, source, lot_size, price_step_rub, NULL::float8 AS ratio
FROM market_instrumentterms WHERE instrument_id = ANY(%(ids)s::int8[]) AND valid_from <= %(day)s
UNION ALL
SELECT instrument_id, ex_date, source, NULL, NULL, shares_after_per_before
FROM market_corporateaction WHERE instrument_id = ANY(%(ids)s::int8[]) AND kind = 'split' AND ex_date > %(day)s
ORDER BY day, source
"""

# The newest bar is nearly always one of these days: only where it is not is every year's partition looked into.
LATELY = timedelta(days=21)


def instrument_list(*, active_only: bool = True) -> tuple[InstrumentFacts, ...]:
    """Return the instruments by ticker."""
    rows = Instrument.objects.order_by("secid")
    return tuple(_facts(row) for row in (rows.filter(active=True) if active_only else rows))


def traded_list(*, timeframe: Timeframe, active_only: bool = True) -> tuple[InstrumentFacts, ...]:
    """Return what can be bought and has stored bars of the timeframe: shares, preferred shares and funds.

    An index moves no money, and a share without bars has nothing to decide on.
    """
    bars = Candle.objects.filter(instrument_id=OuterRef("pk"), timeframe_min=timeframe.minutes)
    # Looked up share by share: PostgreSQL would join EXISTS with all candles there are, a second and more.
    # In the last weeks first, which are in one or two of the years' partitions: most have bars there.
    begins = bars.order_by("-begin").values("begin")
    lately = Subquery(begins.filter(begin__gt=clock.now() - LATELY)[:1])
    rows = Instrument.objects.exclude(kind=Instrument.Kind.INDEX)
    rows = rows.alias(newest=Coalesce(lately, Subquery(begins[:1])))
    rows = rows.filter(newest__isnull=False).order_by("secid")
    return tuple(_facts(row) for row in (rows.filter(active=True) if active_only else rows))


def instrument_get(*, secid: str) -> InstrumentFacts:
    """Return one instrument by its ticker or by a former one; the facts name the current ticker.

    A ticker that another company has taken over since is the other company's.

    Raises: NotFoundError with the code "unknown_ticker" and the closest ticker we know.
    """
    row = Instrument.objects.filter(secid=secid).first()
    if row is None:
        change = (
            TickerChange.objects.filter(old_secid=secid)
            .select_related("instrument")
            .order_by("changed_on")
            .last()
        )
        row = None if change is None else change.instrument
    if row is None:
        known = known_tickers()
        raise NotFoundError(
            f"ticker must be one that we hold, was {secid!r}{did_you_mean(secid, known)}",
            code="unknown_ticker",
            field="secid",
        )
    return _facts(row)


def instruments_named(*, secids: Sequence[str]) -> dict[str, InstrumentFacts]:
    """Return by the tickers asked for what `instrument_get` returns of each, in two queries; unknown ones are left out."""
    found = {row.secid: _facts(row) for row in Instrument.objects.filter(secid__in=set(secids))}
    former = TickerChange.objects.filter(old_secid__in=set(secids) - set(found))
    for change in former.select_related("instrument").order_by("changed_on"):
        found[change.old_secid] = _facts(change.instrument)
    return found


def known_tickers() -> tuple[str, ...]:
    """Return the tickers that we hold; what an unknown one may have meant."""
    return tuple(Instrument.objects.order_by("secid").values_list("secid", flat=True))


def tickers_now(*, secids: Sequence[str]) -> set[str]:
    """Return the current tickers of instruments named by theirs or by former ones, as `instrument_get` finds each."""
    known = set(Instrument.objects.filter(secid__in=secids).values_list("secid", flat=True))
    return known | {instrument_get(secid=secid).secid for secid in secids if secid not in known}


def instrument_terms(*, secid: str, day: date) -> TermsFacts:
    """Return the lot and the price step of a share on a day; what no dated row tells is the newest known.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    facts = instrument_get(secid=secid)
    lots, steps, _ = _dated_terms([facts.id], day)
    return TermsFacts(
        lot_size=lots.get(facts.id, facts.lot_size),
        price_step_rub=steps.get(facts.id, facts.price_step_rub),
        is_dated=facts.id in lots and facts.id in steps,
    )


def instruments_on(*, instruments: Sequence[InstrumentFacts], day: date) -> tuple[InstrumentFacts, ...]:
    """Return the instruments with the lot and the price step of a day.

    What no dated row tells is the newest known, in the proportion of the splits between the day and the newest trading
    day: before 100 shares became of one, a price step was a hundred times as wide.
    """
    lots, steps, splits = _dated_terms([facts.id for facts in instruments], day)
    turned = _shares_since(splits, day)
    return tuple(
        replace(
            facts,
            lot_size=lots.get(facts.id) or max(round(facts.lot_size / turned.get(facts.id, 1.0)), 1),
            price_step_rub=steps.get(facts.id) or facts.price_step_rub * turned.get(facts.id, 1.0),
        )
        for facts in instruments
    )


def _dated_terms(
    ids: Sequence[int], day: date
) -> tuple[dict[int, int], dict[int, float], dict[int, dict[date, float]]]:
    """Return the lots and the steps that dated rows tell of a day, by instrument, and the splits after it, by their day."""
    lots: dict[int, int] = {}
    steps: dict[int, float] = {}
    # Two sources that tell of one split tell of one split.
    splits: defaultdict[int, dict[date, float]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, {"ids": list(ids), "day": day})
        for key, told_of, _, lot_size, price_step_rub, ratio in cursor.fetchall():
            if lot_size is not None:
                lots[key] = lot_size
            if price_step_rub is not None:
                steps[key] = price_step_rub
            if ratio is not None:
                splits[key][told_of] = ratio
    return lots, steps, splits


def _shares_since(splits: Mapping[int, Mapping[date, float]], day: date) -> dict[int, float]:
    """Return by instrument how many of today's shares one of a day has become; without a split since there is none."""
    if not splits:
        return {}
    # One that is yet to come has changed no terms.
    newest = TradingDay.objects.aggregate(newest=Max("date"))["newest"] or day
    return {
        key: math.prod(ratio for ex_date, ratio in own.items() if ex_date <= newest)
        for key, own in splits.items()
    }


def _facts(row: Instrument) -> InstrumentFacts:
    return InstrumentFacts(
        id=row.pk,
        secid=row.secid,
        name_ru=row.name_ru,
        name_en=row.name_en,
        sector=row.sector,
        lot_size=row.lot_size,
        price_step_rub=row.price_step_rub,
        decimals=row.decimals,
        active=row.active,
        shortable=row.shortable,
        is_simulated=row.is_simulated,
        issue_size_shares=row.issue_size_shares,
        kind=row.kind,
    )
