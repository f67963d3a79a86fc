"""The company behind the share: what its reports, its dividends and the key rate said by the last midnight.

Every value is the one known at the last Moscow midnight at or before the end of the bar.
"""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

_REPORTS: Final = "company reports by the moment they became known"
_MARKET: Final = "company reports, counts of shares and daily closes as known"
_DIVIDENDS: Final = "dividends and their announcements as known"
_KEY_RATE: Final = "decisions of the Bank of Russia as published"
_SAID: Final = {
    "revenue": "revenue of twelve months",
    "profit": "net profit of twelve months",
    "ebitda": "EBITDA of twelve months",
    "equity": "equity",
    "net_debt": "net debt",
}


def _known(
    name: str,
    formula: str,
    unit: str,
    source: str,
    *,
    kernel: str | None = None,
    low: float | None = None,
    high: float | None = None,
    **parameters: float,
) -> FeatureSpec:
    return FeatureSpec(
        name=f"fund_{name}",
        family="fundamental",
        formula=formula,
        kernel=kernel or name,
        parameters=parameters,
        lookback_bars=0,
        unit=unit,
        low=low,
        high=high,
        source=source,
        reads="fundamental",
    )


def _score(name: str, **weights: float) -> FeatureSpec:
    """Describe a score; a weight's sign says whether more of the figure raises or lowers it."""
    told = " ".join(f"{weight:+g} {figure}" for figure, weight in weights.items())
    return _known(
        f"{name}_score",
        f"sum w tanh(z / 2) / sum |w| of the known of {told}, at least half the weights; z = (x - median) / "
        "(1.4826 median |x - median|) of the sector's shares with bars, a fresh price and the figure "
        "(1.2533 mean |x - median| where that is 0), of all such shares where the sector has fewer than 4",
        "-1..1",
        _MARKET,
        kernel="score",
        low=-1.0,
        high=1.0,
        **weights,
    )


def _age(metric: str) -> FeatureSpec:
    return _known(
        f"{metric}_age_days", f"days since the end of the newest period of {_SAID[metric]}", "days", _REPORTS,
        kernel=f"{metric}_age", low=0.0,
    )  # fmt: skip


def _change(metric: str, *, yearly: bool) -> FeatureSpec:
    before = "a year before" if yearly else "the report before (at most four quarters)"
    kernel = f"{metric}_{'yoy' if yearly else 'step'}"
    return _known(
        kernel, f"200 (x - x0) / (|x| + |x0|), x = {_SAID[metric]}, x0 = that of {before}", "%", _REPORTS,
        low=-200.0, high=200.0,
    )  # fmt: skip


_RAW: Final[tuple[FeatureSpec, ...]] = (
    _known("pe", "worth of all shares / net profit of twelve months, of a profit", "times", _MARKET, low=0.0),
    _known("pb", "worth of all shares / equity", "times", _MARKET, low=0.0),
    _known("ev_ebitda", "(worth of all shares + net debt) / EBITDA of twelve months", "times", _MARKET),
    _known("earnings_yield", "100 / P/E, of a loss ROE / P/B", "%", _MARKET),
    _known("dividend_yield", "100 x dividends of 365 days / close", "%", _MARKET, low=0.0),
    _known("payout_ratio", "dividend yield x P/E", "%", _MARKET, low=0.0),
    _known("roe", "100 x net profit of twelve months / equity", "%", _REPORTS),
    _known("net_margin", "100 x net profit / revenue, twelve months", "%", _REPORTS),
    _known("ebitda_margin", "100 x EBITDA / revenue, twelve months", "%", _REPORTS),
    _known("net_debt_ebitda", "net debt / EBITDA of twelve months", "times", _REPORTS),
    _known("log_market_cap", "ln(worth of all shares of this class in RUB)", "ln RUB", _MARKET),
    _known("sanction_score", "the newest stored sanction risk", "score", "scores of sanction risk as known"),
)
_CHANGES: Final[tuple[FeatureSpec, ...]] = (
    *(_change(metric, yearly=True) for metric in _SAID),
    *(_change(metric, yearly=False) for metric in _SAID),
    _known(
        "profit_quarter_yoy", "100 (net profit of the quarter / of the same quarter a year before - 1)", "%",
        _REPORTS, kernel="earnings_yoy",
    ),
    _known("net_margin_step", "net margin less that of the report before", "percentage points", _REPORTS),
    _known("roe_step", "ROE less that of the report before", "percentage points", _REPORTS),
    _known("net_debt_ebitda_step", "net debt / EBITDA less that of the report before", "times", _REPORTS),
)  # fmt: skip
_PAID: Final[tuple[FeatureSpec, ...]] = (
    _known("days_to_dividend", "days until the next announced ex-date", "days", _DIVIDENDS, low=1.0),
    _known("days_since_dividend", "days since the last ex-date", "days", _DIVIDENDS, low=0.0),
    _known(
        "announced_yield", "100 x dividends announced for the next ex-date / close, 0 without one", "%",
        _DIVIDENDS, low=0.0,
    ),
    _known(
        "paid_years_5",
        "share of the last 5 years of 365 days with an ex-date, of as many as passed since the first, at least 2",
        "0..1", _DIVIDENDS, kernel="paid_years", low=0.0, high=1.0, years=5,
    ),
    _known(
        "dividend_yoy", "200 (x - x0) / (|x| + |x0|), x = dividends of the last 365 days, x0 = of those before",
        "%", _DIVIDENDS, kernel="dividend_change", low=-200.0, high=200.0,
    ),
)  # fmt: skip
_RATES: Final[tuple[FeatureSpec, ...]] = (
    _known("key_rate", "the Bank of Russia's key rate", "%", _KEY_RATE, low=0.0),
    _known(
        "key_rate_change_90", "key rate less that of 90 days before", "percentage points", _KEY_RATE,
        kernel="key_rate_change", days=90,
    ),
    _known(
        "key_rate_change_365", "key rate less that of 365 days before", "percentage points", _KEY_RATE,
        kernel="key_rate_change", days=365,
    ),
    _known("rate_burden", "net debt / EBITDA x key rate: a year's interest at it", "% of EBITDA", _KEY_RATE),
    _known(
        "rate_shock_365", "net debt / EBITDA x (key rate less that of 365 days before)", "% of EBITDA", _KEY_RATE,
        kernel="rate_shock", days=365,
    ),
)  # fmt: skip
FEATURES: Final[tuple[FeatureSpec, ...]] = (
    # The figure that banks have too is half of a score: it is known wherever any score can be.
    _score("value", earnings_yield=1.0, pb=-0.5, ev_ebitda=-0.5),
    _score("growth", profit_yoy=1.0, revenue_yoy=0.5, ebitda_yoy=0.5),
    _score("quality", roe=1.0, net_margin=0.5, ebitda_margin=0.5),
    _score("dividend", dividend_yield=1.0, announced_yield=0.5, paid_years_5=1.0, dividend_yoy=0.5),
    # More risk, a higher score. Leverage alone is half of it: most shares have no stored sanction risk.
    _score("risk", net_debt_ebitda=1.0, rate_shock_365=0.5, sanction_score=0.5),
    *_RAW,
    _known(
        "report_age_days", "days since the newest reported period became known", "days", _REPORTS,
        kernel="report_age", low=0.0,
    ),
    *(_age(metric) for metric in _SAID),
    *_CHANGES,
    *_PAID,
    *_RATES,
)  # fmt: skip
