"""Explanations of 500 stored payloads in both languages: whole, traced to the payload, right in grammar, of one mind."""

from __future__ import annotations

import copy
import re
from collections import Counter
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from modeling.kernels.policy_reasons import REASONS
from signals.explain import SECTIONS, explanation_text, told_of
from signals.phrases import PHRASES
from tests.signals.payload_maker import STYLES, Stored, stored
from traderai.common.clock import MOSCOW

SEEDS = range(500)
DAY = {"en": "%Y-%m-%d", "ru": "%d.%m.%Y"}
# What each language says of a thing that can only be said where its sign or side is so.
ONE_WAY = {
    "en": {
        r"trend is up: the close stands (\S+)%": 1,
        r"trend is down: the close stands (\S+)%": -1,
        r"trend is up: .* after (\S+)% over 20 bars": 1,
        r"trend is down: .* after (\S+)% over 20 bars": -1,
        r"Upward trend: (\S+)% over 20 bars": 1,
        r"Downward trend: (\S+)% over 20 bars": -1,
        r"Upward trend: \S+% over 20 bars, (\S+)% from": 1,
        r"Downward trend: \S+% over 20 bars, (\S+)% from": -1,
        r"Profit is up [^:]*: (\S+)%": 1,
        r"Profit is down [^:]*: (\S+)%": -1,
    },
    "ru": {
        r"Тренд восходящий: цена (\S+)\s%": 1,
        r"Тренд нисходящий: цена (\S+)\s%": -1,
        r"Восходящий тренд: \S+\s% за 20 баров, (\S+)\s%": 1,
        r"Нисходящий тренд: \S+\s% за 20 баров, (\S+)\s%": -1,
        r"Прибыль выше[^:]*: (\S+)\s%": 1,
        r"Прибыль ниже[^:]*: (\S+)\s%": -1,
    },
}
BUYS = {"en": r"\bbuy at\b", "ru": r"\bпокупа"}
SELLS = {"en": r"\bsell\b", "ru": r"\bпродава"}


@cache
def made(seed: int) -> Stored:
    return stored(seed)


def text_of(one: Stored, language: str) -> str:
    teller = told_of(secid=one.secid, bar_begin=one.bar_begin)
    return explanation_text(one.payload["explanation"], language=language, decimals=2, told_of=teller)


def numbers_of(value: Any) -> list[float]:
    """Return every number of a payload, whatever it is nested in."""
    if isinstance(value, dict):
        return [number for own in value.values() for number in numbers_of(own)]
    if isinstance(value, list):
        return [number for own in value for number in numbers_of(own)]
    return [] if isinstance(value, bool) or not isinstance(value, int | float) else [float(value)]


def moments_of(value: Any) -> set[datetime]:
    if isinstance(value, dict):
        return {moment for own in value.values() for moment in moments_of(own)}
    if isinstance(value, list):
        return {moment for own in value for moment in moments_of(own)}
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:+.]+", value):
        return {datetime.fromisoformat(value).astimezone(MOSCOW)}
    return set()


def known_numbers(one: Stored) -> set[float]:
    """Return the payload's numbers, the explanation's own left out, with the few that are reckoned from them."""
    payload = {name: value for name, value in one.payload.items() if name != "explanation"}
    found = [*numbers_of(payload), float(one.days), 100.0, 5.0, 20.0]  # "of 100", "over 5 days", "over 20"
    if payload["rank"]:
        found.append(float(payload["rank"]["horizon"].removesuffix("d")))
    votes = (payload["prediction"] or {}).get("votes", [])
    found += [float(count) for count in range(len(votes) + 1)]
    d, rule = payload["decision"], payload["rule"]
    if d["edge"] and d["expected_r"]:  # the edge at which every threshold of the side passes
        found += [rule["min_expected_r"] * d["edge"] / d["expected_r"]]
    if d["p"] is not None and d["p_break_even"] is not None:  # what a reader takes from what
        found += [round(d["p"], 3) - round(d["p_break_even"], 3)]
    known = set()
    for number in found:
        known |= {
            round(abs(number) * times, digits)
            for times in ((1, 100) if abs(number) < 1e7 else (1,))
            for digits in (0, 1, 2)
        }
    return known


def strangers(one: Stored, text: str, language: str) -> list[str]:
    """Return the numbers and dates of a text that the payload does not hold."""
    days = {moment.strftime(DAY[language]) for moment in moments_of(one.payload)}
    times = {moment.strftime("%H:%M") for moment in moments_of(one.payload)}
    found = [day for day in re.findall(r"\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}", text) if day not in days]
    found += [clock for clock in re.findall(r"\d\d:\d\d", text) if clock not in times]
    text = re.sub(r"\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|\d\d:\d\d|50-bar|50 баров", "", text)
    known = known_numbers(one)
    for said in re.findall(r"\d[\d\u00a0\u202f,.]*\d|\d", text):
        plain = re.sub("[\u00a0\u202f]", "", said)
        plain = plain.replace(",", ".") if language == "ru" else plain.replace(",", "")
        if float(plain) not in known:
            found.append(said)
    return found


def contradictions(one: Stored, text: str, language: str) -> list[str]:
    """Return where a text takes another side than its signal, or a word than its own number."""
    action, lower = one.payload["decision"]["action"], text.casefold()
    found = []
    if bool(re.search(BUYS[language], lower)) != (action == "BUY"):
        found.append("buy")
    if bool(re.search(SELLS[language], lower)) != (action == "SELL"):
        found.append("sell")
    for pattern, sign in ONE_WAY[language].items():
        found += [said for said in re.findall(pattern, text) if {"+": 1, "−": -1}.get(said[0], 0) != sign]
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_five_hundred_payloads_are_told_whole_and_of_nothing_else(language):
    actions: Counter[str] = Counter()
    for seed in SEEDS:
        one = made(seed)
        text = text_of(one, language)
        actions[one.payload["decision"]["action"]] += 1
        assert strangers(one, text, language) == [], f"seed {seed}: {text}"
        assert contradictions(one, text, language) == [], f"seed {seed}: {text}"
        assert not re.search(r"%\(|\bNone\b|\bnan\b|\bNaN\b|  |\.\.|_", text), f"seed {seed}: {text}"
        letters = "RSI|EBITDA|R|T"
        if language == "ru":
            assert not re.search(r"[A-Za-z]{2,}", re.sub(letters, "", text)), f"seed {seed}: {text}"
        else:
            assert not re.search("[А-Яа-я]", text), f"seed {seed}: {text}"
        assert all(part.endswith(".") and part[0] == part[0].upper() for part in text.split("\n\n")), text
        assert len(text.split("\n\n")) <= len(SECTIONS) and len(text) < 3600
    assert min(actions.values()) >= 25 and len(actions) == 4


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_edge_that_is_told_is_the_difference_that_a_reader_takes(language):
    decimal = r"(\d+[.,]\d)"
    three = {
        "ru": rf"{decimal}\s%[^.]*?{decimal}\s%[^.]*?преимущество {decimal} п. п.",
        "en": rf"{decimal}%[^.]*?{decimal}%[^.]*?edge (?:is|of) {decimal} points",
    }[language]
    seen = 0
    for seed in SEEDS:
        for target, even, edge in re.findall(three, text_of(made(seed), language)):
            told = [round(10 * float(part.replace(",", "."))) for part in (target, even, edge)]
            assert told[0] - told[1] == told[2], f"seed {seed}"
            seen += 1
    assert seen > 100


def test_the_payloads_are_of_every_kind():
    told: Counter[str] = Counter()
    for seed in SEEDS:
        payload = made(seed).payload
        told.update(fact["code"] for fact in payload["explanation"])
        told.update(payload["decision"]["reasons"])
        told[f"{payload['decision']['style']}"] += 1
    wanted = {f"style_{style}" for style in STYLES if style} | {f"reason_{own}" for own in REASONS}
    assert wanted <= set(told)
    assert set(PHRASES) == {code for code in told if code in PHRASES}, set(PHRASES) - set(told)


def test_equal_questions_have_equal_answers_and_others_other_words():
    one = made(0)
    assert text_of(one, "ru") == text_of(stored(0), "ru")
    facts = [{"section": "picture", "code": "rsi_middle", "params": {"rsi_index": 51.0}}]
    said = {explanation_text(facts, language="en", decimals=2, told_of=f"SBER {n}") for n in range(40)}
    assert said == {"RSI at 51: neutral.", "Momentum is neutral (RSI 51)."}
    assert explanation_text(facts, language="en", decimals=2) == "RSI at 51: neutral."


def test_a_number_a_date_or_a_word_of_another_side_is_seen():
    buy = next(made(seed) for seed in SEEDS if made(seed).payload["decision"]["action"] == "BUY")
    text = text_of(buy, "en")
    assert strangers(buy, text + " Up 987.65.", "en") == ["987.65"]
    assert strangers(buy, text + " Since 2019-01-02.", "en") == ["2019-01-02"]
    turned = copy.deepcopy(buy.payload)
    turned["decision"]["action"] = "SELL"
    assert contradictions(Stored(secid="X", bar_begin=buy.bar_begin, days=5, payload=turned), text, "en")
    falling = [{"section": "company", "code": "company_grew", "params": {"growth_signed_pct": -3.0}}]
    for language in ("ru", "en"):
        wrong = explanation_text(falling, language=language, decimals=2)
        assert contradictions(buy, text_of(buy, language) + wrong, language) == [
            "−3.0" if language == "en" else "−3,0"
        ]


def said(code: str, language: str, **params: Any) -> str:
    return explanation_text(
        [{"section": "council", "code": code, "params": params}], language=language, decimals=2
    )


@pytest.mark.parametrize(
    ("n", "members", "days"),
    [
        (1, "Из 1 участника", "Через 1 торговый день"),
        (2, "Из 2 участников", "Через 2 торговых дня"),
        (5, "Из 5 участников", "Через 5 торговых дней"),
        (11, "Из 11 участников", "Через 11 торговых дней"),
        (21, "Из 21 участника", "Через 21 торговый день"),
        (22, "Из 22 участников", "Через 22 торговых дня"),
    ],
)
def test_russian_counts(n, members, days):
    assert said("council_long", "ru", voters=n, agreeing=1).startswith(members)
    assert said("dividend_ahead", "ru", days=n).startswith(days)
    plural = "" if n == 1 else "s"
    assert f"in {n} trading day{plural}." in said("dividend_ahead", "en", days=n)


def test_regimes_stand_in_the_case_that_the_sentence_asks_for():
    facts = [
        {
            "section": "market",
            "code": "sector_known",
            "params": {
                "sector": "oil_gas",
                "regime": "panic",
                "regime_p": 0.61,
                "since_on": "2022-02-22T00:00:00+03:00",
            },
        }
    ]
    texts = {explanation_text(facts, language="ru", decimals=2, told_of=str(n)) for n in range(1, 30)}
    assert texts == {
        "Сектор «Нефть и газ» с 22.02.2022 в панике (вероятность 61,0\u00a0%).",
        "Режим сектора «Нефть и газ» с 22.02.2022: паника (61,0\u00a0%).",
    }


def test_signals_of_before_these_words_are_still_told():
    facts = [
        {"section": "call", "code": "call_no_trade", "params": {}},
        {"section": "call", "code": "reason_illiquid", "params": {}},
        {"section": "picture", "code": "rank_place", "params": {
            "position": 12, "shares": 115, "days": 5, "known_at": "2024-06-14T21:00:00+00:00", "ic_ratio": 0.09}},
        {"section": "regime", "code": "regime_known", "params": {
            "regime": "flat", "regime_p": 0.7, "since_on": "2024-06-07T00:00:00+03:00"}},
        {"section": "model", "code": "driver_raises", "params": {"family": "returns", "effect_points": 0.02}},
        {"section": "notice", "code": "not_advice", "params": {}},
    ]  # fmt: skip
    for language in ("ru", "en"):
        assert len(explanation_text(facts, language=language, decimals=2).split("\n\n")) == 5
