"""Synthetic journals: a disciplined trader with losses, varied sizes, evening trades and adds to winners, and one planted
pattern at a time, of which the maker knows the trades."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from behavior.contracts.journal import (
    Journal,
    PricePath,
    RiskLimits,
    ShownSignal,
    SignalInForce,
    TradeContext,
)
from portfolio.contracts import StopChange, TradeFacts
from portfolio.kernels.fifo import fifo_fold
from traderai.common.clock import MOSCOW

START = datetime(2024, 1, 15, tzinfo=MOSCOW)
DAYS, BARS = 84, 14  # calendar days; hourly bars from 10:00
SHARES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
CAPITAL_RUB = 1_000_000.0
FEE_FRAC = 0.0005
STOP_FRAC = 0.03
REGIMES = ("uptrend", "downtrend", "flat", "flat", "flat", "panic", "euphoria")


@dataclass
class Maker:
    """A journal while it is written."""

    rng: np.random.Generator
    trades: list[TradeFacts] = field(default_factory=list)
    stops: list[StopChange] = field(default_factory=list)
    shown: list[ShownSignal] = field(default_factory=list)
    contexts: dict[int, TradeContext] = field(default_factory=dict)
    paths: dict[str, PricePath] = field(default_factory=dict)
    own: list[int] = field(default_factory=list)  # trades of own ideas

    def trade(self, secid, side, value_rub, price_rub, at, *, stop_rub=None, signal_id=None, context=None):
        """Write one execution and return its id."""
        key = len(self.trades) + 1
        qty = max(round(value_rub / price_rub), 1)
        self.trades.append(
            TradeFacts(
                id=key,
                account_id=1,
                secid=secid,
                side=side,
                qty_shares=qty,
                price_rub=price_rub,
                commission_rub=FEE_FRAC * qty * price_rub,
                traded_at=at,
                known_at=at,
                origin="manual",
                stop_rub=stop_rub,
                signal_id=signal_id,
            )
        )
        if context is not None:
            self.contexts[key] = context
        return key

    def close(self, secid, price_rub, at, **more):
        """Close what is open in a share."""
        qty = sum(t.qty_shares * (1 if t.side == "BUY" else -1) for t in self.trades if t.secid == secid)
        assert qty != 0
        return self.trade(secid, "SELL" if qty > 0 else "BUY", abs(qty) * price_rub, price_rub, at, **more)

    def show(self, secid, action, at, strength="medium"):
        """Show a signal and return its id."""
        key = 1000 + len(self.shown)
        self.shown.append(
            ShownSignal(signal_id=key, secid=secid, action=action, strength=strength, shown_at=at)
        )
        return key

    def path(self, secid, points):
        """Give a share a path that is linear between (moment, price) points, hour by hour."""
        at_s = np.array([at.timestamp() for at, _ in points])
        hours = np.arange(at_s[0], at_s[-1] + 1, 3600.0)
        prices = np.interp(hours, at_s, [price for _, price in points])
        self.paths[secid] = PricePath(at_s=hours.astype(np.int64), close_rub=prices)

    def journal(self, *, capital_rub=CAPITAL_RUB, zone=MOSCOW, since=START + timedelta(days=25)) -> Journal:
        """Return the journal as the portfolio would tell it."""
        trades = tuple(sorted(self.trades, key=lambda trade: (trade.traded_at, trade.id)))
        return Journal(
            since=since,
            until=START + timedelta(days=DAYS),
            zone=zone,
            trades=trades,
            round_trips=fifo_fold(trades)[0],
            limits=RiskLimits(risk_frac=0.01, max_position_frac=0.25),
            stops=tuple(sorted(self.stops, key=lambda stop: stop.set_at)),
            shown=tuple(sorted(self.shown, key=lambda shown: shown.shown_at)),
            contexts=dict(self.contexts),
            paths=dict(self.paths),
            capital_rub=capital_rub,
        )


@dataclass
class _Open:
    side: int
    entry: float
    stop: float
    until: int
    added: bool
    value: float


@lru_cache(maxsize=2048)
def _disciplined(seed: int, own_frac: float) -> Maker:
    return _Trader(Maker(rng=np.random.default_rng([seed, int(1000 * own_frac)])), own_frac).trade_on()


def disciplined(seed: int, own_frac: float = 0.12) -> Maker:
    """Return a disciplined trader's journal to write more into; `own_frac` of the decisions are own ideas."""
    base = _disciplined(seed, own_frac)
    return replace(
        base,
        rng=np.random.default_rng([seed, 7]),
        trades=list(base.trades),
        stops=list(base.stops),
        shown=list(base.shown),
        contexts=dict(base.contexts),
        paths=dict(base.paths),
        own=list(base.own),
    )


class _Trader:
    """Follows plans: a stop with every entry, exits at the stop, no adds to losers, sizes of a fixed risk give or take."""

    def __init__(self, maker: Maker, own_frac: float) -> None:
        self.maker, self.own_frac, self.rng = maker, own_frac, maker.rng
        self.open: dict[str, _Open] = {}
        days = [
            START + timedelta(days=day) for day in range(DAYS) if (START + timedelta(days=day)).weekday() < 5
        ]
        self.moments = [day + timedelta(hours=10 + bar + 1) for day in days for bar in range(BARS)]
        at_s = np.array([int(moment.timestamp()) for moment in self.moments], dtype=np.int64)
        shocks = self.rng.standard_t(5, (len(SHARES), len(self.moments))) * 0.02 / np.sqrt(BARS * 5 / 3)
        self.prices = np.round(100.0 * np.exp(np.cumsum(shocks, axis=1)), 2)
        for secid, prices in zip(SHARES, self.prices, strict=True):
            maker.paths[secid] = PricePath(at_s=at_s, close_rub=prices)
        self.regimes = [REGIMES[i] for i in self.rng.integers(0, len(REGIMES), len(days))]

    def trade_on(self) -> Maker:
        entries = self.rng.random(len(self.moments)) < np.where(
            np.arange(len(self.moments)) % BARS < 11, 0.11, 0.05
        )
        for bar in range(len(self.moments)):
            for secid in tuple(self.open):
                self._manage(secid, bar)
            if entries[bar]:
                self._enter(bar)
        return self.maker

    def _price(self, secid: str, bar: int) -> float:
        return round(float(self.prices[SHARES.index(secid), bar]), 2)

    def _context(self, bar: int, signal: SignalInForce | None, sigma: float = 0.0) -> TradeContext:
        return TradeContext(regime=self.regimes[bar // BARS], signal=signal, prior_move_sigma=sigma)

    def _enter(self, bar: int) -> None:
        free = [secid for secid in SHARES if secid not in self.open]
        if not free:
            return
        secid, side = str(self.rng.choice(free)), 1 if self.rng.random() < 0.7 else -1
        at, price = (
            self.moments[bar] + timedelta(minutes=int(self.rng.integers(25, 50))),
            self._price(secid, bar),
        )
        word, value = (
            "BUY" if side > 0 else "SELL",
            min(166_000 * float(np.exp(self.rng.normal(0, 0.25))), 240_000),
        )
        own, signal, sigma = self.rng.random() < self.own_frac, None, float(self.rng.standard_t(6) * 0.8)
        if own and sigma * side > 2.5:
            return  # its rule: no own idea runs after a move
        strength = str(self.rng.choice(["weak", "medium", "strong"]))
        if not own:
            key = self.maker.show(
                secid, word, at - timedelta(minutes=int(self.rng.integers(5, 600))), strength
            )
            signal = SignalInForce(signal_id=key, action=word, strength=strength)
        elif any(
            one.secid == secid and one.action == word and at - one.shown_at < timedelta(days=2)
            for one in self.maker.shown
        ):
            return
        elif self.rng.random() < 0.2:
            signal = SignalInForce(signal_id=1, action="SELL" if side > 0 else "BUY", strength="weak")
        stop = round(price * (1 - side * STOP_FRAC * float(self.rng.uniform(0.7, 1.3))), 2)
        parts = [0.4, 0.6] if self.rng.random() < 0.2 else [1.0]
        for place, part in enumerate(parts):
            made = at + timedelta(minutes=3 * place)
            named = signal.signal_id if signal is not None and not own and self.rng.random() < 0.5 else None
            id_ = self.maker.trade(
                secid,
                word,
                part * value,
                price,
                made,
                stop_rub=stop,
                signal_id=named,
                context=self._context(bar, signal, sigma),
            )
            if own:
                self.maker.own.append(id_)
        self.open[secid] = _Open(side, price, stop, bar + int(self.rng.integers(5, 8 * BARS)), False, value)
        if self.rng.random() < 0.15:  # shown and passed by: nobody takes every signal
            other = str(self.rng.choice([one for one in SHARES if one != secid]))
            self.maker.show(other, word, at, "strong")

    def _manage(self, secid: str, bar: int) -> None:
        own, price, at = self.open[secid], self._price(secid, bar), self.moments[bar] + timedelta(minutes=20)
        gain = (price / own.entry - 1) * own.side
        word = "BUY" if own.side > 0 else "SELL"
        if (price - own.stop) * own.side < 0:
            strong = SignalInForce(signal_id=2, action=word, strength="strong")
            self.maker.close(
                secid, price, at, context=self._context(bar, strong if self.rng.random() < 0.3 else None)
            )
            del self.open[secid]
        elif bar >= own.until or gain > 2.5 * STOP_FRAC:
            self.maker.close(secid, price, at, context=self._context(bar, None))
            del self.open[secid]
        elif gain > 0.02 and not own.added and self.rng.random() < 0.05:
            own.added, add = True, min(0.4 * own.value, 245_000 - own.value * 1.1)
            if add > 20_000:
                # It adds in the signal's favour, with its stop drawn after the price.
                id_ = self.maker.show(secid, word, at - timedelta(minutes=30))
                self.maker.trade(
                    secid,
                    word,
                    add,
                    price,
                    at,
                    stop_rub=own.stop,
                    signal_id=id_,
                    context=self._context(bar, None),
                )
        elif gain > 0.025 and (own.entry - own.stop) * own.side > 0:
            own.stop = own.entry
            self.maker.stops.append(StopChange(account_id=1, secid=secid, stop_rub=own.stop, set_at=at))
