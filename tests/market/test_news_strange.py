"""News that are cut, revised or told strangely: what comes is kept or refused, and never known too early."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import Q

from market.configs import simulator_config
from market.models import IngestionRun, NewsItem, NewsLink, NewsTrigger, QuarantinedRow, RiskAlert
from market.news.remote import verdict_of
from market.news.scorer import Target
from market.selectors.news import alerts_at, triggers_at
from market.services.instruments_write import instruments_write
from market.services.news_push import PushedTrigger, trigger_push
from market.services.news_score import news_score
from market.services.news_write import news_write
from market.services.quarantine import rows_quarantine
from market.sources.news_files import news_table_of
from market.sources.records import RejectedRow
from market.sources.simulator import SimulatorSource
from tests.market.make import instrument
from tests.market.test_news_write import AT, MINUTE, NOW, Said, record, verdict, write
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db


def test_a_revision_dated_a_little_ahead_stops_no_page():
    write(record())
    ahead = NOW + 5 * MINUTE  # a server's clock may be ahead of ours
    report = write(record("2"), record(title="Другое", published_at=ahead))
    assert (report.new, report.changed) == (1, 1)
    assert NewsItem.objects.get(external_id="1").known_at == ahead + MINUTE


def test_a_text_cut_inside_an_emoji_is_stored():
    report = write(record(title="Итоги \ud83d", body="x\udcff"), record("2"), record("3\ud800"))
    assert (report.new, [one.reason for one in report.rejected]) == (2, ["bad_external_id"])
    row = NewsItem.objects.get(external_id="1")
    assert (row.title, row.body) == ("Итоги ?", "x?")
    run = IngestionRun.objects.create(kind="news", source="table", started_at=NOW)
    refused = RejectedRow(place="x", reason="no_text", raw={"\ud83d": "\ud83d", "n": float("nan")})
    assert rows_quarantine(run_id=run.pk, source="table", rows=[*report.rejected, refused]) == 2
    assert QuarantinedRow.objects.get(reason="no_text").raw == {"\\ud83d": "\\ud83d", "n": "nan"}


def test_lines_of_json_are_ended_by_line_feeds_alone_and_a_broken_one_stops_none(tmp_path: Path):
    path = tmp_path / "news.jsonl"
    good = json.dumps({"id": "1", "date": "2024-03-01", "text": "a\u2028b\x85c"}, ensure_ascii=False)
    path.write_text(f"{good}\n{{broken\n[1]\n\r\n", encoding="utf-8")
    page = news_table_of(path)
    assert [one.body for one in page.records] == ["a\u2028b\x85c"]
    assert [(one.reason, one.raw) for one in page.rejected] == [
        ("unparseable_json", {"unparseable line": "{broken"}),
        ("unparseable_json", {"unparseable line": "[1]"}),
    ]


@pytest.mark.parametrize("day", ["2024-03-01", "20240301", "2024-W09-5", "2024W095"])
def test_a_bare_day_is_known_at_its_end_however_it_is_written(tmp_path: Path, day: str):
    path = tmp_path / "news.json"
    path.write_text(json.dumps([{"id": "1", "date": day, "text": "x"}]))
    (found,) = news_table_of(path).records
    assert found.published_at == datetime(2024, 3, 1, 21, tzinfo=UTC)


def test_the_title_of_a_later_revision_is_not_told_before_it():
    instrument("LKOH", sector="oil_gas")
    write(record())
    news_score(now=NOW, scorer=Said(verdict()))
    write(record(title="Отменено"), now=NOW + timedelta(days=1))
    (before,) = triggers_at(secid="LKOH", as_of=AT + timedelta(hours=1), window=timedelta(days=1))
    assert (before.score, before.title) == (70.0, "")


@pytest.mark.parametrize("bad", ["\ud800", "\x00"])
def test_reasons_that_the_database_cannot_hold_are_refused(bad: str):
    instrument("LKOH")
    pushed = PushedTrigger(
        external_id="1", at=AT, score=1, direction=0, event_type="other", secid="LKOH", why=({"a": bad},)
    )
    with pytest.raises(InputError, match="surrogate"):
        trigger_push(module="mine", pushed=pushed, now=NOW)
    assert NewsTrigger.objects.count() == 0


@pytest.mark.parametrize(
    "target",
    [
        {"sector": "x" * 33},
        {"sector": "a\x00"},
        {"sector": "\ud800"},
        {"is_market": "false"},
        {"secid": None},
    ],
)
def test_a_target_that_no_row_can_hold_is_refused_before_it_stops_the_scoring(target: dict[str, object]):
    told = {"score": 5, "direction": 0, "event_type": "other"}
    with pytest.raises((ValueError, TypeError)):
        verdict_of({**told, "target": target})
    found = verdict_of({**told, "target": {"secid": None, "sector": "oil_gas", "is_market": None}}).target
    assert found is not None
    assert (found.secid, found.sector, found.is_market) == ("", "oil_gas", False)


def test_simulated_news_and_real_shares_never_meet():
    real = instrument("LKOH", sector="oil_gas")
    made = instrument("SIM01", sector="oil_gas", is_simulated=True)
    write(
        record("sim", source="simulator", tickers=("LKOH", "SIM01")),
        record("real", tickers=("LKOH", "SIM01")),
    )
    linked = NewsLink.objects.values_list("item__external_id", "instrument_id")
    assert set(linked) == {("sim", made.id), ("real", real.id)}
    bad = {"score": 90.0, "direction": -1, "event_type": "sanctions"}
    everything = Said(
        verdict(target=Target(is_market=True), **bad),
        verdict(target=Target(sector="oil_gas"), **bad),
        verdict(target=Target(secid="LKOH"), **bad),
        verdict(target=Target(secid="SIM01"), **bad),
    )
    news_score(now=NOW, scorer=everything)
    of_simulated = NewsTrigger.objects.filter(item__external_id="sim", score__gt=0)
    assert [one.instrument_id for one in of_simulated] == [made.id]
    alerts = RiskAlert.objects.filter(trigger__item__external_id="sim")
    assert [(one.instrument_id, one.sector, one.is_market) for one in alerts] == [(made.id, "", False)]
    told = alerts_at(secid="LKOH", as_of=AT + timedelta(hours=1))
    assert {one.scope for one in told} == {"instrument", "sector", "market"}  # the real text's alone
    assert len(told) == 3
    assert not NewsTrigger.objects.filter(item__external_id="real", instrument_id=made.id).exists()
    assert set(linked.all()) == {("sim", made.id), ("real", real.id), ("real", None)}


def test_what_the_simulator_tells_is_about_simulated_shares_alone():
    real = [instrument(secid, sector="oil_gas").id for secid in ("LKOH", "SBER", "GAZP")]
    source = SimulatorSource(config=simulator_config())
    instruments_write(records=source.instruments(secids=source.default_secids()).records)
    later = datetime(2025, 3, 1, tzinfo=UTC)
    for page in source.news(since=None, now=later):
        assert news_write(page=page, now=later).new > 100
    assert news_score(now=later).verdicts > 0
    for rows in (NewsLink.objects.all(), NewsTrigger.objects.filter(score__gt=0), RiskAlert.objects.all()):
        assert not rows.filter(Q(instrument__in=real) | Q(is_market=True) | ~Q(sector="")).exists()
