"""Fills a database for the browser tests: `python -m tests.browser.rows [--without-replay]`.

The rows are made by the services that make real ones: simulated candles, features, a small network in the registry,
and the policy's own decisions. The simulated shares' last bar has just closed, so their calls are fresh; the shares
of the replay stand for a real market whose data ended long ago.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from datetime import date, datetime, timedelta

import django
import numpy as np

SHARES = [  # sector, volume in shares per bar
    ("finance", 8e6), ("oil_gas", 5e6), ("oil_gas", 4e6), ("metals", 3e6), ("it", 2.5e6), ("metals", 2e6),
    ("retail", 1.5e6), ("telecom", 1e6), ("power", 7e5), ("transport", 6e5), ("finance", 3e6), ("chemicals", 2e6),
]  # fmt: skip
HOURS_A_DAY = 9
REPLAYED = ("TEST1", "TEST2")
DAILY = ("SIM01", "SIM02", "SIM03", "SIM04", "SIM05", "SIM06")
DAYS = 420
READERS = ("anna", "boris", "clara", "dora")  # people with data of their own, who sign in
# Closes of the index before and after each spell of portfolio.yaml; no share of ours was traded then.
STRESS_CLOSES = {
    date(2022, 2, 22): 3000.0, date(2022, 2, 24): 2010.0, date(2022, 9, 20): 2400.0, date(2022, 9, 21): 2310.0,
    date(2020, 3, 4): 2900.0, date(2020, 3, 18): 2110.0, date(2014, 12, 3): 1600.0, date(2014, 12, 30): 1400.0,
}  # fmt: skip
TOLD_EVERY = 29  # bars
TOLD = [  # action, horizon, probability and confidence
    ("BUY", "3d", 0.34, 52), ("SELL", "5d", 0.42, 66), ("BUY", "5d", 0.38, 61), ("HOLD", "5d", 0.31, 88),
    ("SELL", "3d", 0.47, 73),
]  # fmt: skip
PLAYERS = {"": None, "vera": "Bober-7", "oleg": "Вектор"}  # with their nicknames; "": the development user
ROUNDS = [  # own R and the AI's, None where it had no word
    (1.9, 0.0), (-1.1, 0.0), (1.9, -1.1), (0.0, 0.0), (0.4, 1.9), (-1.1, 1.9), (1.9, None), (0.0, -1.1), (1.9, 1.9),
    (-1.1, 0.0), (1.2, 0.0), (1.9, -1.1),
]  # fmt: skip


def main() -> None:
    """Migrate the database and store everything that the pages show."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-replay", action="store_true")
    asked = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    from traderai.accounts.models import User

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", password=os.environ["STAFF_PASSWORD"])
    for name in READERS:
        User.objects.create_user(name, password=os.environ["STAFF_PASSWORD"])
    fill_simulated(with_flawed=not asked.without_replay)
    fill_record()
    # In this order, because a model of a made-up market never takes the place of a real one.
    if not asked.without_replay:
        fill_replay()
        fill_days()
        fill_game()


def fill_replay() -> None:
    """Store shares that count as real ones and their calls, computed long after their last bar."""
    from modeling.selectors.versions import champion_get
    from signals.services.score import signals_score
    from tests.signals import builders

    for number, secid in enumerate(REPLAYED):
        names = {"name_ru": f"Проверочная акция {number + 1}", "name_en": f"Test share {number + 1}"}
        builders.share(secid, seed=40 + number, volume=1e6, sector="holding", **names)
    builders.features(*REPLAYED)
    builders.champion("replay-test-1", scaled_on=REPLAYED[0], against=champion_get())
    signals_score(secids=REPLAYED, now=builders.last_moment() + timedelta(days=30))


def fill_record() -> None:
    """Store told signals on old bars of simulated shares; what came of them is found by the code of the labels."""
    from market.selectors.instruments import instrument_get
    from modeling.selectors.label_sets import barrier_set_get
    from signals.models import Signal
    from signals.services.outcomes import outcomes_resolve
    from tests.signals import builders, told_maker
    from traderai.common import clock

    now = clock.now()
    label_set = barrier_set_get(name="swing_v1", timeframe="1h")
    begins = begins_until(now, n=builders.BARS)[120:].tolist()
    for place, (action, horizon, probability, confidence) in enumerate(TOLD):
        share = instrument_get(secid=f"SIM{1 + place:02d}")
        # The staff's pages read more of a payload than the record does: the rest is that of a real one.
        whole = Signal.objects.filter(instrument_id=share.id, horizon=horizon).latest("as_of").payload
        own = told_maker.payload(label_set, p=probability, p_break_even=0.36)
        content = (
            whole
            | {"label_set": own["label_set"], "decision": whole["decision"] | own["decision"]}
            | {
                "market": whole["market"] | own["market"],
                "regime": (whole["regime"] or {}) | {"name": ("uptrend", "flat", "panic")[place % 3]},
            }
        )
        told_maker.told(
            share, begins[place::TOLD_EVERY], label_set, horizon=horizon, action=action, at=now, payload=content,
            source="simulated", confidence=confidence, strength="weak",
        )  # fmt: skip
    outcomes_resolve(now=now)


def fill_game() -> None:
    """Store rounds that the development user and two others have played, their moments long before every candle."""
    from django.db import transaction

    from market.models import Instrument
    from tests.training_game import game_maker
    from traderai.accounts.models import User
    from traderai.accounts.services.development import development_user_get
    from traderai.common import clock
    from training_game.services.nickname import nickname_set

    share, now = Instrument.objects.get(secid=REPLAYED[0]), clock.now()
    for place, (name, nickname) in enumerate(PLAYERS.items()):
        user = User.objects.create_user(name) if name else development_user_get()
        for number, (own_r, ai_r) in enumerate(ROUNDS[place:] + ROUNDS[:place]):
            with transaction.atomic():
                game_maker.play(
                    user, share, own_r, ai_r, number=number, at=now - timedelta(days=len(ROUNDS) - number),
                    regime=("flat", "uptrend", "panic")[number % 3], setup=("range", "breakout_up")[number % 2],
                )  # fmt: skip
        if nickname:
            nickname_set(user_id=user.pk, nickname=nickname)


def fill_simulated(*, with_flawed: bool) -> None:
    """Store simulated shares up to this hour, their regime and their calls; the flawed ones end early or at once."""
    from features.services.build import features_build
    from features.services.regime import regime_build
    from market.contracts import Timeframe
    from signals.services.score import signals_score
    from tests.signals import builders
    from traderai.common import clock

    now = clock.now()
    begins = begins_until(now, n=builders.BARS)
    secids = [f"SIM{number:02d}" for number in range(1, len(SHARES) + 1)]
    for number, (sector, volume) in enumerate(SHARES, start=1):
        names = {"name_ru": f"Симулированная акция {number}", "name_en": f"Simulated share {number}"}
        simulated_share(secids[number - 1], begins, seed=number, volume=volume, sector=sector, **names)
    if with_flawed:
        secids += ["SIMOLD", "SIMNEW"]
        names = {"name_ru": "Рано кончившаяся", "name_en": "Ended early"}
        simulated_share("SIMOLD", begins[:-60], seed=99, volume=1e6, sector="it", **names)
        names = {"name_ru": "Только что вышедшая", "name_en": "Just listed"}
        simulated_share("SIMNEW", begins[:0], seed=98, volume=1e6, sector="it", **names)
    features_build(feature_set=builders.FEATURE_SET, timeframe=Timeframe.H1, secids=tuple(secids), now=now)
    regime_build(now=now)
    # What it was trained on lies before every bar that it is asked about.
    trained_until = clock.from_epoch_s(int(begins[0]))
    builders.champion(
        "simulated-test-1", is_simulated=True, scaled_on="SIM01", trained_until=trained_until, at=now
    )
    signals_score(secids=tuple(secids), now=now)


def fill_days() -> None:
    """Store daily candles of some simulated shares and of the index, for what looks at the risk of years.

    The last ones are made of the hourly ones, so that nobody sees two different markets; a walk leads up to them, half
    of it common to all. Of the days of stress there is the index alone: it stands in for the shares.
    """
    from market.contracts import SIMULATOR_ORIGIN
    from market.models import Instrument
    from tests.market.make import FILE
    from tests.signals import builders
    from traderai.common import clock

    today = clock.now().astimezone(clock.MOSCOW).date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    rng = np.random.default_rng(50)
    common = rng.normal(0, 0.009, DAYS)
    for secid in DAILY:
        closes = closes_of_days(secid, until=today)
        first, close = next(iter(closes.items()))
        steps = common + rng.normal(0, 0.011, DAYS)
        n = days.index(first)
        # The walk ends where the hours begin.
        path = close * np.exp(np.cumsum(steps[:n]) - steps[:n].sum())
        before = dict(zip(days[:n], path.tolist(), strict=True))
        write_days(Instrument.objects.get(secid=secid).pk, before | closes, SIMULATOR_ORIGIN)
    index = builders.share("IMOEX", seed=0, bars=0, kind="index", sector="")
    level = dict(zip(days, (2800 * np.exp(np.cumsum(common))).tolist(), strict=True))
    write_days(index.pk, STRESS_CLOSES | level, FILE)


def closes_of_days(secid: str, *, until: date) -> dict[date, float]:
    """Return the last hourly close of each whole Moscow day before `until`, the oldest first."""
    from market.contracts import Timeframe
    from market.selectors.candles import candle_list
    from traderai.common import clock

    closes: dict[date, float] = {}
    for bar in candle_list(secid=secid, timeframe=Timeframe.H1, as_of=clock.now(), limit=1000):
        closes[bar.begin.astimezone(clock.MOSCOW).date()] = bar.close
    return {day: close for day, close in closes.items() if day < until}


def write_days(instrument_id: int, closes: dict[date, float], origin: object) -> None:
    """Store a daily candle of each close."""
    from market.contracts import CandleColumns, Timeframe
    from market.services.candle_write import candles_write
    from traderai.common import clock

    days = sorted(closes)
    close = np.round([closes[day] for day in days], 2)
    columns = CandleColumns(
        begin_s=np.array([int(clock.midnight(day).timestamp()) for day in days], dtype=np.int64),
        open=close, high=close, low=close, close=close,
        volume_shares=np.full(close.size, 9e6), value_rub=9e6 * close,
    )  # fmt: skip
    candles_write(instrument_id=instrument_id, timeframe=Timeframe.D1, columns=columns, origin=origin)


def begins_until(now: datetime, *, n: int) -> np.ndarray:
    """Return the begins of n hourly bars, nine a day; the last bar has just closed."""
    last = int(now.replace(minute=0, second=0, microsecond=0).timestamp()) - 3600
    days, hours = np.divmod(np.arange(n, dtype=np.int64), HOURS_A_DAY)
    return (last - days * 86400 - hours * 3600)[::-1].copy()


def simulated_share(secid: str, begins: np.ndarray, *, seed: int, volume: float, **fields: object) -> None:
    """Store one simulated share with a seeded walk on these hours."""
    from market.contracts import SIMULATOR_ORIGIN, Timeframe
    from market.services.candle_write import candles_write
    from tests.signals import builders

    instrument = builders.share(secid, seed=seed, bars=0, is_simulated=True, **fields)
    if not len(begins):
        return
    walk = dataclasses.replace(builders.columns(seed, len(begins), volume=volume), begin_s=begins)
    candles_write(instrument_id=instrument.pk, timeframe=Timeframe.H1, columns=walk, origin=SIMULATOR_ORIGIN)


if __name__ == "__main__":
    main()
