"""What the numbers of a track record do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext_lazy, ngettext_lazy

from traderai.common.asker import spoken_language

CAVEATS: Final[dict[str, Any]] = {
    "simulated": gettext_lazy(
        "These shares and their prices are made up: the record says how the system works, and nothing about a market."
    ),
    "replayed": gettext_lazy(
        "A replay says afterwards what would have been said then, by models that had learned nothing later: nobody could act on it."
    ),
    "paper": gettext_lazy("No model behind these signals has proven a profit: they are trades on paper."),
    "nothing_ended": gettext_lazy("No trade has ended yet, so there is no figure to tell."),
    "too_few": ngettext_lazy(
        "%(trades)s trade has ended: below %(least)s no bounds are given, and a figure says next to nothing.",
        "%(trades)s trades have ended: below %(least)s no bounds are given, and a figure says next to nothing.",
        "trades",
    ),
    "few_days": ngettext_lazy(
        "All of it was decided on %(days)s day; below %(least)s days one spell of the market can make any record.",
        "All of it was decided on %(days)s days; below %(least)s days one spell of the market can make any record.",
        "days",
    ),
    "no_profit_shown": gettext_lazy(
        "The bounds of the mean result reach below zero: no profit is shown by it."
    ),
    "no_base": gettext_lazy(
        "What all rows of the same sides made without any choice has not been reckoned yet: nothing tells the skill from the market."
    ),
    "one_r_each": gettext_lazy(
        "Every trade risks one R, however many are open at a time: the sum of R is no account's result."
    ),
    "modelled_costs": gettext_lazy(
        "Fees, spread and slippage are counted as the cost model has them; taxes and the move that a large order makes are not."
    ),
    "seen_by_gate": ngettext_lazy(
        "%(number)s signal lies on bars that the gate of its version had judged by: the version was chosen on what it tells.",
        "%(number)s signals lie on bars that the gate of their version had judged by: the versions were chosen on what they tell.",
        "number",
    ),
    "open": ngettext_lazy(
        "%(number)s signal is still open and in no figure.",
        "%(number)s signals are still open and in no figure.",
        "number",
    ),
    "void": ngettext_lazy(
        "%(number)s signal has no honest outcome (a halt, a split, no entry) and is in no figure.",
        "%(number)s signals have no honest outcome (a halt, a split, no entry) and are in no figure.",
        "number",
    ),
    "withdrawn": ngettext_lazy(
        "%(number)s signal was withdrawn by staff since; it stays in every figure.",
        "%(number)s signals were withdrawn by staff since; they stay in every figure.",
        "number",
    ),
    "part": gettext_lazy(
        "This is a part of the record: of many parts the best one looks good by chance alone."
    ),
}


def caveat_text(code: str, params: Mapping[str, Any], *, language: str) -> str:
    """Return one of them in a language."""
    with translation.override(spoken_language(language)):
        return str(CAVEATS[code] % params) if params else str(CAVEATS[code])
