"""What longer bars are made from, as the operator's `resampling.yaml` says."""

from __future__ import annotations

from dataclasses import dataclass

from market.contracts import Timeframe
from traderai.common.config import load_config
from traderai.common.errors import InputError

_FILE = "resampling.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResamplingConfig:
    """The feeds of each timeframe, best first, and when a bar counts as whole."""

    feeds: dict[str, tuple[str, ...]]
    settle_days: int
    recheck_days: int

    def __post_init__(self) -> None:
        targets = [Timeframe.parse(code).minutes for code in self.feeds]
        if targets != sorted(set(targets)):
            raise InputError(f"{_FILE}: feeds must go from short to long, were {', '.join(self.feeds)}")
        for code, feeds in self.feeds.items():
            for feed in feeds:
                if Timeframe.parse(code).minutes % Timeframe.parse(feed).minutes or feed == code:
                    raise InputError(f"{_FILE}: {code} bars must be made from a part of theirs, was {feed}")
        if min(self.settle_days, self.recheck_days) < 1:
            raise InputError(f"{_FILE}: settle_days and recheck_days must be at least 1")

    def feeds_of(self, target: Timeframe) -> tuple[Timeframe, ...]:
        """Return what a timeframe is made from, best first; nothing for one that is not made."""
        return tuple(Timeframe.parse(code) for code in self.feeds.get(target.value, ()))

    @property
    def targets(self) -> tuple[Timeframe, ...]:
        """The timeframes that are made, short to long."""
        return tuple(Timeframe.parse(code) for code in self.feeds)


def resampling_config() -> ResamplingConfig:
    """Return the operator's feeds."""
    return load_config(_FILE, ResamplingConfig)
