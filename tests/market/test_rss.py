"""Feeds: RSS and Atom, encodings, times, hostile XML, and a server that says that nothing has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import IngestionRun, NewsItem, NewsSource, QuarantinedRow
from market.services.due import news_ingest_due
from market.services.news_sources import news_sources_ensure
from market.services.news_write import news_write
from market.sources import rss
from market.sources.records import NewsRecord, RecordPage
from market.sources.rss import FeedMemory, RssFeed, feed_fetch, feed_parse
from traderai.common.errors import InputError, TransientError

NOW = datetime(2024, 3, 5, tzinfo=UTC)
RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Лента</title>
<item><title>Лукойл &amp; дивиденды</title><link>https://a.b/1</link><guid>g1</guid>
<description><![CDATA[<p>Совет <b>рекомендовал</b></p>]]></description>
<pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>
<item><title>Без времени</title><guid>g2</guid></item>
<item><title>Без пояса</title><guid>g3</guid><pubDate>2024-03-01T12:00:00</pubDate></item>
<item><guid>g4</guid><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>
<item><title>Из будущего</title><guid>g5</guid><pubDate>Fri, 01 Mar 2030 12:00:00 +0300</pubDate></item>
<item><title>Повтор</title><guid>g1</guid><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title><entry><id>urn:1</id><title>Rates</title>
<link href="https://a.b/2"/><published>2024-03-01T09:00:00Z</published><updated>2024-03-02T09:00:00Z</updated>
<summary type="html">&lt;p&gt;Key rate&lt;/p&gt;</summary></entry></feed>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><rss><channel><item><title>&c;</title></item></channel></rss>"""
EXTERNAL = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<rss><channel><item><title>&f;</title></item></channel></rss>"""


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_rss_in_any_encoding(encoding: str):
    page = feed_parse(RSS.format(encoding=encoding).encode(encoding), code="t", fetched_at=NOW)
    first = page.records[0]
    assert (first.title, first.body) == ("Лукойл & дивиденды", "Совет рекомендовал")
    assert (first.external_id, first.url, first.language) == ("g1", "https://a.b/1", "ru")
    assert first.published_at == datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
    assert [one.external_id for one in page.records] == ["g1", "g5"]
    assert [one.reason for one in page.rejected] == [
        "unparseable_time",
        "unparseable_time",
        "no_title",
        "same_id_other_text",
    ]


def test_atom_with_a_modification():
    record = feed_parse(ATOM.encode(), code="t", fetched_at=NOW).records[0]
    assert (record.external_id, record.url, record.body) == ("urn:1", "https://a.b/2", "Key rate")
    assert record.modified_at == datetime(2024, 3, 2, 9, 0, tzinfo=UTC)
    assert record.language == "en"


@pytest.mark.parametrize("content", [BOMB, EXTERNAL])
def test_entities_are_refused(content: str):
    with pytest.raises(InputError) as caught:
        feed_parse(content.encode(), code="t", fetched_at=NOW)
    assert caught.value.code == "entities_refused"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<rss><channel>",
        b"<html><body>x</body></html>",
        b"\xff\xfe\x00",
        b"{}",
        b'<?xml version="1.0" encoding="x-y"?><rss/>',
    ],
)
def test_what_is_no_feed_is_refused(content: bytes):
    with pytest.raises(InputError, match="feed"):
        feed_parse(content, code="t", fetched_at=NOW)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_an_input_error(content: bytes):
    for given_bytes in (
        content,
        b"<rss><channel><item><title>" + content + b"</title></item></channel></rss>",
    ):
        try:
            feed_parse(given_bytes, code="t", fetched_at=NOW)
        except InputError:
            continue


class Handler(BaseHTTPRequestHandler):
    seen: list[dict[str, str]] = []
    status = 200
    size = 0
    pause_s = 0.0

    def do_GET(self) -> None:
        type(self).seen.append(dict(self.headers))
        content = b" " * self.size + RSS.format(encoding="utf-8").encode()
        unchanged = self.headers.get("If-None-Match") == '"v1"'
        self.send_response(304 if unchanged else self.status)
        self.send_header("ETag", '"v1"')
        self.send_header("Last-Modified", "Fri, 01 Mar 2024 09:00:00 GMT")
        self.send_header("Content-Length", "0" if unchanged else str(len(content)))
        self.end_headers()
        if not unchanged and not self.pause_s:
            self.wfile.write(content)
        for byte in content if self.pause_s else b"":
            try:
                self.wfile.write(bytes([byte]))
            except OSError:  # whoever asked has gone
                return
            time.sleep(self.pause_s)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen, Handler.status, Handler.size, Handler.pause_s = [], 200, 0, 0.0
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}/feed"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_feed_is_read_once_and_then_only_when_it_has_changed(server: str):
    feed = RssFeed(code="t", url=server)
    pages = list(feed.news(since=None, now=NOW))
    assert [len(page.records) for page in pages] == [2]
    assert list(feed.news(since=None, now=NOW)) == []
    assert Handler.seen[1]["If-None-Match"] == '"v1"'
    assert Handler.seen[1]["If-Modified-Since"] == "Fri, 01 Mar 2024 09:00:00 GMT"
    later = RssFeed(code="t", url=server)
    page = next(later.news(since=NOW - timedelta(days=1), now=NOW))
    assert ([one.external_id for one in page.records], page.outside) == (["g5"], 1)


def test_a_feed_that_fails_is_tried_again_later(server: str):
    Handler.status = 500
    with pytest.raises(TransientError, match="500"):
        feed_fetch(url=server, timeout_s=2, memory=FeedMemory())
    with pytest.raises(TransientError, match="must answer"):
        feed_fetch(url="http://127.0.0.1:1/feed", timeout_s=2, memory=FeedMemory())


def test_a_feed_without_end_is_refused(server: str, monkeypatch: pytest.MonkeyPatch):
    Handler.size = 100_000
    monkeypatch.setattr(rss, "MAX_BYTES", 50_000)
    with pytest.raises(InputError, match="smaller"):
        feed_fetch(url=server, timeout_s=2, memory=FeedMemory())


@pytest.mark.django_db
def test_the_stage_reads_active_feeds_and_a_broken_one_holds_up_none(server: str):
    news_sources_ensure()
    NewsSource.objects.filter(code="moex").update(active=False)
    NewsSource.objects.filter(code="rbc").update(active=True, url=server)
    NewsSource.objects.filter(code="interfax").update(active=True, url="http://127.0.0.1:1/")
    report = news_ingest_due(now=NOW)
    assert (report.rows_new, report.rows_quarantined) == (1, 5)
    assert IngestionRun.objects.get(source="interfax").error.startswith("TransientError")
    run = IngestionRun.objects.get(source="rbc")
    assert (run.error, run.rows_new, run.rows_received) == ("", 1, 6)
    assert QuarantinedRow.objects.filter(source="rbc").count() == 5
    item = NewsItem.objects.get(external_id="g1")
    assert item.known_at == NOW  # fetched after it was published: not known before
    again = news_ingest_due(now=NOW + timedelta(minutes=5))
    assert (again.rows_new, again.rows_changed, again.rows_unchanged) == (0, 0, 1)
    # The stage is not due twice in five minutes.
    assert news_ingest_due(now=NOW + timedelta(minutes=9)).rows_received == 0


@pytest.mark.django_db
def test_an_item_that_comes_late_is_taken_though_newer_ones_are_stored(server: str):
    news_sources_ensure()
    NewsSource.objects.filter(code="moex").update(active=False)
    NewsSource.objects.filter(code="rbc").update(active=True, url=server)
    newer = NewsRecord(
        source="rbc", external_id="newer", title="Новее", body="", published_at=NOW, fetched_at=NOW
    )
    news_write(page=RecordPage(place="t", records=(newer,)), now=NOW)
    assert news_ingest_due(now=NOW).rows_new == 1
    assert NewsItem.objects.filter(external_id="g1").exists()


def test_a_text_of_nothing_but_brackets_takes_no_longer_than_another():
    item = "<item><title>{}</title><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>"
    started = time.monotonic()
    feed_parse(("<rss>" + item.format("&lt;" * 300_000) + "</rss>").encode(), code="t", fetched_at=NOW)
    assert time.monotonic() - started < 5  # the square of the length: over a minute


def test_long_ids_that_differ_in_their_ends_are_two_items():
    item = "<item><guid>https://a.b/{}</guid><title>{}</title><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>"
    items = "".join(item.format("x" * 150 + end, end) for end in "12")
    page = feed_parse(f"<rss>{items}</rss>".encode(), code="t", fetched_at=NOW)
    assert [one.title for one in page.records] == ["1", "2"]
    assert all(len(one.external_id) == 120 for one in page.records)


@pytest.mark.parametrize("first", ["<title>Own</title>", "<m:title>Picture</m:title>"])
def test_the_title_of_an_items_picture_is_not_its_own(first: str):
    both = first + ("<title>Own</title>" if "Picture" in first else "<m:title>Picture</m:title>")
    item = f"<item>{both}<guid>1</guid><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>"
    (record,) = feed_parse(f'<rss xmlns:m="http://m">{item}</rss>'.encode(), code="t", fetched_at=NOW).records
    assert record.title == "Own"


def test_a_feed_must_not_lead_from_https_to_http():
    inside = httpx.Request("GET", "http://169.254.169.254/latest")
    with pytest.raises(InputError, match="stay on https"):
        rss._stay_secure("https://feed.example/rss", inside)
    rss._stay_secure("https://feed.example/rss", httpx.Request("GET", "https://www.feed.example/rss"))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "Fri, 31 Dec 9999 23:59:59 -1200"])
def test_a_time_that_no_calendar_holds_stops_no_other_item(text: str):
    good = "<item><title>Б</title><guid>2</guid><pubDate>Fri, 01 Mar 2024 12:00:00 +0300</pubDate></item>"
    page = feed_parse(
        f"<rss><item><title>А</title><guid>1</guid><pubDate>{text}</pubDate></item>{good}</rss>".encode(),
        code="t",
        fetched_at=NOW,
    )
    assert ([one.external_id for one in page.records], len(page.rejected)) == (["2"], 1)


def test_a_server_that_sends_byte_by_byte_does_not_hold_us_up(server: str):
    Handler.pause_s = 0.05
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"within 0\.4 s"):
        feed_fetch(url=server, timeout_s=0.1, memory=FeedMemory())
    assert time.monotonic() - started < 5
