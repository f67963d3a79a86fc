"""Reading RSS 2.0, RSS 1.0 and Atom feeds; a feed is a stranger's text, so its size is limited and entities refused."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from xml.parsers import expat

import httpx

from market.news.text import language_of
from market.sources.records import NewsRecord, RecordPage, RejectedRow
from traderai.common import clock
from traderai.common.errors import InputError, TransientError
from traderai.common.lake import sha256_hex

MAX_BYTES = 8 * 1024 * 1024
_TAG = re.compile(r"<[^<>]*>")  # without the second < a text of nothing but < takes the square of its length
_ID_CHARS = 120
_STEPS_MOST = 4  # the whole may take so many times as long as one step
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class FeedMemory:
    """What a feed's server told us to send back, so that it need not send an unchanged feed again."""

    etag: str = ""
    last_modified: str = ""


@dataclass(slots=True, kw_only=True)
class RssFeed:
    """One feed; what its server said about its version is kept for as long as the object lives."""

    code: str
    url: str
    timeout_s: float = 15.0
    memory: FeedMemory = field(default_factory=FeedMemory)

    def news(self, *, since: datetime | None, now: datetime) -> Generator[RecordPage[NewsRecord], None, None]:
        """Yield the feed's items newer than `since`; nothing where the server says that it has not changed.

        Raises: TransientError when the feed does not answer; InputError when it is no feed.
        """
        content = feed_fetch(url=self.url, timeout_s=self.timeout_s, memory=self.memory)
        if content is None:
            return
        page = feed_parse(content, code=self.code, fetched_at=now)
        fresh = tuple(
            one for one in page.records if since is None or (one.modified_at or one.published_at) >= since
        )
        yield RecordPage(
            place=self.url, records=fresh, rejected=page.rejected, outside=len(page.records) - len(fresh)
        )


def feed_fetch(*, url: str, timeout_s: float, memory: FeedMemory) -> bytes | None:
    """Return a feed's bytes, None where it has not changed; at most MAX_BYTES are read."""
    headers = {
        "User-Agent": "traderai",
        "Accept": "application/rss+xml, application/atom+xml, application/xml",
    }
    if memory.etag:
        headers["If-None-Match"] = memory.etag
    if memory.last_modified:
        headers["If-Modified-Since"] = memory.last_modified
    started = clock.monotonic_s()
    try:
        with (
            httpx.Client(
                timeout=timeout_s,
                follow_redirects=True,
                max_redirects=3,
                event_hooks={"request": [partial(_stay_secure, url)]},
            ) as http,
            http.stream("GET", url, headers=headers) as reply,
        ):
            if reply.status_code == 304:
                return None
            if reply.status_code != 200:
                raise TransientError(f"{url} must answer 200, answered {reply.status_code}; try again later")
            content = bytearray()
            for chunk in reply.iter_bytes():
                content += chunk
                # httpx limits each step: a server that sends byte by byte would hold the stage up for days.
                if clock.monotonic_s() - started > _STEPS_MOST * timeout_s:
                    raise TransientError(
                        f"{url} must answer within {_STEPS_MOST * timeout_s:g} s; try again later"
                    )
                if len(content) > MAX_BYTES:
                    raise InputError(f"{url} must be smaller than {MAX_BYTES} bytes; it is no feed")
            memory.etag = reply.headers.get("etag", "")
            memory.last_modified = reply.headers.get("last-modified", "")
            return bytes(content)
    except httpx.HTTPError as error:
        raise TransientError(f"{url} must answer, failed ({type(error).__name__}: {error})") from error


def _stay_secure(asked: str, request: httpx.Request) -> None:
    """A feed must not send us from https to where http leads, such as this machine's own network."""
    if asked.startswith("https://") and request.url.scheme != "https":
        raise InputError(f"{asked} must stay on https, led to {request.url}; correct the source's address")


def feed_parse(content: bytes, *, code: str, fetched_at: datetime) -> RecordPage[NewsRecord]:
    """Return the items of a feed in any encoding that its XML declares, windows-1251 among them.

    An item without a title, or without a time that can be read, is rejected: when it was published is not guessed.
    Raises: InputError for what is not XML, for a document type with entities, and for other documents than feeds.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"a feed must be smaller than {MAX_BYTES} bytes, was {len(content)}")
    root = _tree(content)
    items = [node for node in root.iter() if _name(node) in ("item", "entry")]
    if not items and _name(root) not in ("rss", "feed", "RDF", "channel"):
        raise InputError(f"a feed must be RSS or Atom, was <{_name(root)}>")
    records: dict[str, NewsRecord] = {}
    rejected = []
    for number, node in enumerate(items):
        found = _record(node, code=code, fetched_at=fetched_at)
        if isinstance(found, str):
            raw = {_name(child): (child.text or "")[:500] for child in node}
            rejected.append(RejectedRow(place=f"{code} item {number}", reason=found, raw=raw))
        elif records.setdefault(found.external_id, found) != found:
            raw = {"id": found.external_id, "title": found.title[:500]}
            rejected.append(RejectedRow(place=f"{code} item {number}", reason="same_id_other_text", raw=raw))
    return RecordPage(place=code, records=tuple(records.values()), rejected=tuple(rejected))


def _record(node: ET.Element, *, code: str, fetched_at: datetime) -> NewsRecord | str:
    space, texts = str(node.tag).rpartition(" ")[0], dict[str, str]()
    # An item's own title and not that of its picture, wherever the two stand.
    for child in sorted(node, key=lambda one: str(one.tag).rpartition(" ")[0] != space):
        if child.text:
            texts.setdefault(_name(child), _plain(child.text))
    links = [child.get("href", "") for child in node if _name(child) == "link" and child.get("href")]
    url = links[0] if links else texts.get("link", "")
    title = texts.get("title", "")
    if not title:
        return "no_title"
    published = _time(
        texts.get("pubDate") or texts.get("published") or texts.get("date") or texts.get("updated")
    )
    if published is None:
        return "unparseable_time"
    modified = _time(texts.get("updated") or texts.get("modified"))
    body = (
        texts.get("encoded") or texts.get("content") or texts.get("description") or texts.get("summary") or ""
    )
    return NewsRecord(
        source=code,
        external_id=_key(texts.get("guid") or texts.get("id") or url or f"{published.isoformat()} {title}"),
        title=title[:1000],
        body=body,
        published_at=published,
        modified_at=modified if modified is not None and published < modified <= fetched_at else None,
        fetched_at=fetched_at,
        url=url[:500],
        language=language_of(f"{title} {body}"),
    )


def _key(text: str) -> str:
    """Return an id that fits; long addresses often differ in their ends alone."""
    return text if len(text) <= _ID_CHARS else f"{text[: _ID_CHARS - 41]} {sha256_hex(text.encode())[:40]}"


def _tree(content: bytes) -> ET.Element:
    """Parse XML without document types that declare anything: entities are how a small text becomes a huge one."""
    parser = expat.ParserCreate(namespace_separator=" ")
    builder = ET.TreeBuilder()
    parser.StartElementHandler = lambda name, attributes: builder.start(name, attributes)
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = _refuse_entity
    try:
        parser.Parse(content, True)
        return builder.close()
    except expat.ExpatError as error:
        raise InputError(f"a feed must be XML: {error}") from error
    except (LookupError, ValueError) as error:  # an encoding that does not exist
        raise InputError(f"a feed's encoding must be known: {error}") from error


def _refuse_entity(*_: object) -> int:
    raise InputError("a feed must not declare entities", code="entities_refused")


def _name(node: ET.Element) -> str:
    return str(node.tag).rsplit(" ", 1)[-1]


def _plain(text: str) -> str:
    unmarked = html.unescape(_TAG.sub(" ", html.unescape(text) if "&lt;" in text else text))
    return _SPACE.sub(" ", _TAG.sub(" ", unmarked)).replace("\x00", "").strip()


def _time(text: str | None) -> datetime | None:
    """Return the moment of an RFC 822 or ISO 8601 time; one without a zone is not guessed."""
    if not text:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
