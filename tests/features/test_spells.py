"""Days, sessions and weeks of bars, and what is known of those that began before the first bar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.kernels import spells
from market.kernels.sessions import EVENING, MAIN, WEEKEND
from traderai.common.arrays import F64, I64

HOUR_S, DAY_S = 3_600, 86_400
MOSCOW = ZoneInfo("Europe/Moscow")


def seconds(*texts: str) -> I64:
    """Return the moments of Moscow wall-clock times."""
    return np.array([int(datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp()) for text in texts])


def weeks(*bars: tuple[str, int], bar_s: int = HOUR_S) -> list[int]:
    """Return the weeks of bars, told by the Thursday's distance from the first bar's."""
    begin_s = seconds(*(text for text, _ in bars))
    day = spells.moscow_day(begin_s, bar_s=bar_s)
    session = np.array([code for _, code in bars], dtype=np.int8)
    found = spells.week_spells(day, session, bar_s=bar_s)
    return [int(week - found[0]) for week in found]


def test_a_week_runs_from_monday_to_the_last_evening() -> None:
    assert weeks(
        ("2024-07-08 10:00", MAIN), ("2024-07-09 23:00", EVENING), ("2024-07-12 23:00", EVENING), ("2024-07-15 10:00", MAIN)
    ) == [0, 0, 0, 1]  # fmt: skip


def test_a_weekend_session_counts_to_the_week_after_it() -> None:
    assert weeks(
        ("2025-06-06 23:00", EVENING), ("2025-06-07 10:00", WEEKEND), ("2025-06-08 10:00", WEEKEND), ("2025-06-09 10:00", MAIN)
    ) == [0, 1, 1, 1]  # fmt: skip


def test_a_holiday_in_the_format_of_a_weekend_counts_with_the_regular_day_after_it() -> None:
    # 2026-05-01 is a Friday, 2026-11-04 a Wednesday.
    assert weeks(("2026-04-30 10:00", MAIN), ("2026-05-01 10:00", WEEKEND), ("2026-05-04 10:00", MAIN)) == [
        0,
        1,
        1,
    ]
    assert weeks(("2026-11-03 10:00", MAIN), ("2026-11-04 10:00", WEEKEND), ("2026-11-05 10:00", MAIN)) == [
        0,
        0,
        0,
    ]


def test_a_saturday_that_is_traded_as_any_other_day_belongs_to_its_own_week() -> None:
    assert weeks(("2024-12-27 10:00", MAIN), ("2024-12-28 10:00", MAIN), ("2024-12-30 10:00", MAIN)) == [
        0,
        0,
        1,
    ]


def test_bars_of_a_day_know_no_session() -> None:
    days = (
        ("2025-06-06 00:00", MAIN),
        ("2025-06-07 00:00", MAIN),
        ("2025-06-08 00:00", MAIN),
        ("2025-06-09 00:00", MAIN),
    )
    assert weeks(*days, bar_s=DAY_S) == [0, 1, 1, 1]
    saturday = ("2024-12-27 00:00", MAIN), ("2024-12-28 00:00", MAIN), ("2024-12-30 00:00", MAIN)
    assert weeks(*saturday, bar_s=DAY_S) == [0, 0, 1]


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_a_bar_of_a_day_is_of_the_date_on_which_it_begins(day: date) -> None:
    assert spells.moscow_day(seconds(f"{day} 00:00"), bar_s=DAY_S)[0] == (day - date(1970, 1, 1)).days


@settings(deadline=None)
@given(st.dates(date(2011, 4, 1), date(2030, 1, 1)), st.integers(0, 86_399))
def test_the_date_of_a_bar_is_moscows(day: date, second: int) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    found = spells.moscow_day(np.array([int(moment.timestamp())]), bar_s=60)[0]
    assert found == (moment.astimezone(MOSCOW).date() - date(1970, 1, 1)).days


def test_each_session_is_a_spell_of_its_own_and_so_are_both_days_of_a_weekend() -> None:
    begin_s = seconds(
        "2025-06-06 18:00", "2025-06-06 19:00", "2025-06-07 10:00", "2025-06-07 11:00", "2025-06-08 10:00"
    )
    session = np.array([MAIN, EVENING, WEEKEND, WEEKEND, WEEKEND], dtype=np.int8)
    found = spells.session_spells(spells.moscow_day(begin_s, bar_s=HOUR_S), session)
    assert (np.diff(found) != 0).tolist() == [True, True, False, True]


def test_nothing_is_said_of_what_may_have_begun_before() -> None:
    spell = np.array([1, 1, 2, 2, 2, 3, 4, 4])
    values = np.array([5.0, 9.0, 3.0, 7.0, 6.0, 8.0, 1.0, 2.0])
    nan = np.nan
    np.testing.assert_array_equal(spells.spell_first(values, spell), [nan, nan, 3, 3, 3, 8, 1, 1])
    np.testing.assert_array_equal(spells.spell_highest(values, spell), [nan, nan, 3, 7, 7, 8, 1, 2])
    np.testing.assert_array_equal(spells.previous_last(values, spell), [nan, nan, 9, 9, 9, 6, 8, 8])
    np.testing.assert_array_equal(spells.previous_highest(values, spell), [nan, nan, nan, nan, nan, 7, 8, 8])


SERIES = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.integers(-9, 9).map(float)),
        arrays(np.int64, n, elements=st.integers(0, 1)).map(np.cumsum),
    )
)


@settings(deadline=None)
@given(SERIES)
def test_spells_equal_plain_groups(case: tuple[F64, I64]) -> None:
    values, spell = case
    runs = [values[spell == key] for key in np.unique(spell)]
    place = np.searchsorted(np.unique(spell), spell)
    for t in range(values.size):
        at = place[t]
        so_far = values[: t + 1][spell[: t + 1] == spell[t]]
        wanted = (
            so_far[0] if at > 0 else np.nan,
            so_far.max() if at > 0 else np.nan,
            runs[at - 1][-1] if at > 0 else np.nan,
            runs[at - 1].max() if at > 1 else np.nan,
        )
        kernels = (spells.spell_first, spells.spell_highest, spells.previous_last, spells.previous_highest)
        np.testing.assert_array_equal([kernel(values, spell)[t] for kernel in kernels], wanted)


@pytest.mark.parametrize(
    "kernel", [spells.spell_first, spells.spell_highest, spells.previous_last, spells.previous_highest]
)
def test_no_bars_give_nothing(kernel: object) -> None:
    assert kernel(np.empty(0), np.empty(0, dtype=np.int64)).size == 0  # type: ignore[operator]
