"""What a notice says, in its reader's language; chosen when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, ngettext

from traderai.common.clock import MOSCOW
from traderai.common.worded import number_worded

Button = tuple[str, str]


def notice_words(kind: str, told: Mapping[str, Any], *, language: str) -> tuple[str, Button | None]:
    """Return a notice's text and its button; None where the app's address is not set."""
    with translation.override(language):
        return _SAID[kind](told)


def _signal(told: Mapping[str, Any]) -> tuple[str, Button | None]:
    def price(name: str) -> str:
        return number_worded(told[name], int(told["decimals"]))

    action = gettext("buy") if told["action"] == "BUY" else gettext("sell short")
    low, high = price("entry_low_rub"), price("entry_high_rub")
    lines = [
        f"{'▲' if told['action'] == 'BUY' else '▼'} {told['secid']}: {action}",
        gettext("Entry %(entry)s ₽, target %(target)s ₽, stop %(stop)s ₽.")
        % {
            "entry": low if low == high else f"{low}–{high}",
            "target": price("take_profit_rub"),
            "stop": price("stop_loss_rub"),
        },
        gettext("Confidence %(confidence)s of 100; good until %(until)s (Moscow).")
        % {"confidence": told["confidence"], "until": _moment(told["valid_until"])},
        gettext("Not individual investment advice."),
    ]
    return "\n".join(lines), _button(
        gettext("Open the analysis"), ticker=told["secid"], horizon=told["horizon"]
    )


def _weekly_report(told: Mapping[str, Any]) -> tuple[str, Button | None]:
    n = told["decisions"]
    lines = [
        gettext("Your week %(week)s: discipline %(score)s of 100.")
        % {"week": told["week"], "score": number_worded(told["score"], 0)}
        if told["score"] is not None
        else gettext("Your week %(week)s.") % {"week": told["week"]},
        ngettext("%(n)s decision, result %(pnl)s ₽.", "%(n)s decisions, result %(pnl)s ₽.", n)
        % {"n": n, "pnl": _signed(told["pnl_rub"])},
    ]
    if told["total_cost_rub"] > 0:
        lines.append(
            gettext("What habits cost: %(cost)s ₽.") % {"cost": number_worded(told["total_cost_rub"], 0)}
        )
    return "\n".join(lines), _button(gettext("Open the report"), tab="coach", week=told["week"])


_SAID = {"signal": _signal, "weekly_report": _weekly_report}


def _button(label: str, **query: str) -> Button | None:
    address = settings.MINI_APP_URL
    return (label, f"{address}?{urlencode(query)}") if address else None


def _signed(value: float) -> str:
    text = number_worded(value, 0)
    return f"+{text}" if round(value) > 0 else text


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(MOSCOW).strftime("%d.%m %H:%M")
