"""Members and weights of an index as they were known."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from market.models import IndexMember, IndexWeight
from market.selectors.indices import index_members, index_weights
from market.services.reference_write import index_members_write, index_weights_write, ticker_changes_write
from market.sources.records import IndexMemberRecord, IndexWeightRecord, RecordPage, TickerChangeRecord
from tests.market import make
from traderai.common.errors import NotReadyError

pytestmark = pytest.mark.django_db
D = date.fromisoformat


def weight(secid, day, pct, index="IMOEX"):
    return IndexWeightRecord(index_secid=index, secid=secid, day=D(day), weight_pct=pct, source="t")


def member(secid, since, till=None, index="IMOEX"):
    return IndexMemberRecord(
        index_secid=index,
        secid=secid,
        member_from=D(since),
        member_till=D(till) if till else None,
        source="t",
    )


def weights_write(*records):
    return index_weights_write(page=RecordPage(place="analytics.json", records=records))


def members_write(*records):
    return index_members_write(page=RecordPage(place="tickers.json", records=records))


def figures(report):
    return (report.new, report.changed, report.unchanged, report.outside, len(report.rejected))


@pytest.fixture(autouse=True)
def shares(db):
    return [make.instrument(secid) for secid in ("A", "B", "C")]


def names(text):
    return [row.secid for row in index_members(index_secid="IMOEX", as_of=make.moscow(text))]


def test_weights_are_known_when_their_day_is_over():
    first = [weight("A", "2024-01-10", 60.0), weight("B", "2024-01-10", 40.0)]
    second = [weight("A", "2024-01-11", 55.0), weight("C", "2024-01-11", 45.0)]
    assert figures(weights_write(*first, *second)) == (4, 0, 0, 0, 0)
    assert figures(weights_write(*first, *second)) == (0, 0, 4, 0, 0)
    during = index_weights(index_secid="IMOEX", as_of=make.moscow("2024-01-11T23:59"))
    assert (during.day, during.weight_pct) == (D("2024-01-10"), {"A": 60.0, "B": 40.0})
    after = index_weights(index_secid="IMOEX", as_of=make.moscow("2024-01-12"))
    assert (after.day, after.weight_pct) == (D("2024-01-11"), {"A": 55.0, "C": 45.0})
    assert names("2024-01-12") == ["A", "C"]
    for as_of in ("2024-01-10T12:00", "2025-01-10"):
        with pytest.raises(NotReadyError, match="ingest indices"):
            index_weights(index_secid="IMOEX", as_of=make.moscow(as_of))
    with pytest.raises(NotReadyError):
        index_members(index_secid="RTSI", as_of=make.moscow("2024-01-12"))


def test_a_corrected_weight_is_changed_and_an_impossible_one_refused():
    weights_write(weight("A", "2024-01-10", 60.0))
    report = weights_write(
        weight("A", "2024-01-10", 61.0), weight("B", "2024-01-10", 101.0), weight("B", "2024-01-11", float("nan")),
        weight("UNKNOWN", "2024-01-10", 1.0),
    )  # fmt: skip
    assert figures(report) == (0, 1, 0, 1, 2)
    assert {row.reason for row in report.rejected} == {"weight_out_of_range"}


def test_members_by_their_spans():
    spans = [member("A", "2020-01-01"), member("B", "2020-01-01", "2024-03-21"), member("C", "2024-03-22")]
    assert figures(members_write(*spans)) == (3, 0, 0, 0, 0)
    assert names("2024-03-21T12:00") == ["A", "B"]
    assert names("2024-03-22") == ["A", "C"]
    assert figures(members_write(*spans, member("A", "2020-01-01", "2024-06-20"))) == (0, 1, 3, 0, 0)
    assert names("2024-06-20") == ["A", "C"]
    assert names("2024-06-21") == ["C"]
    report = members_write(member("A", "2025-01-01", "2024-01-01"), member("NONE", "2025-01-01"))
    assert figures(report) == (0, 0, 0, 1, 1)
    assert report.rejected[0].reason == "till_before_from"


def test_a_former_ticker_is_the_same_member():
    change = TickerChangeRecord(old_secid="A", new_secid="D", changed_on=D("2024-02-01"), source="t")
    ticker_changes_write(page=RecordPage(place="t", records=(change,)), now=make.moscow("2024-06-01"))
    weights_write(weight("A", "2024-01-10", 60.0))
    assert index_weights(index_secid="IMOEX", as_of=make.moscow("2024-01-11")).weight_pct == {"D": 60.0}
    assert figures(weights_write(weight("D", "2024-01-10", 60.0))) == (0, 0, 1, 0, 0)


def refused(name, make_it):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


def test_the_tables_keep_their_promises(shares):
    share = {"index_secid": "IMOEX", "instrument_id": shares[0].id, "source": "t"}
    row = {**share, "day": D("2024-01-10"), "weight_pct": 1.0}
    IndexWeight.objects.create(**row)
    refused("market_indexweight_once", lambda: IndexWeight.objects.create(**row))
    for pct in (-0.1, 100.1, float("nan")):
        refused(
            "market_indexweight_range",
            lambda pct=pct: IndexWeight.objects.create(**row | {"day": D("2024-01-11"), "weight_pct": pct}),
        )
    span = {**share, "member_from": D("2024-01-10")}
    IndexMember.objects.create(**span)
    refused("market_indexmember_once", lambda: IndexMember.objects.create(**span))
    bad = span | {"member_from": D("2024-01-11"), "member_till": D("2024-01-10")}
    refused("market_indexmember_span", lambda: IndexMember.objects.create(**bad))
