"""The words of remarks and refusals of the ledger: codes to sentences, rendered when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from portfolio.ledger_contracts import Remark
from traderai.common.asker import spoken_language

PHRASES: Final[Mapping[str, str | Promise]] = {
    "commission_reckoned": gettext_lazy("No commission was given; %(commission_rub)s RUB was reckoned."),
    "price_not_checked": gettext_lazy("There are no candles of that day to hold the price against."),
    "price_outside_of_day": gettext_lazy(
        "The price lies outside of that day's range, %(low_rub)s to %(high_rub)s RUB."
    ),
    "maybe_twice": gettext_lazy("The same trade was entered by hand that day; it may be here twice."),
    "lapsed": gettext_lazy("The share was not traded in time."),
    "split": gettext_lazy("The share was split before the order could be filled."),
    "not_shortable": gettext_lazy("The share could not be sold short."),
    "not_in_lots": gettext_lazy("The quantity was not of whole lots."),
    "no_money": gettext_lazy("The account had too little money for it."),
}


def remark_text(remark: Remark, *, language: str) -> str:
    """Return a remark in a language, numbers as it writes them."""
    with translation.override(spoken_language(language)):
        return str(PHRASES[remark.code]) % {name: _told(value) for name, value in remark.params.items()}


def _told(value: object) -> object:
    if not isinstance(value, float):
        return value
    # Kopecks where there are any; a price below a kopeck keeps its digits.
    decimals = 2 if abs(value) >= 1 else 6
    text = formats.number_format(round(value, decimals), decimals, use_l10n=True, force_grouping=True)
    return text.rstrip("0").rstrip(formats.get_format("DECIMAL_SEPARATOR"))
