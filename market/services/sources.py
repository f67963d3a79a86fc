"""The known sources, listed literally."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from market.iss.client import IssLimits
from market.sources.files import files_source
from market.sources.iss import IssHistory, IssSource
from market.sources.records import Source
from market.sources.simulator import simulator_source
from traderai.common.errors import InputError, did_you_mean


def iss_source(_path: Path | None = None) -> IssSource:
    """Return the exchange's server as the settings name it."""
    return IssSource(
        limits=IssLimits(
            base_url=settings.ISS_BASE_URL.rstrip("/"),
            requests_per_s=settings.ISS_REQUESTS_PER_SECOND,
            shared_in=Path(settings.STATE_DIR) / "iss",
        ),
        data_lag=timedelta(minutes=settings.ISS_DATA_LAG_MINUTES),
        history=timedelta(days=settings.ISS_HISTORY_DAYS),
        # Only the pauses between attempts are drawn from it; processes must not pause in step.
        jitter=np.random.default_rng(os.getpid()),
    )


def iss_history_source(_path: Path | None = None) -> IssHistory:
    """Return the exchange's server with its daily history, as traded, in the place of its candles."""
    return IssHistory(source=iss_source())


Paths = Path | Sequence[Path] | None
SOURCES: dict[str, Callable[[Any], Source]] = {
    "iss": iss_source,
    "iss_history": iss_history_source,
    "files": files_source,
    "simulator": simulator_source,
}


def source_open(*, name: str, path: Paths = None) -> Source:
    """Return a source by name; only "files" reads `path`, one or several.

    Raises: InputError for an unknown name, and for a path that the source would not read.
    """
    if name not in SOURCES:
        raise InputError(
            f"source must be one of {', '.join(SOURCES)}, was {name!r}{did_you_mean(name, SOURCES)}",
            code="unknown_source",
        )
    if path and name != "files":
        raise InputError(
            f"a path is read by the source 'files' only, was {path} for {name!r}; say --source files",
            code="unread_path",
        )
    return SOURCES[name](path)
