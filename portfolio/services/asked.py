"""What was asked about, checked position by position: every refusal names its field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from market.contracts import InstrumentFacts
from market.selectors.instruments import instruments_named, known_tickers
from market.selectors.trading_rules import may_short
from portfolio.risk_contracts import AskedPosition, Side
from traderai.common.errors import FieldProblem, FieldsError, InputError, did_you_mean

_MOST_GUESSES = 20  # each looks through a thousand tickers


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPosition:
    """A position that can be analysed."""

    place: int  # in the list as it was asked
    instrument: InstrumentFacts
    side: Side
    qty_shares: float
    avg_price_rub: float | None
    stop_rub: float | None

    @property
    def lots(self) -> int:
        """Whole lots."""
        return int(self.qty_shares // self.instrument.lot_size)

    @property
    def odd_shares(self) -> float:
        """Shares below a lot."""
        return self.qty_shares - self.lots * self.instrument.lot_size


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPositions:
    """What can be analysed and what cannot."""

    held: tuple[HeldPosition, ...]
    refused: tuple[FieldProblem, ...]


def positions_check(
    *, asked: Sequence[AskedPosition], short_on: date | None, max_positions: int, partial: bool
) -> CheckedPositions:
    """Return the positions with their instruments; of a short whether one may be opened on the day, None: do not ask.

    Raises: InputError for none or too many; FieldsError with every problem found unless `partial`, and with it if
    nothing is left.
    """
    if not 1 <= len(asked) <= max_positions:
        raise InputError(
            f"positions must be 1 to {max_positions}, were {len(asked)}; send the ones that are open",
            code="too_many_positions" if asked else "no_positions",
            field="positions",
        )
    found = instruments_named(secids=[one.secid.upper() for one in asked])
    known = known_tickers() if any(one.secid.upper() not in found for one in asked) else ()
    held: dict[int, HeldPosition] = {}
    refused: list[FieldProblem] = []
    for place, one in enumerate(asked):
        instrument = found.get(one.secid.upper())
        if instrument is None:
            guess = did_you_mean(one.secid, known) if len(refused) < _MOST_GUESSES else ""
            detail = f"ticker must be one that we hold, was {one.secid!r}{guess}"
            refused.append(_problem(place, "secid", "unknown_ticker", detail))
            continue
        problem = _number_problem(place, one) or _place_problem(place, one, instrument, held, short_on)
        if problem is not None:
            refused.append(problem)
            continue
        held[instrument.id] = _held(place, one, instrument)
    return refusals_raise(tuple(held.values()), tuple(refused), partial=partial)


def refusals_raise(
    held: tuple[HeldPosition, ...], refused: tuple[FieldProblem, ...], *, partial: bool
) -> CheckedPositions:
    """Return both where the rest may be analysed without the refused ones.

    Raises: FieldsError where it may not, or nothing is left.
    """
    if refused and not (partial and held):
        raise FieldsError(refused)
    return CheckedPositions(held=held, refused=refused)


def priceless(one: HeldPosition) -> FieldProblem:
    """Return the refusal of a position whose share has no price."""
    detail = f"{one.instrument.secid} has no bar of the last 400 days, so it has no price; leave it out"
    return _problem(one.place, "secid", "no_price", detail)


def _number_problem(place: int, one: AskedPosition) -> FieldProblem | None:
    if not (math.isfinite(one.qty) and one.qty > 0):
        detail = f"qty must be above 0, was {one.qty:g}; the side says whether it is a short"
        return _problem(place, "qty", "not_positive", detail)
    for name, value in (("avg_price", one.avg_price_rub), ("stop", one.stop_rub)):
        if value is not None and not (math.isfinite(value) and value > 0):
            return _problem(place, name, "not_positive", f"{name} must be above 0, was {value:g}")
    return None


def _place_problem(
    place: int,
    one: AskedPosition,
    instrument: InstrumentFacts,
    held: dict[int, HeldPosition],
    short_on: date | None,
) -> FieldProblem | None:
    if instrument.kind == "index":
        detail = f"{instrument.secid} is an index, nobody can hold it; name a share or a fund"
        return _problem(place, "secid", "not_tradable", detail)
    if instrument.id in held:
        first = held[instrument.id].place
        detail = f"{instrument.secid} is also positions.{first}; make one position of both"
        return _problem(place, "secid", "duplicate", detail)
    if one.side == "short" and short_on is not None:
        permission = may_short(secid=instrument.secid, day=short_on, shortable=instrument.shortable)
        if not permission.allowed:
            detail = f"{instrument.secid} cannot be sold short: {permission.reason}"
            return _problem(place, "side", "not_shortable", detail)
    return None


def _held(place: int, one: AskedPosition, instrument: InstrumentFacts) -> HeldPosition:
    return HeldPosition(
        place=place,
        instrument=instrument,
        side=one.side,
        qty_shares=one.qty * (instrument.lot_size if one.qty_unit == "lots" else 1),
        avg_price_rub=one.avg_price_rub,
        stop_rub=one.stop_rub,
    )


def _problem(place: int, field: str, code: str, detail: str) -> FieldProblem:
    return FieldProblem(field=f"positions.{place}.{field}", code=code, detail=detail)
