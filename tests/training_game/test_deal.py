"""What is dealt: unseen, liquid, with its whole future, one round at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.db import connection

from market.contracts import Timeframe
from market.models import Instrument
from market.selectors.adjusted import candles_adjusted
from market.selectors.candles import last_begin
from tests.signals import builders
from tests.training_game import game_maker
from tests.training_game.game_maker import NOW, deal, undone
from traderai.accounts.models import User
from traderai.common.errors import InputError, NotFoundError, NotReadyError
from training_game.contracts import Wish
from training_game.models import Scenario
from training_game.selectors.configuration import game_barriers, game_config_get
from training_game.services.deal import candles_between, scenario_deal, scenario_named, share_of

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def over(row: Scenario) -> None:
    """Let the time of a round be over."""
    Scenario.objects.filter(pk=row.pk).update(served_at=NOW - 2 * HOUR, expires_at=NOW - HOUR)


def moment(row: Scenario) -> tuple[object, ...]:
    return row.instrument_id, row.bar_begin


def tried(user: User, *, seeds: int, **wish: Any) -> Iterator[Scenario]:
    """Yield what each seed alone would deal."""
    for seed in range(seeds):
        with undone():
            yield deal(user, seed=seed, **wish)[1]


def test_a_round_shows_the_candles_up_to_its_moment(user):
    dealt, row = deal(user, disguise=False)
    share = share_of(row)
    known = candles_adjusted(secid=share.secid, timeframe=Timeframe.H1, as_of=row.as_of, dividends=False)
    n = len(dealt.candles)
    assert n == game_config_get().difficulties["normal"].candles == row.candles
    for name in ("begin_s", "open", "high", "low", "close"):
        assert getattr(dealt.candles, name) == pytest.approx(getattr(known, name)[-n:])
    assert dealt.candles.volume == pytest.approx(known.volume_shares[-n:])
    assert (dealt.secid, dealt.name_ru, dealt.sector) == (share.secid, share.name_ru, share.sector)
    assert (dealt.take_profit_frac, dealt.stop_loss_frac) == (0.04, 0.02)


def test_a_disguise_shows_the_same_shape(user):
    dealt, row = deal(user)
    share = share_of(row)
    real = candles_between(_plain(row), share, since=row.shown_from, until=row.as_of)
    assert dealt.secid is dealt.name_ru is dealt.name_en is dealt.sector is None
    assert np.allclose(dealt.candles.close / dealt.candles.close[0], real.close / real.close[0], rtol=3e-4)
    assert not np.isclose(dealt.candles.close, real.close).any()


def _plain(row: Scenario) -> Scenario:
    copy = Scenario.objects.get(pk=row.pk)
    copy.disguised, copy.price_factor, copy.volume_factor, copy.weeks = False, 1.0, 1.0, 0
    return copy


def test_nothing_is_seen_twice_and_everything_dealt_is_fit(user):
    rows = []
    for seed in range(40):
        try:
            _, row = deal(user, seed=seed)
        except NotReadyError as error:
            assert error.code == "no_moment"
            break
        over(row)
        rows.append(row)
    assert len(rows) >= 4
    for row in rows:
        newest = last_begin(instrument_id=row.instrument_id, timeframe=Timeframe.H1, as_of=NOW)
        assert row.future_until <= newest and row.future_until - row.as_of == 21 * DAY
        assert share_of(row).secid != "THIN"
    seen = sorted((row.instrument_id, row.shown_from, row.future_until) for row in rows)
    for (share, _, until), (other, since, _) in pairwise(seen):
        assert share != other or until <= since


def test_another_player_sees_moments_of_his_own(user):
    _, row = deal(user, seed=2**100)
    other = game_maker.player("other")
    found = [moment(theirs) for theirs in tried(other, seeds=40)]
    # Once in a while two players are dealt one moment: that is how they are compared.
    assert 2 <= found.count(moment(row)) <= 20 and len(set(found)) > 20


def test_the_open_round_is_dealt_again_whatever_is_wished(user):
    first, row = deal(user, seed=1)
    again, same = deal(user, seed=2, difficulty="hard", disguise=False)
    assert same.pk == row.pk and again.scenario_id == first.scenario_id
    assert (again.candles.close == first.candles.close).all()
    later = row.expires_at + timedelta(seconds=1)
    _, other = deal(user, seed=2, now=later, difficulty="hard")
    assert other.pk != row.pk and other.difficulty == "hard" and other.candles == 100


def test_the_same_seed_deals_the_same_round(user):
    with undone():
        first, _ = deal(user, seed=9)
    again, _ = deal(user, seed=9)
    assert again.scenario_id == first.scenario_id
    assert (again.candles.close == first.candles.close).all()


def test_difficulty_decides_time_tags_and_candles(user):
    config = game_config_get()
    for seed, name in enumerate(("easy", "normal", "hard")):
        dealt, row = deal(user, seed=seed, difficulty=name)
        rules = config.difficulties[name]
        assert (dealt.expires_at - dealt.served_at).total_seconds() == rules.time_limit_s + config.grace_s
        assert len(dealt.candles) == rules.candles and (dealt.tags is None) == (not rules.tags)
        over(row)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(difficulty="hrad"), "difficulty"),
        (Wish(timeframe="30m"), "timeframe"),
        (Wish(sector="finanse"), "sector"),
        (Wish(regime="bull"), "regime"),
    ],
)
def test_what_is_not_known_is_named(user, wish, field):
    with pytest.raises(InputError) as error:
        scenario_deal(user_id=user.pk, wish=wish, seed=1, now=NOW)
    assert error.value.field == field
    assert Scenario.objects.count() == 0


def test_what_is_never_there_is_said(user):
    with pytest.raises(NotReadyError, match="fits the wish"):
        deal(user, regime="panic")
    with pytest.raises(NotReadyError, match="fits the wish"):
        deal(user, now=builders.START + timedelta(days=30))


def test_made_up_shares_are_played_only_where_there_are_no_others(user):
    Instrument.objects.filter(secid="GAM1").update(is_simulated=True)
    made_up = Instrument.objects.get(secid="GAM1").pk
    assert made_up not in {row.instrument_id for row in tried(user, seeds=6)}
    builders.share("SIM9", seed=7, is_simulated=True)
    Instrument.objects.exclude(secid="SIM9").update(kind="index")
    dealt, row = deal(user, seed=1)
    assert dealt.is_simulated and share_of(row).secid == "SIM9" and dealt.secid is None


def test_a_share_that_ended_has_no_future_to_play(user):
    # All bars of the last weeks are gone but for one share: the others' future is not whole any more.
    kept = Instrument.objects.get(secid="GAM0").pk
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM market_candle WHERE instrument_id <> %s AND begin > %s",
            [kept, builders.START + timedelta(days=40)],
        )
    assert {row.instrument_id for row in tried(user, seeds=4)} == {kept}


def test_an_id_is_of_its_player_alone(user):
    dealt, _ = deal(user)
    other = game_maker.player("other")
    for user_id, scenario_id in (
        (other.pk, dealt.scenario_id),
        (user.pk, dealt.scenario_id + "x"),
        (user.pk, dealt.scenario_id.split(":")[0]),
        (user.pk, "7"),
    ):
        with pytest.raises(NotFoundError):
            scenario_named(user_id=user_id, scenario_id=scenario_id)


def test_the_settings_are_checked():
    config = game_config_get()
    for change in (
        {"default_timeframe": "30m"}, {"tries": 0}, {"shared_frac": 1.5}, {"tau": 0.0}, {"least_level": 2.0},
        {"difficulties": {}},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="must"):
            replace(config, **change)
    with pytest.raises(ValueError, match="straightness"):
        replace(config.difficulties["easy"], straightness=(0.5, 0.1))
    with pytest.raises(ValueError, match="reach_days"):
        replace(config.timeframes["1h"], reach_days=0)
    for timeframe in config.timeframes:
        assert game_barriers(timeframe=timeframe).barrier_unit == "frac"
