"""Telegram's signature: the published one passes, and nothing that was touched does."""

from __future__ import annotations

import string
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, quote_plus

import numpy as np
import pytest

from tests.accounts.init_data_maker import AUTH_DATE_S, BOT_TOKEN, PUBLISHED, opened, signed, user_json
from traderai.accounts.kernels import init_data as kernel
from traderai.accounts.kernels.init_data import MOST_CHARS, InitData, init_data_check
from traderai.common.errors import SignInError

DAY_S = 86_400
MUTATIONS = 10_000
# Everything that a form may be written with, and some things that it may not.
ALPHABET = string.ascii_letters + string.digits + "%&=+-_.~!*'(){}\":,;/\\ \n\r\t\0#éЖ"


def checked(init_data: str, *, bot_token: str = BOT_TOKEN, now_s: int = AUTH_DATE_S + 60) -> InitData:
    return init_data_check(init_data, bot_token=bot_token, now_s=now_s, max_age_s=DAY_S)


def code_of(init_data: str, **changed: object) -> str:
    """Return the code of the refusal; "" when there is none."""
    try:
        checked(init_data, **changed)  # type: ignore[arg-type]
    except SignInError as error:
        return error.code
    return ""


def test_the_published_vector_passes():
    told = checked(PUBLISHED)
    assert (told.telegram_id, told.language_code, told.auth_date_s) == (279058397, "ru", AUTH_DATE_S)


def test_the_key_order_and_the_spelling_of_a_space_are_no_part_of_the_word():
    pieces = PUBLISHED.split("&")
    turned = "&".join(reversed(pieces)).replace("%20", "+")
    assert checked(turned) == checked(PUBLISHED), "one fingerprint: neither can be sent after the other"


def test_the_signature_field_is_signed_too():
    without = "&".join(piece for piece in PUBLISHED.split("&") if not piece.startswith("signature="))
    assert code_of(without) == "init_data_invalid"


def test_another_bot_is_refused():
    assert code_of(PUBLISHED, bot_token=BOT_TOKEN[:-1] + "5") == "init_data_invalid"
    assert code_of(opened(bot_token="1:other")) == "init_data_invalid"


def test_age_and_a_clock_that_is_ahead():
    assert code_of(PUBLISHED, now_s=AUTH_DATE_S + DAY_S) == ""
    assert code_of(PUBLISHED, now_s=AUTH_DATE_S + DAY_S + 1) == "init_data_expired"
    assert code_of(PUBLISHED, now_s=AUTH_DATE_S - 30) == ""
    assert code_of(PUBLISHED, now_s=AUTH_DATE_S - 31) == "init_data_invalid"


@pytest.mark.parametrize(
    "fields",
    [
        {"user": user_json()},
        {"user": user_json(), "auth_date": "soon"},
        {"user": user_json(), "auth_date": f" {AUTH_DATE_S}"},
        {"user": user_json(), "auth_date": f"-{AUTH_DATE_S}"},
        {"user": user_json(), "auth_date": "٠" + str(AUTH_DATE_S)},
        {"auth_date": str(AUTH_DATE_S)},
        *(
            {"user": text, "auth_date": str(AUTH_DATE_S)}
            for text in (
                "", "{", "[]", "7", "null", "{}", '{"id": null}', '{"id": "7"}', '{"id": true}', '{"id": 7.0}',
                '{"id": 0}', '{"id": -7}', '{"id": 4503599627370496}', '{"id": NaN}', "[" * 1200,
            )
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_well_signed_may_still_say_nothing(fields):
    assert code_of(signed(fields)) == "init_data_invalid"


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "&",
        "hash=",
        "hash=" + "0" * 64,
        PUBLISHED + "&",
        PUBLISHED + "&hash=" + PUBLISHED[-64:],
        PUBLISHED + "&auth_date=1733509682",
        PUBLISHED + "&extra=",
        PUBLISHED + "&extra",
        PUBLISHED + "&x=%FF",
        PUBLISHED.replace("&hash=", "&HASH="),
        PUBLISHED[:-64] + PUBLISHED[-64:].upper(),
        PUBLISHED.replace("%7B", "%7b"),
        PUBLISHED.replace("private", "%70rivate"),
        PUBLISHED.replace("&chat_type=", "%0Achat_type="),
        PUBLISHED.replace("=TYJ", "%3DTYJ="),
        PUBLISHED + "&x=" + "1" * MOST_CHARS,
        PUBLISHED + "".join(f"&x{i}=1" for i in range(40)),
    ],
)
def test_another_spelling_is_refused(spoilt):
    assert code_of(spoilt) == "init_data_invalid"


def test_ten_thousand_mutations_are_refused():
    assert survivors(seed=20241206) == []


def test_sabotage_a_compare_that_looks_at_the_first_half_is_seen(monkeypatch):
    def half(left: str, right: str) -> bool:
        return left[:32] == right[:32]

    monkeypatch.setattr(kernel.hmac, "compare_digest", half)
    assert survivors(seed=1, count=1_000)


def survivors(*, seed: int, count: int = MUTATIONS) -> list[str]:
    """Return the mutations that pass, of `count` that say something else than what was signed."""
    rng = np.random.default_rng(seed)
    originals = [PUBLISHED, *(opened(700 + i, language_code="en", username=f"anna_{i}") for i in range(4))]
    said = {text: sorted(parse_qsl(text, keep_blank_values=True)) for text in originals}
    assert not any(code_of(text) for text in originals)
    tried, passed = 0, []
    while tried < count:
        original = originals[rng.integers(len(originals))]
        mutated = KINDS[rng.integers(len(KINDS))](original, rng)
        if sorted(parse_qsl(mutated, keep_blank_values=True)) == said[original]:
            continue
        tried += 1
        if not code_of(mutated):
            passed.append(mutated)
    return passed


def character_changed(text: str, rng: np.random.Generator) -> str:
    at = rng.integers(len(text))
    return text[:at] + ALPHABET[rng.integers(len(ALPHABET))] + text[at + 1 :]


def character_inserted(text: str, rng: np.random.Generator) -> str:
    at = rng.integers(len(text) + 1)
    return text[:at] + ALPHABET[rng.integers(len(ALPHABET))] + text[at:]


def character_dropped(text: str, rng: np.random.Generator) -> str:
    at = rng.integers(len(text))
    return text[:at] + text[at + 1 :]


def neighbours_swapped(text: str, rng: np.random.Generator) -> str:
    at = rng.integers(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def hash_digit_changed(text: str, rng: np.random.Generator) -> str:
    at = text.index("&hash=") + 6 + rng.integers(64)
    return text[:at] + "0123456789abcdef"[rng.integers(16)] + text[at + 1 :]


def cut(text: str, rng: np.random.Generator) -> str:
    return text[: rng.integers(len(text))]


def on_fields(change: Callable[[list[str], int, np.random.Generator], None]):
    def mutate(text: str, rng: np.random.Generator) -> str:
        pieces = text.split("&")
        change(pieces, int(rng.integers(len(pieces))), rng)
        return "&".join(pieces)

    return mutate


def doubled(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    pieces.insert(int(rng.integers(len(pieces))), pieces[at])


def emptied(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    pieces[at] = pieces[at].split("=")[0] + "="


def renamed(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    name, value = pieces[at].split("=", 1)
    pieces[at] = f"{name}{ALPHABET[rng.integers(26)]}={value}"


def added(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    pieces.insert(at, f"is_staff={rng.integers(10**9)}")


def dropped(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    del pieces[at]


def values_swapped(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    other = int(rng.integers(len(pieces)))
    (name, value), (other_name, other_value) = pieces[at].split("=", 1), pieces[other].split("=", 1)
    pieces[at], pieces[other] = f"{name}={other_value}", f"{other_name}={value}"


def merged(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    """Two fields as one with a line end in it, whose text to sign is the same."""
    order = sorted(pieces)
    first, second = order[at % (len(order) - 1)], order[at % (len(order) - 1) + 1]
    pieces.remove(second)
    pieces[pieces.index(first)] = f"{first}%0A{second.replace('=', '%3D', 1)}"


def taken_from_another(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    """A field of a word that Telegram has signed, too, but at another moment for another user."""
    strange = opened(int(rng.integers(1, 10**9)), at_s=AUTH_DATE_S + int(rng.integers(1, 50))).split("&")
    name = pieces[at].split("=")[0]
    pieces[at] = next((piece for piece in strange if piece.startswith(f"{name}=")), f"{name}=another")


def encoded_twice(pieces: list[str], at: int, rng: np.random.Generator) -> None:
    name, value = pieces[at].split("=", 1)
    pieces[at] = f"{name}={(quote if rng.integers(2) else quote_plus)(value)}"


KINDS = (
    character_changed, character_inserted, character_dropped, neighbours_swapped, hash_digit_changed, cut,
    *map(on_fields, (doubled, emptied, renamed, added, dropped, values_swapped, merged, taken_from_another, encoded_twice)),
)  # fmt: skip
