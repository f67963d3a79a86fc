"""Label sets: how the bars after a decision become labels (entries of label_sets.yaml)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from traderai.common.errors import did_you_mean

HorizonUnit = Literal["min", "bars", "d", "eod"]
_UNITS: tuple[HorizonUnit, ...] = ("min", "bars", "d")
_HORIZON = re.compile(r"([1-9]\d*)(min|bars|d)")


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far a label looks: 60 minutes, 5 bars, 3 trading days, or to the end of the trading day."""

    count: int
    unit: HorizonUnit

    @classmethod
    def parse(cls, name: str) -> Horizon:
        """Return the horizon called "60min", "5bars", "3d" or "eod"; anything else is a ValueError."""
        if name == "eod":
            return cls(0, "eod")
        found = _HORIZON.fullmatch(name)
        if found is None:
            raise ValueError(
                f'a horizon must look like "60min", "5bars", "3d" or "eod", was {name!r}'
                f"{did_you_mean(name, ('eod',))}"
            )
        unit = next(each for each in _UNITS if each == found[2])
        return cls(int(found[1]), unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What all label sets say of their rows; `timeframe` is the one that was asked for."""

    name: str  # "swing_v1"
    version: int  # raise it with every change of meaning
    timeframe: str  # the code of a market.contracts.Timeframe
    horizons: tuple[
        str, ...
    ]  # rising, of one unit; days are trading days counted from the decision's own day
    data_lag_min: int  # minutes from a bar's end until the source shows it to us
    within_day: bool  # the window ends with the decision's trading day at the latest
    max_gap_days: float  # a longer time between two bars, in calendar days, is a halt
    max_gap_min: int | None  # the same within one trading day; None: no such rule
    split_guard_bars: int  # bars this near to a split are not to be traded
    min_median_turnover_rub: float  # of a bar over the last 100; thinner rows are not to be traded
    skip_auctions: bool  # rows whose own bar or entry is an auction are not to be traded

    def __post_init__(self) -> None:
        _check_horizons(self.horizons)
        if self.data_lag_min < 0 or self.split_guard_bars < 0 or self.min_median_turnover_rub < 0:
            raise ValueError(
                "data_lag_min, split_guard_bars and min_median_turnover_rub must not be negative, were "
                f"{self.data_lag_min}, {self.split_guard_bars} and {self.min_median_turnover_rub}"
            )
        if not self.max_gap_days > 0 or (self.max_gap_min is not None and self.max_gap_min < 1):
            raise ValueError(
                "max_gap_days must be above 0 and max_gap_min at least 1 or null, were "
                f"{self.max_gap_days} and {self.max_gap_min}"
            )
        if self.within_day and self.horizons[0].endswith("d") and self.horizons[0] != "eod":
            raise ValueError(f"within_day contradicts horizons in days, were {self.horizons}")

    @property
    def family(self) -> str:
        """What trials are counted by: the name without its version, "swing" of "swing_v1"."""
        return re.sub(r"_v\d+$", "", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarrierLabelSet(RowRules):
    """Take-profit or stop-loss, whichever the price reaches first within the horizon."""

    kind: Literal["barrier"]
    take_profit: float  # in `barrier_unit`
    stop_loss: float
    barrier_unit: Literal["frac", "atr_14"]  # of the entry price, or ATR(14) at the decision's bar
    max_spread_of_take_profit_frac: float  # a wider estimated spread marks the row as not to be traded
    direction_cuts: tuple[float, float, float, float]  # of R_H in units of trailing volatility over H
    trailing_bars: int  # bars of the trailing volatility behind `direction`
    strong_frac: float  # the best share of a side's R-multiples is "strong"; the cut is the training part's
    strong_min_mfe_r: float | None = None  # a strong trade's best excursion, in stops
    strong_max_mae_r: float | None = None  # a strong trade's worst excursion, in stops, a positive number

    def __post_init__(self) -> None:
        super(BarrierLabelSet, self).__post_init__()  # slots make a new class: no bare super()
        most = 1.0 if self.barrier_unit == "frac" else math.inf
        if not 0.0 < self.stop_loss < most or not 0.0 < self.take_profit < most:
            raise ValueError(
                f"take_profit and stop_loss must be above 0{' and below 1' if most == 1.0 else ''}, were "
                f"{self.take_profit} and {self.stop_loss} ({self.barrier_unit})"
            )
        if list(self.direction_cuts) != sorted(set(self.direction_cuts)):
            raise ValueError(f"direction_cuts must rise, was {self.direction_cuts}")
        if self.trailing_bars < 2:
            raise ValueError(f"trailing_bars must be at least 2, was {self.trailing_bars}")
        if not 0.0 < self.strong_frac < 0.5 or not 0.0 < self.max_spread_of_take_profit_frac <= 1.0:
            raise ValueError(
                "strong_frac must lie within (0, 0.5) and max_spread_of_take_profit_frac within (0, 1], were "
                f"{self.strong_frac} and {self.max_spread_of_take_profit_frac}"
            )

    def levels_frac(self, atr_frac: float) -> tuple[float, float]:
        """Return take-profit and stop as fractions of the entry price, given ATR(14) as one of the close."""
        unit = 1.0 if self.barrier_unit == "frac" else atr_frac
        return self.take_profit * unit, self.stop_loss * unit


@dataclass(frozen=True, slots=True, kw_only=True)
class RankLabelSet(RowRules):
    """The rank of the forward return among the liquid shares of the same moment."""

    kind: Literal["rank"]
    min_shares: int  # moments with fewer liquid shares carry no label

    def __post_init__(self) -> None:
        super(RankLabelSet, self).__post_init__()
        if self.min_shares < 3:
            raise ValueError(f"min_shares must be at least 3, was {self.min_shares}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLabelSet(RowRules):
    """The class of the return from the decision's close over some bars: what earlier systems learned.

    `sign`: UP if the close rises, else DOWN. `threshold`: beyond +/- `threshold_frac`. `adaptive`: beyond
    `multiplier` trailing volatilities over the horizon, at least `threshold_frac`, and `base_frac` where the
    volatility is not yet known.
    """

    kind: Literal["class"]
    entry: Literal["close"]  # the earlier systems' rule; nothing that is traded may be judged by it
    rule: Literal["sign", "threshold", "adaptive"]
    neutral: Literal["drop", "class", "none"]  # what becomes of rows between the thresholds
    threshold_frac: float | None = None
    multiplier: float | None = None
    base_frac: float | None = None
    trailing_bars: int | None = None

    def __post_init__(self) -> None:
        super(ClassLabelSet, self).__post_init__()
        wanted = {
            "sign": (),
            "threshold": ("threshold_frac",),
            "adaptive": ("threshold_frac", "multiplier", "base_frac", "trailing_bars"),
        }[self.rule]
        for name in ("threshold_frac", "multiplier", "base_frac", "trailing_bars"):
            value = getattr(self, name)
            if (value is None) == (name in wanted) or (value is not None and not value > 0):
                need = "above 0" if name in wanted else "left out"
                raise ValueError(f"{name} of rule {self.rule} must be {need}, was {value}")
        if (self.rule == "sign") != (self.neutral == "none"):
            raise ValueError(
                f'neutral is "none" for rule sign and "drop" or "class" for others, was {self.neutral!r}'
            )
        if not self.horizons[0].endswith("bars"):
            raise ValueError(f"horizons of a class label set are counted in bars, were {self.horizons}")


LabelSet: TypeAlias = BarrierLabelSet | RankLabelSet | ClassLabelSet


def _check_horizons(names: tuple[str, ...]) -> None:
    found = [Horizon.parse(name) for name in names]
    counts = [horizon.count for horizon in found]
    if not found or counts != sorted(set(counts)) or len({horizon.unit for horizon in found}) != 1:
        raise ValueError(f"horizons must rise, be of one unit and not be empty, were {names}")
