"""Pages of records out of several files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from market.sources.file_rules import FoundFile
from market.sources.records import RecordPage

Record = TypeVar("Record")


def pages_of_each(
    files: Iterable[FoundFile], read: Callable[[Path], Any]
) -> Generator[RecordPage[Any], None, None]:
    """Yield the pages of files under the names by which they are known."""
    for file in files:
        told = read(file.path)
        for page in [told] if isinstance(told, RecordPage) else told:
            yield replace(page, place=file.place)


def pages_together(
    files: Iterable[FoundFile], read: Callable[[Path], RecordPage[Record]]
) -> RecordPage[Record]:
    """Return the pages of files as one."""
    return pages_added(list(pages_of_each(files, read)))


def pages_added(pages: Sequence[RecordPage[Record]]) -> RecordPage[Record]:
    """Return pages as one."""
    return RecordPage(
        place=", ".join(page.place for page in pages if page.place),
        records=tuple(record for page in pages for record in page.records),
        rejected=tuple(row for page in pages for row in page.rejected),
        outside=sum(page.outside for page in pages),
    )


def page_of_secids(
    page: RecordPage[Record], secids: Sequence[str], secid_of: Callable[[Record], str]
) -> RecordPage[Record]:
    """Return a page's records of the tickers, all of them where none are named."""
    if not secids:
        return page
    wanted = set(secids)
    kept = tuple(record for record in page.records if secid_of(record) in wanted)
    return replace(page, records=kept, outside=page.outside + len(page.records) - len(kept))
