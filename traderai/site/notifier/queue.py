"""What is to be told to whom: new signals to those who watch the share, weekly reports to their users."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from behavior.selectors.reports import reports_of_weeks_ended
from market.selectors.instruments import instruments_named
from portfolio.selectors.watchlist import watchers_get
from signals.contracts import ToldSignal
from signals.selectors.outbox import place_newest, told_after
from traderai.accounts.selectors import told_by_telegram
from traderai.site.models import Notice, NotifierState

AT_ONCE: Final = 500  # signals in one transaction
# A report made on demand of an older week is known to who asked for it.
REPORT_FRESH: Final = timedelta(days=3)
_ORDERS: Final = ("BUY", "SELL")


def notices_queue(*, now: datetime) -> int:
    """Queue what is new; return how many notices that were.

    Of signals: live orders of a proven model, not over yet, to the users who watch the share and want to be told.
    Paper signals, replays, made-up shares and HOLD wake nobody. Repeating queues nothing: the place in the outbox and
    what was queued are stored in one transaction. Without a bot nothing is queued, and what was told meanwhile is not
    told later.
    """
    if not settings.TELEGRAM_BOT_TOKEN:
        NotifierState.objects.filter(pk=1).delete()
        return 0
    return _signals_queue(now) + _reports_queue(now)


def _signals_queue(now: datetime) -> int:
    queued, more = 0, True
    while more:
        with transaction.atomic():
            state = _state()
            told = told_after(place=state.place, limit=AT_ONCE)
            queued += _stored(_of_signals(told, now))
            if told:
                state.place = told[-1].id
                state.save(update_fields=["place"])
            more = len(told) == AT_ONCE
    return queued


def _state() -> NotifierState:
    """Return the one row, locked; a new notifier begins with what comes."""
    NotifierState.objects.get_or_create(pk=1, defaults={"place": place_newest()})
    return NotifierState.objects.select_for_update().get(pk=1)


def _of_signals(told: Iterable[ToldSignal], now: datetime) -> Iterator[Notice]:
    orders = [
        one
        for one in told
        if one.proven and one.source == "live" and one.action in _ORDERS and one.valid_until > now
    ]
    if not orders:
        return
    secids = {one.secid for one in orders}
    watchers, shares = watchers_get(secids=secids), instruments_named(secids=sorted(secids))
    wanted = told_by_telegram(user_ids=sorted({i for ids in watchers.values() for i in ids}), what="signals")
    for one in orders:
        plain = {**json.loads(json.dumps(asdict(one), default=datetime.isoformat))}
        plain["decimals"] = shares[one.secid].decimals
        for user_id in watchers.get(one.secid, ()):
            if user_id in wanted:
                yield _notice(user_id, Notice.Kind.SIGNAL, str(one.id), plain, now, one.valid_until)


def _reports_queue(now: datetime) -> int:
    reports = reports_of_weeks_ended(since=now - REPORT_FRESH, until=now)
    wanted = told_by_telegram(user_ids=sorted({user_id for user_id, _ in reports}), what="weekly_report")
    return _stored(
        _notice(
            user_id,
            Notice.Kind.WEEKLY_REPORT,
            report.week,
            {"week": report.week, "score": report.score}
            | {name: report.payload[name] for name in ("decisions", "pnl_rub", "total_cost_rub")},
            now,
            report.ends_at + REPORT_FRESH,
        )
        for user_id, report in reports
        if user_id in wanted and report.payload["decisions"]
    )


def _notice(
    user_id: int, kind: str, key: str, told: dict[str, Any], now: datetime, expires_at: datetime
) -> Notice:
    return Notice(
        user_id=user_id, kind=kind, business_key=key, told=told, due_at=now, created_at=now, expires_at=expires_at
    )  # fmt: skip


def _stored(notices: Iterable[Notice]) -> int:
    """Store those that are not there yet; return how many that were."""
    wanted = list(notices)
    known = set(
        Notice.objects.filter(
            user_id__in={one.user_id for one in wanted}, business_key__in={one.business_key for one in wanted}
        ).values_list("user_id", "kind", "business_key")
    )
    new = [one for one in wanted if (one.user_id, one.kind, one.business_key) not in known]
    # Two at once: the database keeps one of each.
    Notice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
