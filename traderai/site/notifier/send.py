"""Sending what waits: gently, once, and never to whoever has left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import httpx
import structlog
from django.conf import settings

from signals.selectors.reviews import withdrawn
from traderai.accounts.selectors import told_by_telegram
from traderai.accounts.services.notifications import telegram_left
from traderai.common import clock
from traderai.jobs.services import advisory_lock
from traderai.site.models import Notice, NotifierState
from traderai.site.notifier.bot import (
    BotRefusedError,
    NoAnswerError,
    NotSentError,
    RefusedMessageError,
    UnreachableUserError,
    bot_client,
    message_send,
)
from traderai.site.notifier.words import notice_words

log = structlog.get_logger(__name__)
ATTEMPTS: Final = 8
BACKOFF_S: Final = 5.0
WITHOUT_BOT_S: Final = 600.0
# Below the soft limit of the queue's tasks.
AT_MOST_S: Final = 40.0
KEPT_FOR: Final = timedelta(days=30)
_WANTED: Final[dict[str, Literal["signals", "weekly_report"]]] = {
    "signal": "signals",
    "weekly_report": "weekly_report",
}
State = Notice.State


def notices_send(*, now: datetime, limit: int = 1000) -> dict[str, int]:
    """Send what is due, the oldest first; return how many notices ended in which state.

    One sender at a time. Each message is marked before it goes out, so one whose sender died is not sent again: Telegram
    has no way to ask whether it was delivered, and an order told twice may be given twice. What is over, was withdrawn
    or is not wanted any more is dropped. A user who has blocked the bot is told nothing until they switch it on again.
    """
    with advisory_lock("notices_send") as held:
        if not held or not settings.TELEGRAM_BOT_TOKEN:
            return {}
        Notice.objects.filter(ended_at__lt=now - KEPT_FOR).delete()
        Notice.objects.filter(state=State.SENDING).update(
            state=State.UNKNOWN, ended_at=now, reason="its sender died before the answer came"
        )
        with bot_client() as client:
            return _Sender(client=client, started_s=clock.monotonic_s()).run(limit)


@dataclass(slots=True)
class _Sender:
    client: httpx.Client
    started_s: float
    counts: dict[str, int] = field(default_factory=dict)
    spoken_s: dict[int, float] = field(default_factory=dict)  # when a chat was last written to
    last_s: float = 0.0

    def run(self, limit: int) -> dict[str, int]:
        for notice in self._waiting(limit):
            if not self._send(notice) or clock.monotonic_s() - self.started_s > AT_MOST_S:
                break
        return self.counts

    def _waiting(self, limit: int) -> Iterator[Notice]:
        now = clock.now()
        if NotifierState.objects.filter(silent_until__gt=now).exists():
            return
        rows = Notice.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "id")
        yield from rows.select_related("user")[:limit]

    def _send(self, notice: Notice) -> bool:
        """Bring one notice to an end or put it off; return whether to go on with the next."""
        reason = _unwanted(notice)
        if reason:
            return self._ended(notice, State.DROPPED, reason)
        if not Notice.objects.filter(pk=notice.pk, state=State.WAITING).update(
            state=State.SENDING, attempts=notice.attempts + 1
        ):
            return True  # its user has left meanwhile
        user = notice.user
        text, button = notice_words(notice.kind, notice.told, language=user.language)
        chat_id = int(user.telegram_id or 0)
        self._pace(chat_id)
        try:
            message_send(self.client, chat_id=chat_id, text=text, button=button)
        except NotSentError as error:
            return self._put_off(notice, error)
        except NoAnswerError as error:
            return self._ended(notice, State.UNKNOWN, str(error))
        except RefusedMessageError as error:
            log.error("notice_refused", notice=notice.pk, reason=str(error))
            return self._ended(notice, State.FAILED, str(error))
        except UnreachableUserError as error:
            telegram_left(user_id=user.pk)
            return self._ended(notice, State.DROPPED, str(error))
        except BotRefusedError as error:
            log.error("telegram_refused_the_bot", reason=str(error))
            return self._put_off(notice, NotSentError(str(error), wait_s=WITHOUT_BOT_S))
        return self._ended(notice, State.SENT, "")

    def _pace(self, chat_id: int) -> None:
        """Wait as Telegram's limits for all chats and for one want it."""
        free_s = max(
            self.last_s + 1.0 / settings.NOTICES_PER_S,
            self.spoken_s.get(chat_id, 0.0) + 1.0 / settings.NOTICES_PER_CHAT_S,
        )
        time.sleep(max(0.0, free_s - clock.monotonic_s()))
        self.last_s = self.spoken_s[chat_id] = clock.monotonic_s()

    def _put_off(self, notice: Notice, error: NotSentError) -> bool:
        """Send it later; where Telegram asked to wait, nothing is sent until then."""
        attempts, now = notice.attempts + 1, clock.now()
        if error.wait_s is None and attempts >= ATTEMPTS:
            return self._ended(notice, State.FAILED, str(error))
        wait = timedelta(seconds=BACKOFF_S * 2 ** (attempts - 1) if error.wait_s is None else error.wait_s)
        Notice.objects.filter(pk=notice.pk).update(
            state=State.WAITING, due_at=now + wait, reason=str(error), attempts=attempts
        )
        self.counts["put_off"] = self.counts.get("put_off", 0) + 1
        if error.wait_s is not None:
            NotifierState.objects.update_or_create(pk=1, defaults={"silent_until": now + wait})
        return error.wait_s is None

    def _ended(self, notice: Notice, state: str, reason: str) -> bool:
        Notice.objects.filter(pk=notice.pk).update(state=state, reason=reason, ended_at=clock.now())
        self.counts[state] = self.counts.get(state, 0) + 1
        return True


def _unwanted(notice: Notice) -> str:
    """Return why a notice must not be sent now, "" where it may."""
    if notice.expires_at <= clock.now():
        return "it was over before it could be sent"
    if not told_by_telegram(user_ids=[notice.user_id], what=_WANTED[notice.kind]):
        return "its user does not want it any more"
    if notice.kind == Notice.Kind.SIGNAL and withdrawn().filter(signal_id=notice.told["signal_id"]).exists():
        return "the signal was withdrawn"
    return ""
