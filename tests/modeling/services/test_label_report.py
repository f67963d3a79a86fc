"""Label reports on a small market in PostgreSQL: every figure a second time by plain loops, every section on the page."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from django.core.management import CommandError, call_command

from features.models import RegimeHistory
from market.contracts import Bars, Timeframe
from market.models import Instrument
from market.selectors.bars import bars_load
from modeling.kernels.class_labels import class_labels
from modeling.kernels.label_windows import ROW_STATES, row_inputs
from modeling.kernels.labels import EXIT_REASONS, barrier_labels
from modeling.kernels.simple_rules import breakout
from modeling.kernels.strong_labels import strong_cut
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from modeling.services.label_report import LabelReportSpan, label_report_write
from tests.features import companies, longer
from tests.features.conftest import store_candles
from tests.features.series import random_bars
from tests.features.small_market import regimes
from traderai.common.errors import InputError, NotFoundError, NotReadyError

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 6, 5, 12, tzinfo=UTC)
STEP_RUB = 0.05
SECIDS = ("AAA", "BBB", "CCC")
BARRIER_PARTS = (
    "Coverage",
    "What a model must beat: always long, always short and simple rules",
    "Class balance over time",
    "Distribution of R, exits and strong labels",
    "Excursions (MFE, MAE) and holding times",
    "By regime, hour, volatility, spread and liquidity",
    "By ticker",
    "Company reports",
)
COMMON = {
    "data_lag_min": 15, "within_day": False, "max_gap_days": 5.5, "max_gap_min": None, "split_guard_bars": 1,
    "min_median_turnover_rub": 0.0, "skip_auctions": True, "version": 1,
}  # fmt: skip
SETS = {
    "quick_v1": {
        "kind": "barrier", "horizons": {"1h": ["2d"]}, "take_profit": 0.02, "stop_loss": 0.01, "barrier_unit": "frac",
        "max_spread_of_take_profit_frac": 0.9, "direction_cuts": [-1.5, -0.5, 0.5, 1.5], "trailing_bars": 50,
        "strong_frac": 0.1,
    },
    "classes_v1": {
        "kind": "class", "horizons": {"any": ["5bars"]}, "entry": "close", "rule": "threshold", "neutral": "class",
        "threshold_frac": 0.004, "data_lag_min": 0,
    },
    "ranks_v1": {"kind": "rank", "horizons": {"1d": ["5d"]}, "min_shares": 3, "data_lag_min": 0},
}  # fmt: skip


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three shares with hours, days, reports and regimes, and small label sets."""
    content = {"common": COMMON, "kinds": {}, "sets": SETS}
    (tmp_path / "label_sets.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    rng = np.random.default_rng(4)
    for number, secid in enumerate(SECIDS):
        share = Instrument.objects.create(secid=secid, name_ru=secid, name_en=secid, price_step_rub=STEP_RUB)
        store_candles(share, on_steps(random_bars(700, seed=60 + number)))
        begins = longer.begins_of(Timeframe.D1, 300, last="2024-05-23")
        longer.store(share, Timeframe.D1, longer.walk(begins, seed=80 + number, level=250.0))
        reports(share, rng)
    regimes()


def on_steps(bars: Bars) -> Bars:
    """Return bars on the price step that is stored: a finer one would be taken from the prices."""
    rounded = {
        name: np.round(getattr(bars, name) / STEP_RUB) * STEP_RUB for name in ("open", "high", "low", "close")
    }
    return replace(bars, **rounded)


def reports(share: Instrument, rng: np.random.Generator) -> None:
    """Write a report of yearly profit every few days: more than a real company has, so that there are enough."""
    for number in range(12):
        known_at = datetime(2024, 1, 16, 6, tzinfo=UTC) + timedelta(days=5 * number)
        companies.figure(share, "profit", str(2005 + number), 1e8 * (1.0 + rng.normal()), known_at)


def written(folder: Path, label_set: str, *, timeframe: str | None = None, **span) -> tuple[dict, str]:
    report = label_report_write(
        label_set=label_set,
        timeframe=timeframe,
        span=LabelReportSpan(**({"as_of": NOW} | span)),
        folder=folder,
        progress=lambda *_: None,
    )
    return json.loads(report.json_path.read_text()), report.html_path.read_text()


def slow_rows(costs_times: float = 1.0) -> list[dict]:
    """Return every row of the barrier set, one dictionary each."""
    spec, costs = label_set_get(name="quick_v1"), cost_model_get()
    days = sorted(RegimeHistory.objects.filter(scope="").values_list("as_of", "name"))
    rows = []
    for secid in SECIDS:
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
        cost = costs_times * np.array(
            [costs.round_trip_frac(price_rub=float(price), price_step_rub=STEP_RUB) for price in bars.close]
        )
        found = barrier_labels(bars, spec, "2d", row_inputs(bars, cost_frac=cost))
        sides = breakout(bars)
        for t in range(len(bars)):
            known = datetime.fromtimestamp(int(bars.known_s[t]), UTC)
            regime = next((name for as_of, name in reversed(days) if as_of <= known), "not known")
            rows.append(
                {
                    "secid": secid, "state": ROW_STATES[found.row_state[t]], "breakout": int(sides[t]),
                    "hour": f"{(known.hour + 3) % 24:02d}:00", "regime": regime,
                    "month": f"{datetime.fromtimestamp(int(bars.begin_s[t]) + 10_800, UTC):%Y-%m}-01",
                    "day": int(bars.begin_s[t] + 10_800) // 86_400,
                    **{
                        side: {name: getattr(getattr(found, side), name)[t] for name in own._fields}
                        for side, own in (("long", found.long), ("short", found.short))
                    },
                }
            )  # fmt: skip
    return rows


def assert_rates(told: dict, rows: list[dict], side: str) -> None:
    """Compare counts and rates with those of a plain loop over the rows."""
    net = [row[side]["net_frac"] for row in rows]
    assert told["rows"] == len(rows) > 0
    assert told["win_frac"]["value"] == pytest.approx(sum(one > 0 for one in net) / len(net))
    assert told["target_frac"]["value"] == pytest.approx(
        sum(row[side]["label"] == 1 for row in rows) / len(net)
    )
    assert told["net_bp"]["value"] == pytest.approx(1e4 * sum(net) / len(net))
    assert told["days"] == len({row["day"] for row in rows})


def test_every_figure_of_barriers_a_second_time(market, tmp_path):
    told = written(tmp_path / "out", "quick_v1")[0]["horizons"][0]
    rows = slow_rows()
    labelled = [row for row in rows if row["state"] == "labelled"]
    assert told["coverage"]["rows"] == len(rows)
    assert {one["state"]: one["rows"] for one in told["coverage"]["states"]} == Counter(
        row["state"] for row in rows
    )
    assert len(told["coverage"]["states"]) > 2
    for side in ("long", "short"):
        arm = told["arms"][side]
        assert_rates(arm, labelled, side)
        gross = sum(row[side]["gross_frac"] for row in labelled) / len(labelled)
        assert arm["gross_bp"]["value"] == pytest.approx(1e4 * gross)
        assert arm["flat_costs"][2]["net_bp"]["value"] == pytest.approx(1e4 * gross - 20)
        mean_r = np.mean([row[side]["r_multiple"] for row in labelled])
        assert arm["mean_r"]["value"] == pytest.approx(mean_r)
        assert arm["net_bp"]["low"] < arm["net_bp"]["value"] < arm["net_bp"]["high"]
        for cut in ("regime", "hour"):
            groups = defaultdict(list)
            for row in labelled:
                groups[row[cut]].append(row)
            assert {one["bucket"] for one in arm["by"][cut]} == groups.keys()
            for one in arm["by"][cut]:
                assert_rates(one, groups[one["bucket"]], side)
        for one in arm["by"]["ticker"]:
            own = [row[side]["net_frac"] for row in labelled if row["secid"] == one["secid"]]
            assert (one["rows"], one["net_bp"]) == (len(own), pytest.approx(1e4 * np.mean(own)))
        months = arm["by_period"]["month"]
        assert dict(zip(months["begins"], months["rows"], strict=True)) == Counter(
            row["month"] for row in labelled
        )
        exits = Counter(EXIT_REASONS[row[side]["exit_reason"]] for row in labelled)
        assert {one["reason"]: one["rows"] for one in arm["exits"]} == exits
        r = np.array([row[side]["r_multiple"] for row in labelled])
        cut_r = strong_cut(r, np.ones(r.size, dtype=bool), strong_frac=0.1)
        assert arm["strong"]["cut_r"] == pytest.approx(cut_r, abs=0.0101)
        median = next(one for one in arm["quantiles"] if (one["quantity"], one["exit"]) == ("mfe_r", "all"))[
            "q50"
        ]
        exact = np.quantile([row[side]["mfe_frac"] / 0.01 for row in labelled], 0.5, method="inverted_cdf")
        assert median == pytest.approx(exact, abs=0.0101)
    broken = [
        {**row, "side": row["long"] if row["breakout"] > 0 else row["short"]}
        for row in labelled
        if row["breakout"]
    ]
    assert_rates(told["arms"]["breakout"], broken, "side")
    assert 20 <= told["surprise"]["events"] <= 33  # the first report of each share has none before it
    dearer = [row for row in slow_rows(costs_times=1.1) if row["state"] == "labelled"]
    with pytest.raises(AssertionError):  # the second way can fail
        assert_rates(told["arms"]["long"], dearer, "long")
    figure = told["surprise"]["correlations"]["long_net"]
    assert -1.0 <= figure["low"] < figure["value"] < figure["high"] <= 1.5


class Headings(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.headings, self.tags, self.outside = "", [], Counter(), []

    def handle_starttag(self, tag, attrs):
        self.open = tag
        self.tags[tag] += 1
        names = {"src", "srcset", "action", "data", "poster", "background"}
        self.outside += [value for name, value in attrs if name in names]
        self.outside += [value for name, value in attrs if name in ("href", "xlink:href") and value[0] != "#"]

    def handle_data(self, data):
        if self.open in ("h1", "h2", "h3") and data.strip():
            self.headings.append(data.strip())


def test_the_page_has_every_section_and_loads_nothing(market, tmp_path):
    figures, html = written(tmp_path / "out", "quick_v1")
    page = Headings()
    page.feed(html)
    assert page.headings == [
        "Label report: quick_v1 at 1h", "In short", "Horizon 2d", *BARRIER_PARTS, "How to read this",
    ]  # fmt: skip
    assert page.tags["svg"] == 7
    assert page.outside == []
    assert page.tags["script"] == page.tags["link"] == page.tags["img"] == 0
    assert not re.search(r"url\((?!#)|@import|\bnan\b", html)
    assert html.count(figures["horizons"][0]["sentence"]) == 2
    assert "SIMULATED" not in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    page.feed('<img src="https://elsewhere">')  # the check can fail
    assert page.outside


def test_simulated_shares_are_labelled_and_never_mixed(market, tmp_path):
    made = Instrument.objects.create(
        secid="ZZZ", name_ru="Z", name_en="Z", is_simulated=True, price_step_rub=STEP_RUB
    )
    store_candles(made, random_bars(400, seed=9))
    figures, html = written(tmp_path / "real", "classes_v1", timeframe="1h")
    assert figures["secids"] == list(SECIDS)
    assert "SIMULATED" not in html
    with pytest.raises(InputError, match="must not be mixed"):
        written(tmp_path / "mixed", "classes_v1", timeframe="1h", secids=("AAA", "ZZZ"))
    assert not (tmp_path / "mixed").exists()
    figures, html = written(tmp_path / "made", "classes_v1", timeframe="1h", secids=("ZZZ",))
    assert figures["is_simulated"]
    assert "SIMULATED data" in html
    assert (tmp_path / "made" / "classes_v1_1h_SIMULATED.json").exists()


def test_a_span_holds_its_own_rows_alone_and_repeats_itself(market, tmp_path):
    span = {
        "since": datetime(2024, 2, 20, tzinfo=UTC),
        "as_of": datetime(2024, 3, 10, tzinfo=UTC),
        "timeframe": "1h",
    }
    figures, html = written(tmp_path / "one", "classes_v1", **span)
    told = figures["horizons"][0]
    assert told["first_day"] >= "2024-02-20"
    assert told["last_day"] < "2024-03-10"
    whole = written(tmp_path / "all", "classes_v1", timeframe="1h")[0]["horizons"][0]
    assert told["coverage"]["rows"] < whole["coverage"]["rows"]
    assert written(tmp_path / "two", "classes_v1", **span) == (figures, html)
    thin = written(tmp_path / "thin", "quick_v1", min_turnover_rub=1e15)[0]["horizons"][0]
    assert thin["coverage"]["labelled"] == 0
    assert "no row carries a label" in thin["sentence"]


def test_every_figure_of_classes_a_second_time(market, tmp_path):
    figures, html = written(tmp_path / "out", "classes_v1", timeframe="1h")
    told, spec = figures["horizons"][0], label_set_get(name="classes_v1", timeframe="1h")
    counts, same, pairs, hits, sides = Counter(), 0, 0, 0, 0
    for secid in SECIDS:
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
        label = class_labels(bars, spec, "5bars", row_inputs(bars, cost_frac=0.001)).label
        rule = breakout(bars)
        for t in range(len(bars)):
            counts[int(label[t])] += 1
            if t >= 5 and label[t] >= 0 and label[t - 5] >= 0:
                pairs += 1
                same += label[t] == label[t - 5]
            if rule[t] and label[t] >= 0:
                sides += 1
                hits += label[t] == (2 if rule[t] > 0 else 0)
    rows = sum(counts[code] for code in range(3))
    assert told["overall"]["rows"] == rows
    for code, name in enumerate(("sell", "hold", "buy")):
        assert told["overall"][name]["value"] == pytest.approx(counts[code] / rows)
    assert told["persistence"]["same_apart"] == pytest.approx(same / pairs)
    assert told["rules"]["breakout"]["hit_frac"]["value"] == pytest.approx(hits / sides)
    page = Headings()
    page.feed(html)
    assert page.headings[2:] == [
        "Horizon 5bars", "Coverage", "Class balance over time", "Persistence", "What a model must beat: simple rules",
        "By regime, hour, volatility, spread and liquidity", "By ticker", "How to read this",
    ]  # fmt: skip


def test_ranks_of_a_small_panel(market, tmp_path):
    figures, html = written(tmp_path / "out", "ranks_v1")
    told = figures["horizons"][0]
    assert told["shares"]["least"] == told["shares"]["most"] == 3
    assert told["coverage"]["labelled"] == 3 * told["shares"]["days"] > 500
    assert [row["lag_days"] for row in told["persistence"]] == [1, 5, 20]
    assert told["persistence"][0]["correlation"]["value"] > 0.4  # windows of 5 days overlap
    assert told["scores"]["momentum_12_1"]["rows"] < told["scores"]["reversal_1m"]["rows"]
    page = Headings()
    page.feed(html)
    assert page.headings[2:] == [
        "Horizon 5d", "Coverage", "Shares in a day's ranking", "How long a rank lasts",
        "What a model must beat: simple scores", "How to read this",
    ]  # fmt: skip


def test_the_command_writes_where_it_is_told(market, tmp_path, capsys):
    call_command("label_report", "classes_v1", timeframe="1h", secids="aaa", output=tmp_path / "there")
    out = capsys.readouterr().out
    assert out.startswith("5bars: sell ")
    assert (tmp_path / "there" / "classes_v1_1h.html").exists()
    for wrong, words in (({"secids": "NONE"}, "ticker must be one"), ({"timeframe": "3h"}, "timeframe")):
        with pytest.raises(CommandError, match=words):
            call_command(
                "label_report", "classes_v1", **({"timeframe": "1h"} | wrong), output=tmp_path / "wrong"
            )
    with pytest.raises(CommandError, match="no label set"):
        call_command("label_report", "clases_v1", output=tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_what_is_not_there_is_said(market, tmp_path):
    with pytest.raises(NotFoundError):
        written(tmp_path / "out", "nothing_v1")
    with pytest.raises(NotReadyError, match="no share has 30m bars"):
        written(tmp_path / "out", "classes_v1", timeframe="30m")
    with pytest.raises(InputError, match="must not be negative"):
        written(tmp_path / "out", "quick_v1", min_turnover_rub=-1.0)
