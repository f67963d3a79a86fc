"""How good forecasts of the close are, beside the forecast that it stays where it is: the trap of scaled prices."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from modeling.fitting.evaluation import DayBootstrap, bounds
from modeling.kernels.significance import ratio_interval
from modeling.systems.estimators import FittedSystem
from modeling.systems.rows import SystemRows
from modeling.systems.share_scales import share_scales
from traderai.common.arrays import F64, I64

BETTER: Final = "better than the last close"
NO_BETTER: Final = "no better than the last close"


@runtime_checkable
class ForecastsPrices(Protocol):
    """A fitted system that foretells closes."""

    def forecast(self, rows: SystemRows, at: I64) -> F64:
        """Return the close after the horizon of some rows (n,), adjusted as `rows.close` is."""


def forecast_figures(
    fitted: FittedSystem, rows: SystemRows, at: I64, bootstrap: DayBootstrap
) -> dict[str, Any]:
    """Return the figures of a system that foretells closes on some rows (n,), under "prices"; nothing for others."""
    if not isinstance(fitted, ForecastsPrices):
        return {}
    return {"prices": price_figures(fitted.forecast(rows, at), rows, at, bootstrap)}


def price_figures(forecast: F64, rows: SystemRows, at: I64, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the errors of forecasts (n,) of some rows' next closes beside those of the last close, with bounds.

    Of all shares together in units of each share's training part, of each share in roubles as traded. `error_share` is
    the mean squared error over that of the last close: forecasts that only follow the price have small errors, too, so
    nothing but a share whose upper bound lies below 1 says that they are better.
    """
    came, last = rows.close[at + rows.horizon_bars], rows.close[at]
    scales = share_scales(rows)
    place = scales.places(rows)[at]
    unit = np.where(place >= 0, scales.close_std[place], last)
    own, naive = ((forecast - came) / unit) ** 2, ((last - came) / unit) ** 2
    days, traded = rows.day[at], rows.market.bar["split_factor"][at]
    share = _share(own, naive, days, bootstrap)
    tickers = {}
    for number, secid in enumerate(rows.secids):
        here = rows.instrument[at] == number
        if here.any():
            errors = [(((each - came) / traded)[here]) ** 2 for each in (forecast, last)]
            tickers[secid] = {
                "rows": int(here.sum()),
                "rmse_rub": _root(bootstrap.mean(errors[0], days[here])),
                "naive_rmse_rub": _root(bootstrap.mean(errors[1], days[here])),
                "error_share": _share(*errors, days[here], bootstrap),
            }
    return {
        "rows": int(at.size),
        "scaled_mse": bootstrap.mean(own, days),
        "naive_scaled_mse": bootstrap.mean(naive, days),
        "error_share": share,
        "verdict": BETTER if share["high"] < 1.0 else NO_BETTER,
        "tickers": tickers,
    }


def _share(own: F64, naive: F64, days: I64, bootstrap: DayBootstrap) -> dict[str, float]:
    place, width = bootstrap.place(days), bootstrap.days.size
    sums = [np.bincount(place, weights=each, minlength=width).astype(np.float64) for each in (own, naive)]
    return bounds(ratio_interval(sums[0], sums[1], bootstrap.draws))


def _root(squared: dict[str, float]) -> dict[str, float]:
    """Return a root mean square from a mean square with bounds; a lower bound is never below 0."""
    return {name: float(np.sqrt(max(value, 0.0))) for name, value in squared.items()}
