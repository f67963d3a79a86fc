"""What leaves the signals app: stored decisions, the market at a glance, the analysis of one share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modeling.contracts.emission import EmissionRules
from modeling.contracts.outcomes import TradeAsked
from signals.kernels.track_record import RecordCurve, RecordFigures

ACTIONS = ("BUY", "SELL", "HOLD", "NO_TRADE")
SOURCES = ("live", "replay", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalConfig:
    """What is scored and how long an answer holds (signals.yaml)."""

    label_set: str
    default_horizon: str
    live_within_bars: int
    valid_bars: int
    history_bars: int
    emission: EmissionRules = field(default_factory=EmissionRules)  # which decisions are told

    def __post_init__(self) -> None:
        for name in ("live_within_bars", "valid_bars", "history_bars"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, was {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """What can be asked for now."""

    timeframe: str
    horizons: tuple[str, ...]
    default_horizon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFacts:
    """One stored decision, in the shape that the API and the explanation read.

    `payload` holds what the decision was made of, as plain JSON: prediction, market state, decision, regime,
    scenarios, levels, drivers and the facts of the explanation. Prices are as traded.
    """

    id: int | None  # None: computed on demand or by a shadow, which is no stored signal
    secid: str
    name_ru: str
    name_en: str
    sector: str
    timeframe: str
    horizon: str
    bar_begin: datetime  # of the last closed bar used
    as_of: datetime  # when that bar was known: the decision time
    valid_until: datetime
    action: str
    confidence: int | None
    strength: str | None
    proven: bool
    source: str  # live, replay or simulated
    model_version: str | None
    trained_until: datetime | None
    payload: dict[str, Any]

    @property
    def is_simulated(self) -> bool:
        """Whether the share and its prices are made up."""
        return self.source == "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInForce:
    """The newest call of a share that held at a moment."""

    signal_id: int
    action: str
    strength: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapRow:
    """One active share at a glance; without a stored signal its signal fields are None."""

    secid: str
    name_ru: str
    name_en: str
    sector: str
    is_simulated: bool
    signal: str | None
    strength: str | None
    confidence: int | None
    proven: bool
    source: str | None
    side: str | None
    edge: float | None
    change_pct: float | None
    turnover: float | None
    market_cap: float | None
    regime: str | None
    as_of: datetime | None
    valid_until: datetime | None
    data_age_seconds: int | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """The market at a glance for one timeframe and horizon."""

    timeframe: str
    horizon: str
    regime: dict[str, Any] | None  # name, probability, since
    results: tuple[HeatmapRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReport:
    """What one look at the told signals without an outcome found; the first three were written."""

    traded: int
    no_trade: int
    void: int
    waiting: int  # their windows are not whole yet
    refused: tuple[str, ...] = ()  # why others cannot be asked

    @property
    def new(self) -> int:
        """How many outcomes were written."""
        return self.traded + self.no_trade + self.void


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One told signal and what came of it."""

    signal_id: int
    source: str
    proven: bool
    secid: str
    timeframe: str
    horizon: str
    label_set: str
    as_of: datetime
    action: str
    confidence: int
    strength: str
    regime: str
    model_version: str
    p: float | None
    p_break_even: float | None
    state: str  # traded, no_trade, void, or open
    void_reason: str
    exit_reason: str
    exit_at: datetime | None
    r_multiple: float | None
    net_frac: float | None
    withdrawn: bool  # staff rejected it: users see it no more, the record does

    @property
    def call(self) -> str:
        """What was said, of what and by which labels: the group that a base rate is of."""
        return f"{self.label_set} {self.timeframe} {self.horizon} {self.action}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPart:
    """Which part of a record; None: all of it."""

    since: datetime | None = None  # decided at or after
    until: datetime | None = None  # decided at or before
    timeframe: str | None = None
    horizon: str | None = None
    signal: str | None = None
    regime: str | None = None
    strength: str | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBase:
    """What all rows of one call's side made without any choice, as it was last reckoned."""

    action: str
    timeframe: str
    horizon: str
    label_set: str
    rows: int
    days: int
    hit_rate: float
    break_even: float
    mean_r: float
    net_frac: float
    since: datetime
    until: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """Everything that was told of one source, proven or paper, and what came of it."""

    source: str
    proven: bool
    as_of: datetime
    # Decisions by action, of which those were told that passed the rules of emission; of a part by signal, regime or
    # strength all of them all the same.
    said: dict[str, int]
    lines: tuple[RecordLine, ...]  # all that was told, the earliest first, or what has ended of it
    figures: RecordFigures | None  # of the trades that have ended; None without one
    groups: dict[str, dict[str, RecordFigures]]  # by action, call, month, regime, confidence and others
    curve: RecordCurve
    # Told on bars that the gate of their version had judged by: they were chosen on what they tell. None where the lines
    # are of what has ended alone.
    seen_by_gate: int | None

    def count(self, state: str) -> int:
        """Return how many of what was told are traded, no_trade, void or open."""
        return sum(line.state == state for line in self.lines)

    @property
    def withdrawn(self) -> int:
        """How many of them staff have rejected; they stay in every figure."""
        return sum(line.withdrawn for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The whole answer about one share and horizon, worded in one language, as of one reading moment."""

    signal_id: int | None  # None: computed on demand and stored nowhere
    secid: str
    name: str
    sector: str
    timeframe: str
    horizon: str
    signal: str
    side: str | None
    price: float | None
    entry: dict[str, float] | None
    take_profit: float | None
    stop_loss: float | None
    risk_reward: float | None
    position: dict[str, float | int] | None
    confidence: int | None
    strength: str | None
    proven: bool
    probabilities: dict[str, float] | None
    probabilities_as_trained: dict[str, float] | None
    probability_take_profit: float | None
    probability_stop_loss: float | None
    break_even_probability: float | None
    break_even_probabilities: dict[str, float] | None
    edge: float | None
    expected_return: float | None
    expected_volatility: float | None
    expected_drawdown: float | None
    direction: dict[str, float] | None
    votes: tuple[dict[str, Any], ...]
    regime: dict[str, Any] | None
    scenarios: tuple[dict[str, Any], ...]
    cone: tuple[dict[str, Any], ...]
    explanation: str
    drivers: tuple[dict[str, Any], ...]
    news: tuple[dict[str, Any], ...]
    levels: tuple[dict[str, Any], ...]
    model: dict[str, Any] | None
    source: str
    is_simulated: bool
    bar_begin: datetime
    as_of: datetime
    data_age_seconds: int
    valid_until: datetime
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSignal:
    """One line of what a scoring said."""

    secid: str
    horizon: str
    action: str
    reasons: tuple[str, ...]
    side: str | None
    p: float | None
    p_break_even: float | None
    confidence: int | None
    proven: bool
    source: str
    as_of: datetime
    new: bool  # False: the same bar had been scored with the same model before


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """What one scoring did; every instrument asked for is in `signals` or in `not_ready`."""

    model_version: str | None
    signals: tuple[ScoredSignal, ...] = ()
    not_ready: tuple[str, ...] = ()  # why a share could not be scored yet

    @property
    def new(self) -> int:
        """How many rows were stored that had not been there."""
        return sum(signal.new for signal in self.signals)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSignal:
    """One message to users: a signal that passed the rules of emission, and what an order needs of it.

    Prices are as traded; those of the order are None for a HOLD.
    """

    id: int  # its place: ids rise, with gaps
    signal_id: int
    secid: str
    timeframe: str
    horizon: str
    action: str
    confidence: int
    strength: str | None
    proven: bool
    source: str
    as_of: datetime
    valid_until: datetime
    emitted_at: datetime
    price_rub: float | None  # the close of the bar that it was decided on
    entry_low_rub: float | None
    entry_high_rub: float | None
    take_profit_rub: float | None
    stop_loss_rub: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What one replay did; what was stored before is not counted."""

    since: datetime
    until: datetime
    moments: int  # closed bars of the market in that time
    versions: tuple[str, ...]  # who spoke, "" for nobody, in the order of their first word
    signals: int  # decided anew
    new: int  # of these stored
    actions: tuple[tuple[str, int], ...]  # how often each was decided
    not_ready: tuple[str, ...]  # why some bars could not be decided on, each reason once


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAsk:
    """What is to be computed on demand: the decision on the newest bar of a share that had closed at a moment."""

    secid: str
    timeframe: str
    horizon: str
    moment: datetime
    past: bool  # asked for a past moment: whoever served then speaks, not who serves today


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesAsk:
    """What is to be computed on demand: what became of decisions on one share, by the bars known at a moment."""

    secid: str
    label_set: str
    timeframe: str
    horizon: str
    trades: tuple[TradeAsked, ...]
    moment: datetime
