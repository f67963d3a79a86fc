"""Without a planted edge nothing can be earned; with one, what its truth says."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.configs import simulator_config
from market.simulator.calendar import bar_clock
from market.simulator.edges import USUAL_DAYS, usual_value
from market.simulator.innovations import months_of
from market.simulator.paths import panel_minutes, simulated_panel
from market.simulator.truth import expected_auc, planted_edge_truth
from tests.market import make
from traderai.common.clock import to_epoch_s

CONFIG = simulator_config()
NOW_S = to_epoch_s(make.moscow("2026-11-20T17:30"))
SEEDS = (CONFIG.seed, 1, 2, 3)
NAMES = tuple(CONFIG.edges)
ENTRY = 2  # with the data's lag the first bar to trade at is the one after the next


def panel_of(config, now_s=NOW_S):
    return simulated_panel(config, bar_clock(config, closed_by_s=now_s))


def adjusted(panel):
    """Return log open and close with splits and dividends put back."""
    level = panel.corporate.level
    return np.log(panel.open) - level, np.log(panel.close) - level


def t_of(earned, days):
    """Return the t of a rule's returns, summed by day: shares of one day move together."""
    per_day = np.add.reduceat(np.nansum(earned, axis=1), np.flatnonzero(np.diff(days, prepend=-1)))
    return per_day.mean() / per_day.std() * np.sqrt(per_day.size)


def simple_rules(panel):
    """Yield (name, direction) by rules that see bars up to the row they stand in."""
    opened, close = adjusted(panel)
    move = close - opened
    gap = np.vstack([np.zeros((1, close.shape[1])), opened[1:] - close[:-1]])
    usual = usual_value(panel.value_rub, panel.clock.hour)
    raised = np.nan_to_num(panel.value_rub / usual) > 4.0
    yield "follow the last bar", np.sign(move)
    yield "follow the market", np.sign(np.tile(move.mean(axis=1, keepdims=True), (1, move.shape[1])))
    yield "follow the biggest share", np.sign(np.tile(move[:, [6]], (1, move.shape[1])))
    yield (
        "against the gap",
        np.where(panel.clock.opens_day[:, None] & (np.abs(gap) > 0.005), -np.sign(gap), 0.0),
    )
    yield "volume and momentum", np.where(raised, np.sign(move), 0.0)
    yield "news", panel.events.direction.astype(np.float64)
    slow = np.cumsum(close, axis=0)
    mean = np.full_like(close, np.nan)
    mean[50:] = (slow[50:] - slow[:-50]) / 50
    yield "above its mean", np.nan_to_num(np.sign(close - mean))
    day_before = np.vstack([np.zeros((15, close.shape[1])), close[15:] - close[:-15]])
    yield "strong against weak", np.sign(day_before - np.median(day_before, axis=1, keepdims=True))


def once_a_window(direction, bars):
    """Leave out what follows within `bars` of a pattern that counts."""
    kept, free_from = np.zeros_like(direction), np.zeros(direction.shape[1])
    for row in range(len(direction)):
        kept[row] = np.where(free_from <= row, direction[row], 0.0)
        free_from[kept[row] != 0] = row + bars
    return kept


def earned_after(panel, direction, bars):
    opened, close = adjusted(panel)
    earned = np.full(close.shape, np.nan)
    count = len(panel) - ENTRY - bars + 1
    earned[:count] = (close[ENTRY + bars - 1 :] - opened[ENTRY : ENTRY + count]) * direction[:count]
    return earned


def test_as_packaged_no_edge_is_planted():
    assert CONFIG.planted == ()
    assert panel_of(CONFIG, to_epoch_s(make.moscow("2024-02-01"))).patterns == ()


def test_without_an_edge_no_simple_rule_earns():
    """Sixty-four tries before costs: the largest |t| of so many fair ones lies under 4.2 in 999 of 1000 worlds."""
    found = {}
    for seed in SEEDS:
        panel = panel_of(replace(CONFIG, seed=seed))
        for name, direction in simple_rules(panel):
            for bars in (1, 8):
                found[seed, name, bars] = t_of(earned_after(panel, direction, bars), panel.clock.date)
    worst = max(found, key=lambda key: abs(found[key]))
    print(f"largest of {len(found)}: {found[worst]:.2f} by {worst}; rms {np.std(list(found.values())):.2f}")
    assert abs(found[worst]) < 4.2
    assert np.sqrt(np.mean(np.square(list(found.values())))) < 1.6


def test_inside_the_hour_no_minute_foretells_another():
    """The same for minutes: a share's own, and what the other shares did."""
    months = months_of(bar_clock(CONFIG, closed_by_s=NOW_S))[:6]
    panel = panel_of(CONFIG, int(bar_clock(CONFIG, closed_by_s=NOW_S).begin_s[months[-1][1].stop - 1]) + 3600)
    steps = []
    for month, rows in months:
        paths = panel_minutes(CONFIG, panel, month, rows).path
        steps.append(np.diff(paths, axis=1, prepend=0.0) / panel.moves.sigma[rows][:, None])
    step = np.concatenate(steps)
    market = step.mean(axis=2)
    for past, future in (
        (step[:, :-1], step[:, 1:]),
        (step[:, :30].sum(axis=1), step[:, 30:].sum(axis=1)),
        (market[:, :30].sum(axis=1)[:, None], step[:, 30:].sum(axis=1)),
        (market[:, :-1], market[:, 1:]),
    ):
        by_hour = (np.sign(past) * future).reshape(len(step), -1).mean(axis=1)
        assert abs(by_hour.mean() / by_hour.std() * np.sqrt(by_hour.size)) < 3.5


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_edge_gives_what_its_truth_says(name):
    edge = CONFIG.edges[name]
    expected, realised, calls, days = [], [], [], []
    for seed in SEEDS[:2]:
        config = replace(CONFIG.planting(name), seed=seed)
        panel = panel_of(config)
        truth = planted_edge_truth(config, panel, horizon_bars=edge.window_bars, entry_bars=ENTRY)
        rows = truth.is_row & (panel.patterns[0] != 0)
        side = np.sign(truth.expected_log_return[rows])
        assert (side == panel.patterns[0][rows]).mean() > 0.95
        expected.append(np.abs(truth.expected_log_return[rows]))
        realised.append(side * truth.realised_log_return[rows])
        days.append(np.repeat(panel.clock.date[:, None], rows.shape[1], axis=1)[rows] + 100_000 * seed)
        right = np.sign(truth.expected_log_return) * truth.realised_log_return > 0
        calls.append((truth.best_hit_frac, right[truth.is_row].mean(), truth.best_auc, truth.frequency_frac))
        assert 0.0 < np.mean(panel.patterns[0] != 0) < 0.05
    wanted, got, day = (np.concatenate(parts) for parts in (expected, realised, days))
    off = np.array([(got - wanted)[day == one].mean() for one in np.unique(day)])
    bound = 3.5 * off.std() / np.sqrt(off.size)
    best, right, auc, frequency = np.mean(calls, axis=0)
    print(
        f"{name}: {wanted.size} patterns, promised {1e4 * wanted.mean():.0f} bp, got {1e4 * got.mean():.0f} bp, "
        f"best hit rate {best:.3f} (realised {right:.3f}), best AUC {auc:.3f}, {frequency:.1%} of rows"
    )
    assert abs(off.mean()) < bound < wanted.mean()
    assert best == pytest.approx(right, abs=0.04)
    assert 0.6 < best < 0.8 and best < auc < 0.9


def test_the_edge_can_be_seen_in_visible_bars_and_is_gone_without_planting():
    """The rule as anyone may write it down, from rounded bars, against the patterns that drift was planted after."""
    edge = CONFIG.edges["volume_momentum"]
    earned = {}
    for planted in ((), ("volume_momentum",)):
        panel = panel_of(CONFIG.planting(*planted))
        opened, close = adjusted(panel)
        with np.errstate(invalid="ignore"):
            raised = panel.value_rub >= edge.threshold * usual_value(panel.value_rub, panel.clock.hour)
        seen = once_a_window(
            np.where(raised, np.sign(close - opened), 0.0), 1 + edge.delay_bars + edge.window_bars
        )
        earned[planted] = t_of(earned_after(panel, seen, edge.window_bars), panel.clock.date)
        if planted:
            pattern = panel.patterns[0]
            assert ((seen != 0) & (pattern != 0)).sum() > 0.97 * max((seen != 0).sum(), (pattern != 0).sum())
            both = (seen != 0) & (pattern != 0)
            assert (seen[both] == pattern[both]).mean() > 0.99
    assert abs(earned[()]) < 3.0
    assert earned["volume_momentum",] > 8.0


@functools.cache
def index_lead(lagging_frac):
    edge = replace(
        CONFIG.edges["index_lead"], lagging_frac=lagging_frac, threshold=1.75, overlaps=True, window_bars=10
    )
    return edge, panel_of(replace(CONFIG, edges={"index_lead": edge}, planted=("index_lead",)))


def test_what_leads_an_index_is_seen_in_its_bars_and_does_not_drift():
    """The rule of an index lead as anyone may write it down: rounded prices, close to close, drift included."""
    edge, panel = index_lead(0.4)
    _, close = adjusted(panel)
    size = np.array([share.daily_turnover_rub for share in CONFIG.shares])
    part = size / size.sum() * np.array([share.daily_volatility_frac for share in CONFIG.shares])
    daily = np.sqrt(CONFIG.market_frac * part.sum() ** 2 + (1.0 - CONFIG.market_frac) * (part**2).sum())
    # The mean move in units of each share's volatility weighs shares as their turnover does.
    hourly = np.sqrt((1.0 - CONFIG.overnight_frac) / len(CONFIG.hours))
    index = np.diff(close, axis=0, prepend=close[:1]) @ (size / size.sum()) / (daily * hourly)
    shown = np.where(np.abs(index) >= edge.threshold, np.sign(index), 0.0)
    follower = panel.patterns[0].any(axis=0)
    assert follower.sum() == round(0.4 * size.size)
    assert size[follower].max() < size[~follower].min()
    assert not panel.moves.drift[:, ~follower].any()
    told = panel.patterns[0][1:, follower]
    assert (told == told[:, :1]).all()
    assert (told[:, 0] != 0).sum() > 500
    assert (told[:, 0] == shown[1:]).mean() > 0.995


def test_followers_that_are_a_small_part_of_the_index_hardly_prolong_their_own_drift():
    prolonged = {}
    for lagging_frac in (0.4, 1.0):
        edge, panel = index_lead(lagging_frac)
        told = panel.patterns[0][:, panel.patterns[0].any(axis=0).argmax()].astype(np.float64)
        later = np.cumsum(np.append(told, np.zeros(edge.window_bars)))
        coming = later[edge.window_bars :] - later[: told.size]
        prolonged[lagging_frac] = (told * coming).sum() / (told != 0).sum()
    assert abs(prolonged[0.4]) < 0.2
    assert prolonged[1.0] > 0.4


def test_a_weaker_edge_promises_less():
    found = []
    for strength in (0.0, 0.25, 0.5, 1.0):
        config = CONFIG.planting("sector_lead", strength=strength)
        panel = panel_of(config, to_epoch_s(make.moscow("2025-06-01")))
        truth = planted_edge_truth(config, panel, horizon_bars=8, entry_bars=ENTRY)
        found.append((np.abs(truth.expected_log_return).max(), truth.best_hit_frac, truth.best_auc))
    assert found[0] == (0.0, 0.5, 0.5)
    assert found == sorted(found)
    none = planted_edge_truth(CONFIG, panel_of(CONFIG, to_epoch_s(make.moscow("2024-03-01"))), horizon_bars=8)
    assert (none.best_hit_frac, none.best_auc, none.frequency_frac) == (0.5, 0.5, 0.0)
    assert (none.up_probability_frac == 0.5).all() and not none.expected_log_return.any()


def test_a_strength_of_zero_is_no_edge():
    now_s = to_epoch_s(make.moscow("2024-06-01"))
    bare, planted = (panel_of(CONFIG.planting(*names, strength=0.0), now_s) for names in ((), NAMES))
    for name in ("open", "high", "low", "close", "volume_shares"):
        assert np.array_equal(getattr(bare, name), getattr(planted, name))


def test_the_truth_of_a_bar_does_not_wait_for_later_bars():
    config = CONFIG.planting(*NAMES)
    whole = panel_of(config, to_epoch_s(make.moscow("2024-08-01")))
    told = planted_edge_truth(config, whole, horizon_bars=8, entry_bars=ENTRY).expected_log_return
    for day in ("2024-03-11T15:00", "2024-05-02T10:30", "2024-07-31T23:59"):
        earlier = panel_of(config, to_epoch_s(make.moscow(day)))
        known = planted_edge_truth(config, earlier, horizon_bars=8, entry_bars=ENTRY).expected_log_return
        assert np.array_equal(told[: len(known)], known)


def test_the_drift_is_its_weights_after_the_delay():
    config = replace(CONFIG.planting("gap_reversion"))
    edge = config.edges["gap_reversion"]
    panel = panel_of(config, to_epoch_s(make.moscow("2024-12-01")))
    total = np.array([share.daily_volatility_frac for share in config.shares]) * np.sqrt(
        edge.window_bars / 15
    )
    slow = np.zeros_like(panel.close)
    for row, share in zip(*np.nonzero(panel.patterns[0]), strict=True):
        for bar, weight in enumerate(edge.weights):
            if row + 1 + edge.delay_bars + bar < len(panel):
                slow[row + 1 + edge.delay_bars + bar, share] += (
                    panel.patterns[0][row, share] * weight * total[share]
                )
    assert slow.any()
    assert np.allclose(slow, panel.moves.drift, atol=1e-15)
    assert sum(edge.weights) == pytest.approx(1.0)
    assert edge.weights[5] == pytest.approx(edge.weights[0] / 2)  # its half-life


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(0.05, 0.95)), min_size=2, max_size=30))
def test_the_expected_auc_is_that_of_all_pairs(rows):
    score = np.array([float(one) for one, _ in rows])
    up = np.array([chance for _, chance in rows])
    ahead = (score[:, None] > score[None]) + 0.5 * (score[:, None] == score[None])
    pairs = np.outer(up, 1.0 - up)
    slow = (pairs * ahead).sum() / pairs.sum()
    fast = expected_auc(score, up)
    assert fast == pytest.approx(slow if np.unique(score).size > 1 else 0.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(25, 120))
def test_usual_value_is_the_mean_of_the_same_hours_before(seed, hours, n):
    rng = np.random.default_rng(seed)
    hour = np.arange(n) % hours
    value = rng.lognormal(size=(n, 2))
    usual = usual_value(value, hour)
    for row in range(n):
        before = value[:row][hour[:row] == hour[row]][-USUAL_DAYS:]
        if len(before) < USUAL_DAYS:
            assert np.isnan(usual[row]).all()
        else:
            assert usual[row] == pytest.approx(before.mean(axis=0))


def test_wrong_windows_are_refused():
    panel = panel_of(CONFIG, to_epoch_s(make.moscow("2024-02-01")))
    for entry, horizon in ((0, 5), (1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            planted_edge_truth(CONFIG, panel, horizon_bars=horizon, entry_bars=entry)
