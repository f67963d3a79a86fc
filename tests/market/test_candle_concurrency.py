"""Writers in processes of their own, some of which are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from market.contracts import CandleOrigin, Timeframe
from market.models import Candle, CandleDisagreement, CandleSource, Instrument, TradingDay
from market.services.candle_write import candles_write
from tests.journeys.test_worker_journey import database_url
from tests.market import candle_writer, make

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def share():
    yield make.instrument("RACE")
    # The flush after a test does not reach the candles, whose table Django's models did not make.
    for model in (CandleDisagreement, Candle, CandleSource, TradingDay, Instrument):
        model.objects.all().delete()


@contextmanager
def writer(secid, source, priority, rounds, *hang):
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.market.candle_writer",
            secid,
            source,
            str(priority),
            str(rounds),
            *hang,
        ],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def expected(rounds):
    """Return by begin what the last round that told of it said."""
    told = {}
    for number in range(1, rounds + 1):
        told |= dict.fromkeys(candle_writer.bars(number).begin_s.tolist(), float(number))
    return told


def stored():
    return {
        int(begin.timestamp()): (name, figures)
        for begin, name, *figures in Candle.objects.values_list(
            "begin", "source__name", "open", "high", "low", "close", "volume_shares", "value_rub"
        )
    }


def test_two_writers_of_one_series_do_not_corrupt_it(share):
    rounds = 20
    with writer("RACE", "low.csv", 10, rounds) as low, writer("RACE", "high.csv", 20, rounds) as high:
        for process in (low, high):
            go(process)
        for process in (low, high):
            assert process.stdout.read().split() == [str(number) for number in range(1, rounds + 1)]
            assert process.wait(60) == 0
    # Both told of every begin: whoever came first, the higher source's last word counts, in all its figures.
    assert stored() == {begin: ("high.csv", [figure] * 6) for begin, figure in expected(rounds).items()}
    assert Counter(TradingDay.objects.values_list("date", flat=True)).most_common(1)[0][1] == 1


def test_writers_of_one_source_take_turns(share):
    with writer("RACE", "same.csv", 10, 15) as one, writer("RACE", "same.csv", 10, 15) as other:
        for process in (one, other):
            go(process)
        for process in (one, other):
            process.stdout.read()
            assert process.wait(60) == 0
    rows = stored()
    assert set(rows) == set(expected(15))
    assert all(len(set(figures)) == 1 for _, figures in rows.values())
    assert not CandleDisagreement.objects.exists()


def test_a_writer_killed_inside_its_write_leaves_nothing_of_it_and_no_lock(share):
    with writer("RACE", "a.csv", 10, 3) as first:
        go(first)
        first.stdout.read()
        assert first.wait(60) == 0
    before = stored()
    with writer("RACE", "b.csv", 20, 3, "hang") as killed:
        go(killed)
        assert killed.stdout.readline() == "inside\n"
        assert stored() == before
        killed.kill()
        killed.wait()
    assert stored() == before
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '20s'")
    try:
        report = candles_write(
            instrument_id=share.id, timeframe=Timeframe.M1, columns=candle_writer.bars(1),
            origin=CandleOrigin(name="b.csv", kind="file", priority=20),
        )  # fmt: skip
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
    assert report.changed == candle_writer.ROWS
    assert not CandleDisagreement.objects.filter(winner__name="a.csv").exists()


def test_a_writer_killed_anywhere_is_run_again_and_ends_like_one_that_was_not(share):
    for kills in (1, 4, 9):
        with writer("RACE", "a.csv", 10, 12) as process:
            go(process)
            for _ in range(kills):
                process.stdout.readline()
            process.kill()
            process.wait()
        # Each round is there whole or not at all.
        assert all(len(set(figures)) == 1 for _, figures in stored().values())
    with writer("RACE", "a.csv", 10, 12) as process:
        go(process)
        process.stdout.read()
        assert process.wait(60) == 0
    assert {begin: figures[0] for begin, (_, figures) in stored().items()} == expected(12)
