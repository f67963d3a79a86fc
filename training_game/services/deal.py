"""Dealing a round: a moment, its disguise, its row, and what its player sees of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from django.core import signing
from django.db import transaction

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from market.selectors.instruments import instrument_list
from market.selectors.news import triggers_at
from market.selectors.trading_rules import may_short
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, InvariantError, NotFoundError, did_you_mean
from training_game.contracts import DIFFICULTIES, Dealt, GameConfig, Wish
from training_game.kernels.disguise import (
    DECIMALS,
    PLAIN,
    Disguise,
    ShownCandles,
    candles_shown,
    disguise_drawn,
)
from training_game.kernels.moments import setup_name
from training_game.models import Player, Scenario
from training_game.selectors.configuration import game_barriers, game_config_get
from training_game.services.pick import Moment, moment_pick

_SALT: Final = "training_game.scenario"


def scenario_deal(*, user_id: int, wish: Wish, seed: int, now: datetime) -> Dealt:
    """Return the player's open round, or deal a new one that fits the wish.

    While a round is open it is dealt again, byte by byte, whatever is wished for: who could throw away rounds would
    play only those he likes. `seed` must be secret and of 128 bits: moment, disguise and id follow from it, and the
    id is a one-way digest of it, so that it tells nothing of the others.

    Raises: InputError for an unknown timeframe, difficulty, sector or regime, NotReadyError where no moment fits.
    """
    config = game_config_get()
    _check(wish, config)
    player, _ = Player.objects.get_or_create(user_id=user_id)
    row = _open_of(player, now)
    if row is None:
        streams = np.random.SeedSequence(seed).spawn(2)
        moment = moment_pick(
            wish=wish, config=config, player_id=player.pk, now=now, rng=np.random.default_rng(streams[0])
        )
        row = _row(moment, wish, config, rng=np.random.default_rng(streams[1]))
        limit_s = config.difficulties[row.difficulty].time_limit_s + config.grace_s
        row.served_at, row.expires_at = now, now + timedelta(seconds=limit_s)
        row.player, row.token = player, _token(seed)
        row = _kept(row, now)
    return dealt_of(row)


def scenario_named(*, user_id: int, scenario_id: str) -> Scenario:
    """Return a player's scenario by its signed id.

    Raises: NotFoundError for an id that we have not signed or dealt to this user.
    """
    try:
        token = UUID(signing.Signer(salt=_SALT).unsign(scenario_id))
    except (signing.BadSignature, ValueError):
        token = None
    row = None
    if token is not None:
        row = Scenario.objects.filter(token=token, player__user_id=user_id).select_related("player").first()
    if row is None:
        raise NotFoundError(
            "no such scenario was dealt to you; take the id that training_scenario gave",
            code="unknown_scenario",
            field="scenario_id",
        )
    return row


def dealt_of(row: Scenario) -> Dealt:
    """Return what a player sees of a round, made from its row alone: asked again it is the same to the byte."""
    share = share_of(row)
    barriers = game_barriers(timeframe=row.timeframe)
    config = game_config_get()
    tags = {"regime": row.regime or None, "news_types": list(row.news_types)}
    return Dealt(
        scenario_id=signing.Signer(salt=_SALT).sign(str(row.token)),
        timeframe=row.timeframe,
        horizon=row.horizon,
        difficulty=row.difficulty,
        disguised=row.disguised,
        is_simulated=share.is_simulated,
        secid=None if row.disguised else share.secid,
        name_ru=None if row.disguised else share.name_ru,
        name_en=None if row.disguised else share.name_en,
        sector=None if row.disguised else share.sector,
        candles=candles_between(row, share, since=row.shown_from, until=row.as_of),
        tags=tags if config.difficulties[row.difficulty].tags else None,
        may_sell=row.may_sell,
        take_profit_frac=barriers.take_profit,
        stop_loss_frac=barriers.stop_loss,
        served_at=row.served_at,
        expires_at=row.expires_at,
    )


def share_of(row: Scenario) -> InstrumentFacts:
    """Return the share of a scenario."""
    return next(one for one in instrument_list(active_only=False) if one.id == row.instrument_id)


def candles_between(
    row: Scenario, share: InstrumentFacts, *, since: datetime, until: datetime
) -> ShownCandles:
    """Return a share's candles that begin at or after one moment and had closed at another, under the round's disguise.

    Prices are in the shares of the round's moment, of which no later split is told.
    """
    bars = _bars(row, share, since=min(since, row.bar_begin), until=until)
    place = int(np.searchsorted(bars.begin_s, int(row.bar_begin.timestamp())))
    if place >= len(bars) or bars.begin_s[place] != int(row.bar_begin.timestamp()):
        raise InvariantError(
            f"the bar of scenario {row.pk} is stored no more; deal no rounds while candles change"
        )
    scale = float(bars.split_factor[place])
    first = int(np.searchsorted(bars.begin_s, int(since.timestamp())))
    return candles_shown(_in_shares_of(bars.part(first, len(bars)), scale), disguise_of(row))


def disguise_of(row: Scenario) -> Disguise:
    """Return the disguise of a round."""
    if not row.disguised:
        return PLAIN
    return Disguise(
        price_factor=row.price_factor,
        volume_factor=row.volume_factor,
        weeks=row.weeks,
        decimals=DECIMALS,
        whole_volumes=True,
    )


def _bars(row: Scenario, share: InstrumentFacts, *, since: datetime, until: datetime) -> Bars:
    return bars_load_many(
        instruments=[share],
        timeframe=Timeframe.parse(row.timeframe),
        as_of=until,
        since_by_id={share.id: since},
    )[share.secid]


def _in_shares_of(bars: Bars, scale: float) -> ShownCandles:
    """Return forward-adjusted bars as candles in the shares of the moment whose split factor is `scale`."""
    # A price that went to another scale and back is the one traded again: 87.14, not 87.14000000000001.
    prices = [np.round(each / scale, 9) for each in (bars.open, bars.high, bars.low, bars.close)]
    return ShownCandles(
        begin_s=bars.begin_s,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=bars.volume_shares * scale,
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """What was known at a moment besides its candles."""

    news_types: list[str]
    may_sell: bool


def _context(moment: Moment, config: GameConfig) -> _Context:
    share = moment.instrument
    window = timedelta(hours=config.news_hours)
    events = {told.event_type for told in triggers_at(secid=share.secid, as_of=moment.as_of, window=window)}
    day = moment.as_of.astimezone(MOSCOW).date()
    short = may_short(secid=share.secid, day=day, shortable=share.shortable)
    return _Context(sorted(events), short.allowed)


def _row(moment: Moment, wish: Wish, config: GameConfig, *, rng: np.random.Generator) -> Scenario:
    bars, timeframe = moment.bars, moment.bars.timeframe
    rules, context = config.timeframes[timeframe.value], _context(moment, config)
    shown = _in_shares_of(bars.part(len(bars) - moment.shown, len(bars)), float(bars.split_factor[-1]))
    disguise = disguise_drawn(shown.begin_s, shown.close, shown.volume, rng=rng) if wish.disguise else PLAIN
    return Scenario(
        instrument_id=moment.instrument.id,
        timeframe=timeframe.value,
        label_set=rules.label_set,
        horizon=rules.horizon,
        bar_begin=moment.as_of - timeframe.duration,
        as_of=moment.as_of,
        shown_from=moment.shown_from,
        future_until=moment.future_until,
        candles=moment.shown,
        difficulty=wish.difficulty or config.default_difficulty,
        regime="" if moment.regime is None else moment.regime.name,
        setup=setup_name(bars.high, bars.low, bars.close),
        news_types=context.news_types,
        may_sell=context.may_sell,
        disguised=wish.disguise,
        price_factor=disguise.price_factor,
        volume_factor=disguise.volume_factor,
        weeks=disguise.weeks or 0,
    )


def _open_of(player: Player, now: datetime) -> Scenario | None:
    rows = Scenario.objects.filter(player=player, answer__isnull=True, expires_at__gt=now)
    return rows.order_by("-served_at").first()


def _kept(row: Scenario, now: datetime) -> Scenario:
    """Store a round, unless another request of the same player was dealt one meanwhile: then return that one."""
    with transaction.atomic():
        Player.objects.select_for_update().get(pk=row.player_id)
        found = _open_of(row.player, now)
        if found is not None:
            return found
        row.save(force_insert=True)
    return row


def _token(seed: int) -> UUID:
    """Return an opaque id: a digest that leads to nobody's seed."""
    digest = hashlib.blake2b(seed.to_bytes(32, "big"), digest_size=16, person=b"scenario")
    return UUID(bytes=digest.digest(), version=4)


def _check(wish: Wish, config: GameConfig) -> None:
    game_barriers(timeframe=Timeframe.parse(wish.timeframe or config.default_timeframe).value)
    if wish.difficulty is not None and wish.difficulty not in DIFFICULTIES:
        raise InputError(
            f"difficulty must be one of {', '.join(DIFFICULTIES)}, was {wish.difficulty!r}"
            f"{did_you_mean(wish.difficulty, DIFFICULTIES)}",
            field="difficulty",
        )
