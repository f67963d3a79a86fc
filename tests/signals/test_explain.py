"""Explanations of real decisions of the policy: every number is in the facts, both languages, no wrong side."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.contracts import REGIMES, RegimeFacts
from features.kernels.regime_config import RegimeConfig
from modeling.contracts import Evidence, MarketState, Prediction, SideLosses
from modeling.contracts.ranks import RankFacts
from modeling.kernels.policy import decide, decide_without_model
from modeling.selectors.configuration import policy_get
from signals.explain import explanation_text, scenario_label
from signals.kernels.facts import explanation_facts
from signals.kernels.levels import PriceLevel
from signals.kernels.situation import Driver, Situation
from signals.payload import as_json
from traderai.common.asker import spoken_language
from traderai.common.config import load_config
from traderai.common.errors import InvariantError

POLICY = policy_get()
LOSSES = SideLosses(mean_gross_loss_r=(0.6, 0.75, 0.9))
EVIDENCE = Evidence(
    horizon="5d",
    long=LOSSES,
    short=LOSSES,
    volatility_tercile_edges=(0.02, 0.04),
    edge_knots=(-0.2, 0.0, 0.1, 0.2),
    edge_p_positive=(0.3, 0.45, 0.55, 0.6),
    edge_p99=0.15,
    novelty_limit=10.0,
)
FAMILIES = ("returns", "trend", "oscillators", "volatility", "volume", "position", "calendar")


def situation(seed: int) -> Situation:
    """Return a situation whose decision the policy itself made, of every kind over many seeds."""
    rng = np.random.default_rng(seed)
    regime = str(rng.choice(REGIMES))
    p_long, p_short = rng.uniform(0.2, 0.7, 2) * (0.4 if rng.random() < 0.3 else 1)
    prediction = Prediction(
        p_long=float(p_long),
        p_short=float(p_short),
        return_quantiles=tuple(np.sort(rng.normal(0, 0.03, 7)).tolist()),
        volatility=float(rng.uniform(0.01, 0.05)),
        direction=tuple(rng.dirichlet(np.ones(5)).tolist()),
    )
    close = round(float(np.exp(rng.uniform(0, 9))), 2)
    flaw = rng.random()
    market = MarketState(
        close_rub=close,
        price_step_rub=0.01,
        lot_size=10,
        atr_rub=close * 0.01,
        half_spread_frac=float("nan"),
        median_turnover_rub=1e3 if flaw > 0.95 else 1e8,
        bars_known=100 if 0.9 < flaw < 0.95 else 3000,
        data_age_s=2e6 if flaw < 0.05 else 0.0,
        regime=regime,
        shortable=bool(rng.random() < 0.6),
        halted=False,
        novelty=11.0 if 0.05 < flaw < 0.1 else 3.0,
        take_profit_frac=0.04,
        stop_loss_frac=0.02,
    )
    decision = (
        decide_without_model(market, POLICY)
        if 0.1 < flaw < 0.14
        else decide(prediction, EVIDENCE, market, POLICY)
    )
    at = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(hours=int(rng.integers(8000)))
    share = float(rng.uniform(0.3, 0.9))
    return Situation(
        decision=decision,
        days=int(rng.choice([1, 3, 5, 10, 21])),
        last_bar_at=at.isoformat(),
        picture={
            "change_20_bars_frac": float(rng.normal(0, 0.04)) if rng.random() < 0.9 else None,
            "distance_from_mean_50_bars_frac": float(rng.normal(0, 0.02)),
            "rsi_14": float(rng.uniform(15, 85)),
            "volume_ratio": float(rng.lognormal(0, 0.5)),
        },
        levels=tuple(
            PriceLevel(price_rub=round(close * part, 2), touches=2, kind=kind)
            for part, kind in ((0.97, "support"), (1.04, "resistance"))
            if rng.random() < 0.8
        ),
        drivers=tuple(
            Driver(family=f, feature="x", value=1.0, effect=float(rng.normal(0, 0.01))) for f in FAMILIES
        ),
        regime=None
        if rng.random() < 0.1
        else RegimeFacts(
            name=regime,
            probabilities={name: share if name == regime else (1 - share) / 5 for name in REGIMES},
            since=at - timedelta(days=9),
            as_of=at,
            reasons=(),
        ),
        rank=None
        if rng.random() < 0.3
        else RankFacts(
            feature="r@1",
            place=0.5,
            position=int(rng.integers(1, 130)),
            shares=130,
            horizon="5d",
            known_at=at,
            learned_until=at - timedelta(days=200),
            rank_ic=float(rng.normal(0.09, 0.02)),
        ),
        rule=POLICY.regimes[regime],
        proven=bool(rng.random() < 0.3),
        in_sample=bool(rng.random() < 0.1),
        simulated=bool(rng.random() < 0.2),
        trained_p=float(rng.uniform(0.2, 0.6)) if rng.random() < 0.3 else None,
    )


def text_of(seed: int, language: str) -> tuple[Situation, list[dict], str]:
    made = situation(seed)
    facts = json.loads(json.dumps(as_json(explanation_facts(made))))
    return made, facts, explanation_text(facts, language=language, decimals=2)


def numbers_said(text: str, language: str) -> list[float]:
    """Return the numbers of a text, read back from the language's own way of writing them."""
    text = re.sub(r"RSI", "", text)
    text = re.sub(
        r"\d{4}-\d{2}-\d{2}|\d{2}\.\d{2}\.\d{4}|\d{2}:\d{2}|50-bar|20 bars|50 баров|20 баров", "", text
    )
    found = re.findall(r"\d[\d\u00a0\u202f,.]*\d|\d", text)
    if language == "ru":
        found = [n.replace("\u00a0", "").replace("\u202f", "").replace(",", ".") for n in found]
    else:
        found = [n.replace(",", "") for n in found]
    return [float(n) for n in found]


def numbers_known(facts: list[dict]) -> list[float]:
    known = [100.0]  # "67 of 100"
    for fact in facts:
        for value in fact["params"].values():
            if isinstance(value, int | float):
                known += [abs(value), abs(100 * value)]
    return known


def within_rounding(said: float, known: list[float]) -> bool:
    return any(abs(said - round(k, digits)) < 1e-9 for k in known for digits in (0, 1, 2))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_two_hundred_decisions_say_nothing_that_is_not_in_their_facts(language):
    actions: Counter[str] = Counter()
    for seed in range(200):
        made, facts, text = text_of(seed, language)
        actions[made.decision.action] += 1
        known = numbers_known(facts)
        for number in numbers_said(text, language):
            assert within_rounding(number, known), f"{number} of seed {seed} is invented: {text}"
        assert "%(" not in text and "None" not in text and "nan" not in text
        assert text == text_of(seed, language)[2]
    assert set(actions) == {"BUY", "SELL", "HOLD", "NO_TRADE"}


def test_an_invented_number_is_seen():
    _, facts, text = text_of(3, "en")
    said = numbers_said(text + " Up 987.65 from here.", "en")
    assert not all(within_rounding(number, numbers_known(facts)) for number in said)


@pytest.mark.parametrize(
    ("language", "buy", "sell"), [("en", r"\bbuy\b", r"\bsell\b"), ("ru", r"\bпокупа", r"\bпродава")]
)
def test_no_call_names_the_other_side(language, buy, sell):
    seen: Counter[str] = Counter()
    for seed in range(300):
        made, _, text = text_of(seed, language)
        action, text = made.decision.action, text.casefold()
        seen[action] += 1
        assert bool(re.search(buy, text)) == (action == "BUY"), text
        assert bool(re.search(sell, text)) == (action == "SELL"), text
    assert min(seen.values()) >= 10


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_probability_never_stands_without_its_break_even(language):
    word = {"ru": "безубыточн", "en": "to break even"}[language]
    for seed in range(100):
        made, facts, text = text_of(seed, language)
        says_p = any("target_p" in fact["params"] for fact in facts)
        assert says_p == (made.decision.p is not None)
        assert (word in text) == says_p


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        (1, "до 1 торгового дня"),
        (3, "до 3 торговых дней"),
        (5, "до 5 торговых дней"),
        (21, "до 21 торгового дня"),
    ],
)
def test_russian_plurals(days, wanted):
    fact = {
        "section": "call",
        "code": "call_buy",
        "params": {
            "entry_low_rub": 1.0,
            "entry_high_rub": 1.0,
            "take_profit_rub": 2.0,
            "stop_loss_rub": 0.5,
            "days": days,
        },
    }
    assert wanted in explanation_text([fact], language="ru", decimals=2)


def test_numbers_are_written_as_the_language_writes_them():
    fact = {"section": "picture", "code": "levels_support", "params": {"support_rub": 12345.6}}
    assert "12\u00a0345,60" in explanation_text([fact], language="ru", decimals=2)
    assert "12,345.60" in explanation_text([fact], language="en", decimals=2)
    falling = {
        "section": "picture",
        "code": "trend_down",
        "params": {"distance_signed_frac": -0.0123, "change_signed_frac": 0.04},
    }
    assert "−1,2\u00a0%" in explanation_text([falling], language="ru", decimals=2)
    assert "+4.0%" in explanation_text([falling], language="en", decimals=2)


def test_a_stale_share_says_since_when():
    fact = {
        "section": "call",
        "code": "reason_stale_data",
        "params": {"last_bar_at": "2024-06-14T20:00:00+00:00"},
    }
    assert "14.06.2024 23:00 МСК" in explanation_text([fact], language="ru", decimals=2)


@pytest.mark.parametrize(
    ("language", "wanted", "honest"),
    [
        (
            "en",
            "puts the share in place 12 of 115 liquid ones",
            "was 0.09 over a year; no edge after costs is proven",
        ),
        (
            "ru",
            "на 12-м месте из 115 ликвидных",
            "составила 0,09; преимущество после издержек ими не доказано",
        ),
    ],
)
def test_a_place_is_told_with_what_such_orders_are_worth(language, wanted, honest):
    rank = RankFacts(
        feature="r@1", place=0.807, position=12, shares=115, horizon="5d", known_at=datetime(2024, 6, 14, 21, tzinfo=UTC),
        learned_until=datetime(2024, 1, 1, tzinfo=UTC), rank_ic=0.0893,
    )  # fmt: skip
    facts = as_json(explanation_facts(replace(situation(20), rank=rank)))
    assert situation(20).decision.action != "NO_TRADE"
    text = explanation_text(facts, language=language, decimals=2)
    assert wanted in text and honest in text
    silent = as_json(explanation_facts(replace(situation(20), rank=None)))
    assert wanted not in explanation_text(silent, language=language, decimals=2)


def test_scenarios_are_named():
    scenario = {"low_rub": 310.0, "high_rub": 320.0, "label": "stays_in"}
    assert scenario_label(scenario, language="en", decimals=2) == "stays in 310.00–320.00"
    assert scenario_label(scenario, language="ru", decimals=0) == "остаётся в 310–320"
    assert (
        scenario_label({"low_rub": None, "high_rub": 9.0, "label": "falls_below"}, language="en", decimals=0)
        == "falls below 9"
    )


def test_other_languages_get_english():
    assert [spoken_language(code) for code in ("ru", "ru-RU", "en", "de", "", None)] == [
        "ru",
        "ru",
        "en",
        "en",
        "en",
        "en",
    ]


def test_an_unknown_code_or_unit_is_our_mistake():
    with pytest.raises(InvariantError, match="must have a phrase"):
        explanation_text([{"section": "call", "code": "nonsense", "params": {}}], language="ru", decimals=2)
    with pytest.raises(InvariantError, match="must end with its unit"):
        explanation_text(
            [{"section": "call", "code": "call_hold", "params": {"days": 1, "mood": 0.5}}],
            language="ru",
            decimals=2,
        )


def test_a_hold_on_a_base_rate_never_promises_what_is_there_already():
    """A large edge of an uninformed side stays a HOLD; only a smaller one is told how far it has to rise."""
    base_rates = 0
    for seed in range(300):
        made = situation(seed)
        if made.decision.action not in ("BUY", "SELL"):
            continue
        held = replace(made, decision=replace(made.decision, action="HOLD"))
        told = {fact.code for fact in explanation_facts(held) if fact.section == "risk"}
        assert told == {"hold_base_rate"}, told
        base_rates += 1
        small = replace(held, decision=replace(held.decision, edge=0.001, expected_r=0.001))
        told = {fact.code: fact.params for fact in explanation_facts(small) if fact.section == "risk"}
        assert told[f"hold_changes_{made.decision.side}"]["edge_points"] > 0.001
    assert base_rates >= 20


def test_a_regime_that_wants_a_voters_word_does_not_call_a_large_edge_too_small():
    made = next(own for own in map(situation, range(300)) if own.decision.action == "BUY")
    refused = replace(made.decision, action="NO_TRADE", reasons=("regime_forbids",))
    for rule, wanted in (
        (replace(made.rule, needs_voter="news", longs_need_edge=None), "regime_voter"),
        (replace(made.rule, needs_voter="news", longs_need_edge=0.9), "regime_forbids"),
        (replace(made.rule, needs_voter=None, longs_need_edge=0.9), "regime_forbids"),
    ):
        facts = explanation_facts(replace(made, decision=refused, rule=rule))
        told = {fact.code for fact in facts if fact.code.startswith(("reason_", "change_"))}
        assert told == {f"reason_{wanted}", f"change_{wanted}"}
    voter = replace(made, decision=refused, rule=replace(made.rule, needs_voter="news", longs_need_edge=None))
    text = explanation_text(as_json(explanation_facts(voter)), language="ru", decimals=2)
    assert "согласие участника совета, а его нет: новости." in text and "слишком мало" not in text


@pytest.mark.parametrize(
    ("language", "paper"), [("ru", "это бумажный сигнал"), ("en", "this is a paper signal")]
)
def test_a_call_to_trade_says_in_its_own_paragraph_that_it_is_on_paper_or_made_up(language, paper):
    seen: Counter[str] = Counter()
    for seed in range(60):
        made, _, text = text_of(seed, language)
        call = text.split("\n\n")[0]
        if made.decision.action in ("BUY", "SELL"):
            assert (paper in call) != made.proven
            assert any(word in call for word in ("СИМУЛЯЦИЯ", "SIMULATED")) == made.simulated
            assert text.count(paper) == (not made.proven)
            seen[f"{made.proven} {made.simulated}"] += 1
    assert len(seen) == 4


def test_the_average_that_is_told_is_that_of_the_regimes_breadth():
    assert load_config("regime.yaml", RegimeConfig).average_days[0] == 20


def test_a_forecast_that_contradicts_the_call_is_told_with_its_number():
    for action, sign in (("BUY", 1), ("SELL", -1)):
        made = next(own for own in map(situation, range(300)) if own.decision.action == action)
        told = {
            median: [
                fact.params
                for fact in explanation_facts(replace(made, median_return_frac=median))
                if fact.code == "return_other_way"
            ]
            for median in (-0.036, -0.0004, 0.0004, 0.036, None)
        }
        against = told.pop(-0.036 * sign)
        assert against == [{"median_signed_frac": -0.036 * sign}] and not any(told.values())
