"""How often prices end in the ranges told, by place, against the probabilities told with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from market.calendar_config import session_table
from market.configs import instruments_config
from market.contracts import Bars, Timeframe
from market.kernels.sessions import session_codes
from modeling.contracts import QUANTILE_LEVELS, BarrierLabelSet
from modeling.kernels.bar_returns import ewma_volatility
from modeling.kernels.conformal import QuantileRows, conformal_run, conformal_start, conformal_steps
from modeling.kernels.edges import volatility_terciles
from modeling.kernels.label_windows import label_windows, row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.significance import draw_days, gaps_by_chance
from signals.kernels.scenarios import price_scenarios
from traderai.common.arrays import F64, I64

LEVELS = np.asarray(QUANTILE_LEVELS)
# Where each of three, four or five ranges stands among lowest, lower, middle, upper and highest.
PLACES = {3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}
DAY_S = 86_400
LABELS = ("falls_below", "falls_to", "stays_in", "rises_to", "rises_above", "stays_below", "stays_above")


class Rows(NamedTuple):
    """Bars of several shares in the order of their decisions; all of (n,)."""

    decision_s: I64
    end_s: I64
    close: F64
    step: F64
    volatility: F64  # EWMA of a bar
    taught: F64  # the return that the state learns from, as labels have it
    ended: F64  # the price's own return from the close told to the window's last close
    session: I64


class Told(NamedTuple):
    """What was told of test rows and what came of it; columns by place."""

    said: F64  # (n, 5) probability of each range, 0 where the row has none there
    came: F64  # (n, 5) 1 where the price ended in that range
    said_as: F64  # (n, 5) the same by the ranges' labels, in the order of LABELS
    came_as: F64
    tercile: I64  # of the volatility expected, by the training rows of its quarter
    third: I64  # of the same, by the rows told
    session: I64
    day: I64

    @classmethod
    def joined(cls, parts: Sequence[Told]) -> Told:
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def bars_of(folder: Path) -> list[Bars]:
    frame = pl.read_parquet(folder / "candles" / "1h_blue_chips_2022_2024.parquet").sort("secid", "begin")
    found = []
    for (secid,), own in frame.group_by("secid", maintain_order=True):
        own = own.unique("begin", keep="first", maintain_order=True).sort("begin")
        begin_s = own["begin"].dt.epoch("s").to_numpy() - 3 * 3600
        days = (begin_s + 3 * 3600) // DAY_S
        price = {name: own[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close")}
        n = begin_s.size
        found.append(
            Bars(
                secid=str(secid), timeframe=Timeframe.H1, begin_s=begin_s, **price,
                volume_shares=own["volume"].to_numpy().astype(np.float64), turnover_rub=np.full(n, 1e8),
                split_factor=np.ones(n), dividend_rub=np.zeros(n), trading_day=days, session=session_codes(begin_s, session_table(), bar_s=3600),
            )
        )  # fmt: skip
    # Trading days are numbered by the days on which any of the shares traded.
    every = np.unique(np.concatenate([own.trading_day for own in found]))
    return [replace(own, trading_day=np.searchsorted(every, own.trading_day)) for own in found]


def rows_of(bars: list[Bars], spec: BarrierLabelSet, horizon: str, *, every: int) -> Rows:
    steps = {own.secid: own.price_step_rub for own in instruments_config().instruments}
    parts = []
    for own in bars:
        inputs = row_inputs(own, cost_frac=0.002)
        labels = barrier_labels(own, spec, horizon, inputs)
        windows = label_windows(own, spec, horizon, inputs)
        at = np.flatnonzero(np.isfinite(labels.forward_return))[own.begin_s.size % every :: every]
        parts.append(
            Rows(
                decision_s=own.known_s[at], end_s=labels.window_end_s[at], close=own.close[at],
                step=np.full(at.size, steps.get(own.secid, 0.01)), volatility=ewma_volatility(own)[at],
                taught=labels.forward_return[at], ended=own.close[windows.last[at]] / own.close[at] - 1.0,
                session=own.session[at].astype(np.int64),
            )
        )  # fmt: skip
    whole = Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    known = np.isfinite(whole.volatility)
    whole = Rows(*(column[known] for column in whole))
    order = np.argsort(whole.decision_s, kind="stable")
    return Rows(*(column[order] for column in whole))


def walk(rows: Rows, quarters: Sequence[tuple[int, int]]) -> Told:
    """Say each quarter (begin_s, end_s) by what was known before it, its last half year having taught the ranges.

    Quantiles are those of a network that has proven nothing: halfway between the training rows' and their EWMA's.
    """
    parts, volatility = zip(*(_quarter(rows, *each) for each in quarters), strict=True)
    whole, expected = Told.joined(parts), np.concatenate(volatility)
    return whole._replace(third=np.digitize(expected, np.quantile(expected, (1 / 3, 2 / 3))))


def _quarter(rows: Rows, begin_s: int, end_s: int) -> tuple[Told, F64]:
    taught_s = begin_s - 180 * DAY_S
    train, since = rows.end_s < taught_s, rows.decision_s >= taught_s
    scale = float(np.sqrt(np.mean(rows.taught[train] ** 2) / np.mean(rows.volatility[train] ** 2)))
    expected = rows.volatility * scale
    unit = np.quantile(rows.taught[train] / expected[train], LEVELS)
    said = QuantileRows(
        quantiles=0.5 * np.quantile(rows.taught[train], LEVELS) + 0.5 * expected[:, None] * unit,
        volatility=expected, decision_s=rows.decision_s, outcome=rows.taught, resolved_s=rows.end_s,
        session=rows.session,
    )  # fmt: skip
    low, high = np.quantile(expected[train], (1 / 3, 2 / 3)).tolist()
    learn = QuantileRows(*(column[since & (rows.end_s < begin_s)] for column in said))
    start = conformal_start(learn, levels=LEVELS, tercile_edges=(low, high))
    _, placed = conformal_run(start, learn)
    _, state = conformal_run(replace(placed, learned_until_s=start.learned_until_s), learn)
    # Rows whose windows end in the quarter are said, too: they go on to teach.
    going = since & (rows.decision_s < end_s) & (rows.end_s > state.learned_until_s)
    own = QuantileRows(*(column[going] for column in said))
    ends = range(state.learned_until_s // DAY_S * DAY_S + DAY_S, end_s, DAY_S)
    quantiles, _ = conformal_steps([state], own, until_s=[end for end in ends if end > state.learned_until_s])
    test = own.decision_s >= begin_s
    volatility = own.volatility[test]
    tercile = np.asarray(volatility_terciles(volatility, (low, high)), dtype=np.int64)
    return _ended(Rows(*(column[going][test] for column in rows)), quantiles[test], tercile), volatility


def _ended(rows: Rows, quantiles: F64, tercile: I64) -> Told:
    """Say the ranges of rows as signals do, and see where their prices ended."""
    n = rows.close.size
    p, came = np.zeros((n, 5)), np.zeros((n, 5))
    p_as, came_as = np.zeros((n, len(LABELS))), np.zeros((n, len(LABELS)))
    for row, (close, ended, step) in enumerate(zip(rows.close, rows.ended, rows.step, strict=True)):
        end = close * (1.0 + ended)
        ranges = price_scenarios(
            close_rub=close, levels=LEVELS, quantiles=quantiles[row], price_step_rub=step
        )
        for place, one in zip(PLACES[len(ranges)], ranges, strict=True):
            above = one.low_rub is None or end > one.low_rub
            inside = above and (one.high_rub is None or end <= one.high_rub)
            p[row, place], came[row, place] = one.p, inside
            label = LABELS.index(one.label)
            p_as[row, label] += one.p
            came_as[row, label] += inside
    return Told(
        said=p, came=came, said_as=p_as, came_as=came_as, tercile=tercile, third=np.zeros_like(tercile),
        session=rows.session, day=rows.decision_s // DAY_S,
    )  # fmt: skip


class Miss(NamedTuple):
    """How far what came lies from what was said, as shares of the rows."""

    miss: float  # the largest over places, or over labels
    by_chance: float  # up to this where every probability is right, in 95 of 100 cases
    rows: int


def misses(one: Told, group: I64, *, by_label: bool = False) -> dict[int, Miss]:
    """Return the miss of each group; near days and the rows of one day are drawn together."""
    days = np.unique(one.day)
    draws = draw_days(days.size, level=0.95, mean_block_days=20, resamples=400, rng=np.random.default_rng(0))
    place = np.searchsorted(days, one.day)
    gaps = one.said_as - one.came_as if by_label else one.said - one.came
    found = {}
    for number in np.unique(group):
        own = group == number
        counts = np.bincount(place[own], minlength=days.size).astype(np.float64)[:, None]
        total = draws.weights @ counts
        largest, by_chance = 0.0, np.zeros(draws.weights.shape[0])
        for column in gaps[own].T:
            gap = np.bincount(place[own], weights=column, minlength=days.size)[:, None]
            largest = max(largest, abs(float(gap.sum() / own.sum())))
            chance = np.abs(gaps_by_chance(gap, counts, draws))
            by_chance = np.maximum(
                by_chance, np.divide(chance, total, out=np.zeros(chance.shape), where=total > 0)[:, 0]
            )
        found[int(number)] = Miss(largest, float(np.quantile(by_chance, 0.95)), int(own.sum()))
    return found
