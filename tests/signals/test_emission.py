"""Which stored signals are told: held against the rules' own kernel, and the cases that only a database has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.models import Instrument
from modeling.contracts.emission import EmissionRules
from signals.models import Emission, Signal
from signals.selectors.configuration import signal_config_get
from signals.services import emit
from signals.services.emit import signals_emit
from signals.services.score import signals_score
from tests.signals import builders
from tests.signals.told import recomputed, say, signal, told
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db


@pytest.fixture
def share(db) -> Instrument:
    """A share with eight days of hourly bars."""
    return builders.share("AAAA", seed=1, bars=72)


def passed(share: Instrument, *said: tuple[int, str, int | None]) -> list[bool]:
    """Say these one after the other and return which were told."""
    rows = [say([signal(share, one)])[0].pk for one in said]
    return [pk in told() for pk in rows]


def rules_of(monkeypatch, tmp_path, line: str) -> None:
    """Put another line of rules in force."""
    text = (
        "label_set: swing_v1\ndefault_horizon: 5d\nlive_within_bars: 3\nvalid_bars: 2\nhistory_bars: 2500\n"
    )
    (tmp_path / "signals.yaml").write_text(f"{text}emission: {{{line}}}\n")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))


def test_sure_calls_are_told_and_no_trade_never_is(share):
    assert passed(share, (0, "BUY", 64), (1, "BUY", 65)) == [False, True]
    assert passed(share, (3, "SELL", 65), (4, "HOLD", 84), (5, "HOLD", 85)) == [True, False, True]
    assert passed(share, (6, "NO_TRADE", None)) == [False]


def test_what_a_model_says_of_bars_that_it_learned_from_is_never_told(share):
    seen, unseen = (
        signal(share, (bar, "BUY", 70), source="replay", payload={"warnings": warnings})
        for bar, warnings in ((0, ["in_sample"]), (5, ["earnings_near"]))
    )
    rows = say([seen, unseen])
    assert [row.pk in told() for row in rows] == [False, True]


def test_a_repetition_is_told_after_the_window_or_much_surer_and_a_flip_always(share):
    assert passed(share, (0, "BUY", 70), (1, "BUY", 70), (2, "BUY", 70)) == [True, False, True]
    assert passed(share, (10, "BUY", 70), (11, "BUY", 79), (12, "BUY", 80)) == [True, False, True]
    assert passed(share, (20, "BUY", 70), (21, "BUY", 80)) == [True, True]
    assert passed(share, (30, "BUY", 70), (31, "SELL", 66), (32, "BUY", 66)) == [True, True, True]


def test_a_night_is_no_window(share):
    # Bar 9 is the first of another day, fifteen hours later and still the next bar.
    assert passed(share, (8, "BUY", 70), (9, "BUY", 70), (10, "BUY", 70)) == [True, False, True]


def test_bars_that_nobody_scored_count_all_the_same(share):
    assert passed(share, (0, "BUY", 70), (5, "BUY", 70)) == [True, True]


@pytest.mark.parametrize("change", [{"horizon": "3d"}, {"source": "replay"}, {"timeframe": "1d"}])
def test_another_horizon_source_or_timeframe_repeats_nothing(share, change):
    assert passed(share, (0, "BUY", 70)) == [True]
    say([signal(share, (1, "BUY", 70), **change)])
    assert Emission.objects.count() == 2


def test_a_new_champion_that_says_the_same_of_the_same_bar_repeats_it(share):
    say([signal(share, (0, "BUY", 70))])
    say([signal(share, (0, "BUY", 72), model_version="m2")])
    assert Emission.objects.count() == 1
    say([signal(share, (0, "SELL", 72), model_version="m3")])
    assert Emission.objects.count() == 2


def test_what_is_replayed_of_old_bars_is_held_against_what_was_told_before_them(share):
    replay = {"source": "replay"}
    say([signal(share, (bar, "BUY", 70), **replay) for bar in (10, 20)])
    early = say([signal(share, (bar, "BUY", 70), **replay) for bar in (9, 11, 19)])
    # Bar 9 comes before what was told of bar 10; bar 11 repeats that, bar 19 nothing.
    assert [row.pk in told() for row in early] == [True, False, True]


def test_signals_of_one_transaction_are_held_against_each_other_in_the_order_of_bars(share):
    rows = say([signal(share, (bar, "BUY", 70)) for bar in (3, 1, 2)])
    assert told() == [rows[1].pk, rows[0].pk]


def test_judging_again_tells_nothing_twice(share):
    rows = say([signal(share, (bar, "BUY", 70)) for bar in range(6)])
    assert len(told()) == 3
    before = told()
    with transaction.atomic():
        assert signals_emit(signals=rows) == 0
    assert told() == before


def test_with_no_window_of_bars_that_of_the_clock_remains(share, monkeypatch, tmp_path):
    rules_of(monkeypatch, tmp_path, "again_bars: 0")
    assert passed(share, (0, "BUY", 70), (1, "BUY", 70)) == [True, True]
    say([signal(share, (1, "BUY", 70), model_version="m2")])
    assert Emission.objects.count() == 2


def test_a_window_of_the_clock_may_be_longer_than_that_of_bars(share, monkeypatch, tmp_path):
    rules_of(monkeypatch, tmp_path, "again_s: 10800")
    answers = passed(share, *((bar, "BUY", 70) for bar in range(6)))
    assert answers == [True, False, False, False, True, False]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("again_bar: 1", "did you mean 'again_bars'"),
        ("again_s: -1", "must not be negative"),
        ("min_confidence: 65", r"within \(0, 1\]"),
        ("confidence_step: much", "float"),
    ],
)
def test_rules_that_cannot_be_name_the_file(monkeypatch, tmp_path, line, words):
    rules_of(monkeypatch, tmp_path, line)
    with pytest.raises(InputError, match=words) as caught:
        signal_config_get()
    assert "signals.yaml: emission" in caught.value.detail


def test_the_packaged_rules_are_those_of_the_contract():
    assert signal_config_get().emission == EmissionRules()


SAID = st.tuples(
    st.sampled_from(("BUY", "SELL", "HOLD", "NO_TRADE")),
    st.integers(55, 100),
    st.integers(1, 3),
    st.sampled_from(("3d", "5d")),
)


def check_against_the_kernel(share: Instrument, said, batch: int, again: int) -> None:
    bars = [sum(one[2] for one in said[: place + 1]) for place in range(len(said))]
    rows = [
        signal(share, (bar, action, None if action == "NO_TRADE" else sure), horizon=horizon)
        for bar, (action, sure, _, horizon) in zip(bars, said, strict=True)
    ]
    with transaction.atomic():
        stored = [row for first in range(0, len(rows), batch) for row in say(rows[first : first + batch])]
        assert set(told()) == recomputed(stored, EmissionRules(again_bars=again))
        transaction.set_rollback(True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SAID, min_size=1, max_size=20), st.integers(1, 4))
def test_what_is_told_is_what_the_kernel_tells(share, said, batch):
    check_against_the_kernel(share, said, batch, again=1)


def test_a_memory_that_is_lost_would_be_seen(share, monkeypatch):
    said = [("BUY", 70, 1, "5d")] * 4
    check_against_the_kernel(share, said, 1, again=1)
    monkeypatch.setattr(emit, "_emitted", lambda *_: None)
    with pytest.raises(AssertionError):
        check_against_the_kernel(share, said, 1, again=1)


def test_scoring_tells_what_it_stores_once(champion, monkeypatch, tmp_path):
    rules_of(monkeypatch, tmp_path, "min_confidence: 0.01, min_hold_confidence: 0.01")
    now = builders.last_moment() + timedelta(minutes=20)
    signals_score(now=now)
    calls = Signal.objects.exclude(action="NO_TRADE")
    assert calls.count() > 5
    low = signal_config_get().emission
    assert set(told()) == set(calls.values_list("pk", flat=True)) == recomputed(calls, low)
    assert 0 < len(recomputed(calls)) < calls.count()
    signals_score(now=now + timedelta(minutes=1))
    assert Emission.objects.count() == calls.count()
