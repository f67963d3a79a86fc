"""Reading instruments."""

from __future__ import annotations

from datetime import date

from django.db.models import OuterRef, Subquery

from market.contracts import InstrumentFacts, TermsFacts, Timeframe
from market.models import Candle, Instrument, InstrumentTerms, TickerChange
from traderai.common.errors import NotFoundError, did_you_mean


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
    # From the newest year back: most have bars in it.
    newest = Subquery(bars.order_by("-begin").values("begin")[:1])
    rows = Instrument.objects.exclude(kind=Instrument.Kind.INDEX).alias(newest=newest)
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
        known = list(Instrument.objects.values_list("secid", flat=True))
        raise NotFoundError(
            f"ticker must be one that we hold, was {secid!r}{did_you_mean(secid, known)}",
            code="unknown_ticker",
            field="ticker",
        )
    return _facts(row)


def instrument_terms(*, secid: str, day: date) -> TermsFacts:
    """Return the lot and the price step of a share on a day; what no dated row tells is the newest known.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    facts = instrument_get(secid=secid)
    rows = InstrumentTerms.objects.filter(instrument_id=facts.id, valid_from__lte=day).order_by("valid_from")
    lots = [row.lot_size for row in rows if row.lot_size is not None]
    steps = [row.price_step_rub for row in rows if row.price_step_rub is not None]
    return TermsFacts(
        lot_size=lots[-1] if lots else facts.lot_size,
        price_step_rub=steps[-1] if steps else facts.price_step_rub,
        is_dated=bool(lots and steps),
    )


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
