"""Feeds: RSS and Atom, encodings, times, hostile XML, and a server that says that nothing has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import IngestionRun, NewsItem, NewsSource, QuarantinedRow
from market.services import news_feeds
from market.services.news_feeds import news_feeds_ingest
from market.services.news_sources import news_sources_ensure
from market.sources import rss
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
    assert [one.reason for one in page.rejected] == ["unparseable_time", "unparseable_time", "no_title"]


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

    def do_GET(self) -> None:
        type(self).seen.append(dict(self.headers))
        content = b" " * self.size + RSS.format(encoding="utf-8").encode()
        unchanged = self.headers.get("If-None-Match") == '"v1"'
        self.send_response(304 if unchanged else self.status)
        self.send_header("ETag", '"v1"')
        self.send_header("Last-Modified", "Fri, 01 Mar 2024 09:00:00 GMT")
        self.send_header("Content-Length", "0" if unchanged else str(len(content)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen, Handler.status, Handler.size = [], 200, 0
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
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
    NewsSource.objects.filter(code="rbc").update(active=True, url=server)
    NewsSource.objects.filter(code="interfax").update(active=True, url="http://127.0.0.1:1/")
    news_feeds._MEMORY.clear()
    report = news_feeds_ingest(now=NOW)
    assert (report.feeds, report.new, report.quarantined, report.failed) == (2, 1, 4, ("interfax",))
    assert IngestionRun.objects.get(source="interfax").error.startswith("TransientError")
    run = IngestionRun.objects.get(source="rbc")
    assert (run.error, run.rows_new, run.rows_received) == ("", 1, 5)
    assert QuarantinedRow.objects.filter(source="rbc").count() == 4
    item = NewsItem.objects.get(external_id="g1")
    assert item.known_at == NOW  # fetched after it was published: not known before
    again = news_feeds_ingest(now=NOW + timedelta(minutes=5))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 0)
    news_feeds._MEMORY.clear()
    assert news_feeds_ingest(now=NOW + timedelta(minutes=5)) == replace(again, unchanged=1, quarantined=4)
