"""Everything that an explanation may speak of, and what a sentence of it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.contracts import RegimeFacts
from modeling.contracts import Decision, RegimeRule, Vote
from modeling.contracts.filters import LeftOut
from modeling.contracts.ranks import RankFacts
from modeling.contracts.thresholds import RegimeTrades
from signals.kernels.background import Background
from signals.kernels.levels import PriceLevel

Params = dict[str, float | int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence to be: which part of the explanation, which template, which values."""

    section: str  # one of `signals.explain.SECTIONS`
    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A family of features and what it does to the probability of the better side."""

    family: str
    feature: str  # the family's most unusual one
    value: float | None
    effect: float  # probability with the family minus probability without it


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlePattern:
    """What the last bars are called where they have a name."""

    name: str  # one of `features.kernels.candle_patterns.NAMES`
    direction: int  # 1 bullish, -1 bearish, 0 where the pattern has no side


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that an explanation may speak of; nothing else can get into it."""

    decision: Decision
    days: int
    last_bar_at: str  # ISO, the end of the instrument's newest bar
    picture: dict[str, float | None]  # the figures of `signals.kernels.picture.ChartPicture`
    levels: tuple[PriceLevel, ...]
    drivers: tuple[Driver, ...]
    regime: RegimeFacts | None
    rank: RankFacts | None  # by the daily ranker
    rule: RegimeRule  # what the policy asks in this regime
    proven: bool
    in_sample: bool
    simulated: bool
    left_out: tuple[LeftOut, ...] = ()  # the cells for whose sake nothing is traded
    regime_trades: RegimeTrades | None = None  # what the version's trades have made in this regime
    trained_p: float | None = None  # the better side's before outcomes moved it; None where none did
    median_return_frac: float | None = None  # forecast over the horizon; None without a model
    pattern: CandlePattern | None = None  # completed by the last bar
    background: Background = field(default_factory=Background)
    votes: tuple[Vote, ...] = ()  # of a council, the shared network first
    break_even: dict[str, float] | None = None  # by side; None where no figures were given
    days_to_ex_dividend: int | None = None  # trading days; None: no cut-off is known to be near


def given(**params: float | int | str | None) -> Params:
    """Return the parameters that are there."""
    return {name: value for name, value in params.items() if value is not None}
