"""A report on the quality of stored data as plain figures: what goes into JSON, onto the page and into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from market.contracts import Timeframe
from market.kernels import quality as kernel
from market.kernels.quality_calendar import SESSIONS, grid_bars
from market.kernels.sessions import SessionTable
from market.quality_config import Severities
from market.selectors.disagreements import disagreement_examples, disagreement_sums
from market.selectors.quality import quarantine_sums, runs_worth_a_look
from market.services.quality_checks import SeriesLook
from market.services.quality_findings import Finding, SeriesFindings, day_text, moment_text, verdict_of
from market.services.quality_market import GroupDays

CAUSES = {
    kernel.UNEXPLAINED: "unexplained",
    kernel.BY_SPLIT: "split",
    kernel.BY_DIVIDEND: "dividend",
    kernel.BY_CLOSURE: "closed market",
    kernel.BY_MARKET: "market move",
}
_DAYS_LONG = {Timeframe.D1.value, Timeframe.W1.value}
_WORST = 8  # findings of one check kept in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is looked at."""

    secids: tuple[str, ...] | None  # None: every instrument
    timeframes: tuple[Timeframe, ...]
    since: datetime | None
    as_of: datetime

    @property
    def text(self) -> str:
        """The scope in words."""
        shares = "all instruments" if self.secids is None else ", ".join(self.secids)
        if len(shares) > 80:
            shares = f"{len(self.secids or ())} instruments"
        frames = "all timeframes" if len(self.timeframes) == len(Timeframe) else ", ".join(
            one.value for one in self.timeframes
        )  # fmt: skip
        return f"{shares}; {frames}" + (f"; since {self.since:%Y-%m-%d}" if self.since else "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookedAt:
    """Everything that one look at the stored data has seen, one timeframe and calendar at a time."""

    looks: tuple[SeriesLook, ...]
    markets: tuple[SeriesFindings, ...]
    groups: tuple[
        tuple[str, tuple[SeriesLook, ...], GroupDays], ...
    ]  # (group's name, its series, their days)

    @property
    def findings(self) -> Iterable[SeriesFindings]:
        """The findings of all series and of the market."""
        return [*self.markets, *(look.findings for look in self.looks)]


def report_figures(*, seen: LookedAt, scope: Scope, table: SessionTable, now: datetime) -> dict[str, Any]:
    """Return the whole report as JSON-ready figures."""
    findings = list(seen.findings)
    named = {
        "as_of": scope.as_of,
        "since": scope.since,
        "secids": scope.secids,
        "timeframes": scope.timeframes,
    }
    sums = disagreement_sums(**named)  # type: ignore[arg-type]
    return {
        "version": 1,
        "created_at": now.isoformat(),
        "as_of": scope.as_of.isoformat(),
        "scope": scope.text,
        "verdict": verdict_of(findings),
        "series_looked_at": len(seen.looks),
        "bars_looked_at": sum(look.bars for look in seen.looks),
        "checks": _checks(findings),
        "timeframes": [_timeframe(name, looks) for name, looks, _ in seen.groups],
        "series": sorted((_series(look) for look in seen.looks), key=_badness),
        "findings": [_finding(one) for one in _worst_first(findings)],
        "jumps": _jumps(seen.looks),
        "coverage": [_coverage(name, looks, group) for name, looks, group in seen.groups],
        "bars_per_day": [
            _bars_per_day(name, looks, group, table)
            for name, looks, group in seen.groups
            if looks[0].key.timeframe.minutes < 1440
        ],
        "disagreements": {
            "pairs": _pairs(sums),
            "series": [_plain(asdict(one)) for one in sums],
            "examples": [_plain(asdict(one)) for one in disagreement_examples(**named)],  # type: ignore[arg-type]
        },
        "quarantine": [asdict(one) for one in quarantine_sums(as_of=now)],
        "runs": [_plain(asdict(one)) for one in runs_worth_a_look(as_of=now)],
    }


def stored_findings(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a report that is kept in the database."""
    return {
        "series_looked_at": figures["series_looked_at"],
        "bars_looked_at": figures["bars_looked_at"],
        "checks": figures["checks"],
        "timeframes": figures["timeframes"],
        "unfit_series": [f"{one['secid']} {one['timeframe']}" for one in figures["series"] if one["verdict"] == "failed"],
        "worst": _worst_of_each(figures["findings"]),
        "disagreements": figures["disagreements"]["pairs"],
        "quarantined_rows": sum(one["rows"] for one in figures["quarantine"]),
    }  # fmt: skip


def _worst_of_each(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the largest findings of each check that is more than worth knowing."""
    kept: Counter[str] = Counter()
    worst = []
    for one in findings:
        kept[one["check"]] += 1
        if one["severity"] != "info" and kept[one["check"]] <= _WORST:
            worst.append(one)
    return worst


def _checks(findings: Sequence[SeriesFindings]) -> list[dict[str, Any]]:
    """Return every check with its severity and counts, also those that found nothing."""
    counts: Counter[str] = Counter()
    series: Counter[str] = Counter()
    for one in findings:
        counts.update(one.counts)
        series.update(one.counts.keys())
    severities = findings[0].config.severities
    return [
        {"check": check, "severity": severities.of(check), "count": counts[check], "series": series[check]}
        for check in Severities.checks()
    ]


def _timeframe(name: str, looks: Sequence[SeriesLook]) -> dict[str, Any]:
    verdicts = Counter(look.findings.verdict for look in looks)
    return {
        "timeframe": looks[0].key.timeframe.value,
        "group": name,
        "series": len(looks),
        "bars": sum(look.bars for look in looks),
        "first": moment_text(min(look.first_s for look in looks))[:10],
        "last": moment_text(max(look.last_s for look in looks))[:10],
        "failed": verdicts["failed"],
        "warning": verdicts["warning"],
        "ok": verdicts["ok"],
    }


def _series(look: SeriesLook) -> dict[str, Any]:
    return {
        "secid": look.key.instrument.secid,
        "timeframe": look.key.timeframe.value,
        "group": look.key.group,
        "verdict": look.findings.verdict,
        "bars": look.bars,
        "days": int(look.days.size),
        "first": moment_text(look.first_s),
        "last": moment_text(look.last_s),
        **look.findings.severity_counts(),
        "counts": dict(look.findings.counts),
    }


def _badness(row: Mapping[str, Any]) -> tuple[int, int, str, str]:
    return (-row["error"], -row["warning"], row["secid"], row["timeframe"])


def _worst_first(findings: Sequence[SeriesFindings]) -> list[Finding]:
    """Severe checks first, and within a check the largest."""
    order = {check: at for at, check in enumerate(Severities.checks())}
    rank = {"error": 0, "warning": 1, "info": 2}
    every = [finding for one in findings for finding in one.examples]
    return sorted(
        every, key=lambda one: (rank[one.severity], order[one.check], -one.size, one.secid, one.at_s)
    )


def _finding(finding: Finding) -> dict[str, Any]:
    at = moment_text(finding.at_s)
    return asdict(finding) | {"at": at if finding.timeframe not in _DAYS_LONG else at[:10]}


def _jumps(looks: Sequence[SeriesLook]) -> dict[str, Any]:
    """Return the jumps of daily bars as points, and how many of all timeframes' jumps are explained and by what."""
    causes: Counter[str] = Counter()
    points = []
    for look in looks:
        causes.update(CAUSES[int(cause)] for cause in look.jump_cause)
        if look.key.timeframe is Timeframe.D1:
            points += [
                [look.key.instrument.secid, int(at_s), round(float(ratio), 6), CAUSES[int(cause)]]
                for at_s, ratio, cause in zip(look.jump_s, look.jump_ratio, look.jump_cause, strict=True)
            ]
    return {"causes": {name: causes[name] for name in CAUSES.values()}, "daily": points}


def _coverage(name: str, looks: Sequence[SeriesLook], group: GroupDays) -> dict[str, Any]:
    """Return on which part of each month's trading days each series has bars; None outside its life."""
    month = group.days.astype("datetime64[D]").astype("datetime64[M]")
    months, where = np.unique(month, return_inverse=True)
    rows = []
    for row in range(len(looks)):
        open_days = np.bincount(where, weights=group.is_open & group.alive[row], minlength=months.size)
        held = np.bincount(where, weights=group.is_open & group.present[row], minlength=months.size)
        rows.append(
            [round(float(h / o), 3) if o else None for h, o in zip(held, open_days, strict=True)]
        )  # fmt: skip
    return {
        "timeframe": looks[0].key.timeframe.value,
        "group": name,
        "months": [str(one) for one in months],
        "secids": [look.key.instrument.secid for look in looks],
        "frac": rows,
    }


def _bars_per_day(name: str, looks: Sequence[SeriesLook], group: GroupDays, table: SessionTable) -> dict[str, Any]:  # fmt: skip
    """Return how many bars the series have on each day, and for how many the sessions have room."""
    timeframe = looks[0].key.timeframe
    bars = np.full(group.present.shape, np.nan)
    for row, look in enumerate(looks):
        bars[row, np.searchsorted(group.days, look.days)] = look.counts[:, :SESSIONS].sum(axis=1)
    low, median, high = np.nanpercentile(bars, [10, 50, 90], axis=0)
    room = grid_bars(group.days, table, bar_s=timeframe.minutes * 60).sum(axis=1)
    return {
        "timeframe": timeframe.value,
        "group": name,
        "days": [day_text(int(day)) for day in group.days],
        "p10": low.tolist(),
        "median": median.tolist(),
        "p90": high.tolist(),
        "room": room.tolist(),
        "series": np.isfinite(bars).sum(axis=0).tolist(),
    }


def _pairs(sums: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the disagreements by pair of sources and timeframe."""
    pairs: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in sums:
        key = (one.winner, one.loser, one.timeframe)
        pair = pairs.setdefault(
            key,
            {
                "winner": one.winner,
                "loser": one.loser,
                "timeframe": one.timeframe,
                "series": 0,
                "bars": 0,
                "price_bars": 0,
                "price_gap_frac": 0.0,
                "volume_gap_frac": 0.0,
            },
        )
        pair["series"] += 1
        pair["bars"] += one.bars
        pair["price_bars"] += one.price_bars
        pair["price_gap_frac"] = max(pair["price_gap_frac"], one.price_gap_frac)
        pair["volume_gap_frac"] = max(pair["volume_gap_frac"], one.volume_gap_frac)
    return sorted(pairs.values(), key=lambda pair: -pair["bars"])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
