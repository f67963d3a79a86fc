"""Model versions: the registry's facts, what serving reads, what the gate asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from modeling.contracts.conformal import HorizonRanges
from modeling.contracts.council import CouncilRules
from modeling.contracts.decisions import Evidence, IsotonicMap, Prediction
from modeling.contracts.levels import HorizonLevels
from modeling.contracts.thresholds import Thresholds
from traderai.common.arrays import F32, F64

Grade = Literal["rejected", "inform", "trade"]
Slot = Literal["forecast", "adapters", "regime", ""]  # the last: no place of service
# What a kind of version serves as. A slot has one champion: a council's network holds the global outputs, so the two
# compete for one place.
SLOT_OF_KIND: Final[dict[str, Slot]] = {
    "global": "forecast",
    "council": "forecast",
    "adapter": "adapters",
    "regime": "regime",
}
SYSTEM: Final = "system"  # earlier systems are compared with others, never served
KINDS: Final = (*SLOT_OF_KIND, SYSTEM)
SLOTS: Final[tuple[Slot, ...]] = ("forecast", "adapters", "regime")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersionFacts:
    """One version in the registry."""

    id: int
    version: str  # "global-swing_v1-20241231-ab12cd34"
    kind: str  # one of KINDS
    recipe: str
    feature_set_key: str
    label_set: str
    timeframe: str
    horizons: tuple[str, ...]  # ("3d", "5d", "10d")
    lookback_bars: int
    trained_until: datetime  # no label that it was trained or calibrated on ends after this
    grade: str  # a Grade
    state: str  # candidate, shadow, champion, retired, rejected
    is_simulated: bool  # trained on simulated bars
    artifact_key: str  # folder in the lake
    manifest_sha256: str
    metrics: dict[str, object]

    @property
    def slot(self) -> Slot:
        """The place of service that it competes for; empty for an earlier system."""
        return "" if self.kind == SYSTEM else SLOT_OF_KIND[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionTrust:
    """How far the quantiles of one excursion may depart from those that go with the recent volatility of a bar."""

    base_quantiles: tuple[float, ...]  # of the training part, at QUANTILE_LEVELS, of the entry price
    unit_quantiles: tuple[float, ...]  # of the same divided by the recent volatility of a bar
    weights: tuple[float, float, float]  # of base, recent and network; they add up to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadTrust:
    """How far one horizon's outputs may depart from what training knew without the network.

    Probabilities: `sigmoid(prior + trust (logit - prior) + shift)`, or an isotonic map of `sigmoid(logit)` where that
    was proven better (its trust is 1). Only what was said after training can tell of a shift. Quantiles and
    volatility: weighted (geometric for volatility) means of base, recent volatility times a factor, and network. The
    trusts and weights were proven on validation; a head that proved nothing is its base, and a network's quantiles and
    volatility are then those of the recent volatility.
    """

    p_long_prior: float  # logit of the training base rate
    p_short_prior: float
    direction_prior: tuple[float, ...]  # logs of the training shares, by DIRECTIONS
    base_quantiles: tuple[float, ...]  # of the training returns, at QUANTILE_LEVELS
    unit_quantiles: tuple[float, ...]  # of the training returns divided by the recent volatility of a bar
    base_volatility: float  # root mean square of the training part
    volatility_per_unit: float  # of the horizon, for each unit of the recent volatility of a bar
    p_long_trust: float  # from 0 on; above 1 for outputs that say less than they know
    p_short_trust: float
    direction_trust: float
    quantile_weights: tuple[float, float, float]  # of base, recent and network; they add up to 1
    volatility_weights: tuple[float, float, float]
    p_long_map: IsotonicMap | None = None
    p_short_map: IsotonicMap | None = None
    p_long_shift: float = 0.0
    p_short_shift: float = 0.0
    excursions: tuple[ExcursionTrust, ...] = ()  # in the order of EXCURSIONS; none where none are foretold


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibrated:
    """What took the place of a version's trust after its training."""

    trust: dict[str, HeadTrust]  # by horizon
    as_of: datetime  # no outcome known later had a say; it serves from then on
    # What its own words had taught by then; none: probabilities are said as they are.
    levels: dict[str, HorizonLevels]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServingArtifact:
    """Everything that scoring needs of one published version; its bytes were checked against the manifest."""

    version: ModelVersionFacts
    onnx: bytes
    feature_names: tuple[str, ...]
    sparse_blocks: tuple[str, ...]  # by feature the sparse source that it reads, "" where it must be there
    mean: F64  # (k,) on the training rows, of the raw features and then of a flag for each sparse block
    std: F64  # (k,)
    ticker_rows: dict[str, int]  # secid -> embedding row; absent tickers use row 0, "unknown"
    horizon_rows: dict[str, int]  # horizon -> embedding row
    trust: dict[str, HeadTrust]  # by horizon
    volatility_feature: str  # the feature that holds the recent volatility of a bar
    evidence: dict[str, Evidence]  # by horizon
    novelty_mean: F64  # (k,) of the last bar's standardised features
    novelty_precision: F64  # (k, k)
    council: CouncilRules | None = None  # how the network's votes become one decision
    ranges: dict[str, HorizonRanges] | None = None  # by horizon; None: quantiles are said as they are
    levels: dict[str, HorizonLevels] | None = None  # by horizon; None: probabilities are said as they are
    thresholds: Thresholds | None = None  # None: the policy's own stand
    recalibrated: Recalibrated | None = None  # for shares without an adapter; None: `trust` serves


class Scores(Protocol):
    """What `modeling.selectors.artifacts.scorer_open` gives: a version ready to answer."""

    artifact: ServingArtifact

    def predict(self, *, windows: F32, secids: Sequence[str], horizon: str) -> tuple[Prediction, ...]:
        """Return one calibrated prediction per window of raw features."""

    def ranked(self, ranks: Mapping[str, Mapping[str, float]]) -> Scores:
        """Return this with the daily ranks known at the decision, by feature and ticker."""

    def novelty(self, *, last_bars: F32) -> F64:
        """Return how far each row of raw features lies from the training rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """What the gate asks of a candidate (gate.yaml)."""

    level: float  # of the one-sided bootstrap bound that daily net profit must keep above 0
    mean_block_days: float
    resamples: int
    seed: int
    min_trades: int
    min_days: int
    base_tolerance_frac: float  # how much worse than the base rate still counts as not worse
    champion_tolerance_frac: float
    leak_auc: float  # a direction AUC above it needs a leak audit before `trade`
    leak_sharpe: float

    def __post_init__(self) -> None:
        if not 0.9 <= self.level < 1.0:
            raise ValueError(f"level must be at least 0.9 and below 1, was {self.level}")
        if self.mean_block_days < 1 or self.resamples < 1000 or self.min_trades < 1 or self.min_days < 2:
            raise ValueError(
                "mean_block_days and min_trades must be at least 1, resamples 1000 and min_days 2, were "
                f"{self.mean_block_days}, {self.min_trades}, {self.resamples} and {self.min_days}"
            )
        if not 0.0 <= self.base_tolerance_frac <= 0.05 or not 0.0 <= self.champion_tolerance_frac <= 0.05:
            raise ValueError(
                "tolerances must lie between 0 and 0.05, were "
                f"{self.base_tolerance_frac} and {self.champion_tolerance_frac}"
            )
