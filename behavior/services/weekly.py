"""The report of a week: made from the journal, stored once, made again safely."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model

from behavior.contracts.findings import Settled
from behavior.contracts.report import DecisionFacts, Mistakes, SideOfWeek, Week, WeekFigures
from behavior.contracts.rows import StoredReport
from behavior.kernels.detectors import DETECTORS
from behavior.kernels.settlement import findings_settled
from behavior.kernels.walk import journal_walk
from behavior.kernels.week import score_trend, week_figures
from behavior.models import WeeklyReport
from behavior.selectors.configuration import thresholds_get
from behavior.selectors.journal import JournalQuestion, journals_get, trades_told, user_zone
from behavior.selectors.reports import report_stored, reports_before
from portfolio.contracts import TradeFacts
from portfolio.selectors.journal import user_ids_with_accounts
from traderai.common.errors import InputError, NotReadyError, TraderAIError

logger = logging.getLogger(__name__)
READY = time(8)  # of Monday, by the user's clock
FORMAT = 2  # of what is stored of a week: raise it with a field, and reports without it are made again when asked for


def week_of(name: str, *, zone: ZoneInfo) -> Week:
    """Return an ISO week by its name.

    Raises: InputError for a name that is no week.
    """
    try:
        year, number = name.split("-W")
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError as error:
        raise InputError(f"week must be an ISO week such as 2024-W10, was {name!r}", field="week") from error
    return _week(monday, zone)


def week_last(*, now: datetime, zone: ZoneInfo) -> Week:
    """Return the last week that is over by the user's own calendar."""
    today = now.astimezone(zone).date()
    return _week(today - timedelta(days=today.weekday() + 7), zone)


def weekly_report_get(*, user_id: int, week: str | None, now: datetime) -> StoredReport:
    """Return the report of a week, by default the last full one, compared with the weeks before it.

    What is not stored yet is made now, and what is stored is made again where trades of its time were told of since.

    Raises: InputError for a name that is no week, NotReadyError for a week that is not over.
    """
    zone = user_zone(user_id=user_id)
    wanted = week_last(now=now, zone=zone) if week is None else week_of(week, zone=zone)
    if wanted.ends_at > now:
        raise NotReadyError(
            f"the week {wanted.name} ends at {wanted.ends_at.isoformat()}; ask for its report then",
            code="week_not_over",
        )
    trades = trades_told(user_id=user_id, as_of=now)
    for before in range(thresholds_get().score.trend_weeks - 1, 0, -1):
        earlier = _week(wanted.begins_at.date() - timedelta(days=7 * before), zone)
        if trades and trades[0].traded_at < earlier.ends_at:
            _ensured(user_id, earlier, trades, now)
    return _ensured(user_id, wanted, trades, now)


def weekly_report_make(*, user_id: int, week: Week, now: datetime) -> StoredReport:
    """Make and store the report of a week that is over; made again it replaces the one that is there."""
    thresholds = thresholds_get()
    capital = get_user_model().objects.values_list("capital_rub", flat=True).get(pk=user_id)
    journals = journals_get(
        JournalQuestion(
            user_id=user_id,
            since=week.begins_at,
            until=week.ends_at,
            as_of=now,
            capital_rub=None if capital is None else float(capital),
        )
    )
    walks = [journal_walk(journal, thresholds) for journal in journals]
    findings = [one for walk in walks for detector in DETECTORS for one in detector.find(walk, thresholds)]
    figures = week_figures(walks, findings_settled(findings), thresholds.score)
    earlier = reports_before(user_id=user_id, week=week, limit=thresholds.score.trend_weeks - 1)
    payload = _payload(figures, earlier)
    payload["capital_known"] = all(journal.capital_rub is not None for journal in journals)
    payload["time_zone"] = str(week.begins_at.tzinfo)
    values = {
        "begins_at": week.begins_at,
        "ends_at": week.ends_at,
        "made_at": now,
        "score": figures.score,
        "payload": payload,
    }
    WeeklyReport.objects.update_or_create(user_id=user_id, week=week.name, defaults=values)
    return StoredReport(week=week.name, **values)  # type: ignore[arg-type]  # one dict for both


def weekly_reports_due(*, limit: int, now: datetime) -> int:
    """Make the reports of users whose Monday has reached eight o'clock and who have none; return how many were made.

    Users without an account in the journal have nothing to report. A report that fails is logged and tried again by the
    next call; the others are made.
    """
    made = 0
    for user_id in _users_due(now)[:limit]:
        try:
            weekly_report_get(user_id=user_id, week=None, now=now)
        except TraderAIError:
            logger.exception("weekly report of a user could not be made")
            continue
        made += 1
    return made


def _users_due(now: datetime) -> list[int]:
    """Return who has a journal, a Monday past eight o'clock and no report of the week before it."""
    users = get_user_model().objects.filter(is_active=True, pk__in=user_ids_with_accounts())
    due: list[int] = []
    for name in users.order_by("time_zone").values_list("time_zone", flat=True).distinct():
        zone = ZoneInfo(name)
        local, week = now.astimezone(zone), week_last(now=now, zone=zone)
        if local.weekday() == 0 and local.time() < READY:
            continue
        told = WeeklyReport.objects.filter(week=week.name).values("user_id")
        due += users.filter(time_zone=name).exclude(pk__in=told).order_by("pk").values_list("pk", flat=True)
    return due


def _ensured(user_id: int, week: Week, trades: Sequence[TradeFacts], now: datetime) -> StoredReport:
    """Return the report of a week as of now: the stored one, unless trades of its time were told of after it was made.

    One that an older version has stored is made again, too: it lacks what is told today.
    """
    stored = report_stored(user_id=user_id, week=week.name)
    if stored is None or stored.payload.get("format") != FORMAT:
        return weekly_report_make(user_id=user_id, week=week, now=now)
    if any(trade.traded_at < week.ends_at and trade.known_at > stored.made_at for trade in trades):
        return weekly_report_make(user_id=user_id, week=week, now=now)
    return stored


def _week(monday: date, zone: ZoneInfo) -> Week:
    year, number, _ = monday.isocalendar()
    return Week(
        name=f"{year}-W{number:02d}",
        begins_at=datetime.combine(monday, time(), tzinfo=zone),
        ends_at=datetime.combine(monday + timedelta(days=7), time(), tzinfo=zone),
    )


def _payload(figures: WeekFigures, earlier: tuple[StoredReport, ...]) -> dict[str, Any]:
    scores = [one.score for one in earlier] + [figures.score]
    return {
        "format": FORMAT,
        "decisions": figures.decisions,
        "followed": _side(figures.followed),
        "own": _side(figures.own),
        "closed": {
            "exits": figures.closed.exits,
            "winners": figures.closed.winners,
            "pnl_rub": figures.closed.pnl_rub,
        },
        "pnl_rub": figures.followed.pnl_rub + figures.own.pnl_rub,
        "total_cost_rub": figures.total_cost_rub,
        "mistakes": [_mistakes(one) for one in figures.mistakes],
        "score": figures.score,
        "score_trend": score_trend(scores),
        "best": _decision(figures.best),
        "worst": _decision(figures.worst),
        "advice": [{"code": one.code, "params": dict(one.params)} for one in figures.advice],
        "earlier": [
            {
                "week": one.week,
                "score": one.score,
                "pnl_rub": one.payload["pnl_rub"],
                "total_cost_rub": one.payload["total_cost_rub"],
                "decisions": one.payload["decisions"],
            }
            for one in earlier
        ],
    }


def _side(side: SideOfWeek) -> dict[str, Any]:
    return {"decisions": side.decisions, "winners": side.winners, "pnl_rub": side.pnl_rub}


def _mistakes(mistakes: Mistakes) -> dict[str, Any]:
    return {
        "kind": mistakes.kind,
        "count": mistakes.count,
        "severity": mistakes.severity,
        "cost_rub": mistakes.counted_rub,
        "cost_alone_rub": mistakes.claimed_rub,
        "findings": [_finding(one) for one in mistakes.findings],
    }


def _finding(settled: Settled) -> dict[str, Any]:
    finding = settled.finding
    return {
        "at": finding.at.isoformat(),
        "severity": finding.severity,
        "trade_ids": list(finding.trade_ids),
        "signal_ids": list(finding.signal_ids),
        "cost_rub": settled.counted_rub,
        "cost_alone_rub": finding.cost_rub,
        "params": dict(finding.facts),
    }


def _decision(decision: DecisionFacts | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "secid": decision.secid,
        "side": decision.side,
        "at": decision.at.isoformat(),
        "pnl_rub": decision.pnl_rub,
        "trade_ids": list(decision.trade_ids),
        "followed": decision.followed,
        "mistakes": list(decision.kinds),
    }
