"""The chart in words."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy

PICTURE: Final[dict[str, Any]] = {
    "trend_up": (
        gettext_lazy(
            "The trend is up: the close stands %(distance_signed_frac)s from its 50-bar average after %(change_signed_frac)s over 20 bars."
        ),
        gettext_lazy(
            "Upward trend: %(change_signed_frac)s over 20 bars, %(distance_signed_frac)s from the 50-bar average."
        ),
    ),
    "trend_down": (
        gettext_lazy(
            "The trend is down: the close stands %(distance_signed_frac)s from its 50-bar average after %(change_signed_frac)s over 20 bars."
        ),
        gettext_lazy(
            "Downward trend: %(change_signed_frac)s over 20 bars, %(distance_signed_frac)s from the 50-bar average."
        ),
    ),
    "trend_flat": (
        gettext_lazy(
            "There is no clear trend: the close stands %(distance_signed_frac)s from its 50-bar average after %(change_signed_frac)s over 20 bars."
        ),
        gettext_lazy(
            "No clear trend: %(change_signed_frac)s over 20 bars, %(distance_signed_frac)s from the 50-bar average."
        ),
    ),
    "rsi_high": (
        gettext_lazy("RSI at %(rsi_index)s: overbought."),
        gettext_lazy("The share is overbought (RSI %(rsi_index)s)."),
    ),
    "rsi_low": (
        gettext_lazy("RSI at %(rsi_index)s: oversold."),
        gettext_lazy("The share is oversold (RSI %(rsi_index)s)."),
    ),
    "rsi_middle": (
        gettext_lazy("RSI at %(rsi_index)s: neutral."),
        gettext_lazy("Momentum is neutral (RSI %(rsi_index)s)."),
    ),
    "volume_high": (
        gettext_lazy("Volume is high: %(volume_ratio)s times the usual."),
        gettext_lazy("Trading is brisk: %(volume_ratio)s times the usual volume."),
    ),
    "volume_low": (
        gettext_lazy("Volume is low: %(volume_ratio)s times the usual."),
        gettext_lazy("Trading is thin: %(volume_ratio)s times the usual volume."),
    ),
    "volume_usual": (
        gettext_lazy("Volume is normal: %(volume_ratio)s times the usual."),
        gettext_lazy("Trading keeps its usual pace: %(volume_ratio)s times the usual volume."),
    ),
    "levels_both": (
        gettext_lazy(
            "The nearest support is %(support_rub)s, the nearest resistance %(resistance_rub)s RUB."
        ),
        gettext_lazy("Support stands at %(support_rub)s, resistance at %(resistance_rub)s RUB."),
    ),
    "levels_support": gettext_lazy(
        "The nearest support is %(support_rub)s RUB; there is no recent resistance above."
    ),
    "levels_resistance": gettext_lazy(
        "The nearest resistance is %(resistance_rub)s RUB; there is no recent support below."
    ),
    "pattern_up": (
        gettext_lazy("The last bar completes a bullish candlestick pattern: %(pattern)s."),
        gettext_lazy("Candlesticks: %(pattern)s, taken for a bullish sign."),
    ),
    "pattern_down": (
        gettext_lazy("The last bar completes a bearish candlestick pattern: %(pattern)s."),
        gettext_lazy("Candlesticks: %(pattern)s, taken for a bearish sign."),
    ),
    "pattern_open": (
        gettext_lazy("The last bar completes a candlestick pattern of indecision: %(pattern)s."),
        gettext_lazy("Candlesticks: %(pattern)s, a sign of indecision."),
    ),
}

SCENARIOS: Final[dict[str, Any]] = {
    "falls_below": gettext_lazy("falls below %(high_rub)s"),
    "falls_to": gettext_lazy("falls to %(low_rub)s–%(high_rub)s"),
    "stays_in": gettext_lazy("stays in %(low_rub)s–%(high_rub)s"),
    "rises_to": gettext_lazy("rises to %(low_rub)s–%(high_rub)s"),
    "rises_above": gettext_lazy("rises above %(low_rub)s"),
    "stays_below": gettext_lazy("stays below %(high_rub)s"),
    "stays_above": gettext_lazy("stays above %(low_rub)s"),
}
