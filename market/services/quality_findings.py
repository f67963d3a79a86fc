"""What looks at stored data find: findings, counted in full and kept as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from market.quality_config import QualityConfig, Severity
from traderai.common.arrays import F64, I64
from traderai.common.clock import MOSCOW, from_epoch_s, midnight, to_epoch_s

_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found in one series."""

    check: str  # a field of `Severities`
    severity: Severity
    secid: str  # "" for the whole market
    timeframe: str
    at_s: int  # begin of the bar, or midnight of the day
    size: float  # how bad; comparable within one check only
    text: str  # in plain words


@dataclass(slots=True, kw_only=True)
class SeriesFindings:
    """The findings of one series (or, without a ticker, of the market): all counted, the worst kept."""

    secid: str
    timeframe: str
    config: QualityConfig
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[Finding] = field(default_factory=list)

    def add(self, check: str, at_s: I64, sizes: F64, text: Callable[[int], str]) -> None:
        """Count findings and keep the largest; `text` tells of the i-th one and is asked for those kept alone."""
        if not at_s.size:
            return
        self.counts[check] += int(at_s.size)
        worst = np.argsort(-np.nan_to_num(sizes, nan=0.0), kind="stable")[: self.config.examples_max]
        for i in np.sort(worst).tolist():
            self.examples.append(
                Finding(
                    check=check,
                    severity=self.config.severities.of(check),
                    secid=self.secid,
                    timeframe=self.timeframe,
                    at_s=int(at_s[i]),
                    size=round(float(sizes[i]), 6),
                    text=text(i),
                )
            )

    def severity_counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity."""
        found: Counter[str] = Counter()
        for check, count in self.counts.items():
            found[self.config.severities.of(check)] += count
        return {severity: found[severity] for severity in ("error", "warning", "info")}

    @property
    def verdict(self) -> str:
        """ "failed" with an error, "warning" with a warning, else "ok"."""
        return verdict_of([self])


def verdict_of(findings: Iterable[SeriesFindings]) -> str:
    """Return the worst verdict."""
    worst = "ok"
    for one in findings:
        counts = one.severity_counts()
        if counts["error"]:
            return "failed"
        if counts["warning"]:
            worst = "warning"
    return worst


def midnight_s(day: int) -> int:
    """Return the moment at which a day (days since 1970) began in Moscow."""
    return to_epoch_s(midnight(date.fromordinal(int(day) + _EPOCH_DAY)))


def day_text(day: int) -> str:
    """Return a day (days since 1970) as 2024-01-31."""
    return str(np.datetime64(int(day), "D"))


def moment_text(at_s: int) -> str:
    """Return a moment as Moscow's wall clock shows it."""
    return f"{from_epoch_s(at_s).astimezone(MOSCOW):%Y-%m-%d %H:%M}"
