"""The report of a week: made from the journal, stored once, made again safely."""

from __future__ import annotations

import logging
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
from behavior.selectors.journal import journals_get, user_zone
from behavior.selectors.reports import report_stored, reports_before
from portfolio.selectors.journal import accounts_get
from traderai.common.errors import InputError, NotReadyError, TraderAIError

logger = logging.getLogger(__name__)
READY = time(8)  # of Monday, by the user's clock


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
    """Return the report of a week, by default the last full one; made now where none is stored.

    Raises: InputError for a name that is no week, NotReadyError for a week that is not over.
    """
    zone = user_zone(user_id=user_id)
    wanted = week_last(now=now, zone=zone) if week is None else week_of(week, zone=zone)
    stored = report_stored(user_id=user_id, week=wanted.name)
    return stored or weekly_report_make(user_id=user_id, week=wanted, now=now)


def weekly_report_make(*, user_id: int, week: Week, now: datetime) -> StoredReport:
    """Make and store the report of a week; made again it replaces the one that is there, trades told of late included.

    Raises: NotReadyError for a week that is not over.
    """
    if week.ends_at > now:
        raise NotReadyError(
            f"the week {week.name} ends at {week.ends_at.isoformat()}; ask for its report then",
            code="week_not_over",
        )
    thresholds = thresholds_get()
    capital = get_user_model().objects.values_list("capital_rub", flat=True).get(pk=user_id)
    journals = journals_get(
        user_id=user_id,
        since=week.begins_at,
        until=week.ends_at,
        capital_rub=None if capital is None else float(capital),
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
    for user_id, zone_name in _users_with_accounts():
        zone = ZoneInfo(zone_name)
        local, week = now.astimezone(zone), week_last(now=now, zone=zone)
        if local.weekday() == 0 and local.time() < READY:
            continue
        if made >= limit or report_stored(user_id=user_id, week=week.name) is not None:
            continue
        try:
            weekly_report_make(user_id=user_id, week=week, now=now)
        except TraderAIError:
            logger.exception("weekly report of a user could not be made")
            continue
        made += 1
    return made


def _users_with_accounts() -> list[tuple[int, str]]:
    users = get_user_model().objects.filter(is_active=True).order_by("id").values_list("id", "time_zone")
    return [(user_id, zone) for user_id, zone in users if accounts_get(user_id=user_id)]


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
        "decisions": figures.decisions,
        "followed": _side(figures.followed),
        "own": _side(figures.own),
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
