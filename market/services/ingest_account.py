"""The account of an ingest as text: every row by file and by what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from market.contracts import FileAccount, IngestReport

_HEAD = (
    "file",
    "rows in",
    "new",
    "changed",
    "unchanged",
    "outranked",
    "not closed",
    "left out",
    "quarantined",
)


def account_lines(report: IngestReport, *, skipped: Mapping[str, str]) -> list[str]:
    """Return the account of a run; the parts of each line add up to its rows in."""
    lines = [
        f"{report.kind} from {report.source}: {report.rows_received:,} rows in {report.seconds:.1f} s",
        f"  new {report.rows_new:,}, changed {report.rows_changed:,}, unchanged {report.rows_unchanged:,}",
        f"  quarantined {report.rows_quarantined:,}, outranked {report.rows_outranked:,}, "
        f"not closed yet {report.rows_unclosed:,}, left out {report.rows_outside:,}; "
        f"told differently by two sources {report.rows_disagreeing:,}",
    ]
    if report.restated_series:
        lines.append(f"  restated by the source and fetched anew: {', '.join(report.restated_series)}")
    if report.by_file:
        lines += ["", *_table(_joined(report.by_file))]
    if skipped:
        lines += ["", "left alone:", *(f"  {place}: {reason}" for place, reason in sorted(skipped.items()))]
    return lines


def _joined(accounts: Iterable[FileAccount]) -> list[FileAccount]:
    """Return one account for each file and kind, in the order of their first rows."""
    found: dict[tuple[str, str], FileAccount] = {}
    for account in accounts:
        key = (account.kind, account.place)
        found[key] = _sum(found[key], account) if key in found else account
    return list(found.values())


def _sum(one: FileAccount, other: FileAccount) -> FileAccount:
    return FileAccount(
        place=one.place,
        kind=one.kind,
        rows_received=one.rows_received + other.rows_received,
        rows_new=one.rows_new + other.rows_new,
        rows_changed=one.rows_changed + other.rows_changed,
        rows_unchanged=one.rows_unchanged + other.rows_unchanged,
        rows_outranked=one.rows_outranked + other.rows_outranked,
        rows_unclosed=one.rows_unclosed + other.rows_unclosed,
        rows_disagreeing=one.rows_disagreeing + other.rows_disagreeing,
        outside=dict(Counter(one.outside) + Counter(other.outside)),
        quarantined=dict(Counter(one.quarantined) + Counter(other.quarantined)),
    )


def _table(accounts: list[FileAccount]) -> list[str]:
    rows = [
        (
            f"{account.kind}: {account.place}",
            *(
                f"{figure:,}"
                for figure in (
                    account.rows_received,
                    account.rows_new,
                    account.rows_changed,
                    account.rows_unchanged,
                    account.rows_outranked,
                    account.rows_unclosed,
                    sum(account.outside.values()),
                    sum(account.quarantined.values()),
                )
            ),
        )
        for account in accounts
    ]
    widths = [max(len(row[at]) for row in [_HEAD, *rows]) for at in range(len(_HEAD))]
    lines = [_line(_HEAD, widths)]
    for row, account in zip(rows, accounts, strict=True):
        lines.append(_line(row, widths))
        lines += _reasons("left out", account.outside) + _reasons("quarantined", account.quarantined)
    return lines


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _reasons(what: str, counts: Mapping[str, int]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"    {what}: {rows:,} {reason.replace('_', ' ')}" for reason, rows in ordered]
