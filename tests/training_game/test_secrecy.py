"""Nothing that is sent before the answer tells share, moment, disguise or future.

What cannot be hidden: the shape. Who holds the whole history of the exchange can look for it there. Nothing in the reply
makes that easier.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from market.contracts import Timeframe
from market.selectors.bars import bars_load
from tests.signals import builders
from tests.training_game import game_maker
from tests.training_game.game_maker import NOW, deal, undone
from tests.training_game.leaks import leaks, reply
from traderai.accounts.models import User
from traderai.common import clock
from training_game.models import Scenario
from training_game.selectors.privacy import personal_data
from training_game.services.deal import share_of

pytestmark = pytest.mark.django_db
SCENARIO = "/api/v1/training_scenario"


@pytest.fixture
def dear(stored_market, db) -> User:
    """A player on a market whose prices no disguise shows, so that an equal figure is no accident."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE market_candle SET open = open * 70.1237, high = high * 70.1237, low = low * 70.1237, "
            "close = close * 70.1237, value_rub = value_rub * 70.1237"
        )
    return game_maker.player()


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_of_a_reply_tells_share_moment_disguise_or_future(dear, seed):
    dealt, row = deal(dear, seed=seed)
    assert leaks(reply(dealt), row) == []


def test_the_whole_answer_over_http_tells_nothing(dear):
    client = Client()
    client.force_login(dear)
    answer: HttpResponse = client.get(SCENARIO, {"sector": "finance"})
    assert answer.status_code == 200, answer.content
    row = Scenario.objects.get()
    content = answer.content + repr(sorted(answer.headers.items())).encode()
    head = json.loads(answer.content)
    assert leaks(answer.content, row) == []
    assert str(row.pk) not in head["scenario_id"].split(":")[0].split("-")
    assert b"no-store" in content and share_of(row).secid.encode() not in content


def test_sabotage_each_leak_is_seen(dear):
    dealt, row = deal(dear)
    body = json.loads(reply(dealt))
    share, bars = share_of(row), bars_load(secid=share_of(row).secid, timeframe=Timeframe.H1, as_of=NOW)
    last = dict(body["candles"][-1])
    last["begin"] = (datetime.fromisoformat(last["begin"]) + timedelta(hours=1)).isoformat()
    for planted in (
        {"note": share.secid}, {"note": share.name_ru}, {"sector": share.sector}, {"note": row.as_of.isoformat()},
        {"note": str(int(row.bar_begin.timestamp()))}, {"note": float(bars.close[-1])},
        {"factor": row.price_factor}, {"factor": 1 / row.volume_factor}, {"weeks": row.weeks},
        {"candles": [*body["candles"], last]},
    ):  # fmt: skip
        assert leaks(json.dumps(body | planted, ensure_ascii=False).encode(), row), planted
    plain, other = deal(game_maker.player("other"), seed=3, disguise=False)
    assert len(leaks(reply(plain), other)) > 100


def test_the_id_carries_a_number_that_says_nothing(dear):
    dealt, row = deal(dear, seed=2**127 + 5)
    token, signature = dealt.scenario_id.split(":")
    assert UUID(token) == row.token and UUID(token).version == 4 and len(signature) >= 40
    # The same moment under another secret seed has an id that shares nothing with it.
    with undone():
        Scenario.objects.all().delete()
        other, _ = deal(dear, seed=2**127 + 6)
    bits = bin(UUID(token).int ^ UUID(other.scenario_id.split(":")[0]).int).count("1")
    assert 30 < bits < 98


def test_the_reply_does_not_depend_on_the_future(user):
    """Two databases that are equal up to a moment and differ after it answer with the same bytes."""
    rng = np.random.default_rng(0)
    for seed in range(10):
        before, row = _dealt_and_undone(user, seed)
        with undone():
            _change_after(row.as_of, factor=float(rng.choice([0.3, 0.9, 1.2, 4.0])))
            dealt, again = deal(user, seed=seed)
            assert (again.instrument_id, again.as_of) == (row.instrument_id, row.as_of)
            assert reply(dealt) == before


def test_sabotage_another_past_is_seen(user):
    before, row = _dealt_and_undone(user, 1)
    _change_after(row.shown_from, factor=1.2, until=row.bar_begin)
    dealt, _ = deal(user, seed=1)
    assert reply(dealt) != before


def test_moves_after_what_is_picked_are_like_all_moves(user):
    """The choice tells nothing: what follows the picked moments is what follows any moment."""
    picked, every = [], []
    for secid in ("GAM0", "GAM1", "GAM2", "GAM3"):
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
        every.append(np.log(bars.close[200:560] / bars.close[160:520]))
    for seed in range(40):
        _, row = _dealt_and_undone(user, seed)
        bars = bars_load(secid=share_of(row).secid, timeframe=Timeframe.H1, as_of=NOW)
        at = int(np.searchsorted(bars.begin_s, int(row.bar_begin.timestamp())))
        picked.append(np.log(bars.close[min(at + 40, len(bars) - 1)] / bars.close[at]))
    all_moves = np.concatenate(every)
    error = all_moves.std() / np.sqrt(len(picked) / 4)  # windows overlap: a quarter of them counts
    assert abs(np.mean(picked) - all_moves.mean()) < 3 * error


def test_the_export_of_personal_data_does_not_end_a_round(user):
    _, row = deal(user)
    secret = {"instrument_id", "bar_begin", "as_of", "price_factor", "volume_factor", "weeks", "future_until"}
    [told] = personal_data(user_id=user.pk, as_of=NOW)["scenarios"]
    assert not secret & set(told) and str(row.bar_begin.date()) not in json.dumps(told)
    [told] = personal_data(user_id=user.pk, as_of=row.expires_at + timedelta(seconds=1))["scenarios"]
    assert secret <= set(told)
    assert personal_data(user_id=game_maker.player("new").pk) == {}


def _dealt_and_undone(user: User, seed: int) -> tuple[bytes, Scenario]:
    with undone():
        dealt, row = deal(user, seed=seed)
        return reply(dealt), row


def _change_after(moment: datetime, *, factor: float, until: datetime | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE market_candle SET open = open * %(f)s, high = high * %(f)s, low = low * %(f)s, close = close * %(f)s, "
            "volume_shares = volume_shares * 3 + 1, value_rub = value_rub * 2 "
            "WHERE begin >= %(from)s AND begin < %(until)s",
            {"f": factor, "from": moment, "until": until or clock.now() + timedelta(days=9999)},
        )


assert builders.BARS > 600  # the moments above lie well within the bars
