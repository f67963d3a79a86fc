"""A user with something in every room, for tests of whose data is whose."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client

from behavior.models import Feedback
from behavior.services.record import signal_shown
from market.models import Instrument
from portfolio.models import Account, StopChange, WatchItem
from signals.models import Signal
from tests.portfolio import ledger_maker as ledger
from tests.training_game import game_maker
from traderai.accounts.models import User
from traderai.common import clock


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user, the browser that is signed in, and what belongs to nobody else."""

    user: User
    client: Client
    account: Account
    secid: str
    signal: Signal
    scenario_id: str

    @property
    def mark(self) -> str:
        """What stands in each row that can hold words."""
        return f"mark of {self.user.username}"


def person(name: str) -> Person:
    """Return a user on the game's market."""
    user = User.objects.create_user(name, password="x", capital_rub=500_000, telegram_id=len(name))
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    share = Instrument.objects.order_by("secid")[0]
    own = ledger.account(user, f"mark of {name}")
    ledger.trade(own, share, "BUY", 100, 101.5, "2024-03-01 12:00", stop_rub=95.0)
    StopChange.objects.create(
        account=own, instrument=share, stop_rub=94.0, set_at=ledger.moscow("2024-03-02 12:00")
    )
    WatchItem.objects.create(user=user, instrument=share, place=0)
    dealt, round_ = game_maker.deal(user, seed=len(name))
    signal = game_maker.said(round_, "HOLD", by=game_maker.version(f"version-{name}"))
    signal_shown(user_id=user.pk, signal_id=signal.pk, place="ticker", now=clock.now())
    Feedback.objects.create(
        user=user, signal=signal, kind="comment", comment=f"mark of {name}", at=clock.now()
    )
    return Person(
        user=user, client=client, account=own, secid=share.secid, signal=signal, scenario_id=dealt.scenario_id
    )
