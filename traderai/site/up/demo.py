"""The demo: a year walked forward, each quarter answered by what had been trained before it; it goes on where it stopped.

Trainings and replays take turns. When a quarter is replayed, no version that saw any of it has been registered: neither
what one learned nor what its gate judged by reaches into the bars that it answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command

from market.selectors.bars import newest_bars
from market.selectors.instruments import instrument_list
from modeling.selectors.versions import version_list
from signals.contracts import TrackRecord
from signals.selectors.track_record import track_record_get
from traderai.common import clock
from traderai.common.clock import MOSCOW
from traderai.common.errors import ConflictError, InputError, NotReadyError
from traderai.jobs.services import advisory_lock
from traderai.site.up.main_job import FEATURES, RECIPE, TIMEFRAME, ingest_step
from traderai.site.up.steps import (
    BEGUN,
    Say,
    Step,
    StepDone,
    step_do,
    step_record,
    steps_recorded,
)

KIND: Final = "demo"
QUARTER_MONTHS: Final = 3
# A month of this day or later counts as whole: the last days of a year are not traded.
_WHOLE_FROM_DAY: Final = 27
# The test part that the gate reads ends before the quarter and ages the version by its length: five weeks of two years.
SPLIT: Final = ("split.train_frac=0.75", "split.validation_frac=0.2", "split.test_frac=0.05")
_OVERRIDES: Final = tuple(part for each in SPLIT for part in ("--set", each))


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The arguments of `manage.py demo`."""

    data: Path | None = None
    until: date | None = None  # first day left out; None: the end of the newest whole month
    quarters: int = 4
    universe: str | None = None


def demo_run(options: DemoOptions, *, say: Say) -> tuple[StepDone, ...]:
    """Do the steps of the demo that are not done yet, then print the whole record; return all steps.

    Repeating prints the record again; after a failure or a kill it goes on with the step that was cut, and a replay
    within it with the bar.

    Raises: ConflictError on a database with candles of others or while another process is at it; InputError for
    options that make no quarters; NotReadyError when a step fails.
    """
    if options.quarters < 1:
        raise InputError(f"--quarters must be at least 1, was {options.quarters}", field="quarters")
    with advisory_lock(KIND) as held:
        if not held:
            raise ConflictError("another process is at the demo on this database; wait for it or stop it")
        records = steps_recorded(KIND)
        if not records and newest_bars(timeframe=TIMEFRAME):
            raise ConflictError(
                "the demo needs a database of its own, this one holds candles: its models and its signals would stand "
                "among yours; name another --state-dir or DATABASE_URL"
            )
        prepared = preparation(records, options, say=say)
        step_record(KIND, BEGUN)
        total = len(prepared) + 2 * options.quarters + 1
        done = [
            step_do(step, records, kind=KIND, number=n, of=total, say=say)
            for n, step in enumerate(prepared, 1)
        ]
        for step in year_steps(quarters(options, newest=_newest_day())):
            done.append(step_do(step, records, kind=KIND, number=len(done) + 1, of=total, say=say))
    _tell(say)
    return tuple(done)


def preparation(records: set[str], options: DemoOptions, *, say: Say) -> tuple[Step, ...]:
    """Return the steps before the first training."""
    return (
        ingest_step(records, data=options.data, say=say, universe=options.universe),
        Step(name="resample", arguments=("resample",)),
        Step(name="features", arguments=FEATURES),
        Step(name="regime", arguments=("build_regime",)),
    )


def year_steps(borders: tuple[date, ...]) -> tuple[Step, ...]:
    """Return what follows for the quarters between some days: each is replayed before the next training begins."""
    steps: list[Step] = []
    for begin, end in pairwise(borders):
        day_before, last = begin - timedelta(days=1), end - timedelta(days=1)
        steps += [
            Step(name=f"train {begin}", arguments=("train", RECIPE, "--until", f"{day_before}", *_OVERRIDES)),
            Step(
                name=f"replay {begin} {last}",
                arguments=("replay", "--since", f"{begin}", "--until", f"{last}"),
            ),
        ]
    steps.append(Step(name=f"outcomes {borders[-1]}", arguments=("resolve_outcomes",)))
    return tuple(steps)


def quarters(options: DemoOptions, *, newest: date) -> tuple[date, ...]:
    """Return the first days of the quarters and the day behind the last one, oldest first."""
    end = options.until or _month(newest, 1 if newest.day >= _WHOLE_FROM_DAY else 0)
    return tuple(_back(end, QUARTER_MONTHS * number) for number in range(options.quarters, -1, -1))


def _month(day: date, later: int) -> date:
    months = 12 * day.year + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def _back(end: date, months: int) -> date:
    """Return the day some months before a day; of the first of a month the first."""
    return _month(end, -months) + timedelta(days=end.day - 1)


def _newest_day() -> date:
    newest = newest_bars(timeframe=TIMEFRAME)
    if not newest:
        raise NotReadyError(
            f"the source brought no {TIMEFRAME.value} candles; name a folder that holds some in --data"
        )
    return max(newest.values()).astimezone(MOSCOW).date()


def _tell(say: Say) -> None:
    """Print both records whole, who answered, and what to open."""
    source = "simulated" if any(item.is_simulated for item in instrument_list()) else "replay"
    for line in version_lines():
        say(line)
    opened: list[Path] = []
    for flag in ("--proven", "--paper"):
        picture = Path(settings.STATE_DIR) / f"track_record_{source}_{flag[2:]}.png"
        say("")
        call_command("track_record", "--source", source, flag, "--plot", str(picture))
        record = track_record_get(source=source, proven=flag == "--proven", as_of=clock.now())
        opened += [picture] if record.figures is not None else []
        for line in plain_words(record):
            say(line)
    say("")
    say(
        f"Everything above is {source.upper()}: said afterwards, of bars of the past, by models trained before them."
    )
    for picture in opened:
        say(f"open {picture}: the sum of R as trades ended")
    say("open /admin/signals/signal/?source__exact=" + source + ": every signal with all that it was made of")


def version_lines() -> Iterator[str]:
    """Yield who could answer: until when each version had learned, and what its gate said."""
    yield ""
    yield "Who answered"
    for version in reversed(version_list(limit=20)):
        fallen_back = str(version.metrics.get("fallen_back_to_base") or "")
        base = (
            " (base rates in the refused network's stead, which claim no edge)"
            if "log_loss" in fallen_back
            else ""
        )
        yield f"  {version.version}: grade {version.grade}, trained until {version.trained_until:%Y-%m-%d}{base}"


def plain_words(record: TrackRecord) -> Iterator[str]:
    """Yield what a record without trades means."""
    if record.said and not {"BUY", "SELL"} & set(record.said):
        yield "No call had an edge after costs, so nothing but HOLD and NO_TRADE was said: there is no trade to show."
