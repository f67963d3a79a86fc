"""Tilt, score and trend by hand; every word there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from behavior.contracts.findings import Finding, Settled
from behavior.contracts.journal import PricePath
from behavior.kernels.chance import binomial_tail, poisson_tail
from behavior.kernels.context import prior_move_sigma
from behavior.kernels.detectors import DETECTORS, MISTAKES, journal_findings
from behavior.kernels.settlement import findings_settled
from behavior.kernels.tilt import tilt_state
from behavior.kernels.walk import journal_walk
from behavior.kernels.week import discipline_score, score_trend, week_figures
from behavior.phrases import ADVICE, KINDS, SENTENCES, worded
from behavior.selectors.configuration import thresholds_get
from tests.behavior.journal_maker import DAYS, START, Maker, disciplined
from tests.behavior.planted import PATTERNS

T = thresholds_get()
END = START + timedelta(days=DAYS)


def test_tails_by_hand():
    assert poisson_tail(2, 1.0) == pytest.approx(1 - 2 / np.e)
    assert binomial_tail(2, 3, 0.5) == pytest.approx(0.5)
    assert binomial_tail(0, 3, 0.5) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="mean"):
        poisson_tail(1, 0.0)
    with pytest.raises(ValueError, match="p must"):
        binomial_tail(4, 3, 0.5)


def a_history(maker: Maker, days: int = 12) -> None:
    """One entry a day of 100 000, closed with a small gain the next morning."""
    for day in range(days):
        at = END - timedelta(days=days + 3 - day) + timedelta(hours=11)
        maker.trade(f"H{day}", "BUY", 100_000, 100.0, at)
        maker.close(f"H{day}", 101.0, at + timedelta(hours=1))


def test_a_calm_trader_has_no_tilt():
    maker = Maker(rng=np.random.default_rng(0))
    a_history(maker)
    assert tilt_state(journal_walk(maker.journal(), T), T).score == 0


def test_tilt_by_hand():
    """Two losses of 5 000 in a row (capital 1 000 000, planned loss 10 000), two entries where one is usual, twice as large."""
    maker = Maker(rng=np.random.default_rng(0))
    a_history(maker)
    for place, hours in enumerate((9, 6)):
        maker.trade(f"X{place}", "BUY", 200_000, 100.0, END - timedelta(hours=hours))
        maker.close(f"X{place}", 97.6, END - timedelta(hours=hours - 1))
    walk = journal_walk(maker.journal(), T)
    state = tilt_state(walk, T)
    lost = sum(-trip.pnl_rub for trip in walk.journal.round_trips if trip.pnl_rub < 0)
    assert state.losses_rub == pytest.approx(lost) and state.losses_in_a_row == 2
    assert state.loss_part == pytest.approx(max(lost / 20_000, 2 / 4))
    assert (state.entries, state.usual_entries) == (2, 1.0)
    assert state.frequency_part == pytest.approx(0.5)
    assert state.size_part == pytest.approx(1.0)
    assert state.score == round(100 * (0.45 * state.loss_part + 0.30 * state.frequency_part + 0.25))


def test_without_history_tilt_guesses_nothing():
    state = tilt_state(journal_walk(Maker(rng=np.random.default_rng(0)).journal(), T), T)
    assert (state.score, state.usual_entries, state.size_ratio) == (0, None, None)


def test_the_score_by_hand():
    maker = Maker(rng=np.random.default_rng(0))
    for place in range(4):
        maker.trade(f"X{place}", "BUY", 1000, 10.0, START + timedelta(days=30 + place))
    decisions = journal_walk(maker.journal(), T).reported

    def bad(severity, *ids):
        finding = Finding(kind="chasing", severity=severity, at=START, trade_ids=ids)
        return Settled(finding=finding, counted_rub=0.0)

    assert discipline_score(decisions, [], T.score) == 100
    assert discipline_score([], [], T.score) is None
    assert discipline_score(decisions, [bad("high", 1), bad("low", 1), bad("medium", 2)], T.score) == 62
    # A mistake in no decision is an act of its own: 1 - (1 + 1) / 5.
    assert discipline_score(decisions, [bad("high", 1), bad("high", 99)], T.score) == 60


def test_the_trend_is_the_slope_of_a_line():
    scores = [50, 60, None, 55, 90]
    slope = np.polyfit([0, 1, 3, 4], [50, 60, 55, 90], 1)[0]
    assert score_trend(scores) == pytest.approx(slope)
    assert score_trend([50, None, 60]) is None


def test_a_week_of_planted_mistakes_adds_up():
    journal = PATTERNS["averaging_down"](3).journal
    walk = journal_walk(journal, T)
    settled = findings_settled(journal_findings(journal, T))
    week = week_figures([walk], settled, T.score)
    assert week.total_cost_rub == pytest.approx(sum(one.counted_rub for one in week.mistakes))
    assert week.decisions == week.followed.decisions + week.own.decisions == len(walk.reported)
    total = sum(one.pnl_rub for one in walk.reported)
    assert week.followed.pnl_rub + week.own.pnl_rub == pytest.approx(total)
    assert week.worst.pnl_rub <= week.best.pnl_rub and 0 <= week.score <= 100


@pytest.mark.parametrize("kind", PATTERNS)
def test_every_finding_has_words(kind):
    findings = [one for one in journal_findings(PATTERNS[kind](1).journal, T) if one.kind == kind]
    assert findings
    for finding in findings:
        for language in ("ru", "en"):
            text = worded("sentence", kind, finding.facts, language=language)
            assert text and "%(" not in text and "None" not in text


def test_every_kind_has_a_title_a_sentence_and_advice():
    kinds = {detector.kind for detector in DETECTORS}
    assert set(KINDS) == kinds and set(SENTENCES) == kinds | {"position_without_stop"}
    assert set(ADVICE) == set(MISTAKES) | {"nothing_done", "keep_going"}


def test_russian_plurals():
    said = [worded("sentence", "late_night", {"entries": n}, language="ru") for n in (1, 3, 5, 11, 21)]
    assert [text.split()[1] for text in said] == ["вход", "входа", "входов", "входов", "вход"]


def test_a_day_is_the_user_s_own():
    """Entries at 21:00 of Moscow are a night's in Vladivostok, where it is 04:00."""
    maker = Maker(rng=np.random.default_rng(0))
    a_history(maker)
    at = END - timedelta(days=1) + timedelta(hours=20)
    for place in range(5):
        maker.trade(f"N{place}", "BUY", 50_000, 100.0, at + timedelta(minutes=25 * place))
    moscow = journal_findings(maker.journal(), T)
    far = journal_findings(maker.journal(zone=ZoneInfo("Asia/Vladivostok")), T)
    assert "late_night" not in {one.kind for one in moscow}
    assert "late_night" in {one.kind for one in far}


def test_the_move_before_a_trade_by_hand():
    hours = np.arange(40 * 24) * 3600 + 1_700_006_400
    close = 100.0 * np.exp(0.001 * np.sin(np.arange(hours.size)))
    path = PricePath(at_s=hours, close_rub=close)
    at_s = int(hours[-1]) + 60
    days = hours // 86_400
    last = np.append(days[1:] != days[:-1], True)
    sigma = np.diff(np.log(close[last]))[-60:].std(ddof=1)
    before = close[np.flatnonzero(hours <= at_s - 86_400)[-1]]
    assert prior_move_sigma(path, price_rub=103.0, at_s=at_s) == pytest.approx(np.log(103.0 / before) / sigma)
    assert prior_move_sigma(path, price_rub=103.0, at_s=int(hours[0])) is None


def test_prices_after_the_journal_s_end_are_not_looked_at():
    journal = disciplined(5).journal()
    early = START + timedelta(days=50)
    cut = replace(
        journal,
        until=early,
        trades=tuple(trade for trade in journal.trades if trade.traded_at < early),
        round_trips=tuple(trip for trip in journal.round_trips if trip.closed_at < early),
        stops=tuple(stop for stop in journal.stops if stop.set_at < early),
    )
    known = {
        secid: PricePath(
            at_s=path.at_s[path.at_s <= early.timestamp()],
            close_rub=path.close_rub[path.at_s <= early.timestamp()],
        )
        for secid, path in journal.paths.items()
    }
    walks = [journal_walk(one, T) for one in (cut, replace(cut, paths=known))]
    assert walks[0].steps == walks[1].steps
    assert journal_findings(cut, T) == journal_findings(replace(cut, paths=known), T)
