from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from market.macro_config import CentralBankConfig, central_bank_config
from market.models import EconomicEvent, MacroSeries, MacroValue
from market.selectors.macro import events_between, macro_at, macro_series
from market.services.macro_write import events_write, macro_write
from market.sources.macro_files import central_bank_events, key_rate_changes_of, key_rate_of
from market.sources.records import EventRecord, MacroRecord, RecordPage
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.config import parse
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-06-03T12:00")


def page(*records):
    return RecordPage(place="x", records=records)


def rate(day, value, known, series="key_rate"):
    return MacroRecord(
        series=series, day=date.fromisoformat(day), value=value, known_at=make.moscow(known), source="t"
    )


def event(at, known, outcome=None, kind="meeting"):
    return EventRecord(
        kind=kind, at=make.moscow(at), title_ru="р", title_en="e", known_at=make.moscow(known), outcome=outcome,
        source="t",
    )  # fmt: skip


def bring(*records):
    report = macro_write(page=page(*records), now=NOW)
    return report.new, report.changed, report.unchanged, [row.reason for row in report.rejected]


def tell(*records):
    report = events_write(page=page(*records))
    return report.new, report.changed, report.unchanged, [row.reason for row in report.rejected]


def at(moment):
    return macro_at(code="key_rate", as_of=make.moscow(moment))


def written(tmp_path, text):
    path = tmp_path / "key_rate.csv"
    path.write_text(text)
    return path


def test_the_key_rate_is_read_with_the_moment_of_its_publication(tmp_path):
    found = key_rate_of(
        written(
            tmp_path,
            "date,rate\n2012-09-14,8.25\n2013-09-13,5.5\n2020-02-10,6.00\n2022-02-28,20.00\n"
            "2022-02-28,9.5\nsoon,1\n2022-03-01,nan\n2022-03-01,\n",
        )
    )
    assert [(r.series, r.day.isoformat(), r.value, r.known_at) for r in found.records] == [
        ("refinancing_rate", "2012-09-14", 8.25, make.moscow("2012-09-14T13:30")),
        ("key_rate", "2013-09-13", 5.5, make.moscow("2013-09-13T13:30")),
        ("key_rate", "2020-02-10", 6.0, make.moscow("2020-02-07T13:30")),  # decided on Friday
        ("key_rate", "2022-02-28", 20.0, make.moscow("2022-02-28T13:30")),
    ]
    assert [row.reason for row in found.rejected] == [
        "told_twice",
        "bad_number",
        "rate_out_of_range",
        "bad_number",
    ]


def test_changes_are_events_of_their_meeting_or_of_their_own(tmp_path):
    found = key_rate_changes_of(
        written(tmp_path, "date,rate\n2013-09-13,5.5\n2020-02-10,6.00\n2022-02-28,20.00\n")
    ).records
    assert [(r.kind, r.at, r.outcome) for r in found] == [
        ("key_rate_meeting", make.moscow("2020-02-07T13:30"), 6.0),
        ("key_rate_change", make.moscow("2022-02-28T13:30"), 20.0),
    ]


def test_a_file_of_another_shape_is_named_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match="must have the columns date and rate"):
        key_rate_of(written(tmp_path, "day,percent\n1,2\n"))
    with pytest.raises(InputError, match="cannot be read as CSV"):
        key_rate_of(tmp_path / "none.csv")


def test_values_count_from_their_publication_and_are_kept_when_restated():
    first = rate("2024-07-29", 18.0, "2024-07-26T13:30")
    assert bring(first, rate("2023-12-18", 16.0, "2023-12-15T13:30")) == (2, 0, 0, [])
    assert at("2023-12-15T13:29") is None
    assert at("2024-07-26T13:29").value == 16.0
    assert (at("2024-07-26T13:30").value, at("2024-07-26T13:30").date) == (18.0, date(2024, 7, 29))
    assert bring(first) == (0, 0, 1, [])
    wrong = rate("2023-12-18", 15.0, "2023-12-15T13:30")
    assert bring(wrong) == (0, 1, 0, [])
    assert bring(wrong) == (0, 0, 1, [])
    assert at("2024-06-03T11:59").value == 16.0
    assert at("2024-06-03T12:00").value == 15.0
    assert bring(rate("2024-07-29", 1.0, "2024-07-26", "sugar")) == (0, 0, 0, ["unknown_series"])


def test_series_by_moment_are_causal():
    bring(
        rate("2023-09-18", 13.0, "2023-09-15T13:30"), rate("2023-10-30", 15.0, "2023-10-27T13:30"),
        rate("2023-12-18", 16.0, "2023-12-15T13:30"), rate("2023-09-18", 12.5, "2023-11-20"),
    )  # fmt: skip
    moments = np.arange(to_epoch_s(make.moscow("2023-09-01")), to_epoch_s(make.moscow("2024-01-01")), 3600)
    whole = macro_series(code="key_rate", moments_s=moments, as_of=make.moscow("2024-02-01"))
    assert set(whole[np.isfinite(whole)]) == {13.0, 15.0, 16.0}
    for day in ("2023-09-16", "2023-10-27T14:00", "2023-11-21", "2023-12-31"):
        cut = int(np.searchsorted(moments, to_epoch_s(make.moscow(day)), side="right"))
        early = macro_series(code="key_rate", moments_s=moments[:cut], as_of=make.moscow(day))
        assert np.array_equal(early, whole[:cut], equal_nan=True)
        assert early[-1] == at(day).value


def test_a_rate_decided_after_as_of_does_not_count_at_later_moments():
    bring(rate("2023-09-18", 13.0, "2023-09-15"), rate("2023-10-30", 15.0, "2023-10-27"))
    later = np.array([to_epoch_s(make.moscow("2023-12-01"))], dtype=np.int64)
    assert macro_series(code="key_rate", moments_s=later, as_of=make.moscow("2023-10-01"))[0] == 13.0
    assert macro_series(code="key_rate", moments_s=later, as_of=make.moscow("2023-12-01"))[0] == 15.0


def test_an_unknown_series_is_refused_with_the_closest_known_one():
    with pytest.raises(NotFoundError, match="ingest macro first"):
        macro_at(code="key_rate", as_of=NOW)
    bring(rate("2023-09-18", 13.0, "2023-09-15"))
    with pytest.raises(NotFoundError, match="did you mean 'key_rate'"):
        macro_series(code="key_rat", moments_s=np.array([0], dtype=np.int64), as_of=NOW)


def test_events_show_when_they_were_announced_and_their_outcome_afterwards():
    assert tell(event("2024-02-16T13:30", "2023-08-12", 16.0)) == (1, 0, 0, [])

    def seen(as_of):
        span = {"since": make.moscow("2024-02-16"), "until": make.moscow("2024-02-17")}
        return [one.outcome for one in events_between(**span, as_of=make.moscow(as_of))]

    assert seen("2023-08-11") == []
    assert seen("2023-08-12") == [None]
    assert seen("2024-02-16T13:29") == [None]
    assert seen("2024-02-16T13:30") == [16.0]
    edge = {"since": make.moscow("2024-02-01"), "as_of": NOW}
    assert events_between(**edge, until=make.moscow("2024-02-16T13:30")) == ()


def test_a_stored_event_learns_its_outcome_and_an_earlier_announcement_only():
    day = "2024-02-16T13:30"
    tell(event(day, "2024-01-10"))
    assert tell(event(day, "2024-02-01")) == (0, 0, 1, [])
    assert tell(event(day, "2023-12-10")) == (0, 1, 0, [])
    assert tell(event(day, "2024-02-16", 16.0)) == (0, 1, 0, [])
    assert tell(event(day, "2024-02-16", 16.0)) == (0, 0, 1, [])
    assert tell(event(day, "2024-02-16", 15.0)) == (0, 0, 0, ["outcome_disagrees"])
    assert tell(event("2024-02-17", "2024-02-18")) == (0, 0, 0, ["known_after_it_took_place"])
    row = EconomicEvent.objects.get()
    assert (row.known_at, row.outcome) == (make.moscow("2023-12-10"), 16.0)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, "market_macrovalue_once"),
        ({"date": date(2024, 1, 2), "value": float("nan")}, "market_macrovalue_finite"),
        ({"date": date(2024, 1, 2), "value": float("-inf")}, "market_macrovalue_finite"),
    ],
)
def test_the_table_of_values_refuses_what_makes_no_sense(values, constraint):
    series = MacroSeries.objects.create(code="x", name_ru="x", name_en="x", unit="pct")
    row = {"series": series, "date": date(2024, 1, 1), "value": 1.0, "known_at": NOW, "source": "t"}
    MacroValue.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        MacroValue.objects.create(**row | values)
    with pytest.raises(IntegrityError, match="market_macroseries_code"), transaction.atomic():
        MacroSeries.objects.create(code="x", name_ru="y", name_en="y", unit="pct")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, "market_economicevent_once"),
        ({"kind": "b", "known_at": NOW + timedelta(seconds=1)}, "market_economicevent_known_before"),
    ],
)
def test_the_table_of_events_refuses_what_makes_no_sense(values, constraint):
    row = {"kind": "a", "at": NOW, "title_ru": "x", "title_en": "x", "known_at": NOW, "source": "t"}
    EconomicEvent.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        EconomicEvent.objects.create(**row | values)


def test_the_packaged_meetings_are_fridays_known_no_later_than_they_take_place():
    events = central_bank_events().records
    assert len(events) == len(central_bank_config().meetings) > 15
    assert all(one.known_at <= one.at and one.at.weekday() == 4 for one in events)
    assert tell(*events) == (len(events), 0, 0, [])
    assert tell(*events) == (0, 0, len(events), [])
    for change in (
        {"meetings": [{"day": "2024-02-16", "known_on": "2024-02-17"}]},
        {"meetings": [{"day": "2024-02-16", "known_on": "2024-02-16"}] * 2},
        {"meetings": [], "decisions_at": "noon"},
    ):
        with pytest.raises(InputError):
            parse({"decisions_at": "13:30"} | change, CentralBankConfig, where="x")


@pytest.mark.realdata
def test_the_real_key_rate(real_data):
    path = real_data / "corporate" / "key_rate.csv"
    found = key_rate_of(path)
    assert (len(found.records), found.rejected) == (86, ())
    assert macro_write(page=found).new == 86
    again = macro_write(page=found)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 86)
    known = {
        "2022-02-28T12:00": 9.5, "2022-02-28T13:30": 20.0, "2022-04-12": 17.0, "2014-12-16T14:00": 17.0,
        "2023-08-15T13:30": 12.0, "2023-10-27T13:30": 15.0, "2024-10-29": 21.0, "2024-12-30": 21.0,
    }  # fmt: skip
    assert {moment: at(moment).value for moment in known} == known
    refinancing = macro_at(code="refinancing_rate", as_of=make.moscow("2013-09-12"))
    assert refinancing.value == 8.25
    events = events_write(page=central_bank_events())
    changes = events_write(page=key_rate_changes_of(path))
    assert changes.rejected == ()  # what was checked by hand agrees with the file
    assert events.new == len(central_bank_events().records)
    held = EconomicEvent.objects.filter(kind="key_rate_meeting", at=make.moscow("2023-12-15T13:30")).get()
    assert (held.outcome, held.known_at) == (16.0, make.moscow("2023-08-12"))
    second = events_write(page=key_rate_changes_of(path))
    assert (second.new, second.changed) == (0, 0)
