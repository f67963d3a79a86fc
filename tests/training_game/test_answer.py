"""One answer a round, judged by the code of the labels beside a version that had not seen the moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from behavior.selectors.privacy import personal_data as behaviour
from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import TradeAsked
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import outcomes_find
from signals.services.review import signal_review
from tests.training_game import game_maker
from tests.training_game.game_maker import FAMILY, NOW, deal, said, version, worker
from traderai.accounts.models import User
from traderai.common.errors import ConflictError, InputError, NotFoundError, TransientError
from training_game.contracts import Call, Reveal
from training_game.models import Answer, Player, RatingChange, Scenario
from training_game.services.answer import answer_record
from training_game.services.deal import share_of

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(seconds=30)


@pytest.fixture(scope="module", autouse=True)
def judge(stored_market, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), worker():
        yield


def truth(row: Scenario, *trades: tuple[str | None, tuple[float, float] | None]) -> list[float | None]:
    """Return what trades of a round's bar made, by the label code itself."""
    share = instrument_get(secid=share_of(row).secid)
    label_set = barrier_set_get(name=row.label_set, timeframe=row.timeframe)
    asked = [
        (label_set, row.horizon, TradeAsked(bar_begin=row.bar_begin, side=side, own_levels=own))  # type: ignore[arg-type]
        for side, own in trades
    ]
    found = outcomes_find(instrument=share, asked=asked, as_of=SOON)
    return [None if one.trade is None else one.trade.r_multiple for one in found]


def answer(user: User, scenario_id: str, action: str = "BUY", *, at=SOON, **call) -> Reveal:
    return answer_record(user_id=user.pk, scenario_id=scenario_id, call=Call(action=action, **call), now=at)


def traded_row(user: User, *, seed: int = 1, **wish) -> tuple[str, Scenario]:
    dealt, row = deal(user, seed=seed, **wish)
    assert None not in truth(row, ("long", None), ("short", None)), "take another seed"
    return dealt.scenario_id, row


def test_results_are_those_of_the_labels(user):
    scenario_id, row = traded_row(user)
    reveal = answer(user, scenario_id, "BUY")
    long_r, short_r = truth(row, ("long", None), ("short", None))
    assert reveal.you["r_multiple"] == reveal.sides["long"] == long_r
    assert reveal.sides["short"] == short_r
    assert (reveal.secid, reveal.bar_begin, reveal.state) == (share_of(row).secid, row.bar_begin, "traded")
    assert reveal.you["trade"]["cost_frac"] > 0
    stored = Answer.objects.get()
    assert (stored.state, stored.r_multiple, stored.action) == ("traded", long_r, "BUY")


def test_own_levels_are_judged_as_distances_from_the_close(user):
    dealt, row = deal(user, seed=1)
    close = float(dealt.candles.close[-1])
    reveal = answer(user, dealt.scenario_id, "SELL", take_profit=close * 0.97, stop_loss=close * 1.012)
    [own] = truth(row, ("short", (0.03, 0.012)))
    assert reveal.you["r_multiple"] == pytest.approx(own, rel=1e-3)
    assert reveal.you["r_multiple"] != reveal.sides["short"]


def test_the_chart_goes_on_where_it_ended(user):
    dealt, _ = deal(user, seed=1)
    reveal = answer(user, dealt.scenario_id, "HOLD")
    gap_s = int(reveal.candles_after.begin_s[0] - dealt.candles.begin_s[-1])
    assert 3600 <= gap_s <= 4 * 86_400
    assert abs(reveal.candles_after.open[0] / dealt.candles.close[-1] - 1) < 0.03
    assert (reveal.you["r_multiple"], reveal.you["trade"]) == (0.0, None)


def test_without_a_version_from_before_the_ai_has_no_word(user):
    scenario_id, row = traded_row(user)
    version("late", trained_until=row.bar_begin)
    reveal = answer(user, scenario_id)
    assert (reveal.ai["action"], reveal.score, reveal.unrated_reason) == (None, None, "no_version")
    assert not RatingChange.objects.exists() and reveal.rating == reveal.rating_before
    [told] = behaviour(user_id=user.pk)["game_answers"]  # what the player did is behaviour all the same
    assert (told["action"], told["model_action"], told["model_r_multiple"]) == ("BUY", "", None)


def test_what_was_said_by_one_who_had_seen_the_bar_does_not_count(user):
    scenario_id, row = traded_row(user)
    said(row, "SELL", by=version("late", trained_until=row.bar_begin))
    assert answer(user, scenario_id).unrated_reason == "no_version"


def test_sabotage_a_version_from_before_is_heard(user):
    scenario_id, row = traded_row(user)
    said(row, "SELL", by=version("early", trained_until=row.bar_begin - timedelta(seconds=1)))
    reveal = answer(user, scenario_id)
    assert (reveal.ai["action"], reveal.ai["model_version"]) == ("SELL", "early")


def test_a_word_whose_adapter_had_seen_the_bar_does_not_count(user):
    scenario_id, row = traded_row(user)
    early = version(trained_until=row.bar_begin - timedelta(days=1), grade="unjudged")
    said(row, "SELL", by=early, warnings=["in_sample"])
    assert answer(user, scenario_id).unrated_reason == "no_version"


def test_a_withdrawn_word_does_not_count(user):
    scenario_id, row = traded_row(user)
    signal = said(row, "SELL", by=version())
    signal_review(signal_id=signal.pk, verdict="rejected", note="wrong", by="staff", now=SOON)
    assert answer(user, scenario_id).unrated_reason == "withdrawn"


@pytest.mark.parametrize("ai_action", ["BUY", "SELL", "HOLD"])
def test_both_are_judged_by_the_same_rule_and_rated(user, ai_action):
    scenario_id, row = traded_row(user)
    said(row, ai_action, by=version())
    long_r, short_r = truth(row, ("long", None), ("short", None))
    reveal = answer(user, scenario_id, "BUY")
    theirs = {"BUY": long_r, "SELL": short_r, "HOLD": 0.0}[ai_action]
    assert reveal.ai["r_multiple"] == theirs and reveal.you["r_multiple"] == long_r
    gap = long_r - theirs
    assert reveal.score == (0.5 if abs(gap) <= 0.05 else 1.0 if gap > 0 else 0.0)
    me, ai = Player.objects.get(user=user), Player.objects.get(ai_family=FAMILY)
    assert (me.rating - 1500) == pytest.approx(1500 - ai.rating)
    assert (me.rating > 1500) == (reveal.score > 0.5) and me.deviation < 350
    assert (reveal.rating_before.rating, reveal.rating.rating) == (1500.0, me.rating)
    assert RatingChange.objects.count() == 2


def test_the_order_of_the_ai_has_its_own_levels(user):
    scenario_id, row = traded_row(user)
    said(
        row, "BUY", by=version(), take_profit_rub=103.0, stop_loss_rub=98.5, label_take_profit_rub=104.0,
    )  # fmt: skip
    [theirs] = truth(row, ("long", (0.03, 0.015)))
    assert answer(user, scenario_id).ai["r_multiple"] == pytest.approx(theirs)


def test_an_answer_beside_the_ais_word_is_behaviour_too(user):
    scenario_id, row = traded_row(user)
    said(row, "HOLD", by=version())
    answer(user, scenario_id, "BUY", taken_s=7.5)
    [told] = behaviour(user_id=user.pk)["game_answers"]
    assert (told["action"], told["model_action"], told["took_s"]) == ("BUY", "HOLD", 7.5)
    assert told["r_multiple"] == Answer.objects.get().r_multiple and told["scenario"] == str(row.token)


def test_an_open_chart_is_not_rated(user):
    dealt, row = deal(user, seed=1, disguise=False)
    said(row, "SELL", by=version())
    reveal = answer(user, dealt.scenario_id)
    assert (reveal.score, reveal.unrated_reason) == (None, "not_disguised")
    assert reveal.ai["action"] == "SELL" and not RatingChange.objects.exists()


def test_a_second_answer_is_refused(user):
    scenario_id, _ = traded_row(user)
    first = answer(user, scenario_id, "BUY")
    for action in ("BUY", "SELL"):
        with pytest.raises(ConflictError) as error:
            answer(user, scenario_id, action)
        assert error.value.code == "answered"
    assert Answer.objects.get().r_multiple == first.you["r_multiple"]


def test_a_late_answer_is_refused_and_nothing_is_told(user):
    dealt, row = deal(user)
    with pytest.raises(ConflictError) as error:
        answer(user, dealt.scenario_id, at=row.expires_at + timedelta(milliseconds=1))
    assert error.value.code == "late" and not Answer.objects.exists()
    answer(user, dealt.scenario_id, at=row.expires_at)


def test_anothers_scenario_is_not_found(user):
    dealt, _ = deal(user)
    other = game_maker.player("other")
    with pytest.raises(NotFoundError):
        answer(other, dealt.scenario_id)
    assert not Answer.objects.exists()


def test_levels_that_no_order_can_have_change_nothing(user):
    dealt, _ = deal(user)
    close = float(dealt.candles.close[-1])
    for action, take_profit, stop_loss in (
        ("BUY", close * 1.04, None),
        ("HOLD", close * 1.04, close * 0.98),
        ("BUY", close * 0.96, close * 1.02),  # on the wrong sides
        ("BUY", close * 1.04, close * 0.9999),  # R of no stop
        ("SELL", close * 0.5, close * 1.02),
    ):
        with pytest.raises(InputError):
            answer(user, dealt.scenario_id, action, take_profit=take_profit, stop_loss=stop_loss)
    assert not Answer.objects.exists()


def test_a_short_that_was_not_possible_is_refused(user):
    dealt, row = deal(user)
    Scenario.objects.filter(pk=row.pk).update(may_sell=False)
    with pytest.raises(InputError, match="short"):
        answer(user, dealt.scenario_id, "SELL")
    assert not Answer.objects.exists()


def test_an_answer_that_nobody_judged_may_be_sent_again_even_late(user, settings):
    scenario_id, row = traded_row(user)
    redis_url, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    with pytest.raises(TransientError):
        answer(user, scenario_id, "BUY")
    settings.REDIS_URL = redis_url
    assert Answer.objects.get().state == "open"
    later = row.expires_at + timedelta(minutes=5)
    with pytest.raises(ConflictError):
        answer(user, scenario_id, "SELL", at=later)  # nobody may think again
    assert answer(user, scenario_id, "BUY", at=later).you["r_multiple"] is not None
    assert Answer.objects.get().answered_at == SOON


def test_while_one_request_judges_another_is_refused(user):
    scenario_id, row = traded_row(user)
    Answer.objects.create(
        scenario=row, action="BUY", answered_at=SOON, claimed_until=SOON + timedelta(seconds=9)
    )
    with pytest.raises(ConflictError):
        answer(user, scenario_id, "BUY")
    assert answer(user, scenario_id, "BUY", at=SOON + timedelta(seconds=10)).state == "traded"


def test_a_moment_without_a_label_is_void_and_not_rated(user):
    dealt, row = deal(user)
    said(row, "HOLD", by=version())
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM market_candle WHERE instrument_id = %s AND begin >= %s AND begin < %s",
            [row.instrument_id, row.as_of, row.as_of + timedelta(days=12)],
        )
    reveal = answer(user, dealt.scenario_id)
    assert (reveal.state, reveal.void_reason, reveal.unrated_reason) == ("void", "no_entry", "void")
    assert (reveal.you["r_multiple"], reveal.score, reveal.sides) == (
        None,
        None,
        {"long": None, "short": None},
    )
    assert not RatingChange.objects.exists()
