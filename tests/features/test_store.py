"""The feature store: incremental, immutable, checked, found stale, safe against a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from features import store
from features.kernels import engine
from features.models import FeatureSnapshot, UnlistedFile
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrix_load
from features.services import due as due_service
from features.services.due import due_instruments, features_build_due
from market.contracts import Bars, Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.bars import bars_load
from tests.features.conftest import NOW, build, long_bars, months_of, store_candles
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InvariantError, NotFoundError, NotReadyError
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db
MakeShare = Callable[..., Instrument]


def load(as_of: datetime = NOW, **options: Any) -> Any:
    wanted: dict[str, Any] = {
        "feature_set": "tech_v1",
        "secid": "AAAA",
        "timeframe": Timeframe.H1,
        "as_of": as_of,
    } | options
    return feature_matrix_load(**wanted)


def computed() -> Any:
    facts = feature_set_get(name="tech_v1")
    bars = bars_load(secid="AAAA", timeframe=Timeframe.H1, as_of=NOW)
    return engine.features_of(bars, feature_specs(name="tech_v1"), warmup_bars=facts.warmup_bars)


def bars_until(bars: Bars, moment: datetime) -> Bars:
    return bars.cut(int(np.searchsorted(bars.begin_s, int(moment.timestamp()))))


def test_a_build_stores_what_the_engine_computes(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    share("AAAA", bars)
    report = build()
    matrix = load()
    assert (report.instruments, report.rows, report.months_built) == (1, 1_500, len(months_of("AAAA")))
    assert matrix.values.tobytes() == computed().tobytes()
    np.testing.assert_array_equal(matrix.begin_s, bars.begin_s)
    assert matrix.feature_set == feature_set_get(name="tech_v1")
    facts = feature_set_get(name="tech_v1")
    assert all(key.startswith(f"features/{facts.key}/1h/AAAA/{m}-") for m, key in months_of("AAAA").items())
    assert {str(path.relative_to(lake)) for path in lake.rglob("*.parquet")} == set(
        months_of("AAAA").values()
    )
    assert not UnlistedFile.objects.exists()


def test_building_again_builds_nothing_and_rebuilding_gives_the_same_files(
    share: MakeShare, lake: Path
) -> None:
    share("AAAA", long_bars())
    first = build()
    before = months_of("AAAA")
    assert (build().months_built, build().months_unchanged) == (0, first.months_built)
    assert build(rebuild=True).months_built == first.months_built
    assert months_of("AAAA") == before


def test_a_matrix_holds_what_was_known_at_the_moment_asked_for(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    share("AAAA", bars)
    build()
    end_of_bar_700 = from_epoch_s(int(bars.known_s[700]))
    assert load(end_of_bar_700).begin_s[-1] == bars.begin_s[700]
    assert load(end_of_bar_700 - timedelta(seconds=1)).begin_s[-1] == bars.begin_s[699]
    since = load(end_of_bar_700, since=from_epoch_s(int(bars.begin_s[650])))
    np.testing.assert_array_equal(since.begin_s, bars.begin_s[650:701])
    assert since.values.tobytes() == load().values[650:701].tobytes()


def test_incremental_builds_equal_one_build_to_the_bit(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars.cut(5))
    for reached in (5, 100, 101, 640, 641, 1_203, 1_500):
        store_candles(instrument, bars.cut(reached))
        report = build()
        assert report.failed == ()
    assert load().values.tobytes() == computed().tobytes()
    grown = months_of("AAAA")
    FeatureSnapshot.objects.all().delete()
    build()
    assert months_of("AAAA") == grown


def test_a_restated_candle_rebuilds_exactly_the_months_that_read_it(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars)
    build()
    before = months_of("AAAA")
    warmup = feature_set_get(name="tech_v1").warmup_bars
    restated = 700
    close = bars.close.copy()
    close[restated] = (bars.high[restated] + bars.low[restated]) / 2 + 0.001
    store_candles(instrument, replace(bars, close=close))
    report = build()
    after = months_of("AAAA")
    slices = engine.month_slices(bars.begin_s, warmup_bars=warmup)
    reading = {s.month for s in slices if s.warmup_start <= restated < s.stop}
    assert 1 < len(reading) < len(slices)
    assert {month for month in after if after[month] != before[month]} == reading
    assert (report.months_built, report.months_unchanged) == (len(reading), len(slices) - len(reading))
    assert set(UnlistedFile.objects.values_list("file_key", flat=True)) == {before[m] for m in reading}
    assert load().values.tobytes() == computed().tobytes()


@pytest.mark.parametrize("harm", ["one bit", "cut short", "gone"])
def test_a_corrupt_file_is_refused_reported_and_rebuilt(share: MakeShare, lake: Path, harm: str) -> None:
    share("AAAA", long_bars())
    build()
    key = months_of("AAAA")["2024-03"]
    path = lake / key
    whole = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(
            whole[:-9] if harm == "cut short" else bytes([*whole[:99], whole[99] ^ 1, *whole[100:]])
        )
    with pytest.raises(NotFoundError if harm == "gone" else InvariantError):
        load()
    report = build()
    assert report.corrupt == (key,)
    assert report.months_built == 1
    assert path.read_bytes() == whole
    assert build().corrupt == ()


def test_a_crash_between_file_and_row_leaves_the_old_snapshot(
    share: MakeShare, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars.cut(1_400))
    build()
    before, values = months_of("AAAA"), load().values.tobytes()
    store_candles(instrument, bars)

    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "snapshots_switch", killed)
        with pytest.raises(KeyboardInterrupt):
            build()
    assert months_of("AAAA") == before
    assert load().values.tobytes() == values
    orphan = UnlistedFile.objects.get().file_key
    assert (lake / orphan).is_file()
    assert build().months_built >= 1
    assert orphan in months_of("AAAA").values()
    assert orphan not in UnlistedFile.objects.values_list("file_key", flat=True)
    assert load().values.tobytes() == computed().tobytes()


def test_files_are_swept_after_a_day_and_never_while_a_snapshot_names_them(
    share: MakeShare, lake: Path
) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars.cut(1_390))
    build()
    store_candles(instrument, bars)
    build(NOW)
    old = set(UnlistedFile.objects.values_list("file_key", flat=True))
    named = next(iter(months_of("AAAA").values()))
    UnlistedFile.objects.create(file_key=named, unlisted_at=NOW - timedelta(days=3))
    assert old
    assert store.files_sweep(now=NOW + timedelta(hours=23)) == 0
    assert (lake / named).is_file()
    assert store.files_sweep(now=NOW + timedelta(hours=25)) == len(old)
    assert not any((lake / key).exists() for key in old)
    assert store.files_sweep(now=NOW + timedelta(days=9)) == 0
    assert load().values.tobytes() == computed().tobytes()


def test_a_broken_instrument_is_named_and_stops_no_other(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    broken = share("AAAA", bars)
    share("BBBB", bars)
    broken_date = date(2024, 3, 4)
    CorporateAction.objects.create(
        instrument=broken, kind="dividend", ex_date=broken_date, amount_rub=1e6, source="test",
        known_at=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    report = build()
    assert [secid for secid, _ in report.failed] == ["AAAA"]
    assert "a dividend must be above 0 and below the close before it" in report.failed[0][1]
    assert len(months_of("BBBB")) == len(engine.month_slices(bars.begin_s, warmup_bars=600))


def test_columns_without_a_value_are_named(share: MakeShare, lake: Path) -> None:
    share("AAAA", long_bars().cut(30))
    report = build()
    ((secid, columns),) = report.missing_columns
    assert secid == "AAAA"
    assert columns == tuple(spec.name for spec in feature_specs(name="tech_v1") if spec.lookback_bars >= 30)
    assert build().missing_columns == report.missing_columns


def test_nothing_stored_is_not_ready(share: MakeShare, lake: Path) -> None:
    share("AAAA", long_bars())
    with pytest.raises(NotReadyError, match=r"run manage\.py build_features"):
        load()


def test_another_definition_of_the_set_has_its_own_files(
    share: MakeShare, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share("AAAA", long_bars())
    build()
    own = tmp_path / "own"
    own.mkdir()
    (own / "feature_sets.yaml").write_text(
        "sets: {tech_v1: {warmup_bars: 60, keep_fresh: [], features: [ret_60]}}"
    )
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(own))
    with pytest.raises(NotReadyError):
        load()
    build()
    assert load().values.shape == (1_500, 1)
    monkeypatch.delenv("TRADERAI_CONFIG_DIR")
    assert load().values.shape[1] > 1


def test_what_is_due_is_built_once(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars.cut(1_400))
    share("BBBB", bars.cut(1_400))
    assert features_build_due(limit=1, now=NOW) == 1
    assert features_build_due(limit=50, now=NOW) == 1
    assert features_build_due(limit=50, now=NOW) == 0
    store_candles(instrument, bars.cut(1_401))
    assert features_build_due(limit=50, now=NOW) == 1
    assert load().begin_s[-1] == bars.begin_s[1_400]
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_a_candle_that_is_still_forming_makes_nothing_due_twice(share: MakeShare, lake: Path) -> None:
    bars = long_bars().cut(10)
    share("AAAA", bars)
    half_past = from_epoch_s(int(bars.begin_s[9])) + timedelta(minutes=30)
    assert features_build_due(limit=50, now=half_past) == 1
    assert load().begin_s[-1] == bars.begin_s[8]
    assert features_build_due(limit=50, now=half_past) == 0
    assert features_build_due(limit=50, now=half_past + timedelta(minutes=30)) == 1
    assert load().begin_s[-1] == bars.begin_s[9]


def test_a_unit_that_another_worker_owns_is_left_to_it(share: MakeShare, lake: Path) -> None:
    share("AAAA", long_bars().cut(40))
    facts = feature_set_get(name="tech_v1")
    ((_, target, _),) = due_instruments(facts=facts, timeframe=Timeframe.H1, now=NOW)
    Job.objects.create(
        kind=due_service.JOB_KIND, business_key=f"{facts.key}/1h/AAAA/{int(target.timestamp())}",
        state="running", lease_until=NOW + timedelta(minutes=1), started_at=NOW,
    )  # fmt: skip
    assert features_build_due(limit=50, now=NOW) == 0
    assert features_build_due(limit=50, now=NOW + timedelta(minutes=2)) == 1


SNAPSHOT: dict[str, Any] = {
    "feature_set": "tech_v1", "set_sha": "a" * 64, "timeframe_min": 60, "month": date(2024, 1, 1), "rows": 1,
    "first_bar_at": NOW, "last_bar_at": NOW, "size_bytes": 1, "file_key": "k", "file_sha256": "b" * 64,
    "inputs_sha256": "c" * 64, "code_version": 1, "built_at": NOW,
}  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "rows"),
    [
        ("features_featuresnapshot_once", [{}, {"file_key": "other"}]),
        ("features_featuresnapshot_has_rows", [{"rows": 0}]),
        ("features_featuresnapshot_span_in_order", [{"last_bar_at": NOW - timedelta(hours=1)}]),
    ],
)
def test_the_database_refuses(share: MakeShare, constraint: str, rows: list[dict[str, Any]]) -> None:
    instrument = share("AAAA", long_bars().cut(5))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        for row in rows:
            FeatureSnapshot.objects.create(instrument=instrument, **(SNAPSHOT | row))


def test_a_file_with_other_columns_is_refused() -> None:
    content = store.encode(np.array([1]), np.array([[1.0]], dtype=np.float32), ("ret_1",))
    with pytest.raises(InvariantError, match="must have columns of"):
        store.decode(content, ("ret_2",))
