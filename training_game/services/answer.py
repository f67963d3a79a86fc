"""Taking an answer: once, in time, judged by the code of the labels, and rated."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from behavior.contracts.rows import GameAnswerFacts
from behavior.services.record import game_answer_record
from market.contracts import InstrumentFacts
from modeling.contracts.outcomes import DecisionOutcome, TradeAsked
from signals.asking import outcomes_ask
from signals.contracts import OutcomesAsk
from traderai.common.errors import ConflictError, InputError, TraderAIError
from training_game.contracts import TRADES, Call, GameConfig, RatingFacts, Reveal
from training_game.kernels.scores import round_score
from training_game.models import Answer, Player, Scenario
from training_game.selectors.configuration import game_barriers, game_config_get
from training_game.services.ai_word import SIDES, AiWord, ai_word
from training_game.services.deal import candles_between, scenario_named, share_of
from training_game.services.rate import answer_rate

_LONG_AND_SHORT = 2


def answer_record(*, user_id: int, scenario_id: str, call: Call, now: datetime) -> Reveal:
    """Take a player's answer to a round, judge and rate it, and reveal what was hidden.

    The answer is stored before it is judged: it was in time, and nothing is told before. If nobody judges it in time
    (TransientError), the same answer may be sent again, late too, and is judged then. One answer is judged once, by
    one request: of two at once the other is refused.

    Raises: NotFoundError for a scenario that was not dealt to this user, ConflictError `late` or `answered`,
    InputError for levels that no order can have or a short where none is possible, TransientError where nobody
    computes in time.
    """
    config = game_config_get()
    scenario = scenario_named(user_id=user_id, scenario_id=scenario_id)
    share = share_of(scenario)
    levels = _levels(scenario, share, call, config)
    answer = _accepted(scenario, call, levels, config=config, now=now)
    before = _rating(scenario.player)
    try:
        word = ai_word(scenario=scenario, secid=share.secid, simulated=share.is_simulated)
        outcomes = _outcomes(scenario, share, answer, word, now=now)
    except TraderAIError:
        Answer.objects.filter(pk=answer.pk, state=Answer.State.OPEN).update(claimed_until=now)
        raise
    _judge(answer, word, outcomes, config=config, now=now)
    with transaction.atomic():
        # Who took longer than the claim may find that another request has judged the answer.
        mine = Answer.objects.select_for_update().filter(pk=answer.pk, state=Answer.State.OPEN)
        if not mine.exists():
            raise _answered()
        answer.save()
        answer_rate(answer=answer, config=config, at=now)
        _told_to_behavior(answer, user_id=user_id)
    return _reveal(answer, share, outcomes, before=before)


def _levels(
    scenario: Scenario, share: InstrumentFacts, call: Call, config: GameConfig
) -> tuple[float, float] | None:
    """Return own levels as distances from the last close shown, None where the label set's hold."""
    if call.action == "SELL" and not scenario.may_sell:
        raise InputError(
            "this share could not be sold short at that moment; answer BUY, HOLD or NO_TRADE", field="action"
        )
    if call.take_profit is None and call.stop_loss is None:
        return None
    if call.action not in TRADES or call.take_profit is None or call.stop_loss is None:
        raise InputError(
            "take_profit and stop_loss must both be given with BUY or SELL, or neither; left out, the usual levels hold",
            field="take_profit",
        )
    shown = candles_between(scenario, share, since=scenario.bar_begin, until=scenario.as_of)
    close, sign = float(shown.close[-1]), 1.0 if call.action == "BUY" else -1.0
    barriers = game_barriers(timeframe=scenario.timeframe)
    gain, loss = sign * (call.take_profit / close - 1.0), sign * (1.0 - call.stop_loss / close)
    for field, own, usual in (
        ("take_profit", gain, barriers.take_profit),
        ("stop_loss", loss, barriers.stop_loss),
    ):
        least, most = config.least_level * usual, config.most_level * usual
        if not least <= own <= most:
            raise InputError(
                f"{field} must lie {100 * least:.2f} to {100 * most:.2f} % from the last close on its side, lies "
                f"{100 * own:.2f} %",
                field=field,
            )
    return gain, loss


def _accepted(
    scenario: Scenario,
    call: Call,
    levels: tuple[float, float] | None,
    *,
    config: GameConfig,
    now: datetime,
) -> Answer:
    """Store an answer, or claim the same one that nobody has judged yet."""
    take_profit, stop_loss = levels or (None, None)
    until = now + timedelta(seconds=config.claim_s)
    known = Answer.objects.filter(scenario=scenario).first()
    if known is None:
        if now > scenario.expires_at:
            raise ConflictError(
                f"the answer came {(now - scenario.expires_at).total_seconds():.0f} s too late; ask for another scenario",
                code="late",
            )
        row = Answer(
            scenario=scenario,
            action=call.action,
            take_profit_frac=take_profit,
            stop_loss_frac=stop_loss,
            taken_s=call.taken_s,
            answered_at=now,
            claimed_until=until,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise _answered() from error
        return row
    # Compare and swap: of two requests one gets it.
    same = Answer.objects.filter(
        pk=known.pk,
        state=Answer.State.OPEN,
        claimed_until__lte=now,
        action=call.action,
        take_profit_frac=take_profit,
        stop_loss_frac=stop_loss,
    )
    if not same.update(claimed_until=until):
        raise _answered()
    known.claimed_until = until
    return known


def _answered() -> ConflictError:
    return ConflictError(
        "this scenario has been answered, and one answer counts; ask for another scenario", code="answered"
    )


def _outcomes(
    scenario: Scenario, share: InstrumentFacts, answer: Answer, word: AiWord, *, now: datetime
) -> tuple[DecisionOutcome, ...]:
    """Return what became of the player's decision, of a long and a short at the usual levels, and of the AI's if any."""
    own = None
    if answer.take_profit_frac is not None and answer.stop_loss_frac is not None:
        own = answer.take_profit_frac, answer.stop_loss_frac
    begin = scenario.bar_begin
    trades = [TradeAsked(bar_begin=begin, side=SIDES.get(answer.action), own_levels=own)]
    trades += [TradeAsked(bar_begin=begin, side=side) for side in SIDES.values()]
    if (said := word.trade()) is not None:
        trades.append(said)
    return outcomes_ask(
        OutcomesAsk(
            secid=share.secid,
            label_set=scenario.label_set,
            timeframe=scenario.timeframe,
            horizon=scenario.horizon,
            trades=tuple(trades),
            moment=now,
        )
    )


def _judge(
    answer: Answer, word: AiWord, outcomes: tuple[DecisionOutcome, ...], *, config: GameConfig, now: datetime
) -> None:
    """Write both results into an answer."""
    own, sides, ai = outcomes[0], outcomes[1 : 1 + _LONG_AND_SHORT], outcomes[1 + _LONG_AND_SHORT :]
    answer.resolved_at, answer.claimed_until = now, now
    answer.r_multiple = _r(own)
    answer.state = own.state if own.state in Answer.State.values else Answer.State.VOID
    answer.void_reason = own.void_reason or ("incomplete_window" if own.state == "waiting" else "")
    answer.ai_reason, answer.ai_family = word.reason, word.family
    signal = word.signal
    if signal is not None:
        answer.ai_action, answer.ai_r_multiple = signal.action, _r(ai[0])
        if answer.ai_r_multiple is None:
            answer.ai_reason = ai[0].void_reason
        answer.model_version, answer.trained_until = signal.model_version or "", signal.trained_until
    own_r, ai_r = answer.r_multiple, answer.ai_r_multiple
    if answer.scenario.disguised and own_r is not None and ai_r is not None:
        answer.score = round_score(own_r, ai_r, draw_r=config.draw_r)
    answer.result = {
        "trade": _trade(own),
        "ai_trade": _trade(ai[0]) if ai else None,
        "sides": {side: _r(found) for side, found in zip(SIDES.values(), sides, strict=True)},
        "explanation": [] if signal is None else signal.payload["explanation"],
        "decimals": 2 if signal is None else signal.payload["decimals"],
        "confidence": None if signal is None else signal.confidence,
        "proven": signal is not None and signal.proven,
        "warnings": [] if signal is None else signal.payload["warnings"],
        "window_end_at": None if own.window_end_at is None else own.window_end_at.isoformat(),
    }


def _told_to_behavior(answer: Answer, *, user_id: int) -> None:
    """Hand the answer down as behaviour, beside what the AI said, if it may speak of that moment."""
    scenario = answer.scenario
    game_answer_record(
        user_id=user_id,
        answer=GameAnswerFacts(
            scenario=str(scenario.token),
            action=answer.action,
            model_action=answer.ai_action,
            regime=scenario.regime or None,
            r_multiple=answer.r_multiple,
            model_r_multiple=answer.ai_r_multiple,
            took_s=answer.taken_s,
            answered_at=answer.answered_at,
        ),
    )


def _r(outcome: DecisionOutcome) -> float | None:
    """Return a decision's result in R: 0 of who stayed out, None where the moment has none."""
    if outcome.trade is not None:
        return outcome.trade.r_multiple
    return 0.0 if outcome.state == "no_trade" else None


def _trade(outcome: DecisionOutcome) -> dict[str, Any] | None:
    if outcome.trade is None:
        return None
    told = asdict(outcome.trade)
    return told | {name: told[name].isoformat() for name in ("entry_at", "exit_at")}


def _rating(player: Player) -> RatingFacts:
    return RatingFacts(rating=player.rating, deviation=player.deviation, volatility=player.volatility)


def _reveal(
    answer: Answer,
    share: InstrumentFacts,
    outcomes: tuple[DecisionOutcome, ...],
    *,
    before: RatingFacts,
) -> Reveal:
    scenario, result = answer.scenario, answer.result
    until = min(outcomes[0].window_end_at or scenario.future_until, scenario.future_until)
    after = candles_between(scenario, share, since=scenario.as_of, until=until)
    player = Player.objects.get(pk=scenario.player_id)
    return Reveal(
        secid=share.secid,
        name_ru=share.name_ru,
        name_en=share.name_en,
        sector=share.sector,
        is_simulated=share.is_simulated,
        bar_begin=scenario.bar_begin,
        as_of=scenario.as_of,
        price_factor=scenario.price_factor,
        volume_factor=scenario.volume_factor,
        weeks=scenario.weeks,
        regime=scenario.regime,
        setup=scenario.setup,
        candles_after=after,
        state=answer.state,
        void_reason=answer.void_reason,
        you={"action": answer.action, "r_multiple": answer.r_multiple, "trade": result["trade"]},
        ai=_ai_told(answer),
        sides=result["sides"],
        score=answer.score,
        unrated_reason=_unrated(answer),
        rating=_rating(player),
        rating_before=before,
    )


def _ai_told(answer: Answer) -> dict[str, Any]:
    result = answer.result
    return {
        "action": answer.ai_action or None,
        "r_multiple": answer.ai_r_multiple,
        "trade": result["ai_trade"],
        "reason": answer.ai_reason,
        "family": answer.ai_family,
        "model_version": answer.model_version or None,
        "trained_until": answer.trained_until,
        "confidence": result["confidence"],
        "proven": result["proven"],
        "warnings": result["warnings"],
        "explanation": result["explanation"],
        "decimals": result["decimals"],
    }


def _unrated(answer: Answer) -> str:
    if answer.score is not None:
        return ""
    if answer.state == Answer.State.VOID:
        return "void"
    return answer.ai_reason if answer.scenario.disguised else "not_disguised"
