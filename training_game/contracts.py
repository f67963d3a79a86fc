"""What leaves the game: its settings, a round as dealt, the reveal, a player's record, the leader board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from training_game.kernels.disguise import ShownCandles

ACTIONS = ("BUY", "SELL", "HOLD", "NO_TRADE")
TRADES = ("BUY", "SELL")
DIFFICULTIES = ("easy", "normal", "hard")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeframeRules:
    """By which barriers moments of a timeframe are judged."""

    label_set: str
    horizon: str
    reach_days: int  # calendar days after the moment in which every window has closed
    since: str  # the earliest day that is played

    def __post_init__(self) -> None:
        date.fromisoformat(self.since)
        if self.reach_days < 1:
            raise ValueError(f"reach_days must be at least 1, was {self.reach_days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyRules:
    """What makes a round harder."""

    time_limit_s: int
    candles: int  # shown
    tags: bool  # regime and types of news are told
    straightness: tuple[float, float]  # between these the efficiency ratio lies

    def __post_init__(self) -> None:
        low, high = self.straightness
        if self.time_limit_s < 1 or self.candles < 30 or not 0.0 <= low < high <= 1.0:
            raise ValueError(
                "time_limit_s must be at least 1, candles at least 30 and straightness rise within 0 to 1, were "
                f"{self.time_limit_s}, {self.candles} and {self.straightness}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class GameConfig:
    """The settings of the game (training_game.yaml)."""

    timeframes: dict[str, TimeframeRules]
    default_timeframe: str
    difficulties: dict[str, DifficultyRules]
    default_difficulty: str
    straight_bars: int
    grace_s: int
    news_hours: int
    tried_at_once: int
    tries: int
    shared_frac: float
    rated_frac: float
    least_level: float
    most_level: float
    draw_r: float
    tau: float
    period_days: int
    claim_s: int
    board_rounds: int
    board_size: int

    def __post_init__(self) -> None:
        if set(self.difficulties) != set(DIFFICULTIES):
            raise ValueError(
                f"difficulties must be {', '.join(DIFFICULTIES)}, were {', '.join(self.difficulties)}"
            )
        if self.default_timeframe not in self.timeframes or self.default_difficulty not in self.difficulties:
            raise ValueError("default_timeframe and default_difficulty must be among those listed")
        counts = (
            "straight_bars",
            "tried_at_once",
            "tries",
            "period_days",
            "claim_s",
            "board_size",
            "news_hours",
        )
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, was {getattr(self, name)}")
        if not (0.0 <= self.shared_frac <= 1.0 and 0.0 <= self.rated_frac <= 1.0):
            raise ValueError("shared_frac and rated_frac must be 0 to 1")
        if not 0.0 < self.least_level <= 1.0 <= self.most_level:
            raise ValueError("least_level must be above 0 and at most 1, most_level at least 1")
        if self.draw_r < 0.0 or self.tau <= 0.0 or self.grace_s < 0:
            raise ValueError("draw_r and grace_s must not be negative, tau must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What kind of moment a player wants; None: any, or the usual one."""

    difficulty: str | None = None
    sector: str | None = None
    timeframe: str | None = None
    regime: str | None = None
    disguise: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dealt:
    """A round as its player sees it before the answer: nothing later than the moment, nothing that names it.

    Of a disguised round share, name and sector are None and candles are disguised.
    """

    scenario_id: str  # signed
    timeframe: str
    horizon: str
    difficulty: str
    disguised: bool
    is_simulated: bool
    secid: str | None
    name_ru: str | None
    name_en: str | None
    sector: str | None
    candles: ShownCandles
    tags: Mapping[str, Any] | None  # regime and news_types; None where the difficulty tells none
    may_sell: bool
    take_profit_frac: float  # the levels that hold without own ones, as fractions of the price
    stop_loss_frac: float
    served_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A player's answer; levels in the prices shown, both or none."""

    action: str
    take_profit: float | None = None
    stop_loss: float | None = None
    taken_s: float | None = None  # by the player's own clock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reveal:
    """What was hidden, what happened, who was right; prices of the chart go on under the round's disguise."""

    secid: str
    name_ru: str
    name_en: str
    sector: str
    is_simulated: bool
    bar_begin: datetime  # of the last candle shown
    as_of: datetime
    price_factor: float  # price shown = price * price_factor
    volume_factor: float
    weeks: int
    regime: str
    setup: str
    candles_after: ShownCandles
    state: str  # traded, no_trade or void
    void_reason: str
    you: Mapping[str, Any]
    ai: Mapping[str, Any]
    sides: Mapping[str, float | None]  # R of a long and of a short at the label set's levels
    score: float | None  # 1 won, 0.5 drawn, 0 lost, None where the round is not rated
    unrated_reason: str
    rating: RatingFacts
    rating_before: RatingFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingFacts:
    """How strong a player is and how sure that is."""

    rating: float
    deviation: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordGroup:
    """Rounds that have something in common; figures of the rated ones."""

    name: str
    rounds: int
    rated: int
    wins: int
    draws: int
    losses: int
    mean_r: float | None  # of all rounds with a result
    mean_ai_r: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRecord:
    """A player's own standing."""

    nickname: str | None
    strength: RatingFacts
    ai: tuple[tuple[str, RatingFacts], ...]  # the AI's own rating by family of its models
    dealt: int
    answered: int
    missed: int  # dealt and not answered in time
    total: RecordGroup
    by_regime: tuple[RecordGroup, ...]
    by_setup: tuple[RecordGroup, ...]
    streak: int
    best_streak: int
    curve: tuple[tuple[datetime, float, float], ...]  # rating and deviation after each rated round


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One line of the leader board."""

    place: int | None  # None: an AI, which stands among the players without a place
    name: str
    is_ai: bool
    is_you: bool
    strength: RatingFacts
    rounds: int
    missed: int
