"""Messages by Telegram: to whom, which, once, gently, and never to who has left."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from behavior.models import WeeklyReport
from market.models import Instrument
from portfolio.models import WatchItem
from signals.models import Emission, Review, Signal
from tests import bot_server
from tests.bot_server import BotServer
from tests.signals import builders
from tests.signals.told import say, signal
from traderai.accounts.models import User
from traderai.common import clock
from traderai.site.models import Notice, NotifierState
from traderai.site.notifier import send
from traderai.site.notifier.queue import notices_queue
from traderai.site.notifier.send import notices_send
from traderai.site.notifier.words import notice_words
from traderai.site.tasks import notices_due

pytestmark = pytest.mark.django_db
ORDER = {
    "entry_low_rub": 1234.5,
    "entry_high_rub": 1236.0,
    "take_profit_rub": 1300.0,
    "stop_loss_rub": 1200.5,
}
PAYLOAD = {"market": {"close_rub": 1235.0}, "decision": ORDER}


@pytest.fixture
def bot(settings) -> Iterator[BotServer]:
    with BotServer() as server:
        settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = server.url, bot_server.TOKEN
        settings.NOTICES_PER_CHAT_S = settings.NOTICES_PER_S = 1000.0
        yield server


@pytest.fixture
def share(db) -> Instrument:
    return builders.share("AAAA", seed=1, bars=40)


@pytest.fixture
def at(time_machine_at: Callable[[datetime], None], share: Instrument) -> datetime:
    """A moment at which the order of bar 5 has just been told."""
    moment = signal(share, (5, "BUY", 70)).as_of + timedelta(minutes=1)
    time_machine_at(moment)
    return moment


@pytest.fixture
def time_machine_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def put(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return put


def watcher(share: Instrument, name: str = "anna", **fields: Any) -> User:
    values = {"telegram_id": zlib.crc32(name.encode()), "notify_signals": True, "language": "en"} | fields
    user = User.objects.create_user(name, **values)
    WatchItem.objects.create(user=user, instrument=share, place=0)
    return user


def tell(share: Instrument, bar: int = 5, action: str = "BUY", **changes: Any) -> Signal:
    values: dict[str, Any] = {"proven": True, "payload": PAYLOAD, "strength": "strong"} | changes
    (row,) = say([signal(share, (bar, action, 70), **values)])
    return row


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Notice.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_who_watches_a_share_is_told_its_proven_order_once(bot, share, at):
    notices_queue(now=at)  # begins here
    anna = watcher(share)
    watcher(share, "boris", language="ru")
    watcher(share, "quiet", notify_signals=False)
    watcher(share, "without", telegram_id=None)
    watcher(share, "gone", is_active=False)
    User.objects.create_user("elsewhere", telegram_id=9, notify_signals=True)
    tell(share)
    assert notices_queue(now=at) == 2
    assert notices_send(now=at) == {"sent": 2}
    notices_due()
    assert len(bot.taken) == 2 and states() == {"sent": 2}
    first, second = bot.taken
    assert first["chat_id"] == anna.telegram_id and "reply_markup" not in first
    until = (at - timedelta(minutes=1) + timedelta(hours=5)).strftime("%d.%m %H:%M")
    assert first["text"].split("\n") == [
        "▲ AAAA: buy",
        "Entry 1,234.50–1,236.00 ₽, target 1,300.00 ₽, stop 1,200.50 ₽.",
        f"Confidence 70 of 100; good until {until} (Moscow).",
        "Not individual investment advice.",
    ]
    lines = second["text"].replace("\xa0", " ").split("\n")
    assert lines[0] == "▲ AAAA: покупка" and "Вход 1 234,50–1 236,00 ₽" in lines[1]
    assert lines[3] == "Не является индивидуальной инвестиционной рекомендацией."


@pytest.mark.parametrize(
    "changes",
    [
        {"proven": False},
        {"action": "HOLD", "payload": {}},
        {"source": "replay"},
        {"source": "simulated"},
        {"bar": 1},
    ],
    ids=["paper", "hold", "replay", "simulated", "over"],
)
def test_what_is_no_fresh_proven_order_wakes_nobody(bot, share, at, changes):
    notices_queue(now=at)
    watcher(share)
    row = tell(share, **({"action": "BUY"} | changes))
    Emission.objects.get_or_create(signal=row)  # however weak the call
    assert notices_queue(now=at) == 0 and not Notice.objects.exists()


def test_a_new_notifier_does_not_tell_the_past_and_one_without_a_bot_nothing(bot, share, at, settings):
    watcher(share)
    tell(share, bar=4)
    assert notices_queue(now=at) == 0
    tell(share, bar=5, action="SELL")
    settings.TELEGRAM_BOT_TOKEN = ""
    assert notices_queue(now=at) == 0 and notices_send(now=at) == {}
    settings.TELEGRAM_BOT_TOKEN = bot_server.TOKEN
    assert notices_queue(now=at) == 0 and bot.asked == []


def test_what_is_not_wanted_any_more_is_dropped_with_its_reason(bot, share, at, time_machine_at):
    notices_queue(now=at)
    anna, boris = watcher(share), watcher(share, "boris")
    row = tell(share)
    assert notices_queue(now=at) == 2
    User.objects.filter(pk=anna.pk).update(notify_signals=False)
    Review.objects.create(signal=row, verdict="rejected", note="wrong", by="staff", at=at)
    assert notices_send(now=at) == {"dropped": 2} and bot.asked == []
    reasons = dict(Notice.objects.values_list("user__username", "reason"))
    assert reasons["anna"] == "its user does not want it any more" and "withdrawn" in reasons["boris"]
    Review.objects.create(signal=row, verdict="approved", by="staff", at=at)
    Notice.objects.filter(user=boris).update(state="waiting")
    time_machine_at(row.valid_until)
    assert notices_send(now=row.valid_until) == {"dropped": 1}
    assert Notice.objects.get(user=boris).reason == "it was over before it could be sent"


@pytest.mark.parametrize("answer", [bot_server.BLOCKED, bot_server.NO_CHAT], ids=["blocked", "no chat"])
def test_who_has_blocked_the_bot_is_told_nothing_more(bot, share, at, answer):
    notices_queue(now=at)
    anna, boris = watcher(share), watcher(share, "boris")
    bot.plan = lambda message: answer if message["chat_id"] == anna.telegram_id else bot_server.OK
    tell(share)
    tell(share, bar=6, action="SELL")
    assert notices_queue(now=at) == 4
    assert notices_send(now=at) == {"dropped": 2, "sent": 2}
    assert [message["chat_id"] for _, _, message in bot.asked].count(anna.telegram_id) == 1
    anna.refresh_from_db()
    assert not anna.notify_signals and not anna.notify_weekly_report
    boris.refresh_from_db()
    assert boris.notify_signals


def test_telegram_that_asks_to_wait_is_left_alone(bot, share, at, time_machine_at):
    notices_queue(now=at)
    watcher(share), watcher(share, "boris")
    bot.plan = lambda _message: bot_server.hasty(30)
    tell(share)
    notices_queue(now=at)
    assert notices_send(now=at) == {"put_off": 1} and len(bot.asked) == 1
    bot.plan = lambda _message: bot_server.OK
    assert notices_send(now=at) == {} and len(bot.asked) == 1
    time_machine_at(at + timedelta(seconds=31))
    assert notices_send(now=at) == {"sent": 2}


def test_a_broken_telegram_is_asked_again_later_and_later(bot, share, at, time_machine_at):
    notices_queue(now=at)
    watcher(share)
    bot.plan = lambda _message: bot_server.BROKEN
    tell(share)
    notices_queue(now=at)
    waits = []
    for _ in range(3):
        assert notices_send(now=clock.now()) == {"put_off": 1}
        due_at = Notice.objects.get().due_at
        waits.append((due_at - clock.now()).total_seconds())
        assert notices_send(now=clock.now()) == {}
        time_machine_at(due_at)
    assert waits == [5.0, 10.0, 20.0]
    Notice.objects.update(attempts=send.ATTEMPTS - 1)
    assert notices_send(now=clock.now()) == {"failed": 1} and "502" in Notice.objects.get().reason
    assert bot.taken == []


def test_an_unreachable_telegram_gets_it_later_and_a_silent_one_not_twice(bot, share, at, settings):
    notices_queue(now=at)
    watcher(share)
    tell(share)
    notices_queue(now=at)
    url, settings.TELEGRAM_API_URL = settings.TELEGRAM_API_URL, "http://127.0.0.1:1"
    assert notices_send(now=at) == {"put_off": 1}
    settings.TELEGRAM_API_URL = url
    bot.plan = lambda _message: bot_server.HANG_UP
    Notice.objects.update(due_at=at)
    assert notices_send(now=at) == {"unknown": 1}
    assert notices_send(now=at) == {} and len(bot.asked) == 1
    assert bot_server.TOKEN not in Notice.objects.get().reason


def test_what_telegram_refuses_fails_and_a_wrong_token_waits(bot, share, at, settings):
    notices_queue(now=at)
    watcher(share)
    tell(share)
    notices_queue(now=at)
    settings.TELEGRAM_BOT_TOKEN = "1:wrong"
    assert notices_send(now=at) == {"put_off": 1}
    assert NotifierState.objects.get().silent_until == at + timedelta(seconds=send.WITHOUT_BOT_S)
    settings.TELEGRAM_BOT_TOKEN = bot_server.TOKEN
    NotifierState.objects.update(silent_until=None)
    Notice.objects.update(due_at=at)
    bot.plan = lambda _message: bot_server.TOO_LONG
    assert notices_send(now=at) == {"failed": 1} and "too long" in Notice.objects.get().reason


def test_a_sender_that_died_leaves_no_second_message(bot, share, at):
    notices_queue(now=at)
    watcher(share)
    tell(share)
    notices_queue(now=at)
    Notice.objects.update(state="sending")
    assert notices_send(now=at) == {} and bot.asked == []
    assert states() == {"unknown": 1}


@pytest.mark.django_db(transaction=True)
def test_two_senders_send_each_message_once(bot, share, at):
    notices_queue(now=at)
    for number in range(12):
        watcher(share, f"user{number:02d}", telegram_id=100 + number)
    tell(share)
    gate = threading.Barrier(4)

    def run() -> None:
        gate.wait()
        try:
            for _ in range(3):
                notices_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notices_due()
    assert sorted(message["chat_id"] for message in bot.taken) == list(range(100, 112))
    assert states() == {"sent": 12}


def test_messages_keep_telegrams_pace(bot, share, at, settings):
    settings.NOTICES_PER_S, settings.NOTICES_PER_CHAT_S = 20.0, 5.0
    notices_queue(now=at)
    watcher(share), watcher(share, "boris")
    tell(share)
    tell(share, bar=6, action="SELL")
    notices_queue(now=at)
    assert notices_send(now=at) == {"sent": 4}
    moments = [moment for moment, _, _ in bot.asked]
    assert min(b - a for a, b in pairwise(moments)) >= 0.045
    by_chat: dict[int, list[float]] = {}
    for moment, _, message in bot.asked:
        by_chat.setdefault(message["chat_id"], []).append(moment)
    assert all(b - a >= 0.19 for a, b in by_chat.values())


def report(user: User, at: datetime, **payload: Any) -> WeeklyReport:
    told = {"decisions": 3, "pnl_rub": 3400.4, "total_cost_rub": 1234.0} | payload
    return WeeklyReport.objects.create(
        user=user, week="2024-W10", begins_at=at - timedelta(days=7), ends_at=at, made_at=at, score=83, payload=told
    )  # fmt: skip


def test_a_weekly_report_is_told_once_with_its_figures(bot, share, at, settings):
    settings.MINI_APP_URL = "https://trader.example.org/app/"
    anna = watcher(share, language="ru")
    report(anna, at)
    report(watcher(share, "idle"), at, decisions=0)
    report(watcher(share, "quiet", notify_weekly_report=False), at)
    report(watcher(share, "late"), at - timedelta(days=4))
    notices_due()
    notices_due()
    (message,) = bot.taken
    assert message["text"].replace("\xa0", " ").split("\n") == [
        "Ваша неделя 2024-W10: дисциплина 83 из 100.",
        "3 решения, результат +3 400 ₽.",
        "Во что обошлись привычки: 1 234 ₽.",
    ]
    ((button,),) = message["reply_markup"]["inline_keyboard"]
    assert button == {
        "text": "Открыть отчёт",
        "web_app": {"url": "https://trader.example.org/app/?tab=coach&week=2024-W10"},
    }


def test_the_words_of_both_languages_have_their_own_plurals():
    told = {"week": "2024-W10", "score": None, "pnl_rub": -5.2, "total_cost_rub": 0.0}
    said = {
        (language, n): notice_words("weekly_report", told | {"decisions": n}, language=language)[0]
        for language in ("ru", "en")
        for n in (1, 2, 5)
    }
    assert [said["ru", n].split("\n")[1].split(",")[0] for n in (1, 2, 5)] == [
        "1 решение",
        "2 решения",
        "5 решений",
    ]
    assert said["en", 1] == "Your week 2024-W10.\n1 decision, result −5 ₽."
    assert translation.get_language() is not None


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "lost"}, "site_notice_state_known"),
        ({"kind": "advert"}, "site_notice_kind_known"),
        ({}, "site_notice_once"),
    ],
)
def test_the_database_keeps_notices_in_order(share, at, changes, constraint):
    values = {
        "user": watcher(share), "kind": "signal", "business_key": "1", "told": {}, "due_at": at, "expires_at": at,
        "created_at": at,
    }  # fmt: skip
    Notice.objects.create(**values)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Notice.objects.create(**(values | changes))


def test_the_notifier_has_one_state(db):
    with pytest.raises(IntegrityError, match="site_notifierstate_one"), transaction.atomic():
        NotifierState.objects.create(pk=2)
