"""Opening accounts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from portfolio.contracts import AccountFacts, AccountKind
from portfolio.models import Account
from portfolio.selectors.configuration import ledger_config_get
from portfolio.selectors.journal import account_get, accounts_get
from traderai.common.errors import ConflictError, InputError

DEFAULT_NAME = "main"


def account_create(
    *, user_id: int, kind: AccountKind, name: str, capital_rub: Decimal | None, now: datetime
) -> AccountFacts:
    """Open an account; a name that the user has given already is a ConflictError.

    Raises: InputError without a name, without the capital of a virtual account, or with too many accounts.
    """
    if not name.strip():
        raise InputError("name must not be empty", field="name")
    if kind == "virtual" and capital_rub is None:
        raise InputError(
            "capital_rub of a virtual account must be given: it is what it begins with", field="capital_rub"
        )
    if capital_rub is not None and not capital_rub > 0:
        raise InputError(f"capital_rub must be above 0, was {capital_rub}", field="capital_rub")
    most = ledger_config_get().max_accounts
    if Account.objects.filter(user_id=user_id).count() >= most:
        raise InputError(f"accounts must be at most {most}; use one that you have", code="too_many_accounts")
    try:
        with transaction.atomic():
            row = Account.objects.create(
                user_id=user_id, kind=kind, name=name.strip(), capital_rub=capital_rub, created_at=now
            )
    except IntegrityError as error:
        if "portfolio_account_name_once" not in str(error):
            raise
        raise ConflictError(
            f"name must be a new one, and you have an account {name.strip()!r}; choose another name",
            code="account_exists",
            field="name",
        ) from error
    return account_get(user_id=user_id, account_id=row.pk)


def account_meant(*, user_id: int, account_id: int | None, now: datetime) -> AccountFacts:
    """Return the account that a user means; who has none gets a real one, its capital unknown.

    Raises: NotFoundError for another user's account; InputError where one of several must be named.
    """
    if account_id is not None:
        return account_get(user_id=user_id, account_id=account_id)
    accounts = accounts_get(user_id=user_id)
    if len(accounts) > 1:
        names = ", ".join(f"{each.id} ({each.name})" for each in accounts)
        raise InputError(f"account_id must be one of {names}, was left out; name one", field="account_id")
    if accounts:
        return accounts[0]
    # Two first requests at once make one account.
    row, _ = Account.objects.get_or_create(user_id=user_id, name=DEFAULT_NAME, defaults={"created_at": now})
    return account_get(user_id=user_id, account_id=row.pk)


def lock_account(account_id: int) -> None:
    """Let nobody else write to an account until the transaction ends: what is short is judged on all its trades."""
    Account.objects.select_for_update().get(pk=account_id)
