"""What trading cost and what it forbade on a day, by the dated tables of trading_rules.yaml."""

from __future__ import annotations

from datetime import date, timedelta

from market.contracts import BorrowTerm, Fees, PriceBand, ShortPermission
from market.trading_rules import SessionCode, in_force, trading_rules
from traderai.common.errors import InputError, did_you_mean


def fees_at(*, day: date, plan: str | None = None) -> Fees:
    """Return what one side of a trade costs in fees on a day; without a plan the default one holds.

    Raises: InputError for a plan that is not in the table.
    """
    rules = trading_rules()
    name = rules.default_plan if plan is None else plan
    if name not in rules.broker_plans:
        raise InputError(
            f"plan must be one of {', '.join(rules.broker_plans)}, was {name!r}"
            f"{did_you_mean(name, rules.broker_plans)}",
            field="plan",
        )
    exchange = in_force(rules.exchange_fees, day)
    return Fees(
        taker_frac=exchange.taker_frac,
        maker_frac=exchange.maker_frac,
        broker_frac=in_force(rules.broker_plans[name], day).fee_frac,
    )


def price_band(
    *, day: date, session: SessionCode, reference_price_rub: float, tier: int | None = None
) -> PriceBand | None:
    """Return the prices between which orders are taken in a session, None where it was not held yet.

    A row for the share's tier goes before one for every tier.

    Raises: InputError if the reference price is not positive.
    """
    if not reference_price_rub > 0:
        raise InputError(f"reference_price_rub must be above 0, was {reference_price_rub}")
    rows = [row for row in trading_rules().price_bands if row.session == session and row.tier in (None, tier)]
    held = [row for row in rows if row.since is None or row.since <= day.isoformat()]
    if not held:
        return None
    row = max(held, key=lambda row: (row.tier is not None, row.since or ""))
    return PriceBand(
        low_rub=reference_price_rub * (1 - row.sure_frac),
        high_rub=reference_price_rub * (1 + row.sure_frac),
        lowest_rub=reference_price_rub * (1 - row.widest_frac),
        highest_rub=reference_price_rub * (1 + row.widest_frac),
    )


def may_short(*, secid: str, day: date, shortable: bool) -> ShortPermission:
    """Return whether a short position in a share may be opened on a day, and why not.

    A ban goes before a flag of the share by name, that before `shortable`, what reference data say of it today.
    """
    rules = trading_rules()
    for ban in rules.short_bans:
        if ban.holds(day):
            return ShortPermission(allowed=False, reason=ban.reason)
    for flag in rules.short_flags:
        if flag.secid == secid and flag.holds(day):
            return ShortPermission(allowed=flag.allowed, reason=flag.reason)
    return ShortPermission(
        allowed=shortable, reason="" if shortable else "Not on the list of shares to borrow"
    )


def borrow_rate_frac(*, day: date) -> float:
    """Return what borrowing a share for a year costs, as a fraction of its value."""
    return in_force(trading_rules().borrow_rates, day).year_frac


def borrow_terms() -> tuple[BorrowTerm, ...]:
    """Return what borrowing costs from each day on, oldest first."""
    return tuple(
        BorrowTerm(
            since=None if row.since is None else date.fromisoformat(row.since), year_frac=row.year_frac
        )
        for row in trading_rules().borrow_rates
    )


def blackout_reason(*, day: date) -> str:
    """Return why nothing is to be decided on a day, "" where there is no such reason."""
    return next((row.reason for row in trading_rules().blackouts if row.holds(day)), "")


def data_lag(*, day: date) -> timedelta:
    """Return how late data arrived on a day without a paid subscription."""
    return timedelta(minutes=in_force(trading_rules().data_lags, day).minutes)
