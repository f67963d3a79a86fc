"""The clock and the calendar."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import CLOCK
from features.spec import FeatureSpec

_PLAN: Final = "the exchange's hours as planned for the day, at the bar's end"
_DAYS: Final = "trading days by rule as planned, and the days on which trading was seen"
_BANK: Final = "meetings and decisions of the Bank of Russia, from when they were known"


def _clock(name: str, formula: str) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="calendar",
        formula=formula,
        kernel=name,
        lookback_bars=0,
        unit="-1..1",
        low=-1.0,
        high=1.0,
        source=CLOCK,
        exact_tail=True,
    )


def _session(code: str) -> FeatureSpec:
    return FeatureSpec(
        name=f"session_{code}",
        family="calendar",
        formula=f"1 if the bar belongs to the {code} session, else 0; missing on bars of a day or longer",
        kernel=f"session_{code}",
        lookback_bars=0,
        unit="0 or 1",
        low=0.0,
        high=1.0,
        source="the exchange's sessions by rule, at the bar's begin",
        exact_tail=True,
    )


def _joined(
    name: str, formula: str, unit: str, low: float | None, high: float | None, source: str = _DAYS
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="calendar",
        formula=formula,
        kernel=name,
        lookback_bars=0,
        unit=unit,
        low=low,
        high=high,
        source=source,
        reads="calendar",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _clock("minute_sin", "sin(2 pi minute of day / 1440)"),
    _clock("minute_cos", "cos(2 pi minute of day / 1440)"),
    _clock("weekday_sin", "sin(2 pi weekday / 7), Monday 0"),
    _clock("weekday_cos", "cos(2 pi weekday / 7), Monday 0"),
    _session("morning"),
    _session("main"),
    _session("evening"),
    _joined(
        "weekend_session", "1 if the bar's date belongs to a later trading day, else 0; missing on weeks", "0 or 1",
        0.0, 1.0,
    ),
    _joined("since_open_sin", "sin(2 pi minutes since the session's open / 1440)", "-1..1", -1.0, 1.0, _PLAN),
    _joined("since_open_cos", "cos(2 pi minutes since the session's open / 1440)", "-1..1", -1.0, 1.0, _PLAN),
    _joined("to_close_sin", "sin(2 pi minutes to the session's close / 1440)", "-1..1", -1.0, 1.0, _PLAN),
    _joined("to_close_cos", "cos(2 pi minutes to the session's close / 1440)", "-1..1", -1.0, 1.0, _PLAN),
    _joined("session_frac", "share of the session that has passed", "0..1", 0.0, 1.0, _PLAN),
    _joined("day_frac", "share of the day's hours, first open to last close, that has passed", "0..1", 0.0, 1.0, _PLAN),
    _joined("month_end_days", "planned trading days left in the month after this day", "trading days", 0.0, 23.0),
    _joined(
        "futures_expiry_days",
        "days to the last trading day of index futures: third Thursday of Mar, Jun, Sep, Dec, or the trading day before",
        "days", 0.0, 98.0, "Moscow Exchange: futures settlement",
    ),
    _joined("pause_days", "days since the last date with trading before this one", "days", 1.0, None),
    _joined(
        "closure_since_days", "trading days since trading resumed after planned days without any, at most 60",
        "trading days", 0.0, 60.0,
    ),
    _joined(
        "halt_day_min",
        "minutes of the day's sessions so far in stretches of 30 minutes or more without a bar of any share",
        "minutes", 0.0, 1440.0, "candles of all shares, while 10 or more have traded on the day",
    ),
    _joined(
        "cb_meeting_day", "1 if a scheduled meeting on the key rate is on this day, 0 if surely none is", "0 or 1",
        0.0, 1.0, _BANK,
    ),
    _joined("cb_meeting_to_days", "days to the next meeting on the key rate whose date is known", "days", 0.0, 365.0, _BANK),
    _joined(
        "cb_decision_since_days", "days since the last known meeting or change of the key rate, missing after 63", "days",
        0.0, 63.0, _BANK,
    ),
)  # fmt: skip
