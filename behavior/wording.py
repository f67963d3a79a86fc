"""A stored report in words, for the API and the page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from behavior.contracts.rows import StoredReport
from behavior.phrases import worded


def report_worded(report: StoredReport, *, language: str) -> dict[str, Any]:
    """Return a report as the API answers it: codes with their words, times by the user's clock."""
    payload = report.payload
    zone = ZoneInfo(payload["time_zone"])
    return {
        **payload,
        "week": report.week,
        "begins_at": report.begins_at.astimezone(zone),
        "ends_at": report.ends_at.astimezone(zone),
        "made_at": report.made_at.astimezone(zone),
        "mistakes": [_mistakes(one, zone, language) for one in payload["mistakes"]],
        "best": _decision(payload["best"], zone, language),
        "worst": _decision(payload["worst"], zone, language),
        "advice": [
            {"code": one["code"], "text": worded("advice", one["code"], one["params"], language=language)}
            for one in payload["advice"]
        ],
    }


def _mistakes(mistakes: dict[str, Any], zone: ZoneInfo, language: str) -> dict[str, Any]:
    kind = mistakes["kind"]
    return {
        **mistakes,
        "title": worded("kind", kind, {}, language=language),
        "findings": [
            {
                **finding,
                "at": _local(finding["at"], zone),
                "text": worded(
                    "sentence", _sentence(kind, finding["params"]), finding["params"], language=language
                ),
            }
            for finding in mistakes["findings"]
        ],
    }


def _sentence(kind: str, params: dict[str, Any]) -> str:
    """Return which sentence tells a finding: without a stop nothing is known to be at risk, which is not nothing."""
    is_open = kind == "position_too_large" and not params["risk_frac"]
    return "position_without_stop" if is_open else kind


def _decision(decision: dict[str, Any] | None, zone: ZoneInfo, language: str) -> dict[str, Any] | None:
    if decision is None:
        return None
    titles = [worded("kind", kind, {}, language=language) for kind in decision["mistakes"]]
    return {**decision, "at": _local(decision["at"], zone), "mistakes": titles}


def _local(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).isoformat()
