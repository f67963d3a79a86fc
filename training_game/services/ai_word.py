"""What the AI said of a moment, by versions alone that had learned nothing from it."""

from __future__ import annotations

from dataclasses import dataclass

from modeling.contracts.outcomes import Side, TradeAsked
from modeling.selectors.versions import version_at, version_get
from signals.asking import signal_ask
from signals.contracts import SignalAsk, SignalFacts
from signals.kernels.levels import own_levels
from signals.selectors.stored import signal_and_bar
from traderai.common.errors import InputError, NotFoundError, NotReadyError
from training_game.models import Scenario

SIDES: dict[str, Side] = {"BUY": "long", "SELL": "short"}
# A player who has just decided waits longer than one who asks about a share; both waits together end before the claim.
_WAIT_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AiWord:
    """The AI's decision, or why there is none."""

    signal: SignalFacts | None
    reason: str = ""  # no_version, withdrawn, other_terms or not_ready
    family: str = ""  # of the model that spoke

    def trade(self) -> TradeAsked | None:
        """Return the decision as a question to the label code."""
        signal = self.signal
        if signal is None:
            return None
        decision, side = signal.payload["decision"], SIDES.get(signal.action)
        levels = None
        if side is not None:
            levels = own_levels(
                close_rub=signal.payload["market"]["close_rub"],
                take_profit_rub=decision["take_profit_rub"],
                stop_loss_rub=decision["stop_loss_rub"],
                label_take_profit_rub=decision.get("label_take_profit_rub"),
            )
        return TradeAsked(bar_begin=signal.bar_begin, side=side, own_levels=levels)


def ai_word(*, scenario: Scenario, secid: str, simulated: bool) -> AiWord:
    """Return what was said of a scenario's bar, live or in replay, else what is said of it on demand.

    Nobody speaks whose version, adapter or calibration had seen the bar or a later one: then the AI has no word.

    Raises: TransientError where the word must be computed and nobody does so in time.
    """
    begin = scenario.bar_begin
    try:
        stored, said = signal_and_bar(
            secid=secid, timeframe=scenario.timeframe, horizon=scenario.horizon, as_of=scenario.as_of
        )
    except NotReadyError:
        return AiWord(signal=None, reason="withdrawn")
    if stored is not None and stored.bar_begin == begin and _is_honest(stored, scenario):
        return _word(stored, scenario)
    if said and (stored is None or stored.bar_begin != begin):
        # All that was said of the bar was withdrawn by staff: to compute it again would bring it back.
        return AiWord(signal=None, reason="withdrawn")
    if version_at(as_of=scenario.as_of, trained_before=begin, simulated=simulated) is None:
        return AiWord(signal=None, reason="no_version")
    try:
        found = signal_ask(
            SignalAsk(
                secid=secid,
                timeframe=scenario.timeframe,
                horizon=scenario.horizon,
                moment=scenario.as_of,
                past=True,
            ),
            wait_s=_WAIT_S,
        )
    except NotReadyError:
        return AiWord(signal=None, reason="not_ready")
    except (InputError, NotFoundError):
        return AiWord(signal=None, reason="other_terms")
    if found.bar_begin != begin:
        return AiWord(signal=None, reason="not_ready")
    if not _is_honest(found, scenario):
        return AiWord(signal=None, reason="no_version")
    return _word(found, scenario)


def _is_honest(signal: SignalFacts, scenario: Scenario) -> bool:
    """Return whether who spoke had learned nothing from the scenario's bar on."""
    learned = signal.trained_until
    return (
        learned is not None and learned < scenario.bar_begin and "in_sample" not in signal.payload["warnings"]
    )


def _word(signal: SignalFacts, scenario: Scenario) -> AiWord:
    if signal.payload["label_set"]["name"] != scenario.label_set:
        return AiWord(signal=None, reason="other_terms")
    return AiWord(signal=signal, family=version_get(version=signal.model_version or "").recipe)
