"""Builds in processes of their own that are killed at any moment, while others read."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from features import store
from features.contracts import FeatureMatrix
from features.kernels.engine import features_of, month_slices
from features.models import FeatureSnapshot, UnlistedFile
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrix_load
from market.contracts import Bars, Timeframe
from market.models import Candle, CandleDisagreement, CandleSource, Instrument, TradingDay
from market.selectors.bars import bars_load
from tests.features.conftest import NOW, build, store_candles
from tests.features.series import random_bars
from tests.journeys.test_worker_journey import database_url
from tests.up.processes import ROOT
from traderai.common import clock
from traderai.common.errors import InvariantError, NotFoundError

pytestmark = pytest.mark.django_db(transaction=True)
SHARES = ("AAAA", "BBBB", "CCCC")
KILLS = 8
Months = dict[str, tuple[bytes, bytes]]  # by month its begins and its values
Told = dict[str, Months]  # by share


@pytest.fixture
def shares(lake: Path) -> Iterator[dict[str, Instrument]]:
    """Three shares with five months of hourly candles."""
    yield {secid: Instrument.objects.create(secid=secid, name_ru=secid, name_en=secid) for secid in SHARES}
    # The flush after a test does not reach the candles, whose table Django's models did not make.
    for model in (FeatureSnapshot, CandleDisagreement, Candle, CandleSource, TradingDay, Instrument):
        model.objects.all().delete()


def bars_of(place: int, *, restated: bool) -> Bars:
    """Return a share's bars; restated ones have other volumes in every month."""
    bars = random_bars(1_300, seed=70 + place)
    bars.dividend_rub[:] = 0.0
    volume = bars.volume_shares + 1_000.0 * restated
    return replace(bars, volume_shares=volume, turnover_rub=volume * bars.close)


def store_all(shares: dict[str, Instrument], *, restated: bool) -> None:
    for place, instrument in enumerate(shares.values()):
        store_candles(instrument, bars_of(place, restated=restated))


def computed() -> Told:
    """Return what a build of the stored candles gives, by the engine alone."""
    told: Told = {}
    facts, specs = feature_set_get(name="tech_v1"), feature_specs(name="tech_v1")
    for secid in SHARES:
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
        values = features_of(bars, specs, warmup_bars=facts.warmup_bars)
        told[secid] = months_in(bars.begin_s, values)
    return told


def months_in(begin_s: Any, values: Any) -> Months:
    slices = month_slices(begin_s, warmup_bars=0)
    return {
        one.month: (begin_s[one.start : one.stop].tobytes(), values[one.start : one.stop].tobytes())
        for one in slices
    }


def matrix_of(secid: str) -> FeatureMatrix:
    return feature_matrix_load(feature_set="tech_v1", secid=secid, timeframe=Timeframe.H1, as_of=NOW)


def assert_whole(secid: str, matrix: FeatureMatrix, *versions: Told) -> None:
    """Hold each month against the versions of which it may be one."""
    months = months_in(matrix.begin_s, matrix.values)
    assert months.keys() == versions[0][secid].keys(), f"{secid} has the months {sorted(months)}"
    for month, content in months.items():
        assert any(content == told[secid][month] for told in versions), f"{secid} {month} is of no version"


def assert_switched_together() -> None:
    """Hold the rows of a month, switched in one transaction, against each other."""
    built: dict[Any, set[Any]] = {}
    for month, built_at in FeatureSnapshot.objects.values_list("month", "built_at"):
        built.setdefault(month, set()).add(built_at)
    apart = [month for month, moments in built.items() if len(moments) > 1]
    assert apart == [], f"shares of {apart} were switched apart"


class Rebuilder:
    """A process that forks a build whenever it is asked to."""

    def __init__(self, *sabotages: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.features.rebuilder", *sabotages],
            cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        line: bytes = self._process.stdout.readline()
        return line.decode().strip()

    def start(self) -> int:
        """Begin a build and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return int(self._line())

    def is_gone(self) -> bool:
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def status(self) -> int:
        """Return how the build has ended; waits for it."""
        return int(self._line())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def rebuilder(*sabotages: str) -> Iterator[Rebuilder]:
    made = Rebuilder(*sabotages)
    try:
        yield made
    finally:
        made.close()


def environment() -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database_url(),
        "LAKE_URL": settings.LAKE_URL,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test",
    }


def has_written(since: datetime) -> bool:
    """Return whether a build has begun to write."""
    return UnlistedFile.objects.filter(unlisted_at__gte=since).exists()


@dataclass
class Witness:
    """Reads while builds run, and counts what it has seen."""

    builder: Rebuilder
    versions: tuple[Told, ...]
    reads: int = 0

    def look(self) -> None:
        secid = SHARES[self.reads % len(SHARES)]
        assert_whole(secid, matrix_of(secid), *self.versions)
        assert_switched_together()
        self.reads += 1

    def until(self, happened: Callable[[], bool]) -> bool:
        """Read until something has happened; return whether it did before the build was over."""
        while not happened():
            if self.builder.is_gone():
                return False
            self.look()
        return True

    def build(self, kill_after: Callable[[datetime], None] | None = None) -> int:
        """Watch one build, which is killed when `kill_after` returns; return how it has ended."""
        began = clock.now()
        pid = self.builder.start()
        if kill_after is None:
            self.until(lambda: False)
        else:
            kill_after(began)
            if not self.builder.is_gone():
                os.kill(pid, signal.SIGKILL)
        return self.builder.status()

    def wait(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= deadline_s)


def test_a_build_killed_at_any_moment_leaves_whole_months_to_readers(
    shares: dict[str, Instrument], lake: Path
) -> None:
    original, restated = two_versions(shares)
    rng = np.random.default_rng(int(os.environ.get("PYTEST_SEED", "3")))
    killed = rounds = 0
    of_originals = set()
    with rebuilder() as builder:
        witness = Witness(builder, (original, restated))
        whole_s, writing_s = durations(witness)

        def kill_after(began: datetime) -> None:
            # Every other kill falls into the time of writing; both kinds are spread over the time they fall into.
            part = (rounds % KILLS + rng.random()) / KILLS
            if rounds % 2 == 0:
                witness.wait(whole_s * part)
            elif witness.until(lambda: has_written(began)):
                witness.wait(writing_s * part)

        while killed < KILLS or len(of_originals) < 3:
            assert rounds < 5 * KILLS, (
                f"{killed} of {rounds} builds were killed, {len(of_originals)} kinds of mix"
            )
            store_all(shares, restated=rounds % 2 == 0)
            killed += witness.build(kill_after) == signal.SIGKILL
            rounds += 1
            months = months_in(matrix_of("AAAA").begin_s, matrix_of("AAAA").values)
            of_originals.add(sum(months[month] == original["AAAA"][month] for month in months))
        assert witness.reads > KILLS
        assert witness.build() == 0
        newest = original if rounds % 2 == 0 else restated
        for secid in SHARES:
            assert_whole(secid, matrix_of(secid), newest)
    assert_swept(lake)


def two_versions(shares: dict[str, Instrument]) -> tuple[Told, Told]:
    """Build the original bars; return what they give and what the restated ones would, other values in every month."""
    store_all(shares, restated=True)
    restated = computed()
    store_all(shares, restated=False)
    original = computed()
    assert build(clock.now()).failed == ()
    for secid in SHARES:
        assert all(original[secid][month] != restated[secid][month] for month in original[secid])
    return original, restated


def durations(witness: Witness) -> tuple[float, float]:
    """Return how long a build takes and how long it writes."""
    moments: list[float] = []

    def watch(began: datetime) -> None:
        moments.append(time.monotonic())
        if witness.until(lambda: has_written(began)):
            moments.append(time.monotonic())
            witness.until(lambda: False)

    for _ in range(5):  # beside other loads a build may be over before its witness has looked
        moments.clear()
        assert witness.build(watch) == 0
        if len(moments) == 2:
            ended_s = time.monotonic()
            return ended_s - moments[0], ended_s - moments[1]
    raise AssertionError("nobody saw a build write in five builds")


@pytest.mark.parametrize(
    ("sabotage", "seen"),
    [
        ("rows_one_by_one", "were switched apart"),
        ("files_in_place", "is corrupt: SHA-256 must be|is of no version|lake has no"),
    ],
)
def test_a_store_that_does_not_write_whole_is_seen_by_the_reader(
    shares: dict[str, Instrument], lake: Path, sabotage: str, seen: str
) -> None:
    versions = two_versions(shares)
    with rebuilder(sabotage) as builder:
        witness = Witness(builder, versions)

        def rebuild_for_long() -> None:
            for rounds in range(40):
                store_all(shares, restated=rounds % 2 == 0)
                assert witness.build() == 0, "the sabotaged build failed"

        with pytest.raises((AssertionError, InvariantError, NotFoundError), match=seen):
            rebuild_for_long()
        builder.status()


def assert_swept(lake: Path) -> None:
    """See that a day later nothing is left of what no row names."""
    named = set(FeatureSnapshot.objects.values_list("file_key", flat=True))
    files = {str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()}
    assert named < files
    a_day_later = clock.now() + store.SWEEP_AFTER + timedelta(minutes=1)
    assert store.files_sweep(now=clock.now()) == store.unfinished_sweep(now=clock.now()) == 0
    store.files_sweep(now=a_day_later)
    store.unfinished_sweep(now=a_day_later)
    assert {str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()} == named
    assert not UnlistedFile.objects.exists()


def test_the_check_sees_a_month_that_is_mixed_missing_or_switched_apart(
    shares: dict[str, Instrument], lake: Path
) -> None:
    store_all(shares, restated=False)
    original = computed()
    build()
    whole = matrix_of("AAAA")
    store_all(shares, restated=True)
    restated = computed()
    assert build(NOW + timedelta(hours=1)).failed == ()
    other = matrix_of("AAAA")
    assert_whole("AAAA", whole, original, restated)
    mixed = whole.values.copy()
    mixed[700:] = other.values[700:]
    with pytest.raises(AssertionError, match="is of no version"):
        assert_whole("AAAA", replace(whole, values=mixed), original, restated)
    with pytest.raises(AssertionError, match="has the months"):
        assert_whole(
            "AAAA", replace(whole, begin_s=whole.begin_s[400:], values=whole.values[400:]), original, restated
        )
    assert_switched_together()
    FeatureSnapshot.objects.filter(instrument=shares["AAAA"], month="2024-03-01").update(built_at=NOW)
    with pytest.raises(AssertionError, match="switched apart"):
        assert_switched_together()
