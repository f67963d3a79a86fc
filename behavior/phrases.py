"""The coach's words, by code; what a parameter becomes in words is decided by the end of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy

from signals.phrases.names import IN_REGIMES
from traderai.common.asker import spoken_language
from traderai.common.errors import InvariantError
from traderai.common.worded import number_worded

ACTIONS: Final[dict[str, Any]] = {
    "BUY": gettext_lazy("BUY"),
    "SELL": gettext_lazy("SELL"),
    "HOLD": gettext_lazy("HOLD"),
    "NO_TRADE": gettext_lazy("NO_TRADE"),
}
VERDICTS: Final[dict[str, Any]] = {
    "ok": gettext_lazy("Nothing speaks against it"),
    "caution": gettext_lazy("Take care"),
    "hard_warning": gettext_lazy("Better leave it"),
}
REASONS: Final[dict[str, Any]] = {
    "capital_unknown": gettext_lazy(
        "Your capital is not known. Tell it in the settings, and the risk is shown as a share of it."
    ),
    "price_old": ngettext_lazy(
        "No price was given, and the last close is %(days)s day old: all figures are of that price.",
        "No price was given, and the last close is %(days)s days old: all figures are of that price.",
        "days",
    ),
    "no_stop": gettext_lazy("There is no stop: the loss has no limit but the bad scenario."),
    "short_impossible": gettext_lazy("This share cannot be sold short now, and you do not hold so many."),
    "no_history": gettext_lazy("There are too few past prices to say what a bad scenario would cost."),
    "no_signal": gettext_lazy("No signal of this share holds now: it is your own idea."),
    "with_signal": gettext_lazy("It goes with the signal (%(action)s)."),
    "against_signal": gettext_lazy("It goes against the signal (%(action)s)."),
    "against_strong_in_heat": gettext_lazy(
        "The market is %(regime)s, and it goes against a strong signal (%(action)s)."
    ),
    "signal_no_trade": gettext_lazy("The signal says not to trade this share now."),
    "risk_at_stop": gettext_lazy(
        "The stop would cost %(pct)s of your capital; %(allowed_pct)s is the plan for one trade."
    ),
    "position_size": gettext_lazy(
        "The position would be %(pct)s of your capital; at most %(allowed_pct)s should lie in one share."
    ),
    "bad_case": gettext_lazy(
        "One time in twenty it would cost %(pct)s of your capital or more; above %(allowed_pct)s is too much."
    ),
    "size_unusual": gettext_lazy("It is %(ratio)s times as large as your usual entry."),
    "averages_down": gettext_lazy("It adds to a position that has lost %(pct)s."),
    "tilt": ngettext_lazy(
        "You are not your usual self: tilt is %(score)s point of 100. A pause costs nothing.",
        "You are not your usual self: tilt is %(score)s points of 100. A pause costs nothing.",
        "score",
    ),
}
KINDS: Final[dict[str, Any]] = {
    "signal_followed": gettext_lazy("Signal followed"),
    "signal_ignored": gettext_lazy("Strong signals passed by"),
    "traded_against": gettext_lazy("Trade against the signal"),
    "trade_without_signal": gettext_lazy("Mostly own ideas"),
    "stop_violated": gettext_lazy("Stop not kept"),
    "stop_moved": gettext_lazy("Stop moved away"),
    "averaging_down": gettext_lazy("Adding to a loser"),
    "overtrading": gettext_lazy("Too many trades"),
    "revenge_trade": gettext_lazy("Revenge after a loss"),
    "position_too_large": gettext_lazy("Position too large"),
    "disposition": gettext_lazy("Winners cut, losers held"),
    "chasing": gettext_lazy("Running after a move"),
    "panic_trade": gettext_lazy("Trade in the heat against a strong signal"),
    "late_night": gettext_lazy("Streak at night"),
}
SENTENCES: Final[dict[str, Any]] = {
    "signal_followed": gettext_lazy("%(secid)s: with the signal, %(pnl_rub)s RUB."),
    "signal_ignored": gettext_lazy(
        "Of %(shown)s strong signals shown %(ignored)s were passed by, and own ideas traded meanwhile."
    ),
    "traded_against": gettext_lazy("%(secid)s: entered against the signal %(action)s."),
    "trade_without_signal": gettext_lazy(
        "%(own)s of the last %(decisions)s decisions had no signal behind them."
    ),
    "stop_violated": gettext_lazy(
        "%(secid)s: held on after the price went through the stop at %(stop_rub)s."
    ),
    "stop_moved": gettext_lazy(
        "%(secid)s: the stop at %(stop_rub)s was moved away from the price or taken off."
    ),
    "averaging_down": gettext_lazy("%(secid)s: added when the position had lost %(drop_frac)s."),
    "overtrading": ngettext_lazy(
        "%(entries)s entry in a day; your usual number is %(usual)s.",
        "%(entries)s entries in a day; your usual number is %(usual)s.",
        "entries",
    ),
    "revenge_trade": gettext_lazy(
        "%(secid)s: %(size_ratio)s times your usual size, soon after losing %(lost_rub)s RUB."
    ),
    "position_too_large": gettext_lazy(
        "%(secid)s: the position was %(position_frac)s of the capital, with %(risk_frac)s at risk."
    ),
    "position_without_stop": gettext_lazy(
        "%(secid)s: the position was %(position_frac)s of the capital, and no stop bounded its loss."
    ),
    "disposition": gettext_lazy(
        "Of gains %(pgr_frac)s were taken, of losses %(plr_frac)s: winners go early, losers stay."
    ),
    "chasing": gettext_lazy("%(secid)s: entered after a day's move of %(sigma)s standard deviations."),
    "panic_trade": gettext_lazy("%(secid)s: the market was %(regime)s, the strong signal said %(action)s."),
    "late_night": ngettext_lazy(
        "%(entries)s entry in one night.", "%(entries)s entries in one night.", "entries"
    ),
}
ADVICE: Final[dict[str, Any]] = {
    "nothing_done": gettext_lazy("A week without trades. That is a decision, too."),
    "keep_going": gettext_lazy("Nothing to complain of. Keep to the plan."),
    "signal_ignored": gettext_lazy(
        "Before an own idea, look at the strong signals of the day and say why not."
    ),
    "traded_against": gettext_lazy(
        "When you disagree with the signal, stay out instead of going against it."
    ),
    "trade_without_signal": gettext_lazy("Halve the number of own ideas next week and compare the results."),
    "stop_violated": gettext_lazy("Place the stop as an order at the broker, at once with the entry."),
    "stop_moved": gettext_lazy("Move a stop only towards the price. If it is too near, enter smaller."),
    "averaging_down": gettext_lazy("Add to winners alone. A loser that falls further is for the stop."),
    "overtrading": gettext_lazy("Set a limit of entries for the day and stop when it is reached."),
    "revenge_trade": gettext_lazy("After a loss wait an hour, and enter no larger than usual."),
    "position_too_large": gettext_lazy("Ask for the sane size before the trade, and keep to it."),
    "disposition": gettext_lazy("Give winners the time that losers had; close losers at the stop."),
    "chasing": gettext_lazy("After a large move wait for a pullback or let it go."),
    "panic_trade": gettext_lazy("In panic and euphoria do only what the plan said before."),
    "late_night": gettext_lazy("No entries at night: the trade will be there in the morning."),
}
_PHRASES: Final = {
    "verdict": VERDICTS,
    "reason": REASONS,
    "kind": KINDS,
    "sentence": SENTENCES,
    "advice": ADVICE,
}


def worded(group: str, code: str, params: Mapping[str, Any], *, language: str) -> str:
    """Return a code of one group in words.

    Raises: InvariantError for a code or a parameter without words.
    """
    phrase = _PHRASES[group].get(code)
    if phrase is None:
        raise InvariantError(f"every {group} must have words in behavior.phrases, {code!r} has none")
    with translation.override(spoken_language(language)):
        return str(phrase % {name: _value(name, value) for name, value in params.items()})


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, int) or name == "secid":
        return value
    if name == "action":
        return str(ACTIONS[value])
    if name == "regime":
        return str(IN_REGIMES[value])
    for ending, words in _BY_ENDING.items():
        if name.endswith(ending):
            return words(value)
    raise InvariantError(f"a parameter of the coach must end with its unit, was {name!r}")


def _percent(value: float) -> str:
    return gettext("%(number)s%%") % {"number": number_worded(value, 1)}


_BY_ENDING: Final[dict[str, Callable[[float], str]]] = {
    "stop_rub": lambda value: number_worded(value, 2),
    "moved_to_rub": lambda value: number_worded(value, 2),
    "_rub": lambda value: number_worded(value, 0),
    "pct": _percent,
    "_frac": lambda value: _percent(100 * value),
    "ratio": lambda value: number_worded(value, 1),
    "usual": lambda value: number_worded(value, 1),
    "sigma": lambda value: number_worded(value, 1),
    "z": lambda value: number_worded(value, 1),
}
