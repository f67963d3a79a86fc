"""On demand: the worker says what scoring would have stored, and the web waits for it a second at most."""

from __future__ import annotations

import dataclasses
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from django.test import Client

from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import TradeAsked
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import outcomes_find
from modeling.services.registry import emission_pause
from signals.asking import outcomes_ask, question_of, signal_ask
from signals.contracts import OutcomesAsk, SignalAsk
from signals.models import Signal
from signals.services.analyze import Question, ticker_analyze
from signals.services.ondemand import Desk, questions_serve
from signals.services.replay import signals_replay
from signals.services.score import signals_score
from tests.signals import builders
from traderai.accounts.models import User
from traderai.common.errors import InputError, NotFoundError, NotReadyError, TransientError

END = builders.last_moment()
NOW = END + timedelta(days=400)
LIVE = END + timedelta(minutes=5)
EARLY = builders.last_moment(builders.BARS - 20)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_asked(settings) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(settings.ONDEMAND_QUEUE)


def ask_of(secid: str = "SHR1", *, moment=NOW, past: bool = False, horizon: str = "5d") -> SignalAsk:
    return SignalAsk(secid=secid, timeframe="1h", horizon=horizon, moment=moment, past=past)


def through_redis(ask: SignalAsk, desk: Desk | None = None):
    return asked_in_a_thread(signal_ask, ask, desk or Desk())


def asked_in_a_thread(asks, ask, desk: Desk):
    """Ask in another thread, as the web does, and serve one question here."""
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(asks, ask)
        questions_serve(desk=desk, stopped=answer.done)
        return answer.result()


def test_it_says_what_scoring_stores(champion):
    desk = Desk()
    said = {
        (secid, horizon): desk.answer(ask_of(secid, horizon=horizon, moment=LIVE), now=LIVE)
        for secid in ("SHR0", "SHR3", "OLD", "THIN")
        for horizon in builders.HORIZONS
    }
    assert Signal.objects.count() == 0
    signals_score(now=LIVE)
    for (secid, horizon), answer in said.items():
        row = Signal.objects.get(instrument__secid=secid, horizon=horizon)
        assert answer.payload == row.payload
        assert (answer.id, answer.source, answer.as_of, answer.action, answer.valid_until) == (
            None, "live", row.as_of, row.action, row.valid_until,
        )  # fmt: skip


def test_a_past_moment_is_answered_as_a_replay_does(market):
    early = builders.champion("early", trained_until=EARLY - timedelta(days=9), at=NOW)
    builders.champion("later-one", trained_until=EARLY + timedelta(hours=2), against=early, at=NOW)
    answer = Desk().answer(ask_of(moment=EARLY + timedelta(minutes=1), past=True), now=NOW)
    signals_replay(since=EARLY - timedelta(hours=1), until=EARLY, secids=["SHR1"], now=NOW)
    row = Signal.objects.get(horizon="5d")
    assert (answer.payload, answer.model_version, answer.source) == (row.payload, "early", "replay")
    assert answer.as_of == EARLY and "in_sample" not in answer.payload["warnings"]


def test_without_a_version_from_before_the_warnings_say_so(market):
    builders.champion(trained_until=END, at=NOW)
    answer = Desk().answer(ask_of(moment=EARLY, past=True), now=NOW)
    assert answer.model_version == "global-test-1" and "in_sample" in answer.payload["warnings"]


def test_a_paused_champion_is_silent_here_too(champion):
    emission_pause(version_id=champion.id, by="t", reason="r", now=NOW)
    answer = Desk().answer(ask_of(), now=NOW)
    assert answer.payload["decision"]["reasons"] == ["model_degraded"]


def test_the_answer_comes_back_through_redis_whole(champion):
    desk = Desk()
    direct = desk.answer(ask_of(moment=LIVE), now=LIVE)
    assert through_redis(ask_of(moment=LIVE), desk).payload == direct.payload


def test_what_became_of_decisions_comes_back_whole(market):
    share, label_set = instrument_get(secid="SHR1"), barrier_set_get(name="swing_v1")
    begin = builders.last_moment(builders.BARS - 200) - timedelta(hours=1)
    trades = (
        TradeAsked(bar_begin=begin, side="long"),
        TradeAsked(bar_begin=begin, side="short", own_levels=(0.03, 0.012)),
        TradeAsked(bar_begin=begin, side=None),
        TradeAsked(bar_begin=END, side="long"),
    )
    ask = OutcomesAsk(
        secid="SHR1", label_set="swing_v1", timeframe="1h", horizon="5d", trades=trades, moment=NOW
    )
    # Reckoned first, which compiles what an answer takes: the worker does that when it begins.
    found = outcomes_find(instrument=share, asked=[(label_set, "5d", trade) for trade in trades], as_of=NOW)
    told = asked_in_a_thread(outcomes_ask, ask, Desk())
    assert told == found
    assert [one.state for one in told] == ["traded", "traded", "no_trade", "void"]
    with pytest.raises(InputError):
        asked_in_a_thread(outcomes_ask, dataclasses.replace(ask, horizon="7d"), Desk())


def test_a_question_of_the_release_before_is_understood():
    old = {**dataclasses.asdict(ask_of()), "moment": NOW.isoformat(), "number": "7", "until_s": 1.5}
    assert question_of(json.dumps(old)) == ("7", ask_of(), 1.5)


def test_a_warm_desk_has_asked_for_both(champion):
    Desk().warm(now=LIVE)
    assert Signal.objects.count() == 0


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (ask_of("NEW"), NotReadyError),
        (ask_of("NOBODY"), NotFoundError),
        (ask_of(horizon="7d"), InputError),
    ],
)
def test_what_stands_against_an_answer_comes_back_too(champion, ask, error):
    with pytest.raises(error):
        through_redis(ask)


def test_who_waits_no_more_is_not_computed_for(champion, settings):
    began_s = time.monotonic()
    with pytest.raises(TransientError, match="within 1 s"):
        signal_ask(ask_of())
    assert 1.0 <= time.monotonic() - began_s < 3.0
    served = iter([False, True])
    assert questions_serve(desk=Desk(), stopped=lambda: next(served)) == 0


def test_nobody_there_is_503_after_a_second_unless_an_earlier_word_holds(champion):
    client = Client()
    client.force_login(User.objects.create_user("u", password="x"))
    answer = client.post("/api/v1/analyze_ticker", {"secid": "SHR0"}, content_type="application/json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    signals_score(now=builders.last_moment(builders.BARS - 1) + timedelta(minutes=5))
    told = ticker_analyze(question=Question(secid="SHR0"), now=LIVE)
    assert told.as_of == builders.last_moment(builders.BARS - 1)
    with pytest.raises(TransientError):
        ticker_analyze(question=Question(secid="SHR0"), now=NOW)


def test_the_stored_word_on_the_last_bar_needs_nobody(champion, settings):
    signals_score(now=LIVE)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert ticker_analyze(question=Question(secid="SHR0"), now=LIVE).as_of == END
    with pytest.raises(TransientError, match="Redis said"):
        ticker_analyze(question=Question(secid="SHR0", at=EARLY), now=LIVE)
