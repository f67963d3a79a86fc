"""What a feature is called, means, needs and comes from.

Light on purpose (no numbers are computed here): the web process and the documents read it too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Family = Literal[
    "returns", "trend", "oscillators", "volatility", "volume", "position", "candles", "flow", "higher", "market",
    "sector", "cross_section", "fundamental", "news", "calendar", "regime", "prices",
]  # fmt: skip
# Where the numbers come from: the share's own bars, or one of `features.sources`.
Reads = Literal["bars", "higher", "index", "panel", "flow", "fundamental", "news", "calendar", "regime"]
# Sources that are silent for whole shares or years: their missing values are flagged, not a reason to leave a row out.
SPARSE: Final[frozenset[Reads]] = frozenset({"flow", "fundamental", "news"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """One feature; `lookback_bars` is the number of own bars before the first value (0 where others are read).

    `kernel` names the column function that computes it: one of `features.kernels.columns` for features that read
    own bars, one of the source's own columns otherwise. `exact_tail` says that the newest value has the same bits when
    only the last `lookback_bars + 1` bars are given: neither recursive nor a running sum.
    """

    name: str
    family: Family
    formula: str
    kernel: str
    parameters: dict[str, float] = field(default_factory=dict)
    lookback_bars: int
    unit: str
    low: float | None = None  # smallest possible value, None where there is none
    high: float | None = None
    source: str
    reads: Reads = "bars"
    exact_tail: bool = False

    @property
    def sparse(self) -> bool:
        """Whether a row without this feature is still a row."""
        return self.reads in SPARSE

    def __post_init__(self) -> None:
        if self.lookback_bars < 0:
            raise ValueError(f"lookback_bars must be at least 0, was {self.lookback_bars}")
        if self.exact_tail and self.reads != "bars":
            raise ValueError(f"exact_tail is for features that read own bars, {self.name} reads {self.reads}")
