"""What the tests of the API's contract stand on: a small market with the names of the document's examples, who asks, and a
server that forgets each request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib.auth.models import Permission
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import override_settings
from drf_spectacular.generators import SchemaGenerator

from market.models import Instrument
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.registry import emission_pause
from portfolio.models import WatchItem
from signals.models import Signal
from tests.accounts.init_data_maker import BOT_TOKEN, opened
from tests.modeling.registry.maker import passed, serving
from tests.modeling.registry_config import registry_yaml
from tests.portfolio import daily_market
from tests.portfolio import ledger_maker as ledger
from tests.signals import builders, payload_maker, told_maker
from tests.training_game import game_maker
from traderai.accounts.models import User
from traderai.accounts.services.tokens import token_issue
from traderai.common import clock
from traderai.common.clock import to_epoch_s

Wsgi = Callable[..., Iterable[bytes]]
METHODS = {"get", "post", "put", "patch", "delete"}
PASSWORD = "correct-horse-battery"
NEWS_TOKEN = "news-of-the-tests"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The tokens of who asks, and by name of a parameter or field what there is."""

    trader: str
    staff: str
    known: dict[str, Any]

    def credentials(self, operation: dict[str, Any]) -> dict[str, str]:
        """Return the headers of who may ask for an operation of the document."""
        schemes = {name for one in operation.get("security", ()) for name in one}
        if "serviceToken" in schemes:
            return {"Authorization": f"Bearer {NEWS_TOKEN}"}
        return {"Authorization": f"Token {self.staff if '403' in operation['responses'] else self.trader}"}


def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(of: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and content of each operation."""
    return [
        (method, path, operation)
        for path, methods in of["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


@contextmanager
def standing() -> Iterator[Stand]:
    """Fill the market, undo it at the end."""
    sha256 = hashlib.sha256(NEWS_TOKEN.encode()).hexdigest()
    with (
        connection_kept(),
        TemporaryDirectory() as lake,
        override_settings(
            NEWS_PUSH_TOKENS=[f"contract:{sha256}"], LAKE_URL=f"file://{lake}", TELEGRAM_BOT_TOKEN=BOT_TOKEN
        ),
        registry_yaml(min_days=0),
        transaction.atomic(),
    ):
        game_maker.market(shares=2)
        for number, secid in enumerate(("SIM01", "SIM02")):
            traded_today(builders.share(secid, seed=number))
        trader = User.objects.create_user("anna", password=PASSWORD, capital_rub=500_000)
        staff = User.objects.create_user("staff", password="x", is_staff=True)
        staff.user_permissions.set(Permission.objects.filter(codename__endswith="_modelversion"))
        with game_maker.worker():
            tokens = [token_issue(user=user, now=clock.now()).token for user in (trader, staff)]
            yield Stand(trader=tokens[0], staff=tokens[1], known=things_of(trader))
        transaction.set_rollback(True)


def things_of(user: User) -> dict[str, Any]:
    """Store something in every room and return by name what requests can name."""
    share, held = Instrument.objects.get(secid="SIM01"), Instrument.objects.get(secid="SIM02")
    own = ledger.account(user, "main")
    ledger.account(user, "practice", kind="virtual", capital_rub=1e6)
    ledger.trade(own, held, "BUY", 100, 101.5, "2024-03-01 12:00", stop_rub=95.0)
    WatchItem.objects.create(user=user, instrument=share, place=0)
    dealt, _ = game_maker.deal(user, now=clock.now())
    last = float(dealt.candles.close[-1])
    serving("regime-1", kind="regime")
    second = serving("regime-2", kind="regime", minute=1)
    emission_pause(version_id=second.id, by="test", reason="test", now=clock.now())
    candidate = passed("forecast-1")
    return {
        "secid": share.secid,
        "account_id": own.pk,
        "id": f"{own.pk}-{held.secid}",
        "signal_id": said_of(share).pk,
        "scenario_id": dealt.scenario_id,
        "take_profit": 1.04 * last,
        "stop_loss": 0.98 * last,
        "version": candidate.version,
        "from_version": second.version,
        "slot": "regime",
        "confirm": user.username,
        "username": user.username,
        "password": PASSWORD,
        "init_data": opened(at_s=to_epoch_s(clock.now())),
    }


def traded_today(share: Instrument) -> None:
    """Store some daily bars up to yesterday: a portfolio is not valued at old prices."""
    days = daily_market.weekdays(30, last=clock.now().date() - timedelta(days=1))
    daily_market.bars(share, days, daily_market.walk(share.pk, len(days)))


def said_of(share: Instrument) -> Signal:
    """Store a call of the share's last bar with all that an analysis tells."""
    made = (payload_maker.stored(seed) for seed in range(100))
    content = next(one.payload for one in made if one.payload["decision"]["action"] == "BUY")
    [signal] = told_maker.told(
        share, [to_epoch_s(builders.last_moment() - timedelta(hours=1))], barrier_set_get(name="swing_v1"),
        horizon="5d", action="BUY", at=clock.now(), payload=content,
    )  # fmt: skip
    return signal


@contextmanager
def connection_kept() -> Iterator[None]:
    """Keep the connection with the stand's transaction, which the server would close with each request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def forgetful(application: Wsgi) -> Wsgi:
    """Return a WSGI application each of whose requests is undone when it has been answered."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ |= {"HTTP_HOST": "testserver", "REMOTE_ADDR": "10.0.0.7"}
        with transaction.atomic():
            told = application(environ, start_response)
            body = b"".join(told)
            told.close()  # type: ignore[attr-defined]
            transaction.set_rollback(True)
        return [body]

    return answer


def application() -> Wsgi:
    return forgetful(get_wsgi_application())


def lying(told: bytes) -> Wsgi:
    """Return the application, which tells this where it should tell a signed-in asker what is watched."""
    honest = application()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith("/watchlist") or not environ.get("HTTP_AUTHORIZATION"):
            return honest(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(told)))])
        return [told]

    return answer


def request_of(operation: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a request by the document's own examples, with the names of what there is in their places."""
    parts: dict[str, Any] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") or parameter["name"] == "max_seconds":
            example = next(iter(parameter.get("examples", {"": {"value": 1}}).values()))["value"]
            # Positions and accounts call theirs `id` alike.
            of_account = parameter["name"] == "id" and parameter["schema"]["type"] == "integer"
            name = "account_id" if of_account else parameter["name"]
            parts[parameter["in"]][parameter["name"]] = known.get(name, example)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        example = next(iter(content["examples"].values()))["value"]
        parts["body"] = {name: known.get(name, value) for name, value in example.items()}
    return parts
