"""Keeping what market figures of companies are made of.

P/E, P/B, EV/EBITDA, dividend yield and capitalisation are made for the moment asked about by
`market.selectors.fundamentals`, out of closes, reports and counts of shares that were known then. Storing them for
every share and day would be 1.5 million rows that each restated report and each late split makes wrong; making them
takes milliseconds.
"""

from __future__ import annotations

from datetime import datetime

from market.fundamentals_config import fundamentals_config
from market.models import FundamentalMetric, Instrument
from market.services.fundamentals_write import fundamentals_write
from market.services.write_report import RecordWriteReport
from market.sources.records import FundamentalRecord, RecordPage
from traderai.common.clock import MOSCOW

_SOURCE = "issue_size"


def multiples_build(*, now: datetime, since: datetime | None = None) -> RecordWriteReport:
    """Record the issue sizes of shares as known from `now` on: what capitalisations are made of where no source tells.

    A size recorded at or after `since` (default: less than half the time after which figures count as missing ago)
    and unchanged is left. Repeating: changes nothing.
    """
    day = now.astimezone(MOSCOW).date()
    last: dict[int, tuple[float, datetime]] = {}
    rows = FundamentalMetric.objects.filter(metric="shares", source=_SOURCE).order_by("known_at")
    for instrument_id, value, known_at in rows.values_list("instrument_id", "value", "known_at"):
        last[instrument_id] = (value, known_at)
    fresh_s = fundamentals_config().stale_after_days * 86_400 / 2
    records, unchanged = [], 0
    for row in Instrument.objects.filter(issue_size_shares__gt=0).order_by("pk"):
        told = last.get(row.pk)
        if told is not None and told[0] == float(row.issue_size_shares or 0):
            age_s = (now - told[1]).total_seconds()
            if (told[1] >= since) if since is not None else (age_s < fresh_s):
                unchanged += 1
                continue
        records.append(
            FundamentalRecord(
                secid=row.secid,
                metric="shares",
                period=day.isoformat(),
                period_end=day,
                value=float(row.issue_size_shares or 0),
                known_at=now,
                source=_SOURCE,
            )
        )
    report = fundamentals_write(page=RecordPage(place=_SOURCE, records=tuple(records)), now=now)
    return RecordWriteReport(
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged + unchanged,
        outside=report.outside,
        rejected=report.rejected,
    )
