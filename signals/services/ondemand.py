"""Decisions on demand, and what became of some: computed while the asker waits, never stored."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from datetime import datetime
from time import sleep

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import last_begin
from market.selectors.instruments import instrument_get, traded_list
from modeling.contracts import ModelVersionFacts
from modeling.contracts.outcomes import DecisionOutcome, TradeAsked
from modeling.selectors.label_sets import barrier_set_get
from modeling.selectors.versions import champion_get, emission_paused, version_at
from modeling.services.outcomes import outcomes_find
from signals.asking import Ask, Found, answer_put, question_of
from signals.contracts import OutcomesAsk, SignalAsk, SignalFacts
from signals.inference import Scorers, decisions_find
from signals.occasions import fit_for, occasion_of, source_of
from signals.selectors.configuration import service_get, signal_config_get
from signals.selectors.stored import facts_of
from signals.services.store import signal_row
from signals.share_inputs import shares_read
from traderai.common import clock
from traderai.common.errors import InputError, InvariantError, NotReadyError, TraderAIError, TransientError

_log = logging.getLogger(__name__)
_POLL_S = 1.0


class Desk:
    """Answers one question after the other and keeps the versions that spoke last open."""

    def __init__(self) -> None:
        self._today, self._history = Scorers(), Scorers(of_history=True)

    def answer(self, ask: SignalAsk, *, now: datetime) -> SignalFacts:
        """Return the decision on the share's newest bar that had closed at the moment; the bits of the stored path.

        Of a past moment speaks who served then, else the newest version that had learned nothing from the bar; where there
        is none the champion, and the warnings say `in_sample`.

        Raises: InputError for a horizon that the version does not know, NotFoundError for an unknown share,
        NotReadyError where bars or features are missing.
        """
        config, timeframe = signal_config_get(), Timeframe.parse(ask.timeframe)
        instrument = instrument_get(secid=ask.secid)
        version, silenced = _speaker(ask, instrument, timeframe)
        occasion = occasion_of(
            version, config, simulated=instrument.is_simulated, silenced=silenced, now=ask.moment
        )
        if occasion.timeframe is not timeframe or ask.horizon not in occasion.horizons:
            raise InputError(
                f"at that time signals were made for {occasion.timeframe.value} bars and "
                f"{', '.join(occasion.horizons)}, asked was {ask.timeframe} {ask.horizon}",
                code="unknown_horizon",
                field="horizon",
            )
        occasion = dataclasses.replace(occasion, horizons=(ask.horizon,))
        shares, not_ready = shares_read(instruments=[instrument], occasion=occasion).at(
            [instrument], occasion
        )
        if not_ready:
            raise NotReadyError(not_ready[0])
        scorers = self._history if ask.past else self._today
        scorer = None if occasion.version is None else scorers.at(occasion, occasion.version)
        finding, *_ = decisions_find(shares=shares, occasion=occasion, scorer=scorer)
        source = source_of(occasion, config, simulated=instrument.is_simulated, now=now)
        return facts_of(signal_row(finding, occasion, source, config=config, now=now), instrument)

    def outcomes(self, ask: OutcomesAsk) -> tuple[DecisionOutcome, ...]:
        """Return what became of decisions on a share, in their order, by the code of the labels.

        Raises: NotFoundError for an unknown share or label set, InputError for a horizon that is not the set's.
        """
        label_set = barrier_set_get(name=ask.label_set, timeframe=ask.timeframe)
        if ask.horizon not in label_set.horizons:
            raise InputError(
                f"{label_set.name} has the horizons {', '.join(label_set.horizons)}, asked was {ask.horizon}",
                code="unknown_horizon",
                field="horizon",
            )
        return outcomes_find(
            instrument=instrument_get(secid=ask.secid),
            asked=[(label_set, ask.horizon, trade) for trade in ask.trades],
            as_of=ask.moment,
        )

    def warm(self, *, now: datetime) -> None:
        """Load and compile what answers take, on the first share that has one; without any nothing is done."""
        service = service_get()
        for share in traded_list(timeframe=Timeframe.parse(service.timeframe)):
            ask = SignalAsk(
                secid=share.secid, timeframe=service.timeframe, horizon=service.default_horizon, moment=now, past=False
            )  # fmt: skip
            try:
                found = self.answer(ask, now=now)
            except NotReadyError:
                continue
            outcome = TradeAsked(bar_begin=found.bar_begin, side="long", own_levels=(0.02, 0.01))
            self.outcomes(
                OutcomesAsk(
                    secid=share.secid,
                    label_set=found.payload["label_set"]["name"],
                    timeframe=ask.timeframe,
                    horizon=ask.horizon,
                    trades=(outcome,),
                    moment=now,
                )
            )
            return


def questions_serve(*, desk: Desk, stopped: Callable[[], bool]) -> int:
    """Answer questions until stopped; return how many. One that nobody waits for any more is left out."""
    answered = 0
    client = redis.Redis.from_url(settings.REDIS_URL)
    while not stopped():
        try:
            found = client.brpop([settings.ONDEMAND_QUEUE], timeout=_POLL_S)
            if found is not None:
                answered += _serve(desk, client, found[1])
        except redis.RedisError as error:
            _log.warning("ondemand_without_redis: %s", error)
            sleep(_POLL_S)
    client.close()
    return answered


def _serve(desk: Desk, client: redis.Redis, content: bytes | str) -> bool:
    number, ask, until_s = question_of(content)
    now = clock.now()
    if now.timestamp() > until_s:
        return False
    try:
        answer: Found | TraderAIError = _answer(desk, ask, now=now)
    except TraderAIError as error:
        answer = error
    except DatabaseError as error:
        connection.close()  # the next question opens another
        answer = TransientError(f"the database did not answer: {error}")
    except Exception:
        # The worker stays for the next question; who asked this one is told that something broke.
        _log.exception("ondemand_broken: %s", ask)
        answer = InvariantError(f"{ask.secid} could not be computed; it has been recorded")
    answer_put(client, number, answer)
    return True


def _answer(desk: Desk, ask: Ask, *, now: datetime) -> Found:
    return desk.outcomes(ask) if isinstance(ask, OutcomesAsk) else desk.answer(ask, now=now)


def _speaker(
    ask: SignalAsk, instrument: InstrumentFacts, timeframe: Timeframe
) -> tuple[ModelVersionFacts | None, bool]:
    """Return who speaks, and whether it must be silent."""
    simulated = instrument.is_simulated
    then = as_of = None
    if ask.past:
        begin = last_begin(instrument_id=instrument.id, timeframe=timeframe, as_of=ask.moment)
        if begin is not None:
            as_of = begin + timeframe.duration
            then = version_at(as_of=as_of, trained_before=begin, simulated=simulated)
    version = fit_for(then or champion_get(), simulated=simulated)
    return version, version is not None and emission_paused(as_of=None if then is None else as_of)
