"""What a reader must be warned of: age, expiry, paper, replay and simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A stored signal's times and kind, as the reader meets them."""

    action: str
    proven: bool
    source: str
    last_bar_at: datetime  # end of the newest bar behind the signal
    valid_until: datetime


def data_age_s(reading: Reading, *, moment: datetime) -> int:
    """Return the whole seconds from the end of the newest bar to the moment of reading, never negative."""
    return max(int((moment - reading.last_bar_at).total_seconds()), 0)


def reading_warnings(
    reading: Reading, *, stored: Iterable[str], moment: datetime, max_data_age_s: int
) -> tuple[str, ...]:
    """Return the stored warnings with those of the moment of reading, each once, the stored first.

    `stale_data`: the newest bar is older than the policy allows; `expired`: the entry's time has passed;
    `paper_signal`: an answer of a model whose edge is not proven; `replay`: computed afterwards; `simulated`.
    """
    now_true = {
        "stale_data": data_age_s(reading, moment=moment) > max_data_age_s,
        "expired": moment > reading.valid_until,
        "paper_signal": not reading.proven and reading.action != "NO_TRADE",
        "replay": reading.source == "replay",
        "simulated": reading.source == "simulated",
    }
    return tuple(dict.fromkeys([*stored, *(code for code, holds in now_true.items() if holds)]))
