"""Reading the ledger: accounts, trades and stops as they were known at a moment, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from market.selectors.splits import splits_get
from portfolio.contracts import AccountFacts, PositionFacts, RoundTrip, StopChange, TradeFacts
from portfolio.kernels.fifo import fifo_fold
from portfolio.models import Account, Trade
from portfolio.models import StopChange as StopRow
from traderai.common.errors import NotFoundError

TRADE_COLUMNS = (
    "id", "account_id", "instrument__secid", "side", "qty_shares", "price_rub", "commission_rub", "traded_at",
    "known_at", "origin", "stop_rub", "signal_id",
)  # fmt: skip
_FACTS = tuple("secid" if name == "instrument__secid" else name for name in TRADE_COLUMNS)


def accounts_get(*, user_id: int) -> tuple[AccountFacts, ...]:
    """Return a user's accounts, the oldest first."""
    return tuple(_account(row) for row in Account.objects.filter(user_id=user_id).order_by("id"))


def user_ids_with_accounts() -> frozenset[int]:
    """Return who has an account: of nobody else there is anything to tell."""
    return frozenset(Account.objects.values_list("user_id", flat=True).distinct())


def account_get(*, user_id: int, account_id: int) -> AccountFacts:
    """Return one account of a user.

    Raises: NotFoundError where there is none, or it is another user's.
    """
    row = Account.objects.filter(user_id=user_id, pk=account_id).first()
    if row is None:
        raise NotFoundError(
            f"account_id must be one of your accounts, was {account_id}; ask for their list",
            code="unknown_account",
            field="account_id",
        )
    return _account(row)


def trades_get(*, account_id: int, as_of: datetime) -> tuple[TradeFacts, ...]:
    """Return the trades of an account that had been made and were known at `as_of`, in their order."""
    rows = Trade.objects.filter(account_id=account_id, traded_at__lte=as_of, known_at__lte=as_of)
    return trade_facts(rows.order_by("traded_at", "id").values_list(*TRADE_COLUMNS))


def trades_page(
    *,
    user_id: int,
    account_id: int | None,
    secid: str | None,
    before: tuple[datetime, int] | None,
    limit: int,
) -> tuple[TradeFacts, ...]:
    """Return a user's newest trades before a place in their order (moment and id), the newest first.

    Raises: NotFoundError for another user's account.
    """
    rows = Trade.objects.filter(account__user_id=user_id)
    if account_id is not None:
        rows = rows.filter(account_id=account_get(user_id=user_id, account_id=account_id).id)
    if secid is not None:
        rows = rows.filter(instrument__secid=secid)
    if before is not None:
        moment, number = before
        rows = rows.filter(Q(traded_at__lt=moment) | Q(traded_at=moment, id__lt=number))
    return trade_facts(rows.order_by("-traded_at", "-id").values_list(*TRADE_COLUMNS)[:limit])


def stops_get(*, account_id: int, as_of: datetime) -> tuple[StopChange, ...]:
    """Return the stops that had been set, moved or taken away by `as_of`, in their order."""
    return _stops(StopRow.objects.filter(account_id=account_id, set_at__lte=as_of))


def round_trips_get(*, account_id: int, as_of: datetime) -> tuple[RoundTrip, ...]:
    """Return what had been opened and closed by `as_of`, in the order of the closes."""
    return _fold(account_id, as_of)[0]


def positions_get(*, account_id: int, as_of: datetime) -> tuple[PositionFacts, ...]:
    """Return what was open at `as_of`, by ticker, in the shares of that day."""
    return _fold(account_id, as_of)[1]


def positions_held(
    *, user_id: int, account_id: int | None = None, as_of: datetime
) -> tuple[PositionFacts, ...]:
    """Return what was open at `as_of` in a user's accounts, or in one of them, in three queries, by account and ticker.

    Raises: NotFoundError for another user's account.
    """
    asked: dict[str, Any] = {"account__user_id": user_id}
    if account_id is not None:
        asked["account_id"] = account_id
    rows = Trade.objects.filter(**asked, traded_at__lte=as_of, known_at__lte=as_of)
    trades = trade_facts(rows.order_by("traded_at", "id").values_list(*TRADE_COLUMNS))
    if not trades:
        if account_id is not None:
            account_get(
                user_id=user_id, account_id=account_id
            )  # an empty account holds nothing, another's is unknown
        return ()
    splits = splits_get(secids=sorted({trade.secid for trade in trades}), as_of=as_of)
    stops = _stops(StopRow.objects.filter(**asked, set_at__lte=as_of))
    return tuple(
        position
        for account in sorted({trade.account_id for trade in trades})
        for position in fifo_fold(
            [trade for trade in trades if trade.account_id == account],
            splits,
            [stop for stop in stops if stop.account_id == account],
        )[1]
    )


def position_get(*, account_id: int, secid: str, as_of: datetime) -> PositionFacts:
    """Return what was open in one share at `as_of`.

    Raises: NotFoundError where nothing was.
    """
    for position in positions_get(account_id=account_id, as_of=as_of):
        if position.secid == secid:
            return position
    raise unknown_position(secid)


def unknown_position(secid: str) -> NotFoundError:
    """Return what is said of a position that nobody holds."""
    return NotFoundError(
        f"a position in {secid} must be held, and none is; ask for the list of positions",
        code="unknown_position",
    )


def trade_facts(rows: Iterable[tuple[Any, ...]]) -> tuple[TradeFacts, ...]:
    """Return rows of TRADE_COLUMNS as facts."""
    return tuple(TradeFacts(**dict(zip(_FACTS, row, strict=True))) for row in rows)


def _fold(account_id: int, as_of: datetime) -> tuple[tuple[RoundTrip, ...], tuple[PositionFacts, ...]]:
    trades = trades_get(account_id=account_id, as_of=as_of)
    if not trades:
        return (), ()
    splits = splits_get(secids=sorted({trade.secid for trade in trades}), as_of=as_of)
    return fifo_fold(trades, splits, stops_get(account_id=account_id, as_of=as_of))


def _stops(rows: QuerySet[StopRow]) -> tuple[StopChange, ...]:
    told = rows.order_by("set_at", "id").values_list("account_id", "instrument__secid", "stop_rub", "set_at")
    return tuple(
        StopChange(account_id=account_id, secid=secid, stop_rub=stop_rub, set_at=set_at)
        for account_id, secid, stop_rub, set_at in told
    )


def _account(row: Account) -> AccountFacts:
    return AccountFacts(
        id=row.pk,
        kind="virtual" if row.kind == Account.Kind.VIRTUAL else "real",
        name=row.name,
        capital_rub=None if row.capital_rub is None else float(row.capital_rub),
        created_at=row.created_at,
    )
