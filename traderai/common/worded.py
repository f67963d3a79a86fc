"""Numbers in words of the language that is active, the same wherever a sentence holds one."""

from __future__ import annotations

from django.utils import formats


def number_worded(value: float, decimals: int) -> str:
    """Return a number with so many decimals, its thousands grouped, with a true minus and no sign of zero."""
    # Adding 0 takes the sign from a zero.
    text = formats.number_format(round(value, decimals) + 0.0, decimals, use_l10n=True, force_grouping=True)
    return text.replace("-", "−")
