"""One planted pattern each: what is written into a disciplined journal, and which trades are its evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from behavior.contracts.journal import Journal, SignalInForce, TradeContext
from portfolio.contracts import StopChange
from tests.behavior.journal_maker import CAPITAL_RUB, DAYS, START, Maker, disciplined


@dataclass(frozen=True)
class Planted:
    """A journal, the trades that the evidence must hold, and those that it may hold besides."""

    journal: Journal
    required: frozenset[int]
    allowed: frozenset[int] = frozenset()


def planted(maker: Maker, required, allowed=()) -> Planted:
    return Planted(maker.journal(), frozenset(required), frozenset(required) | frozenset(allowed))


def a_moment(maker: Maker, *, first=30, last=70, hour=(11, 20)) -> datetime:
    """Return a moment on a working day."""
    while True:
        day = START + timedelta(days=int(maker.rng.integers(first, last)))
        if day.weekday() < 5:
            return day + timedelta(
                hours=int(maker.rng.integers(*hour)), minutes=int(maker.rng.integers(0, 60))
            )


def later(maker: Maker, at: datetime, low_min: int, high_min: int) -> datetime:
    return at + timedelta(minutes=int(maker.rng.integers(low_min, high_min)))


def followed(seed: int) -> Planted:
    maker = disciplined(seed)
    at = a_moment(maker)
    maker.show("PLT", "BUY", at - timedelta(hours=3))
    key = maker.trade("PLT", "BUY", 100_000, 50.0, at)
    maker.trade("PLT", "SELL", 100_000, 50.0, later(maker, at, 60, 6000))
    from_base = {t.id for t in maker.trades if t.id not in maker.own}
    return planted(maker, [key], from_base)


def ignored(seed: int) -> Planted:
    maker = disciplined(seed, own_frac=0.9)
    for _ in range(int(maker.rng.integers(26, 40))):
        maker.show("PLT", "BUY" if maker.rng.random() < 0.5 else "SELL", a_moment(maker), "strong")
    for shown in maker.shown[-8:]:
        at = later(maker, shown.shown_at, 10, 600)
        maker.own.append(maker.trade(f"PL{shown.signal_id}", "BUY", 80_000, 50.0, at))
    return planted(maker, maker.own[-8:], maker.own)


def against(seed: int) -> Planted:
    maker = disciplined(seed)
    at, side = a_moment(maker), "BUY" if maker.rng.random() < 0.5 else "SELL"
    signal = SignalInForce(
        signal_id=5,
        action="SELL" if side == "BUY" else "BUY",
        strength=str(maker.rng.choice(["medium", "strong"])),
    )
    key = maker.trade("PLT", side, 120_000, 50.0, at, context=TradeContext(regime="flat", signal=signal))
    maker.close("PLT", 49.0, later(maker, at, 60, 9000))
    return planted(maker, [key])


def without_signal(seed: int) -> Planted:
    maker = disciplined(seed, own_frac=0.75)
    since = START + timedelta(days=25)
    own = set(maker.own)
    return planted(maker, [t.id for t in maker.trades if t.id in own and t.traded_at >= since])


def _falling(maker: Maker, at: datetime, side: int) -> float:
    """Give the planted share a path that goes against a side for ten days; return the worst price."""
    worst = 100.0 * (1 - side * float(maker.rng.uniform(0.08, 0.2)))
    maker.path(
        "PLT",
        [
            (at - timedelta(days=2), 100.0),
            (at + timedelta(hours=1), 100.0),
            (at + timedelta(days=10), worst),
            (START + timedelta(days=DAYS), worst),
        ],
    )
    return worst


def violated(seed: int) -> Planted:
    maker = disciplined(seed)
    at, side = a_moment(maker, last=60), 1 if maker.rng.random() < 0.6 else -1
    worst = _falling(maker, at, side)
    key = maker.trade("PLT", "BUY" if side > 0 else "SELL", 150_000, 100.0, at, stop_rub=100.0 - 3.0 * side)
    ids = [key]
    if maker.rng.random() < 0.7:
        ids.append(maker.close("PLT", worst, at + timedelta(days=11)))
    return planted(maker, ids)


def moved(seed: int) -> Planted:
    maker = disciplined(seed)
    at, side = a_moment(maker, last=60), 1 if maker.rng.random() < 0.6 else -1
    _falling(maker, at, side)
    key = maker.trade("PLT", "BUY" if side > 0 else "SELL", 150_000, 100.0, at, stop_rub=100.0 - 3.0 * side)
    to = None if maker.rng.random() < 0.4 else 100.0 - 30.0 * side
    maker.stops.append(StopChange(account_id=1, secid="PLT", stop_rub=to, set_at=later(maker, at, 30, 600)))
    closed = maker.close("PLT", 100.0 - 7.0 * side, at + timedelta(days=8))
    return planted(maker, [key, closed])


def averaged(seed: int) -> Planted:
    maker = disciplined(seed)
    at, side = a_moment(maker, last=55), 1 if maker.rng.random() < 0.6 else -1
    _falling(maker, at, side)
    word, price, ids = "BUY" if side > 0 else "SELL", 100.0, []
    maker.trade("PLT", word, 60_000, price, at)
    for _ in range(int(maker.rng.integers(1, 4))):
        at, price = later(maker, at, 300, 4000), price * (1 - side * float(maker.rng.uniform(0.07, 0.1)))
        ids.append(maker.trade("PLT", word, 60_000, price, at))
    maker.close("PLT", price * (1 - 0.02 * side), at + timedelta(days=5))
    return planted(maker, ids)


def too_often(seed: int) -> Planted:
    maker = disciplined(seed)
    at = a_moment(maker, first=45, hour=(11, 12))
    after_losses = maker.rng.random() < 0.5
    count = int(maker.rng.integers(8, 11) if after_losses else maker.rng.integers(12, 20))
    ids = []
    for place in range(count):
        # After losses a dozen minutes lie between two entries, else half an hour.
        made = at + timedelta(minutes=(16 if after_losses else 30) * place + int(maker.rng.integers(0, 6)))
        ids.append(maker.trade(f"PL{place}", "BUY", 30_000, 50.0, made))
        maker.close(f"PL{place}", 49.0, made + timedelta(minutes=9))
    day = {t.id for t in maker.trades if t.traded_at.date() == at.date()}
    # The first entry came before any loss.
    return planted(maker, ids[1:], day)


def revenge(seed: int) -> Planted:
    maker = disciplined(seed)
    at = a_moment(maker)
    maker.trade("PLT", "BUY", 90_000, 50.0, at - timedelta(hours=5))
    lost = maker.close("PLT", 48.0, at)
    key = maker.trade("PLU", "BUY", float(maker.rng.uniform(420_000, 700_000)), 50.0, later(maker, at, 3, 55))
    maker.close("PLU", 48.5, at + timedelta(hours=20))
    losers = {t.id for t in maker.trades if at - timedelta(hours=1) <= t.traded_at <= at + timedelta(hours=1)}
    return Planted(maker.journal(), frozenset([key]), frozenset([key, lost]) | losers)


def too_large(seed: int) -> Planted:
    maker = disciplined(seed)
    at = a_moment(maker)
    if maker.rng.random() < 0.5:
        key = maker.trade("PLT", "BUY", float(maker.rng.uniform(0.35, 0.9)) * CAPITAL_RUB, 50.0, at)
    else:  # within the position's limit, with a stop far away
        key = maker.trade(
            "PLT", "BUY", 220_000, 50.0, at, stop_rub=50.0 * (1 - float(maker.rng.uniform(0.12, 0.4)))
        )
    maker.close("PLT", 47.0, at + timedelta(days=3))
    return planted(maker, [key])


def disposed(seed: int) -> Planted:
    maker = disciplined(seed)
    at, losers, winners = START + timedelta(days=28, hours=12), [], []
    for place in range(8):
        secid = f"PL{place}"
        losers.append(maker.trade(secid, "BUY", 40_000, 100.0, at))
        maker.path(
            secid,
            [
                (at - timedelta(days=1), 100.0),
                (at + timedelta(days=3), 93.0),
                (START + timedelta(days=DAYS), 82.0),
            ],
        )
    for place in range(int(maker.rng.integers(30, 45))):
        made = at + timedelta(days=4 + place, minutes=int(maker.rng.integers(0, 200)))
        maker.trade("PLW", "BUY", 60_000, 100.0, made)
        winners.append(
            maker.close("PLW", float(maker.rng.uniform(100.6, 102.5)), later(maker, made, 40, 400))
        )
    besides = {t.id for t in maker.trades if not t.secid.startswith("PL")}
    return planted(maker, [*losers, *winners], besides)


def chased(seed: int) -> Planted:
    maker = disciplined(seed)
    at, side = a_moment(maker), 1 if maker.rng.random() < 0.7 else -1
    sigma = side * float(maker.rng.uniform(3.1, 7.0))
    key = maker.trade(
        "PLT",
        "BUY" if side > 0 else "SELL",
        100_000,
        50.0,
        at,
        context=TradeContext(regime="flat", prior_move_sigma=sigma),
    )
    maker.close("PLT", 50.0 - side, later(maker, at, 60, 9000))
    return planted(maker, [key])


def panicked(seed: int) -> Planted:
    maker = disciplined(seed)
    at = a_moment(maker)
    if maker.rng.random() < 0.5:  # sells out at a loss before the stop, against a strong BUY
        maker.trade("PLT", "BUY", 120_000, 50.0, at - timedelta(days=2), stop_rub=45.0)
        context = TradeContext(
            regime="panic", signal=SignalInForce(signal_id=6, action="BUY", strength="strong")
        )
        return planted(maker, [maker.close("PLT", 48.0, at, context=context)])
    context = TradeContext(
        regime="euphoria", signal=SignalInForce(signal_id=6, action="SELL", strength="strong")
    )
    key = maker.trade("PLT", "BUY", 120_000, 50.0, at, context=context)
    maker.close("PLT", 47.0, at + timedelta(days=2))
    return planted(maker, [key])


def at_night(seed: int) -> Planted:
    maker = disciplined(seed)
    at, ids = a_moment(maker, hour=(23, 24)), []
    for place in range(int(maker.rng.integers(4, 9))):
        made = at + timedelta(minutes=int(40 * place + maker.rng.integers(0, 20)))
        ids.append(maker.trade(f"PL{place}", "BUY", 60_000, 50.0, made))
        maker.close(f"PL{place}", 49.6, made + timedelta(hours=12))
    night = {t.id for t in maker.trades if at.date() == (t.traded_at - timedelta(hours=6)).date()}
    return planted(maker, ids, night)


PATTERNS: Final[dict[str, Callable[[int], Planted]]] = {
    "signal_followed": followed,
    "signal_ignored": ignored,
    "traded_against": against,
    "trade_without_signal": without_signal,
    "stop_violated": violated,
    "stop_moved": moved,
    "averaging_down": averaged,
    "overtrading": too_often,
    "revenge_trade": revenge,
    "position_too_large": too_large,
    "disposition": disposed,
    "chasing": chased,
    "panic_trade": panicked,
    "late_night": at_night,
}
