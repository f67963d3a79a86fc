"""Reading news from files: times, ids, rows that cannot be read, and the real archives."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from market.sources.news_files import investopit_of, markettwits_of, news_table_of, telegram_of
from traderai.common.errors import InputError


def parquet(path: Path, rows: list[dict[str, Any]], **types: Any) -> Path:
    pl.DataFrame(rows, schema_overrides=types).write_parquet(path)
    return path


def post(**changed: Any) -> dict[str, Any]:
    base = {
        "id_post": "7", "id_channel": "markettwits", "date": datetime(2023, 11, 14, 16, 30, 12),  # noqa: DTZ001
        "link": "https://t.me/x/7", "text": "#SBER\nтекст", "tickers": ["SBER"],
    }  # fmt: skip
    return {**base, **changed}


def test_markettwits_times_are_moscow_and_unreadable_rows_are_told(tmp_path: Path):
    rows = [
        post(),
        post(id_post=None, id_channel=None, link="https://quote/a1b2"),
        post(id_post="8", id_channel="newssmartlab"),
        post(id_post="9", text=None),
        post(id_post="10", id_channel="stranger"),
        post(),
        post(text="другой текст"),
    ]
    page = markettwits_of(parquet(tmp_path / "m.parquet", rows))
    assert [(one.source, one.external_id) for one in page.records] == [
        ("markettwits", "7"),
        ("rbc_quote", "a1b2"),
        ("smartlab", "8"),
    ]
    assert page.records[0].published_at == datetime(2023, 11, 14, 13, 30, 12, tzinfo=UTC)
    assert page.records[0].tickers == ("SBER",)
    assert [one.reason for one in page.rejected] == ["no_text", "unknown_channel", "same_id_other_text"]


def test_a_post_dated_by_its_day_is_published_at_the_days_end_in_moscow(tmp_path: Path):
    rows = [{"ticker": "LKOH", "date": date(2024, 3, 1), "url": "https://t.me/x/12", "text": "т"}]
    record = investopit_of(parquet(tmp_path / "i.parquet", rows)).records[0]
    assert record.published_at == datetime(2024, 3, 1, 21, 0, tzinfo=UTC)
    assert record.external_id == "LKOH/12"


def test_telegram_keeps_the_offset_and_the_channel(tmp_path: Path):
    rows = [{"message_id": "5", "channel": "К", "date": "2024-03-01T12:00:00+05:00", "text": "Hello there"}]
    record = telegram_of(parquet(tmp_path / "t.parquet", rows)).records[0]
    assert (record.external_id, record.language) == ("К/5", "en")
    assert record.published_at == datetime(2024, 3, 1, 7, 0, tzinfo=UTC)


def test_a_file_of_another_layout_is_refused_with_what_it_has(tmp_path: Path):
    with pytest.raises(InputError, match="message_id"):
        telegram_of(parquet(tmp_path / "t.parquet", [{"text": "a"}]))


TABLE = [
    {"id": "1", "title": "А", "text": "Б", "published_at": "2024-03-01T10:00:00Z", "tickers": "SBER, GAZP"},
    {"id": "2", "title": "В", "published_at": "2024-03-01 10:00:00", "modified_at": "2024-03-02 10:00:00"},
    {"id": "3", "title": "Г", "published_at": "2024-03-01"},
    {"id": "4", "title": "Д"},
    {"id": "5", "title": "Е", "published_at": "yesterday"},
    {"id": "6", "published_at": "2024-03-01"},
    {"title": "Ж", "published_at": "2024-03-01", "source": "markettwits"},
]


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "parquet"])
def test_tables_with_named_columns(tmp_path: Path, kind: str):
    path = tmp_path / f"news.{kind}"
    if kind == "json":
        path.write_text(json.dumps(TABLE), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in TABLE), encoding="utf-8")
    elif kind == "csv":
        pl.DataFrame(TABLE, infer_schema_length=None).write_csv(path)
    else:
        pl.DataFrame(TABLE, infer_schema_length=None).write_parquet(path)
    page = news_table_of(path)
    found = {one.title: one for one in page.records}
    assert sorted(found) == ["А", "В", "Г", "Ж"]
    assert found["А"].published_at == datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
    assert found["А"].tickers == ("SBER", "GAZP")
    assert found["В"].published_at == datetime(2024, 3, 1, 7, 0, tzinfo=UTC)
    assert found["В"].modified_at == datetime(2024, 3, 2, 7, 0, tzinfo=UTC)
    assert found["Г"].published_at == datetime(2024, 3, 1, 21, 0, tzinfo=UTC)
    assert found["Ж"].source == "markettwits"
    assert sorted(one.reason for one in page.rejected) == ["no_text", "no_time", "unparseable_row"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", "{"), ("a.json", '{"a": 1}'), ("a.json", "[1]"), ("a.txt", "x")]
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: str):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="must"):
        news_table_of(path)


@pytest.mark.realdata
def test_the_real_archives_are_read_to_the_row(real_data: Path):
    folder = real_data / "news"
    for name, read, rows, kept, key in [
        ("markettwits_2023", markettwits_of, 3649, 3614, "no_text"),
        ("investopit_2022_2024", investopit_of, 150, 150, ""),
        ("telegram_general_2023_2024", telegram_of, 22099, 22099, ""),
    ]:
        page = read(folder / f"{name}.parquet")
        assert (len(page.records), len(page.records) + len(page.rejected)) == (kept, rows)
        assert {one.reason for one in page.rejected} <= {key}


@pytest.mark.realdata
def test_markettwits_is_moscow_time_by_a_known_release(real_data: Path):
    # US consumer prices came out on 2023-11-14 at 13:30 UTC; the channel posts them within a minute.
    page = markettwits_of(real_data / "news" / "markettwits_2023.parquet")
    release = datetime(2023, 11, 14, 13, 30, tzinfo=UTC)
    after = [one.published_at - release for one in page.records if "CPI" in one.body and "США" in one.body]
    assert min(abs(one.total_seconds()) for one in after) < 60
