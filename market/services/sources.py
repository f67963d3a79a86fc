"""The known sources, listed literally."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from market.sources.files import files_source
from market.sources.records import Source
from traderai.common.errors import InputError, did_you_mean

SOURCES: dict[str, Callable[[Path | None], Source]] = {
    "files": files_source,
}


def source_open(*, name: str, path: Path | None = None) -> Source:
    """Return a source by name; only "files" reads `path`. An unknown name is an InputError."""
    if name not in SOURCES:
        raise InputError(
            f"source must be one of {', '.join(SOURCES)}, was {name!r}{did_you_mean(name, SOURCES)}",
            code="unknown_source",
        )
    return SOURCES[name](path)
