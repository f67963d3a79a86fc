"""Every detector finds its planted pattern, and leaves the disciplined in peace."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from behavior.kernels.detectors import DETECTORS, MISTAKES, journal_findings
from behavior.kernels.settlement import findings_settled
from behavior.kernels.walk import journal_walk
from behavior.selectors.configuration import thresholds_get
from tests.behavior.journal_maker import disciplined
from tests.behavior.planted import PATTERNS

JOURNALS = 200
BY_KIND = {detector.kind: detector for detector in DETECTORS}


def found(kind, journal):
    thresholds = thresholds_get()
    return BY_KIND[kind].find(journal_walk(journal, thresholds), thresholds)


def test_every_detector_has_its_pattern():
    assert set(PATTERNS) == set(BY_KIND)


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_planted_pattern_is_found_with_the_right_trades(kind):
    recalled = precise = 0
    for seed in range(JOURNALS):
        case = PATTERNS[kind](seed)
        findings = [one for one in found(kind, case.journal) if set(one.trade_ids) & case.required]
        named = {key for one in findings for key in one.trade_ids}
        recalled += case.required <= named
        precise += named <= case.allowed
    assert recalled >= 0.95 * JOURNALS
    assert precise >= 0.98 * JOURNALS


@pytest.fixture(scope="module")
def alarms():
    counts, trades, losers = Counter(), 0, 0
    for seed in range(JOURNALS):
        journal = disciplined(seed).journal()
        counts.update({finding.kind for finding in journal_findings(journal, thresholds_get())})
        trades += len(journal.trades)
        losers += sum(trip.pnl_rub < 0 for trip in journal.round_trips)
    return counts, trades / JOURNALS, losers / JOURNALS


@pytest.mark.parametrize("kind", MISTAKES)
def test_the_disciplined_are_left_in_peace(alarms, kind):
    assert alarms[0][kind] <= 0.02 * JOURNALS


def test_the_disciplined_have_a_life(alarms):
    counts, trades, losers = alarms
    assert trades > 80 and losers > 15
    assert counts["signal_followed"] == JOURNALS


def test_a_deaf_detector_is_caught():
    """The recall test can fail: thresholds that nothing reaches find nothing."""
    thresholds = thresholds_get()
    deaf = replace(thresholds, sizes=replace(thresholds.sizes, averaging_drop_frac=0.99))
    walk = journal_walk(PATTERNS["averaging_down"](0).journal, deaf)
    assert BY_KIND["averaging_down"].find(walk, deaf) == ()


def test_a_jumpy_detector_is_caught():
    """The test of false alarms can fail: a threshold of nothing finds something in nearly every disciplined journal."""
    thresholds = thresholds_get()
    jumpy = replace(thresholds, habits=replace(thresholds.habits, chase_sigma=0.1))
    found = [
        BY_KIND["chasing"].find(journal_walk(disciplined(seed).journal(), jumpy), jumpy) for seed in range(20)
    ]
    assert sum(map(bool, found)) > 10


@pytest.mark.parametrize("kind", PATTERNS)
def test_the_parts_of_the_cost_add_up_and_no_entry_pays_twice(kind):
    for seed in range(10):
        findings = journal_findings(PATTERNS[kind](seed).journal, thresholds_get())
        settled = findings_settled(findings)
        largest = {}
        for finding in findings:
            for claim in finding.claims:
                assert claim.cost_rub >= 0
                largest[claim.trade_id] = max(largest.get(claim.trade_id, 0.0), claim.cost_rub)
        assert sum(one.counted_rub for one in settled) == pytest.approx(sum(largest.values()))
        assert all(one.counted_rub <= one.finding.cost_rub + 1e-6 for one in settled)


def test_what_is_not_reported_is_baseline_only():
    maker = PATTERNS["averaging_down"](0)
    late = replace(maker.journal, since=maker.journal.until)
    assert journal_findings(late, thresholds_get()) == ()
