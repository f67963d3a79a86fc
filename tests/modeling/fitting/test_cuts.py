"""Cuts through edges, and the figures of what they trade."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.fitting.cuts import Cut, Scored, base_win_rates, chosen_rows, cut_figures, part_code, top_edge
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import DayBootstrap, trading_figures
from modeling.fitting.trading import Terms, Traded, Wanted, account_rules, label_scales, part_days, traded
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from tests.modeling.synthetic import dataset
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db  # borrowing rates are read from the database
DATA = dataset(days=120)


def wanted(edges: list[float], sides: list[int]) -> Wanted:
    n = len(edges)
    return Wanted(
        row=np.arange(n), horizon=np.zeros(n, np.int64), side=np.array(sides, np.int8), edge=np.array(edges),
        scales=label_scales(n),
    )  # fmt: skip


EIGHT = wanted([0.01, 0.5, 0.02, 0.3, -0.2, 0.2, 0.9, 0.05], [1, 1, -1, 1, 0, -1, 0, 1])


@pytest.mark.parametrize(
    ("top_pct", "least"),
    [
        (0.1, 0.5),  # never less than one row
        (12.5, 0.5),
        (25.0, 0.3),
        (75.0, 0.01),
        (80.0, 0.01),  # round(6.4) of 8
        (90.0, 0.0),  # seven rows wanted, six have a positive edge
        (100.0, 0.0),
    ],
)
def test_the_cut_is_the_edge_that_the_best_share_of_all_rows_reaches(top_pct: float, least: float):
    assert top_edge(EIGHT, top_pct) == least
    taken = (EIGHT.side != 0) & (EIGHT.edge >= least)
    assert taken.sum() == min(6, max(1, round(top_pct / 100 * 8)))


def test_a_top_share_is_frozen_on_the_validation_part():
    judged = wanted([0.4, 0.6, 0.7, 0.25], [1, -1, 0, 1])
    found = Scored(policy=judged, judged=judged, validation=EIGHT)
    rows, chosen, least = chosen_rows(Cut(kind="top", level=25.0), found)
    assert (rows, least, chosen.tolist()) == (judged, 0.3, [True, True, False, False])
    # By its own quantile another row would have been cut off.
    assert top_edge(judged, 25.0) == 0.6
    rows, chosen, least = chosen_rows(Cut(kind="edge", level=0.41), found)
    assert (least, chosen.tolist()) == (0.41, [False, True, False, False])
    rows, chosen, least = chosen_rows(
        Cut(kind="policy"), Scored(policy=EIGHT, judged=judged, validation=EIGHT)
    )
    assert (rows, least, chosen.sum()) == (EIGHT, None, 6)


@pytest.mark.parametrize(
    ("kind", "level", "said"),
    [
        ("edge", -0.01, "expected to lose"), ("edge", 1.0, "within"), ("edge", float("nan"), "within"),
        ("top", 0.0, "percent, was 0"), ("top", -1.0, "percent"), ("top", 100.5, "percent"),
        ("top", float("nan"), "percent"),
    ],
)  # fmt: skip
def test_cuts_that_cannot_be_are_refused(kind: str, level: float, said: str):
    with pytest.raises(InputError, match=said):
        Cut(kind=kind, level=level)


def test_only_held_out_parts_are_judged():
    assert (part_code("validation"), part_code("test")) == (VALIDATION, TEST)
    with pytest.raises(InputError, match="must be one of validation, test, was 'train'"):
        part_code("train")


@pytest.mark.parametrize("cost_bp", [None, 35.0])
def test_the_base_rate_is_the_share_of_rows_that_end_above_their_costs(cost_bp: float | None):
    wins = {"long_gross": [], "short_gross": []}
    for row, h in zip(*np.nonzero(DATA.part == TEST), strict=True):
        cost = DATA.cost_frac[row] if cost_bp is None else cost_bp / 1e4
        for name, found in wins.items():
            found.append(getattr(DATA.targets, name)[row, h] > cost)
    wanted_rates = tuple(float(np.mean(found)) for found in wins.values())
    assert base_win_rates(DATA, part=TEST, cost_bp=cost_bp) == pytest.approx(wanted_rates)


def result_of(data: Dataset, *, every: int) -> tuple[Traded, DayBootstrap]:
    """Go long and short by turns on some rows of the test part."""
    rows = data.rows_of(TEST)[::every]
    side = np.where(np.arange(rows.size) % 2, -1, 1).astype(np.int8)
    policy = policy_get()
    every = Wanted(
        row=rows, horizon=np.zeros(rows.size, np.int64), side=side, edge=np.ones(rows.size),
        scales=label_scales(rows.size),
    )  # fmt: skip
    orders = every.orders(data, policy)
    days = part_days(data, TEST)
    terms = Terms(policy=policy, account=account_rules(account_get(), cost_model_get()))
    bootstrap = DayBootstrap.draw(days, resamples=200, mean_block_days=5.0, level=0.95, seed=1)
    return traded(orders, data, terms, days=days), bootstrap


def test_every_figure_has_bounds_and_is_that_of_the_account():
    result, bootstrap = result_of(DATA, every=7)
    got = cut_figures(result, bootstrap, (0.4, 0.5))
    trades = result.simulation.trades
    plain = trading_figures(result, bootstrap)
    assert got["trades"] == plain["trades"] > 20
    assert got["net_rub"] == pytest.approx(trades.net_rub.sum())
    capital = account_get().capital_rub
    assert got["end_equity_rub"] == pytest.approx(capital + got["net_rub"])
    assert got["net_frac"]["value"] == pytest.approx(got["end_equity_rub"] / capital - 1)
    assert got["win_rate"] == plain["hit_rate"]
    assert got["expectancy_frac"] == plain["net_expectancy_frac"]
    assert got["expectancy_r"]["value"] == pytest.approx(trades.r_multiple.mean())
    assert got["sharpe"]["value"] == pytest.approx(plain["sharpe"])
    assert got["max_drawdown_frac"]["value"] == pytest.approx(plain["max_drawdown_frac"])
    share = (trades.side > 0).mean()
    assert got["base_win_rate"] == pytest.approx(0.4 * share + 0.5 * (1 - share))
    for name in ("net_frac", "win_rate", "expectancy_frac", "expectancy_r", "sharpe"):
        assert got[name]["low"] < got[name]["value"] < got[name]["high"]
    assert got["net_frac"]["low"] > -1


def test_no_trade_has_no_figures():
    result, bootstrap = result_of(DATA, every=10**6)
    assert cut_figures(result, bootstrap, (0.4, 0.5))["trades"] == 1
    empty = traded(
        wanted([], []).orders(DATA, policy_get()),
        DATA,
        Terms(policy=policy_get(), account=account_rules(account_get(), cost_model_get())),
        days=part_days(DATA, TEST),
    )
    got = cut_figures(empty, bootstrap, (0.4, 0.5))
    assert (got["trades"], got["net_rub"], "sharpe" in got) == (0, 0.0, False)
