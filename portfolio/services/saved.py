"""The question about what a user has saved: positions of the ledger, and the capital as far as it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from portfolio.contracts import AccountFacts
from portfolio.risk_contracts import AskedPosition, PortfolioQuestion
from portfolio.selectors.cash import cash_get
from portfolio.selectors.journal import account_get, accounts_get, positions_get
from traderai.common.errors import InputError


def saved_question(
    *,
    question: PortfolioQuestion,
    user_id: int,
    account_id: int | None,
    users_capital_rub: float | None,
    now: datetime,
) -> PortfolioQuestion:
    """Return the question with the open positions of a user's account, and its capital where the question has none.

    The only account need not be named, and the capital that the user told is its capital; of several accounts nobody
    said which part is in which. A virtual account is worth its cash and its positions.
    Raises: NotFoundError for an account that is not the user's; InputError where several could be meant or none is there.
    """
    accounts = accounts_get(user_id=user_id)
    account = _only(accounts) if account_id is None else account_get(user_id=user_id, account_id=account_id)
    positions = tuple(
        AskedPosition(
            secid=held.secid,
            qty=held.qty_shares,
            side="long" if held.is_long else "short",
            avg_price_rub=held.avg_price_rub,
            stop_rub=held.stop_rub,
        )
        for held in positions_get(account_id=account.id, as_of=now)
    )
    # What cannot be analysed is listed: nobody can leave it out of what is saved.
    asked = replace(question, positions=positions, partial=True, is_saved=True)
    if question.capital_rub is not None:
        return asked
    if account.kind == "virtual":  # it knows its money: what it began with, less what was paid
        return replace(asked, cash_rub=cash_get(user_id=user_id, as_of=now)[account.id])
    own_rub = users_capital_rub if len(accounts) == 1 else None
    return replace(asked, capital_rub=account.capital_rub or own_rub)


def _only(accounts: tuple[AccountFacts, ...]) -> AccountFacts:
    if len(accounts) != 1:
        raise InputError(
            f"account_id must be named where there is not exactly one, there are {len(accounts)}; "
            "send one, or send positions",
            code="which_account" if accounts else "no_positions",
            field="account_id",
        )
    return accounts[0]
