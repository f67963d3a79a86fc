"""Signing in for a token: by Telegram, by password, and with a second factor."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.accounts.init_data_maker import BOT_TOKEN, opened
from traderai.accounts.models import InitDataUse, User
from traderai.accounts.services.telegram import telegram_sign_in
from traderai.common import clock
from traderai.common.errors import SignInError
from traderai.site.tasks import sessions_sweep

pytestmark = pytest.mark.django_db
API = "/api/v1"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def bot(settings: LazySettings) -> LazySettings:
    settings.TELEGRAM_BOT_TOKEN = BOT_TOKEN
    settings.OTP_TOTP_THROTTLE_FACTOR = 0
    return settings


def now_s() -> int:
    return clock.to_epoch_s(clock.now())


def by_telegram(init_data: Any) -> Any:
    return APIClient(REMOTE_ADDR="10.0.0.7").post(
        f"{API}/auth/telegram", {"init_data": init_data}, format="json"
    )


def by_password(username: str, password: str = PASSWORD, *, address: str = "10.0.0.7", **more: str) -> Any:
    body = {"username": username, "password": password, **more}
    return APIClient(REMOTE_ADDR=address).post(f"{API}/auth/token", body, format="json")


def with_token(token: str) -> APIClient:
    return APIClient(enforce_csrf_checks=True, REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=f"Token {token}")


def refusal(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"].startswith("application/problem+json"), answer.content
    return answer.status_code, answer.json()["code"]


def code_of(device: TOTPDevice) -> str:
    return f"{TOTP(device.bin_key).token():06d}"


def test_the_first_sign_in_by_telegram_makes_a_user_and_a_token_that_works():
    answer = by_telegram(opened(700, at_s=now_s(), language_code="ru-RU"))
    body = answer.json()
    assert answer.status_code == 200, body
    assert body["user"] == {
        "username": "tg_700", "language": "ru", "capital_rub": None, "risk_profile": "balanced",
        "time_zone": "Europe/Moscow", "roles": ["trader"], "telegram_linked": True,
        "notifications": {"signals": False, "weekly_report": True},
    }  # fmt: skip
    anna = User.objects.get(telegram_id=700)
    assert not (anna.is_staff or anna.is_superuser or anna.has_usable_password())
    assert anna.first_name == anna.last_name == "", "only the number is kept of a Telegram account"
    client = with_token(body["token"])
    assert client.get(f"{API}/me").json() == body["user"]
    changed = client.patch(f"{API}/me", {"language": "en"}, format="json")
    assert changed.status_code == 200, "a token needs no CSRF token"
    assert body["token"] not in str(list(AuthToken.objects.values())), "hashed at rest"
    hours = (AuthToken.objects.get().expiry - clock.now()).total_seconds() / 3600
    assert 11.9 < hours <= 12
    again = by_telegram(opened(700, at_s=now_s() - 1, language_code="de")).json()
    assert User.objects.count() == 1 and again["token"] != body["token"]
    assert again["user"]["language"] == "en", "the user's own choice stays"
    assert by_telegram(opened(701, at_s=now_s(), language_code="de")).json()["user"]["language"] == "en"


def test_what_was_exchanged_is_refused_in_whatever_spelling():
    first = opened(700, at_s=now_s())
    assert by_telegram(first).status_code == 200
    assert refusal(by_telegram(first)) == (401, "init_data_used")
    assert refusal(by_telegram("&".join(reversed(first.split("&"))))) == (401, "init_data_used")
    assert AuthToken.objects.count() == 1
    assert refusal(by_telegram(opened(700, at_s=now_s() - 4000))) == (401, "init_data_expired")
    InitDataUse.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert by_telegram(opened(701, at_s=now_s())).status_code == 200
    assert InitDataUse.objects.count() == 1, "what has expired is cleaned up"


@pytest.mark.parametrize(
    "init_data", ["", "x", "x" * 4097, None, 7, {}, ["x"], "hash=" + "0" * 64, "\0", "user=%00"]
)
def test_nonsense_is_refused_and_leaves_nothing(init_data):
    answer = by_telegram(init_data)
    assert (answer.status_code, answer.json()["code"]) in (
        (400, "invalid"),
        (401, "init_data_invalid"),
        (422, "bad_character"),
    )
    assert not User.objects.exists() and not AuthToken.objects.exists() and not InitDataUse.objects.exists()


def test_without_a_bot_nobody_signs_in_by_telegram(bot: LazySettings):
    bot.TELEGRAM_BOT_TOKEN = ""
    # Whoever signs with an empty key is refused, too.
    assert refusal(by_telegram(opened(700, at_s=now_s(), bot_token=""))) == (503, "telegram_not_configured")
    assert not User.objects.exists()


def test_rights_never_come_from_telegram():
    init = opened(700, at_s=now_s())
    reviewer = User.objects.create_user("vera", telegram_id=700)
    reviewer.groups.add(Group.objects.get_or_create(name="reviewer")[0])
    assert refusal(by_telegram(init)) == (403, "staff_by_password")
    assert not InitDataUse.objects.exists(), "a refusal leaves nothing behind"
    with pytest.raises(IntegrityError, match="accounts_user_staff_without_telegram"), transaction.atomic():
        User.objects.filter(pk=reviewer.pk).update(is_staff=True)
    reviewer.is_staff = True
    with pytest.raises(ValidationError, match="Staff sign in by password"):
        reviewer.validate_constraints()
    reviewer.groups.clear()
    assert by_telegram(init).status_code == 200
    User.objects.filter(pk=reviewer.pk).update(is_active=False)
    assert refusal(by_telegram(opened(700, at_s=now_s() - 1))) == (403, "account_shut")


def test_a_name_that_staff_gave_away_is_not_taken():
    User.objects.create_user("tg_700", password=PASSWORD)
    name = by_telegram(opened(700, at_s=now_s())).json()["user"]["username"]
    assert re.fullmatch(r"tg_700_[0-9a-f]{8}", name)


@pytest.mark.django_db(transaction=True)
def test_of_two_exchanges_at_once_one_wins():
    init = opened(700, at_s=now_s())

    def send(_: int) -> str:
        try:
            telegram_sign_in(init_data=init, now=clock.now())
        except SignInError as error:
            return error.code
        finally:
            connections["default"].close()
        return "token"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(send, range(4)))
    assert told == ["init_data_used"] * 3 + ["token"]
    assert User.objects.count() == AuthToken.objects.count() == 1


def test_a_password_gives_a_token_and_delete_ends_it():
    vera = User.objects.create_user("vera", password=PASSWORD)
    body = by_password("vera").json()
    assert body["user"]["username"] == "vera" and body["token"].startswith("tai_")
    vera.refresh_from_db()
    assert vera.last_login is not None
    client, other = with_token(body["token"]), with_token(by_password("vera").json()["token"])
    assert client.delete(f"{API}/auth/token").status_code == 204
    assert refusal(client.get(f"{API}/me")) == (401, "token_invalid")
    assert refusal(client.delete(f"{API}/auth/token")) == (401, "token_invalid")
    assert other.get(f"{API}/me").status_code == 200
    in_browser = APIClient()
    in_browser.force_login(vera)
    assert refusal(in_browser.delete(f"{API}/auth/token")) == (409, "no_token")
    old = APIClient(HTTP_AUTHORIZATION="Token tai_old", REMOTE_ADDR="10.0.0.7")
    again = old.post(f"{API}/auth/token", {"username": "vera", "password": PASSWORD}, format="json")
    assert again.status_code == 200, "an old token is not in the way of a new one"


def test_tokens_end_by_time_number_password_rights_and_shutting(settings: LazySettings):
    settings.TOKENS_PER_USER = 2
    vera = User.objects.create_user("vera", password=PASSWORD)
    first, second, third = (with_token(by_password("vera").json()["token"]) for _ in range(3))

    def works(client: APIClient) -> bool:
        answer = client.get(f"{API}/me")
        assert answer.status_code == 200 or refusal(answer) == (401, "token_invalid")
        return bool(answer.status_code == 200)

    assert [works(client) for client in (first, second, third)] == [False, True, True]
    AuthToken.objects.filter(pk=AuthToken.objects.order_by("created").first().pk).update(expiry=clock.now())  # type: ignore[union-attr]
    assert [works(second), works(third)] == [False, True]
    User.objects.update(is_active=False)
    assert not works(third)
    User.objects.update(is_active=True)
    assert works(third)
    vera.set_password("another horse battery")
    vera.save()
    assert not works(third) and not AuthToken.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token a b",
        "Token \xff\xfe",
        "Token tai_" + "0" * 64,
        "token x" * 900,
        "Token \x00",
    ],
)
def test_a_header_that_is_no_token_is_a_401(header):
    answer = APIClient(REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=header).get(f"{API}/me")
    assert refusal(answer) == (401, "token_invalid") and answer["WWW-Authenticate"] == "Token"


def test_a_token_wins_over_a_session():
    vera, boris = (User.objects.create_user(name, password=PASSWORD) for name in ("vera", "boris"))
    client = with_token(by_password("vera").json()["token"])
    client.force_login(boris)
    assert client.get(f"{API}/me").json()["username"] == vera.username


def test_the_sixth_try_is_refused_even_with_the_right_password_and_names_tell_nothing():
    User.objects.create_user("vera", password=PASSWORD)

    def tried(name: str, address: str) -> list[tuple[Any, ...]]:
        answers = [by_password(name, "wrong", address=address) for _ in range(5)]
        answers.append(by_password(name, PASSWORD, address=address))
        return [(*refusal(a), a.json()["detail"], bool(a.get("Retry-After"))) for a in answers]

    known, unknown = tried("vera", "10.0.0.1"), tried("nobody", "10.0.0.2")
    assert known == unknown
    assert [each[:2] for each in known] == [(401, "credentials_wrong")] * 4 + [(429, "locked_out")] * 2
    assert [each[3] for each in known] == [False] * 4 + [True] * 2
    wait_s = int(by_password("vera")["Retry-After"])
    assert 800 < wait_s <= 900, "another address does not help, and trying on does not make it longer"
    assert refusal(by_password("boris", address="10.0.0.1")) == (429, "locked_out"), "nor does another name"
    assert by_password("boris").status_code == 401


def test_a_lock_holds_on_every_page_of_sign_in_and_is_told_politely():
    User.objects.create_superuser("chief", password=PASSWORD)
    wrong = {"username": "chief", "password": "wrong"}
    for number in range(4):
        page = "/app/login/" if number % 2 else "/admin/login/"
        assert Client().post(page, wrong).status_code == 200
    assert refusal(by_password("chief", "wrong")) == (429, "locked_out")
    right = {"username": "chief", "password": PASSWORD}
    for language, words in (("ru", "Слишком много неудачных попыток"), ("en", "Too many failed sign-ins")):
        answer = Client(headers={"Accept-Language": language}).post("/app/login/", right)
        assert answer.status_code == 429 and answer["Retry-After"] and words in answer.content.decode()
        assert 'role="alert"' in answer.content.decode() and "sessionid" not in answer.cookies
    for page in ("/app/login/", "/admin/login/"):
        long = Client(REMOTE_ADDR="10.0.0.3").post(page, {"username": "x" * 300, "password": "wrong"})
        assert long.status_code == 200 and "sessionid" not in long.cookies, "no name, and no break of ours"
    staff = Client().post("/admin/login/", right)
    assert staff.status_code == 429 and "try again in 15 min" in staff.content.decode()


def test_a_success_forgets_the_failures_before_it_of_its_own_name_alone():
    for name in ("vera", "eve"):
        User.objects.create_user(name, password=PASSWORD)
    for _ in range(3):
        assert [by_password("vera", "wrong").status_code for _ in range(4)] == [401] * 4
        assert by_password("vera").status_code == 200
    assert [by_password("vera", "guess").status_code for _ in range(4)] == [401] * 4
    assert by_password("eve").status_code == 200, "who guesses has an account, too"
    assert refusal(by_password("vera", "guess")) == (429, "locked_out")


def test_staff_with_a_device_show_its_code_on_every_page(capsys):
    chief = User.objects.create_superuser("chief", password=PASSWORD)
    before = Client()
    before.force_login(chief)
    call_command("second_factor", "chief")
    assert before.get("/admin/").status_code == 302, "who signed in without a code does it again"
    printed = capsys.readouterr().out
    device = TOTPDevice.objects.get(user=chief)
    assert printed.startswith("otpauth://totp/TraderAI%3Achief?secret=")
    for page in ("/admin/login/", "/app/login/"):
        asked = Client(headers={"Accept-Language": "en"}).get(page).content.decode()
        assert 'name="otp"' in asked
        answer = Client(headers={"Accept-Language": "en"}).post(
            page, {"username": "chief", "password": PASSWORD}
        )
        assert answer.status_code == 200 and "code that your device shows" in answer.content.decode()
    assert refusal(by_password("chief")) == (401, "otp_required")
    assert refusal(by_password("chief", otp="12")) == (400, "invalid")
    code = code_of(device)
    assert by_password("chief", otp=code).status_code == 200
    assert refusal(by_password("chief", otp=code)) == (401, "otp_required"), "each code works once"
    TOTPDevice.objects.update(last_t=-1)
    form = {"username": "chief", "password": PASSWORD, "otp": code_of(device)}
    entered = Client()
    assert entered.post("/admin/login/?next=/admin/", form).status_code == 302
    assert entered.get("/admin/").status_code == 200
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    told = [refusal(by_password("chief", otp=wrong))[0] for _ in range(5)]
    assert told == [401] * 4 + [429], "guessing the code locks the name"
    call_command("second_factor", "chief", "--remove")
    assert not TOTPDevice.objects.exists()
    with pytest.raises(CommandError, match="must be that of a user"):
        call_command("second_factor", "nobody")


def test_a_setting_asks_all_staff_for_a_device(settings: LazySettings):
    settings.STAFF_SECOND_FACTOR = True
    User.objects.create_superuser("chief", password=PASSWORD)
    User.objects.create_user("vera", password=PASSWORD)
    assert refusal(by_password("chief")) == (401, "otp_device_missing")
    page = Client().post("/admin/login/", {"username": "chief", "password": PASSWORD})
    assert page.status_code == 200 and "sessionid" not in page.cookies
    assert by_password("vera").status_code == 200


def test_rights_changed_in_the_admin_end_tokens_and_staff_see_who_holds_one():
    chief, vera = User.objects.create_superuser("chief"), User.objects.create_user("vera", password=PASSWORD)
    token = by_password("vera").json()["token"]
    by_password("boris", "wrong")
    staff = Client()
    staff.force_login(chief)
    listed = staff.get("/admin/knox/authtoken/").content.decode()
    assert "vera" in listed
    assert "boris" in staff.get("/admin/axes/accessattempt/").content.decode()
    address = f"/admin/accounts/user/{vera.pk}/change/"
    initial = staff.get(address).context["adminform"].form.initial
    form = {name: value for name, value in initial.items() if value is not None}
    form |= {"groups": [], "user_permissions": [], "date_joined_0": "2024-03-01", "date_joined_1": "10:00:00"}
    form.pop("last_login", None)
    assert staff.post(address, form | {"language": "en"}).status_code == 302
    assert with_token(token).get(f"{API}/me").status_code == 200
    in_browser = Client()
    in_browser.force_login(vera)
    assert staff.post(address, form | {"is_staff": "on"}).status_code == 302
    assert in_browser.get(f"{API}/me").status_code == 401
    assert refusal(with_token(token).get(f"{API}/me")) == (401, "token_invalid")


def test_failed_sign_ins_go_with_the_account_and_hold_no_password():
    vera = User.objects.create_user("vera", password=PASSWORD)
    Client().post("/app/login/", {"username": "vera", "password": "mistyped-secret", "otp": "123456"})
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT a::text FROM axes_accessattempt a")
        (row,) = cursor.fetchone()
        assert "vera" in row and "mistyped-secret" not in row and "123456" not in row
        client = Client()
        client.force_login(vera)
        gone = client.delete(f"{API}/me/data", {"confirm": "vera"}, content_type="application/json")
        assert gone.status_code == 204
        cursor.execute("SELECT count(*) FROM axes_accessattempt")
        assert cursor.fetchone() == (0,)


def test_addresses_are_what_our_own_proxies_saw(settings: LazySettings):
    by_password("nobody", "wrong", address="10.0.0.9")
    forged = {"HTTP_X_FORWARDED_FOR": "1.2.3.4, 5.6.7.8"}
    post = {"username": "nobody", "password": "wrong"}
    APIClient(REMOTE_ADDR="10.0.0.9", **forged).post(f"{API}/auth/token", post, format="json")
    assert {row.ip_address for row in AccessAttempt.objects.all()} == {"10.0.0.9"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    APIClient(REMOTE_ADDR="10.0.0.9", **forged).post(f"{API}/auth/token", post, format="json")
    assert AccessAttempt.objects.filter(ip_address="5.6.7.8").count() == 1
    for number in range(5):
        last = by_password(f"guess{number}", "wrong", address=f"2001:db8:0:1::{number}")
    assert last.status_code == 429, "one subscriber has 64 bits of addresses"
    assert by_password("somebody", "wrong", address="2001:db8:0:2::1").status_code == 401


def test_sessions_that_have_ended_are_forgotten() -> None:
    for name, days in (("ended", -1), ("live", 1)):
        Session.objects.create(
            session_key=name, session_data="", expire_date=clock.now() + timedelta(days=days)
        )
    sessions_sweep()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]
