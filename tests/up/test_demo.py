"""The demo's plan, that it goes on where it stopped, and that it leaves other people's data alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.fitting.recipe import recipe_load
from signals.selectors.track_record import track_record_get
from tests.journeys.test_worker_journey import database_url
from tests.signals import builders
from traderai.common import clock
from traderai.common.errors import ConflictError, InputError, NotReadyError
from traderai.jobs.selectors import job_list
from traderai.jobs.services import job_record
from traderai.site.up.demo import (
    KIND,
    SPLIT,
    DemoOptions,
    demo_run,
    plain_words,
    preparation,
    quarters,
    version_lines,
    year_steps,
)
from traderai.site.up.main_job import RECIPE
from traderai.site.up.steps import BEGUN, Step, step_do

DAYS = st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 12, 31))


def quiet(_text: str) -> None:
    """Say it to nobody."""


def test_a_year_ends_with_the_newest_whole_month():
    whole = quarters(DemoOptions(), newest=date(2024, 12, 30))
    assert [str(day) for day in whole] == [
        "2024-01-01",
        "2024-04-01",
        "2024-07-01",
        "2024-10-01",
        "2025-01-01",
    ]
    assert quarters(DemoOptions(quarters=1), newest=date(2024, 12, 20)) == (
        date(2024, 9, 1),
        date(2024, 12, 1),
    )
    asked = quarters(DemoOptions(quarters=2, until=date(2023, 6, 15)), newest=date(2024, 12, 30))
    assert asked == (date(2022, 12, 15), date(2023, 3, 15), date(2023, 6, 15))


@given(DAYS, st.integers(1, 12))
def test_quarters_are_three_months_each_and_end_at_known_days(newest, count):
    found = quarters(DemoOptions(quarters=count), newest=newest)
    assert len(found) == count + 1 and (found[-1] - newest).days <= 5
    assert all(89 <= (end - begin).days <= 92 for begin, end in pairwise(found))


@given(DAYS)
def test_each_quarter_is_replayed_before_anything_trained_on_it_exists(newest):
    """What a training may know ends before its quarter, and no later training goes before the quarter's replay."""
    *turns, last = year_steps(quarters(DemoOptions(), newest=newest))
    assert last.arguments == ("resolve_outcomes",) and len(turns) == 8
    known: list[date] = []
    for train, replay in zip(turns[::2], turns[1::2], strict=True):
        until = date.fromisoformat(train.arguments[train.arguments.index("--until") + 1])
        known.append(until)
        since = date.fromisoformat(replay.arguments[replay.arguments.index("--since") + 1])
        assert train.arguments[:2] == ("train", RECIPE) and replay.arguments[0] == "replay"
        assert max(known) < since
    assert len({step.name for step in (*turns, last)}) == 9


def test_the_parts_of_a_quarters_training_are_those_of_a_recipe():
    plan = recipe_load(RECIPE, overrides=SPLIT)
    assert plan.split.shares == (0.75, 0.2, 0.05)


def test_the_steps_before_the_first_training(tmp_path):
    said: list[str] = []
    steps = preparation(set(), DemoOptions(data=tmp_path, universe="core"), say=said.append)
    assert [step.name for step in steps] == ["ingest", "resample", "features", "regime"]
    assert steps[0].arguments[-4:] == ("--secids", "core", "--path", str(tmp_path))
    assert "candles come from files" in said[0]


@pytest.mark.django_db
def test_it_goes_on_with_what_is_missing_and_says_all_again(monkeypatch, settings, tmp_path, capsys):
    """Everything is done but the outcomes: that step runs, is recorded, and is done before the next time."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    settings.STATE_DIR = tmp_path
    builders.market(n_shares=1)
    newest = builders.last_moment().date()
    plan = year_steps(quarters(DemoOptions(), newest=newest))
    prepared = ("ingest", "resample", "features", "regime")
    for name in (BEGUN, *prepared, *(step.name for step in plan[:-1])):
        job_record(kind=KIND, business_key=name, started_at=clock.now(), now=clock.now())
    said: list[str] = []
    done = demo_run(DemoOptions(), say=said.append)
    assert [step.name for step in done if step.seconds is not None] == [plan[-1].name]
    assert sum("done before" in line for line in said) == 12
    assert any("Everything above is REPLAY" in line for line in said)
    printed = capsys.readouterr().out
    assert "Track record of replay signals, proven" in printed and "replay signals, paper" in printed
    assert plan[-1].name in {job.business_key for job in job_list(kind=KIND, as_of=clock.now())}


@pytest.mark.django_db
def test_a_step_that_fails_leaves_no_record():
    step = Step(name="train", arguments=("no_such_command",))
    with pytest.raises(NotReadyError, match="the step train of the demo ended with code 1"):
        step_do(step, set(), kind=KIND, number=1, of=1, say=quiet)
    assert job_list(kind=KIND, as_of=clock.now()) == ()


@pytest.mark.django_db
def test_candles_of_others_are_left_alone_and_nothing_is_begun():
    builders.market(n_shares=1)
    with pytest.raises(ConflictError, match="needs a database of its own"):
        demo_run(DemoOptions(), say=quiet)
    with pytest.raises(InputError, match="--quarters must be at least 1"):
        demo_run(DemoOptions(quarters=0), say=quiet)
    assert job_list(kind=KIND, as_of=clock.now()) == ()


@pytest.mark.django_db
def test_a_year_without_a_trade_is_called_one():
    empty = track_record_get(source="replay", proven=False, as_of=clock.now())
    assert list(plain_words(empty)) == [] and list(version_lines()) == ["", "Who answered"]
    (words,) = plain_words(replace(empty, said={"HOLD": 5, "NO_TRADE": 1}))
    assert "nothing but HOLD and NO_TRADE was said" in words
    assert list(plain_words(replace(empty, said={"HOLD": 5, "SELL": 1}))) == []
