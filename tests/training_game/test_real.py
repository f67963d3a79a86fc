"""Rounds of a real share: GMKN with its split of 1:100, its dividends and the halt of 2022."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection

from market.contracts import Timeframe
from market.models import CorporateAction
from market.selectors.instruments import instrument_get
from market.services.ingest import ingest_all
from market.sources.files import files_source
from tests.training_game import game_maker
from tests.training_game.game_maker import deal, undone
from tests.training_game.leaks import leaks, reply
from traderai.common.clock import midnight
from training_game.models import Player, Scenario
from training_game.services.deal import candles_between, share_of

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
REAL_NOW = datetime(2025, 1, 1, tzinfo=UTC)
# Until then a share cost ten thousand rubles and more: no disguise shows such a price.
BEFORE_SPLIT = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def gmkn(db, real_data):
    folders = [real_data / "candles", real_data / "corporate"]
    ingest_all(source=files_source(folders), secids=("GMKN",), timeframes=[Timeframe.H1], now=REAL_NOW)
    return instrument_get(secid="GMKN")


def test_real_rounds_tell_nothing_and_go_on_over_a_split(gmkn):
    user = game_maker.player()
    for seed in range(6):
        with undone():
            dealt, row = deal(user, seed=seed, now=BEFORE_SPLIT)
            assert share_of(row).secid == "GMKN"
            body = json.loads(reply(dealt))
            # Of hundred thousand real figures some are equal to a shown volume by accident; the row of them is not.
            volumes = [candle.pop("volume") for candle in body["candles"]]
            assert leaks(json.dumps(body).encode(), row, now=BEFORE_SPLIT, least_count=1e7) == []
            assert np.std(np.log(volumes)) > 0.1 and abs(np.log(row.volume_factor)) > 1e-3
            before = reply(dealt)
        with undone():
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE market_candle SET close = (low + high) / 2 WHERE begin >= %s", [row.as_of]
                )
            assert reply(deal(user, seed=seed, now=BEFORE_SPLIT)[0]) == before

    split = CorporateAction.objects.get(instrument_id=gmkn.id, kind="split")
    as_of = midnight(split.ex_date) - timedelta(hours=8)
    across = Scenario(
        player=Player(), token=uuid4(), instrument_id=gmkn.id, timeframe="1h", bar_begin=as_of - timedelta(hours=1),
        as_of=as_of, disguised=False,
    )  # fmt: skip
    across.bar_begin = _last_bar(gmkn.id, as_of)
    shown = candles_between(across, gmkn, since=as_of - timedelta(days=20), until=as_of)
    after = candles_between(across, gmkn, since=as_of, until=as_of + timedelta(days=21))
    close = np.concatenate([shown.close, after.close])
    assert close.min() > 10_000 and np.abs(np.diff(np.log(close))).max() < 0.1


def _last_bar(instrument_id: int, as_of: datetime) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(begin) FROM market_candle WHERE instrument_id = %s AND timeframe_min = 60 AND begin < %s",
            [instrument_id, as_of],
        )
        begin: datetime = cursor.fetchone()[0]
        return begin
