"""The daily ranker's word for a council: said by what was learned before, read by what was known by then."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_data import RankPanel, ShareFeatures, panel_assemble
from modeling.fitting.cross_settings import RankFeed
from modeling.fitting.daily_ranks import DailyRanks, with_ranks
from modeling.fitting.dataset import Dataset
from modeling.fitting.rank_loading import panel_ranks, rank_feature
from modeling.fitting.report_settings import rank_report_config
from modeling.kernels.known_ranks import ORDER_TAKES_S
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.splits import DAY_S
from tests.modeling.fitting.cross_maker import FEATURES, panel, shares, spec
from tests.modeling.synthetic import dataset
from traderai.common import clock
from traderai.common.clock import from_epoch_s
from traderai.common.config import load_yaml
from traderai.common.errors import InputError, InvariantError, NotReadyError

CONFIG = replace(rank_report_config("rank_v1"), test_years=(2023,), validation_days=60.0)
FEED = RankFeed(horizon="5d", models=("ridge",))
CUT_DAYS = 460


def ranked(own: RankPanel, **changes: object) -> DailyRanks:
    return panel_ranks(own, CONFIG, replace(FEED, **changes), name="daily_rank_5d", since=None)


@cache
def ranks() -> DailyRanks:
    return ranked(panel(planted=True))


def cut(own: ShareFeatures) -> ShareFeatures:
    """Return what was known of a share after the first days."""
    assert own.values is not None
    bars = own.bars.part(0, CUT_DAYS)
    rows = replace(
        own.rows, bars=bars, inputs=row_inputs(bars, cost_frac=0.002), regime=own.rows.regime[:CUT_DAYS]
    )
    return ShareFeatures(bars=bars, rows=rows, values=own.values[:CUT_DAYS])


def hours() -> Dataset:
    """Return hourly rows of one share that is ranked by day and two that are not, over the same years."""
    whole = dataset(days=500)
    return replace(whole, secids=("SHR03", "OTHER", "SHR05"))


def test_ranks_are_places_of_the_test_years_and_say_who_made_them():
    own, found = panel(planted=True), ranks()
    assert found.name == "daily_rank_5d" and found.told["models"] == {"2023": "ridge"}
    assert from_epoch_s(int(found.known_s.min())).year == 2023
    days, count = np.unique(found.known_s, return_counts=True)
    assert days.size > 100 and (count == len(own.secids)).all()
    for day in days[[0, -1]]:
        places = np.sort(found.place[found.known_s == day])
        np.testing.assert_allclose(places, np.linspace(-1.0, 1.0, places.size), atol=1e-6)
    # The planted hint is found: places go with what followed.
    rows = np.isin(own.decision_s, days)
    both = np.isfinite(own.rank[rows, 1])
    assert np.corrcoef(found.place[both], own.rank[rows, 1][both])[0, 1] > 0.15


def test_no_model_had_learned_what_came_after_its_word():
    found = ranks()
    assert (found.known_s - found.learned_until_s).min() >= CONFIG.embargo_days * DAY_S
    with pytest.raises(InvariantError, match="must be said by models that had learned before"):
        replace(found, learned_until_s=found.known_s)


def test_cutting_the_future_changes_nothing_before():
    short = ranked(panel_assemble([cut(own) for own in shares(drift_frac=0.006)], spec(), columns=FEATURES))
    whole = ranks()
    before = whole.known_s <= short.known_s.max()
    assert 0 < before.sum() < before.size
    np.testing.assert_array_equal(whole.place[before], short.place)
    data = hours()
    early = data.decision_s <= short.known_s.max()
    one, other = with_ranks(data, whole).ranks, with_ranks(data, short).ranks
    assert one is not None and other is not None
    np.testing.assert_array_equal(one.place[early], other.place[early])
    assert np.isfinite(one.place[early]).any()
    assert np.isfinite(one.place[~early]).sum() > np.isfinite(other.place[~early]).sum()


def test_each_row_reads_the_newest_rank_of_its_share():
    found, data = ranks(), hours()
    own = with_ranks(data, found).ranks
    assert own is not None
    known = np.isfinite(own.place)
    assert not known[data.instrument == 1].any()  # a share that nobody ranks
    assert not known[data.decision_s < found.known_s.min()].any()  # before the first year with a model
    rng = np.random.default_rng(2)
    for row in rng.choice(np.flatnonzero(known), 50):
        secid = data.secids[data.instrument[row]]
        mine = found.share == found.secids.index(secid)
        mine &= found.known_s + ORDER_TAKES_S <= data.decision_s[row]
        assert own.place[row] == found.place[mine][-1]
        assert own.known_s[row] == found.known_s[mine].max() + ORDER_TAKES_S
    wait_s = data.decision_s[known].min() - found.known_s.min()
    assert ORDER_TAKES_S <= wait_s < ORDER_TAKES_S + DAY_S


def test_a_decision_of_the_night_goes_by_the_order_of_the_day_before():
    data = replace(hours(), decision_s=hours().decision_s - 10 * 3600)  # from midnight to eight
    own = with_ranks(data, ranks()).ranks
    assert own is not None
    known = np.isfinite(own.place)
    since_midnight = (data.decision_s + 3 * 3600) % DAY_S
    age_s = data.decision_s - (own.known_s - ORDER_TAKES_S)  # of the day's bars
    assert set(since_midnight[known] // 3600) == set(range(9))
    night = since_midnight < ORDER_TAKES_S
    assert (age_s[known & night] >= DAY_S).all()
    np.testing.assert_array_equal(age_s[known & ~night], since_midnight[known & ~night])


def test_a_rank_of_tomorrow_is_refused():
    data = with_ranks(hours(), ranks())
    assert data.ranks is not None
    early = replace(data.ranks, known_s=data.ranks.known_s + DAY_S)
    with pytest.raises(InvariantError, match="daily_rank_5d that was known after their decision"):
        replace(data, ranks=early)


def test_a_council_reads_the_rank_beside_the_features():
    data = with_ranks(hours(), ranks())
    assert data.ranks is not None
    rows = np.flatnonzero(np.isfinite(data.ranks.place))[:5]
    assert data.last_bar_names == (*data.features, "daily_rank_5d")
    np.testing.assert_array_equal(data.last_bars(rows)[:, :-1], data.values[rows])
    np.testing.assert_allclose(data.last_bars(rows)[:, -1], data.ranks.place[rows], atol=1e-6)
    assert hours().last_bar_names == data.features
    assert data.content_sha256 != hours().content_sha256


def test_what_cannot_be_ranked_is_said():
    with pytest.raises(NotReadyError, match="no daily bar from 2030 on has a complete label"):
        panel_ranks(panel(planted=True), replace(CONFIG, test_years=(2030,)), FEED, name="ranks", since=None)
    with pytest.raises(DatasetRefusedError, match="2022"):
        panel_ranks(panel(planted=True), replace(CONFIG, test_years=(2022,)), FEED, name="ranks", since=None)
    with pytest.raises(InputError, match=r"must be of lightgbm, ridge.*was 'rigde'"):
        ranked(panel(planted=True), models=("rigde",))


def test_until_a_year_has_its_first_label_the_model_of_the_year_before_goes_on():
    found = panel_ranks(
        panel(planted=True), CONFIG, FEED, name="r", since=datetime(2024, 1, 5, tzinfo=clock.MOSCOW)
    )
    assert found.told["models"] == {"2023": "ridge"}
    np.testing.assert_array_equal(found.place, ranks().place)


def test_the_column_is_named_by_all_that_decides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    name = rank_feature("rank_v1")
    assert name.startswith("daily_rank_5d@")
    content = copy.deepcopy(load_yaml("edge_reports.yaml"))
    content["rank_reports"]["rank_v1"]["embargo_days"] = 6.0
    (tmp_path / "edge_reports.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    assert rank_feature("rank_v1") != name
    content["rank_reports"]["rank_v1"]["feed"] = None
    (tmp_path / "edge_reports.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match="must say what rank_v1 feeds a council with"):
        rank_feature("rank_v1")
