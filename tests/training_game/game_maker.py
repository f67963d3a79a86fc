"""A small market to play on, a worker that judges, and what the AI is made to have said."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import redis
from django.conf import settings
from django.db import connections, transaction

from market.models import Instrument
from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import TradeAsked
from modeling.models import ModelVersion
from modeling.selectors.label_sets import barrier_set_get
from signals.contracts import OutcomesAsk
from signals.models import Signal
from signals.services.ondemand import Desk, questions_serve
from tests.signals import builders, told_maker
from traderai.accounts.models import User
from traderai.common.clock import to_epoch_s
from training_game.contracts import Dealt, Wish
from training_game.kernels.scores import round_score
from training_game.models import Answer, Player, Scenario
from training_game.selectors.configuration import game_config_get
from training_game.services.deal import scenario_deal, scenario_named
from training_game.services.rate import answer_rate

NOW = builders.last_moment() + timedelta(days=2)
LONG_AGO = builders.START - timedelta(days=100)
FAMILY = "game_test"


def market(shares: int = 4) -> None:
    """Store shares that can be shorted, at prices that no disguise shows, and one that hardly trades."""
    for number in range(shares):
        builders.share(f"GAM{number}", seed=40 + number)
    builders.share("THIN", seed=91, volume=10)


def player(name: str = "player") -> User:
    return User.objects.create_user(name, password="x")


def deal(user: User, *, seed: int = 1, now: datetime = NOW, **wish: Any) -> tuple[Dealt, Scenario]:
    """Deal a round and return it with its row."""
    dealt = scenario_deal(user_id=user.pk, wish=Wish(**wish), seed=seed, now=now)
    return dealt, scenario_named(user_id=user.pk, scenario_id=dealt.scenario_id)


def play(
    user: User,
    share: Instrument,
    own_r: float,
    ai_r: float | None,
    *,
    number: int,
    at: datetime = NOW,
    regime: str = "flat",
    setup: str = "range",
    disguised: bool = True,
) -> Answer:
    """Store a judged answer to the moment of a number and rate it."""
    config, hour = game_config_get(), timedelta(hours=1)
    mine, _ = Player.objects.get_or_create(user=user)
    moment = NOW - (3000 - number) * timedelta(days=2)
    row = Scenario.objects.create(
        token=uuid4(), player=mine, instrument=share, timeframe="1h", label_set="swing_v1", horizon="5d",
        bar_begin=moment - hour, as_of=moment, shown_from=moment - hour, future_until=moment + timedelta(days=1), candles=100,
        difficulty="hard", regime=regime, setup=setup, may_sell=True,
        disguised=disguised, served_at=at - hour, expires_at=at,
    )  # fmt: skip
    score = None if ai_r is None else round_score(own_r, ai_r, draw_r=config.draw_r)
    answer = Answer.objects.create(
        scenario=row, action="BUY", answered_at=at, claimed_until=at, state="traded", r_multiple=own_r,
        ai_r_multiple=ai_r, ai_family=FAMILY if ai_r is not None else "", score=score, trained_until=moment - timedelta(days=1),
        resolved_at=at,
    )  # fmt: skip
    answer_rate(answer=answer, config=config, at=at)
    return answer


def same_moment(row: Scenario, user: User, *, seed: int, now: datetime = NOW) -> tuple[Dealt, Scenario]:
    """Deal another player the moment of a round: what seeds do once in a while."""
    dealt, other = deal(user, seed=seed, now=now)
    Scenario.objects.filter(pk=other.pk).update(
        instrument_id=row.instrument_id, bar_begin=row.bar_begin, as_of=row.as_of, shown_from=row.shown_from,
        future_until=row.future_until, may_sell=row.may_sell,
    )  # fmt: skip
    other.refresh_from_db()
    return dealt, other


def version(name: str = "game-1", *, trained_until: datetime = LONG_AGO, **fields: Any) -> ModelVersion:
    """Register a version; it has no artifact and cannot be asked."""
    values = {
        "kind": "global", "recipe": FAMILY, "feature_set_key": "tech_v0@x", "label_set": "swing_v1",
        "timeframe": "1h", "horizons": ["3d", "5d", "10d"], "lookback_bars": 16, "grade": "inform",
        "is_simulated": False, "artifact_key": f"models/{name}", "manifest_sha256": "0" * 64, "created_at": NOW,
    } | fields  # fmt: skip
    return ModelVersion.objects.create(version=name, trained_until=trained_until, **values)


def said(
    row: Scenario, action: str, *, by: ModelVersion, warnings: Sequence[str] = (), **decision: Any
) -> Signal:
    """Store what a version said of a round's bar."""
    share = instrument_get(secid=Instrument.objects.get(pk=row.instrument_id).secid)
    label_set = barrier_set_get(name=row.label_set, timeframe=row.timeframe)
    content = told_maker.payload(label_set, **decision) | {
        "explanation": [], "decimals": 2, "warnings": list(warnings),
    }  # fmt: skip
    [signal] = told_maker.told(
        share, [to_epoch_s(row.bar_begin)], label_set, horizon=row.horizon, action=action, at=NOW,
        payload=content, model_version=by.version, trained_until=by.trained_until,
    )  # fmt: skip
    return signal


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is written within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def worker(desk: Desk | None = None, *, shared: bool = True) -> Iterator[None]:
    """Serve questions from Redis in a thread; `shared`: on this thread's connection, which waits meanwhile."""
    own, done = connections["default"], threading.Event()
    serving = desk or Desk()
    _warm(serving)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(settings.ONDEMAND_QUEUE)

    def serve() -> None:
        if shared:
            connections["default"] = own
        questions_serve(desk=serving, stopped=done.is_set)
        if not shared:
            connections["default"].close()

    own.inc_thread_sharing()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        own.dec_thread_sharing()


def _warm(desk: Desk) -> None:
    """Compile what an outcome takes, as the worker does when it begins; compiled later it would come too late."""
    share = Instrument.objects.filter(is_simulated=False).first()
    if share is not None:
        trade = TradeAsked(bar_begin=builders.START, side="long", own_levels=(0.02, 0.01))
        ask = OutcomesAsk(
            secid=share.secid, label_set="swing_v1", timeframe="1h", horizon="5d", trades=(trade,), moment=NOW
        )
        desk.outcomes(ask)
