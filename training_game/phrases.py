"""How a round ended, in words."""

from __future__ import annotations

from typing import Final

from django.utils import formats, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from training_game.contracts import Reveal
from training_game.kernels.scores import DRAW, LOSS, WIN

_VERDICTS: Final = {
    WIN: _("You beat the AI: %(own)s R against %(other)s R."),
    DRAW: _("A draw with the AI: %(own)s R against %(other)s R."),
    LOSS: _("The AI was better: %(other)s R against your %(own)s R."),
}
_UNRATED: Final = {
    "void": _("The moment has no result: trading was halted, a split was near, or nothing could be traded."),
    "not_disguised": _("Not rated: the share was not disguised, so its future could be looked up."),
    "no_version": _("Not rated against the AI: no version had been trained before this moment."),
    "": _("Not rated against the AI: it had no word on this moment."),
}
_EXITS: Final = {
    "take_profit": _("Your target was reached first."),
    "stop_loss": _("Your stop was reached first."),
    "timeout": _("Neither your target nor your stop was reached in time."),
    "": _("You stayed out: 0 R."),
}


def verdict_text(reveal: Reveal, *, language: str) -> str:
    """Return in a language how a round ended for its player and who was right."""
    with translation.override(language):
        told = []
        if reveal.state != "void":
            trade = reveal.you["trade"]
            told.append(gettext(_EXITS[trade["exit_reason"] if trade else ""]))
        if reveal.score is None:
            told.append(gettext(_UNRATED.get(reveal.unrated_reason, _UNRATED[""])))
        else:
            results = {"own": _r(reveal.you["r_multiple"]), "other": _r(reveal.ai["r_multiple"])}
            told.append(gettext(_VERDICTS[reveal.score]) % results)
        return " ".join(told)


def _r(value: float) -> str:
    shown = formats.number_format(abs(round(value, 2)), decimal_pos=2)
    return f"{'−' if round(value, 2) < 0 else '+'}{shown}"
