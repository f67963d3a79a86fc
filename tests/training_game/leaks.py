"""What a reply tells that it must not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import numpy as np

from market.contracts import Timeframe
from market.models import Instrument
from market.selectors.bars import bars_load
from tests.training_game.game_maker import NOW
from training_game.api.serializers import GameScenarioSerializer
from training_game.contracts import Dealt
from training_game.models import Scenario
from training_game.services.deal import candles_between, share_of


def reply(dealt: Dealt) -> bytes:
    return json.dumps(GameScenarioSerializer(dealt, context={"language": "ru"}).data).encode()


def leaks(content: bytes, row: Scenario, *, now: datetime = NOW, least_count: float = 1000) -> list[str]:
    """Return what a reply tells that it must not: each string, number and date in it is looked at."""
    share, text = share_of(row), content.decode()
    instrument = Instrument.objects.get(pk=row.instrument_id)
    bars = bars_load(secid=share.secid, timeframe=Timeframe.H1, as_of=now)
    own = [share.secid, share.name_ru, share.name_en, share.sector, instrument.isin or ""]
    words = {word for word in own if word}
    told = [f"names {word}" for word in words if re.search(rf"\b{re.escape(word)}\b", text)]
    told += [f"names {word}" for word in words if json.dumps(word)[1:-1] in text and word not in told]
    days = {datetime.fromtimestamp(int(at), tz=UTC).date() for at in bars.begin_s}
    told += [f"date {day}" for day in days if day.isoformat() in text or day.strftime("%d.%m.%Y") in text]
    told += [f"moment {at}" for at in bars.begin_s.tolist() if str(at) in text]
    numbers = {float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text)}
    real = {
        round(float(price), 6) for name in ("open", "high", "low", "close") for price in getattr(bars, name)
    }
    # A few shares, or the day of a date, are no secret: counts are compared where they are large.
    real |= {float(count) for count in (*bars.volume_shares, *bars.turnover_rub) if count > least_count}
    told += [f"figure {number}" for number in numbers & real]
    for secret in (row.price_factor, row.volume_factor, 1 / row.price_factor, 1 / row.volume_factor):
        told += [f"factor {number}" for number in numbers if np.isclose(number, secret, rtol=1e-6)]
    told += [f"weeks {row.weeks}" for _ in [0] if float(row.weeks) in numbers]
    after = candles_between(row, share, since=row.as_of, until=row.future_until)
    told += [f"later candle {at}" for at in _begins(json.loads(text)) if at >= int(after.begin_s[0])]
    return told


def _begins(body: dict[str, Any]) -> list[int]:
    return [int(datetime.fromisoformat(candle["begin"]).timestamp()) for candle in body["candles"]]
