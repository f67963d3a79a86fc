"""Picking a moment of history to play: at random, by nothing that was not known at it.

Bars are drawn alike: shares and times at random, and a time at which no bar of the share was being made is thrown away.
Of what came later one thing alone is asked: whether the share was still traded when every window had closed. No price
of the future is read here, so a moment does not tell by having been picked where the price went from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from features.contracts import REGIMES, RegimeFacts
from features.selectors.regime import regime_at, regime_days
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.auctions import bars_in_auction
from market.selectors.bars_many import bars_load_many, warmup_begins
from market.selectors.candles import candle_spans, newest_begins
from market.selectors.instruments import traded_list
from modeling.selectors.configuration import policy_get
from modeling.selectors.versions import first_trained
from traderai.common.clock import from_epoch_s, midnight, to_epoch_s
from traderai.common.errors import InputError, NotReadyError, did_you_mean
from training_game.contracts import DifficultyRules, GameConfig, TimeframeRules, Wish
from training_game.kernels.moments import CHANNEL_BARS, efficiency_ratio
from training_game.models import Scenario

TURNOVER_BARS = 100  # as in the policy's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a player has seen of a share already."""

    instrument_id: int
    shown_from: datetime
    future_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """A moment that can be played."""

    instrument: InstrumentFacts
    bars: Bars  # those shown and the ones that liquidity is judged by, the last one is the moment's
    shown: int  # how many of them are shown
    as_of: datetime
    future_until: datetime
    regime: RegimeFacts | None

    @property
    def shown_from(self) -> datetime:
        """Begin of the first bar shown."""
        return from_epoch_s(int(self.bars.begin_s[-self.shown]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """What all moments of one deal have in common."""

    shares: Sequence[InstrumentFacts]
    spans: Mapping[int, tuple[datetime, datetime]]  # begin of the first and of the newest candle of each
    timeframe: Timeframe
    rules: TimeframeRules
    difficulty: DifficultyRules
    config: GameConfig
    regime: str | None
    spells: Sequence[tuple[int, int]]  # of that regime, seconds since 1970
    seen: Sequence[Seen]
    now: datetime


def moment_pick(
    *, wish: Wish, config: GameConfig, player_id: int, now: datetime, rng: np.random.Generator
) -> Moment:
    """Return a moment that fits the wish and of which the player has seen nothing.

    Raises: InputError for an unknown sector or regime, NotReadyError where nothing was found.
    """
    table = _table(wish, config, player_id, now)
    if rng.random() < config.shared_frac:
        for share, begin in _played_by_others(table, player_id, rng):
            if (found := _fitting(table, share, begin)) is not None:
                return found
    since = midnight(date.fromisoformat(table.rules.since))
    if rng.random() < config.rated_frac:
        trained = first_trained(
            timeframe=table.timeframe.value,
            horizon=table.rules.horizon,
            simulated=table.shares[0].is_simulated,
        )
        since = max(since, trained or since)
    for tried in range(config.tries):
        if tried == config.tries // 2:
            since = midnight(date.fromisoformat(table.rules.since))
        for share, begin in _drawn(table, since, rng):
            if (found := _fitting(table, share, begin)) is not None:
                return found
    raise NotReadyError(
        f"no unseen moment of {len(table.shares)} shares was found that fits the wish; ask for another sector, regime "
        "or timeframe, or ask again",
        code="no_moment",
    )


def _table(wish: Wish, config: GameConfig, player_id: int, now: datetime) -> _Table:
    timeframe = Timeframe.parse(wish.timeframe or config.default_timeframe)
    if wish.regime is not None and wish.regime not in REGIMES:
        raise InputError(
            f"regime must be one of {', '.join(REGIMES)}, was {wish.regime!r}{did_you_mean(wish.regime, REGIMES)}",
            field="regime",
        )
    shares = _shares(timeframe, wish.sector)
    seen = Scenario.objects.filter(player_id=player_id).values_list(
        "instrument_id", "shown_from", "future_until"
    )
    simulated = shares[0].is_simulated
    return _Table(
        shares=shares,
        spans=candle_spans(instrument_ids=[one.id for one in shares], timeframe=timeframe),
        timeframe=timeframe,
        rules=config.timeframes[timeframe.value],
        difficulty=config.difficulties[wish.difficulty or config.default_difficulty],
        config=config,
        regime=wish.regime,
        spells=_spells(wish.regime, simulated=simulated, now=now) if wish.regime else (),
        seen=[Seen(instrument_id=own, shown_from=first, future_until=last) for own, first, last in seen],
        now=now,
    )


def _shares(timeframe: Timeframe, sector: str | None) -> Sequence[InstrumentFacts]:
    """Return the shares in play, those delisted since too: to leave them out would tell who survived."""
    every = traded_list(timeframe=timeframe, active_only=False)
    # Made-up prices are played only where there are no others.
    shares = [one for one in every if not one.is_simulated] or list(every)
    if not shares:
        raise NotReadyError(f"no share has {timeframe.value} bars yet; run manage.py ingest candles")
    if sector is None:
        return shares
    known = sorted({one.sector for one in shares} - {""})
    if sector not in known:
        raise InputError(
            f"sector must be one of {', '.join(known)}, was {sector!r}{did_you_mean(sector, known)}",
            field="sector",
        )
    return [one for one in shares if one.sector == sector]


def _played_by_others(
    table: _Table, player_id: int, rng: np.random.Generator
) -> Iterator[tuple[InstrumentFacts, datetime]]:
    """Yield some moments that others were dealt, in a random order."""
    by_id = {share.id: share for share in table.shares}
    rows = Scenario.objects.filter(timeframe=table.timeframe.value, disguised=True).exclude(
        player_id=player_id
    )
    # The newest alone: old rounds were met already, and a table is not read whole for one of them.
    moments = list(rows.order_by("-pk").values_list("instrument_id", "bar_begin")[:200])
    for place in rng.permutation(len(moments))[: table.config.tried_at_once]:
        instrument_id, begin = moments[place]
        if instrument_id in by_id:
            yield by_id[instrument_id], begin


def _drawn(
    table: _Table, since: datetime, rng: np.random.Generator
) -> list[tuple[InstrumentFacts, datetime]]:
    """Return random bars: shares and moments drawn alike, kept where a bar was being made then."""
    reach = timedelta(days=table.rules.reach_days)
    spans = np.array(
        [
            (to_epoch_s(max(first, since)), to_epoch_s(min(newest, table.now) - reach))
            for first, newest in (table.spans[share.id] for share in table.shares)
        ],
        dtype=np.int64,
    )
    # A share is drawn as often as it has been traded long: so every bar is drawn alike.
    lengths = np.maximum(spans[:, 1] - spans[:, 0], 0)
    if not lengths.any():
        return []
    places = rng.choice(len(spans), size=table.config.tried_at_once, p=lengths / lengths.sum())
    asked = [
        (table.shares[place], from_epoch_s(moment))
        for place in places
        if (moment := _moment_s(table, int(spans[place, 0]), int(spans[place, 1]), rng)) is not None
    ]
    begins = newest_begins(timeframe=table.timeframe, asked=[(share.id, at) for share, at in asked], count=1)
    return [
        (share, own[0])
        for (share, at), own in zip(asked, begins, strict=True)
        if own and at < own[0] + table.timeframe.duration
    ]


def _moment_s(table: _Table, first: int, last: int, rng: np.random.Generator) -> int | None:
    """Return a random moment from the first to the last, in the regime that is wished for; None where it never was."""
    if table.regime is None:
        return int(rng.integers(first, last))
    spells = [(max(at, first), min(until, last)) for at, until in table.spells if at < last and first < until]
    return int(rng.integers(*spells[rng.integers(len(spells))])) if spells else None


def _spells(regime: str, *, simulated: bool, now: datetime) -> Sequence[tuple[int, int]]:
    """Return from when to when each day's regime was the newest known, of the days of one regime."""
    days = regime_days(as_of=now, since=from_epoch_s(0), simulated=simulated)
    known = [to_epoch_s(day.as_of) for day in days] + [to_epoch_s(now)]
    return [
        (at, until)
        for at, until, day in zip(known[:-1], known[1:], days, strict=True)
        if day.name == regime and at < until
    ]


def _fitting(table: _Table, share: InstrumentFacts, begin: datetime) -> Moment | None:
    """Return a bar as a moment to play, None where it cannot be one."""
    as_of = begin + table.timeframe.duration
    future_until = as_of + timedelta(days=table.rules.reach_days)
    if future_until > min(table.spans[share.id][1], table.now):
        return None
    count = max(table.difficulty.candles, TURNOVER_BARS, table.config.straight_bars + 1, CHANNEL_BARS + 1)
    since = warmup_begins(instruments=[share], timeframe=table.timeframe, before=as_of, bars=count)
    bars = bars_load_many(
        instruments=[share], timeframe=table.timeframe, as_of=as_of, since_by_id=dict(since)
    )[share.secid]
    if len(bars) < count or not _playable(table, bars):
        return None
    regime = regime_at(as_of=as_of, simulated=share.is_simulated)
    if table.regime is not None and (regime is None or regime.name != table.regime):
        return None
    found = Moment(
        instrument=share,
        bars=bars,
        shown=table.difficulty.candles,
        as_of=as_of,
        future_until=future_until,
        regime=regime,
    )
    return None if _is_seen(table, found) else found


def _playable(table: _Table, bars: Bars) -> bool:
    """Return whether the last bar is one to decide on: liquid, traded, no auction, as straight as wished."""
    low, high = table.difficulty.straightness
    turnover = float(np.median(bars.turnover_rub[-TURNOVER_BARS:]))
    straight = efficiency_ratio(bars.close, bars=table.config.straight_bars)
    return (
        turnover >= policy_get().min_median_turnover_rub
        and bool(bars.volume_shares[-1] > 0)
        and not bool(bars_in_auction(bars=bars)[-1])
        and low <= straight <= high
    )


def _is_seen(table: _Table, moment: Moment) -> bool:
    return any(
        own.instrument_id == moment.instrument.id
        and own.shown_from < moment.future_until
        and moment.shown_from < own.future_until
        for own in table.seen
    )
