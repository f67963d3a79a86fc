"""Measuring a scorer: intervals against published numbers, the report by hand, the sample, the commands."""

from __future__ import annotations

import io
import math
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from market.kernels.proportions import cohen_kappa, wilson_interval
from market.models.news import EVENT_TYPES
from market.news.evaluation import Labelled, Share, stratum_report
from market.news.scorer import NewsText, Verdict
from market.news.scorers import rules_scorer
from market.services.news_evaluate import SAMPLE, labelled_sample, news_evaluate, readers_agreement
from traderai.common.errors import NotReadyError


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # R. G. Newcombe (1998), Two-sided confidence intervals for the single proportion, Table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(hits: int, count: int, low: float, high: float):
    assert wilson_interval(hits, count) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_intervals_hold_the_share_and_mirror(first: int, second: int):
    hits, count = min(first, second), max(first, second)
    low, high = wilson_interval(hits, count)
    assert 0 <= low <= high <= 1
    if count:
        assert low <= hits / count <= high
        assert wilson_interval(count - hits, count) == pytest.approx((1 - high, 1 - low))
    else:
        assert (low, high) == (0, 1)


def test_proportions_refuse_what_cannot_be():
    for hits, count in [(-1, 5), (6, 5)]:
        with pytest.raises(ValueError, match="successes"):
            wilson_interval(hits, count)
    with pytest.raises(ValueError, match="readings"):
        cohen_kappa(["a"], [])


def test_kappa_of_a_worked_example():
    # The usual textbook table: both yes 20, first alone 5, second alone 10, both no 15.
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, first) == 1.0
    assert math.isnan(cohen_kappa(["a", "a"], ["a", "a"]))


def row(label: str, told: str, direction: int = 0, told_direction: int = 0, market: bool = True) -> Labelled:
    return Labelled(
        label=label,
        direction=direction,
        market_item=market,
        stratum="s",
        told=told,
        told_direction=told_direction,
        told_market=told != "other",
    )


def test_the_report_by_hand():
    report = stratum_report(
        "s",
        [
            row("report", "report", 1, 1),
            row("report", "report", -1, 1),
            row("report", "other", 1),
            row("macro", "report", 0, -1),
            row("report", "other", market=False),
            row("other", "other", market=False),
            row("other", "macro", 0, 1, market=False),
        ],
    )
    by_type = {one.event_type: one for one in report.types}
    assert by_type["report"].precision == Share(hits=2, count=3)
    assert by_type["report"].recall == Share(hits=2, count=4)
    assert by_type["report"].recall_market == Share(hits=2, count=3)
    assert by_type["macro"].precision == Share(hits=0, count=1)
    assert by_type["buyback"].precision.frac is None
    assert report.all_types.precision == Share(hits=2, count=4)
    assert report.market_told.precision == Share(hits=3, count=4)
    assert report.market_told.recall == Share(hits=3, count=4)
    assert report.direction == Share(hits=1, count=3)
    assert report.direction_opposite == Share(hits=1, count=3)
    assert report.direction_base == Share(hits=1, count=3)
    assert report.direction_recall == Share(hits=1, count=3)
    assert set(report.confusion) == {
        ("report", "other", 2), ("macro", "report", 1), ("other", "macro", 1)
    }  # fmt: skip


def test_the_sample_holds_ids_and_labels_and_no_texts():
    sample = labelled_sample()
    counts = Counter(label.stratum for label in sample)
    assert counts["random"] >= 200
    assert set(counts) == {"random", "enriched"}
    assert len({(label.file, label.item_id) for label in sample}) == len(sample)
    assert {label.event_type for label in sample} == set(EVENT_TYPES)
    assert SAMPLE.read_text(encoding="utf-8").splitlines()[0] == (
        "file,item_id,event_type,direction,market_item,stratum"
    )
    assert max(len(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()) < 120


def test_the_second_reading_agrees_as_the_readme_says():
    found = {one.what: one for one in readers_agreement()}
    assert (found["event type"].equal, found["event type"].items) == (137, 150)
    assert found["event type"].kappa == pytest.approx(0.877, abs=0.001)
    assert (found["direction, market items"].equal, found["direction, market items"].items) == (58, 60)
    assert found["direction, market items"].kappa == pytest.approx(0.949, abs=0.001)
    assert found["market item"].equal == 145


def test_without_the_texts_there_is_no_figure(tmp_path: Path):
    with pytest.raises(NotReadyError, match="must be there"):
        news_evaluate(scorer=rules_scorer(), folder=tmp_path)


@pytest.fixture(scope="module")
def news(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real news, of the largest file only the labelled items."""
    folder = tmp_path_factory.mktemp("news")
    for path in (real_data / "news").glob("*.parquet"):
        (folder / path.name).symlink_to(path)
    whole = folder / "telegram_general_2023_2024.parquet"
    labelled = [label.item_id for label in labelled_sample() if label.file == whole.stem]
    rows = pl.read_parquet(whole)
    whole.unlink()
    rows.filter(pl.concat_str("channel", pl.lit("/"), "message_id").is_in(labelled)).write_parquet(whole)
    return folder


@pytest.mark.realdata
def test_the_rules_keep_their_measured_precision(real_data: Path):
    found = news_evaluate(scorer=rules_scorer(), folder=real_data / "news")
    strata = {stratum.stratum: stratum for stratum in found.strata}
    assert strata["random"].items == 470
    # Lower ends of the measured intervals: a change of the lexicons that makes them worse is seen.
    assert strata["random"].all_types.precision.frac > 0.78
    assert strata["enriched"].all_types.precision.frac > 0.80
    assert strata["random"].market_told.precision.frac > 0.93
    assert strata["random"].direction.frac > 0.61
    assert strata["random"].all_types.recall_market.frac > 0.40


@pytest.mark.realdata
def test_a_scorer_that_guesses_is_seen_to_be_bad(news: Path):
    class Guess:
        name = version = "guess"

        def score(self, text: NewsText) -> tuple[Verdict, ...]:
            return (Verdict(target=None, score=1.0, direction=1, event_type="report"),)

    found = news_evaluate(scorer=Guess(), folder=news)
    assert found.strata[0].all_types.precision.frac < 0.2
    assert found.strata[0].direction.frac == found.strata[0].direction_base.frac or (
        found.strata[0].direction.frac < 0.6
    )


@pytest.mark.realdata
def test_the_command_prints_every_type_and_both_strata(news: Path):
    out = io.StringIO()
    call_command("news_evaluate", path=news, stdout=out)
    text = out.getvalue()
    assert "stratum random: 470 items" in text
    assert "stratum enriched: 232 items" in text
    for event_type in EVENT_TYPES:
        assert text.count(f"\n{event_type} ") == 2


def test_the_commands_say_what_is_missing(tmp_path: Path, db: None):
    with pytest.raises(CommandError, match="must be there"):
        call_command("news_evaluate", path=tmp_path)
    with pytest.raises(CommandError, match="did you mean"):
        call_command("news_evaluate", path=tmp_path, scorer="rulez")
    with pytest.raises(CommandError, match="ingest"):
        call_command("news_model_fit")
