"""What decides a rank report: its folds, its network, and what of it feeds a council."""

from __future__ import annotations

from dataclasses import dataclass

from modeling.fitting.recipe import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class RankNetworkConfig:
    """A global network with the rank head alone, for all horizons of a label set at once."""

    backbone: Backbone
    lookback_days: int  # a share's own last liquid days
    max_gap_days: int  # calendar days without a liquid one: what was before a longer hole is forgotten
    channels: int
    ticker_width: int
    horizon_width: int
    dropout_frac: float
    ticker_dropout_frac: float  # of training rows that pretend to be of an unknown share
    ensemble: int  # networks from as many seeds that answer as their mean
    batch_rows: int  # at most, of whole dates
    learning_rate: float
    weight_decay: float
    max_epochs: int  # how many of them, the choosing rows say
    max_windows_per_epoch: int  # of whole dates, evenly over time
    max_fit_minutes: float  # of one fit of one member: another epoch is begun only if the time for it is left

    def __post_init__(self) -> None:
        """Refuse what no network can be fitted with."""
        whole = (
            self.ensemble,
            self.batch_rows,
            self.max_epochs,
            self.max_windows_per_epoch,
            self.max_gap_days,
        )
        if min(whole) < 1:
            raise ValueError(f"ensemble, batches, epochs, windows and gaps must be at least 1, were {whole}")
        if min(self.learning_rate, self.max_fit_minutes) <= 0 or self.weight_decay < 0:
            raise ValueError(
                "learning_rate and max_fit_minutes must be above 0 and weight_decay not negative, were "
                f"{self.learning_rate}, {self.max_fit_minutes} and {self.weight_decay}"
            )
        if not (0.0 <= self.dropout_frac < 1.0 and 0.0 <= self.ticker_dropout_frac < 1.0):
            raise ValueError(
                f"dropouts must lie in [0, 1), were {self.dropout_frac} and {self.ticker_dropout_frac}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RankFeed:
    """What of ranks an aggregator reads: the order over one horizon."""

    horizon: str
    models: tuple[str, ...]  # of them and the simple scores the one that ranks best on the rows that choose


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReportConfig:
    """The same of a set of ranks; its liquidity limit is the label set's own."""

    feature_set: str
    since: str | None
    test_years: tuple[int, ...]  # a fold each; equal folds where a question asks for a number of them
    first_train_days: float  # of equal folds
    validation_days: float  # the end of what is learned from: it chooses settings, and which model serves
    embargo_days: float
    rolling_days: float | None
    round_trips_bp: tuple[float, ...]
    network: RankNetworkConfig | None = None  # what --network fits
    feed: RankFeed | None = None  # what a council reads of it

    def __post_init__(self) -> None:
        if not self.test_years or list(self.test_years) != sorted(set(self.test_years)):
            raise ValueError(f"test_years must rise and not be empty, were {self.test_years}")
        if self.embargo_days < 0 or not self.validation_days > 0:
            raise ValueError(
                "embargo_days must not be negative and validation_days above 0, were "
                f"{self.embargo_days} and {self.validation_days}"
            )
        if any(not cost > 0 for cost in self.round_trips_bp):
            raise ValueError(f"round_trips_bp must be above 0, were {self.round_trips_bp}")
