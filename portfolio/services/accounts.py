"""Opening accounts, and changing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

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
    name = _name(name)
    if kind == "virtual" and capital_rub is None:
        raise InputError(
            "capital of a virtual account must be given: it is what it begins with", field="capital"
        )
    _capital_checked(capital_rub)
    most = ledger_config_get().max_accounts
    if Account.objects.filter(user_id=user_id).count() >= most:
        raise InputError(f"accounts must be at most {most}; use one that you have", code="too_many_accounts")
    with _name_once(name):
        row = Account.objects.create(
            user_id=user_id, kind=kind, name=name, capital_rub=capital_rub, created_at=now
        )
    return account_get(user_id=user_id, account_id=row.pk)


def check_room(*, held: int, more: int) -> None:
    """Refuse what would make an account's journal longer than one may be.

    Raises: InputError; then nothing of it is written.
    """
    most = ledger_config_get().max_trades
    if held + more > most:
        raise InputError(
            f"an account must have at most {most} trades or orders, has {held} and was to get {more} more; use another account",
            code="too_many_trades",
        )


def account_change(*, user_id: int, account_id: int, changes: Mapping[str, Any]) -> AccountFacts:
    """Return a user's account with another `name` or `capital_rub`; what is not named stays.

    A real account's capital may be set to None: unknown. A virtual one began with its capital, which stays as it is.

    Raises: NotFoundError for another user's account, ConflictError for a name given already, InputError for what cannot
    be; then nothing is changed.
    """
    values = dict(changes)
    if "name" in values:
        values["name"] = _name(values["name"])
    with transaction.atomic():
        row = Account.objects.select_for_update().filter(user_id=user_id, pk=account_id).first()
        if row is None:
            return account_get(user_id=user_id, account_id=account_id)  # says that it is none of theirs
        if "capital_rub" in values:
            if row.kind == Account.Kind.VIRTUAL:
                raise InputError(
                    "capital of a virtual account must stay what it began with; open another account",
                    field="capital",
                )
            _capital_checked(values["capital_rub"])
        for name, value in values.items():
            setattr(row, name, value)
        with _name_once(values.get("name", "")):
            row.save(update_fields=list(values))
    return account_get(user_id=user_id, account_id=account_id)


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


def _name(name: str) -> str:
    if not name.strip():
        raise InputError("name must not be empty", field="name")
    return name.strip()


def _capital_checked(capital_rub: Decimal | None) -> None:
    if capital_rub is not None and not capital_rub > 0:
        raise InputError(f"capital must be above 0, was {capital_rub}", field="capital")


@contextmanager
def _name_once(name: str) -> Iterator[None]:
    """Write an account in its own transaction; the database's word on a name given twice becomes ours."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "portfolio_account_name_once" not in str(error):
            raise
        raise ConflictError(
            f"name must be a new one, and you have an account {name!r}; choose another name",
            code="account_exists",
            field="name",
        ) from error
