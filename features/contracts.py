"""What leaves the features app: feature sets, matrices and the market regime."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from market.contracts import Timeframe
from traderai.common.arrays import F32, I64

REGIMES = ("uptrend", "downtrend", "flat", "panic", "euphoria", "news_storm")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSetFacts:
    """A named, hashed list of features; `key` names its place in the lake."""

    name: str  # "tech_v1"
    sha: (
        str  # fingerprint of everything that decides the numbers: features, parameters, warm-up, code version
    )
    columns: tuple[str, ...]
    warmup_bars: int

    @property
    def key(self) -> str:
        """The set's name with the first 12 digits of its hash: "tech_v1@0a1b2c3d4e5f"."""
        return f"{self.name}@{self.sha[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureMatrix:
    """The features of one instrument, one row per closed bar, oldest first."""

    secid: str
    timeframe: Timeframe
    feature_set: FeatureSetFacts
    begin_s: I64  # (n,) start of each row's bar, seconds since 1970 UTC
    columns: tuple[str, ...]  # those of the set, or the ones that were asked for
    values: F32  # (n, k) in the order of `columns`; NaN where history is too short or a source is absent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRow:
    """The features of one bar of one share."""

    secid: str
    begin_s: int  # start of the bar, seconds since 1970 UTC
    values: F32  # (k,) in the order of the set's columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """What one update of the newest rows did."""

    feature_set_key: str
    timeframe: str
    rows: int  # new rows published
    shares: int  # shares looked at
    reloaded: bool  # the month was read anew: the first time, a new month, restated bars, or once an hour
    seconds: float
    failed: tuple[tuple[str, str], ...] = ()  # by secid: why its row could not be computed


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeFacts:
    """The regime of the market or of a sector as it was known at one moment."""

    name: str  # one of REGIMES
    probabilities: dict[str, float]  # by regime, summing to 1
    since: datetime  # the trading day on which this spell began
    as_of: datetime  # when the newest bar it was computed from was known
    reasons: tuple[tuple[str, float], ...]  # named figures behind it, such as ("drawdown_20d_pct", -12.3)
    sector: str = ""  # whose regime: a sector's code, "" for the whole market
    source: str = ""  # what the figures were computed from, and what was missing


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What one build of features did; nothing is dropped without being named here."""

    feature_set_key: str
    timeframe: str
    instruments: int
    instruments_with_bars: int  # those that have bars in the months looked at and did not fail
    rows: int  # rows of the months built
    months_built: int
    months_unchanged: int
    files_swept: int
    seconds: float
    corrupt: tuple[str, ...]  # files that were lost or differed from their checksum; rebuilt
    missing_columns: tuple[
        tuple[str, tuple[str, ...]], ...
    ]  # by secid: columns without a value in its newest month
    failed: tuple[tuple[str, str], ...]  # by secid: why its features could not be built


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What one export of features wrote."""

    feature_set_key: str
    timeframe: str
    path: str
    instruments: int
    rows: int
    columns: int  # features, without ticker and time
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeReport:
    """What one build of the regime history did for one market."""

    market: str
    shares: int
    days: int  # trading days with a regime
    days_new: int
    days_changed: int
    days_unknown: int  # trading days with too few shares or too little history
    newest_day: str | None
    sectors: tuple[tuple[str, int], ...] = ()  # (sector, days with a regime); too small ones are left out
    sector_days_new: int = 0
    sector_days_changed: int = 0
