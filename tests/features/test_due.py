"""What the schedule builds and checks: once, repaired, with its reasons; shares that have too little or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.kernels import engine
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrix_load
from features.services.due import CHECK_KIND, features_build_due, features_check_due
from market.contracts import Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.bars import bars_load
from tests.features.conftest import NOW, build, long_bars, months_of, store_candles
from traderai.common.errors import InputError, InvariantError, NotFoundError
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db
MakeShare = Callable[..., Instrument]


def values_of(secid: str) -> Any:
    return feature_matrix_load(feature_set="tech_v1", secid=secid, timeframe=Timeframe.H1, as_of=NOW).values


def computed(secid: str) -> Any:
    bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
    warmup = feature_set_get(name="tech_v1").warmup_bars
    return engine.features_of(bars, feature_specs(name="tech_v1"), warmup_bars=warmup)


def breaking_dividend(instrument: Instrument) -> CorporateAction:
    return CorporateAction.objects.create(
        instrument=instrument, kind="dividend", ex_date=date(2024, 3, 4), amount_rub=1e6, source="test",
        known_at=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_the_daily_check_repairs_and_reports_each_corrupt_file(share: MakeShare, lake: Path) -> None:
    share("AAAA", long_bars())
    build()
    right = values_of("AAAA").tobytes()
    keys = months_of("AAAA")
    flipped, short, gone = (lake / keys[month] for month in ("2024-01", "2024-02", "2024-03"))
    content = flipped.read_bytes()
    flipped.write_bytes(bytes([*content[:500], content[500] ^ 1, *content[501:]]))
    short.write_bytes(short.read_bytes()[:1_000])
    gone.unlink()
    with pytest.raises((InvariantError, NotFoundError)):
        values_of("AAAA")
    (report,) = features_check_due(now=NOW)
    assert set(report.corrupt) == {keys[month] for month in ("2024-01", "2024-02", "2024-03")}
    assert (report.months_built, report.months_unchanged) == (3, len(keys) - 3)
    assert values_of("AAAA").tobytes() == right
    assert months_of("AAAA") == keys


def test_the_check_runs_once_a_moscow_day_and_finds_what_was_restated(share: MakeShare, lake: Path) -> None:
    bars = long_bars()
    instrument = share("AAAA", bars)
    assert features_check_due(now=NOW)[0].months_built > 0
    store_candles(instrument, long_bars(seed=6))
    assert features_check_due(now=NOW + timedelta(hours=8)) == ()
    assert features_build_due(limit=50, now=NOW) == 0  # no bar is new
    midnight = datetime(2026, 1, 10, 21, tzinfo=UTC)
    assert features_check_due(now=midnight - timedelta(seconds=1)) == ()
    (report,) = features_check_due(now=midnight)
    assert report.months_built == len(months_of("AAAA"))
    assert values_of("AAAA").tobytes() == computed("AAAA").tobytes()


def test_a_check_that_fails_is_due_again_with_its_reason(share: MakeShare, lake: Path) -> None:
    broken = share("AAAA", long_bars())
    share("BBBB", long_bars(seed=6))
    dividend = breaking_dividend(broken)
    (report,) = features_check_due(now=NOW)
    assert [secid for secid, _ in report.failed] == ["AAAA"]
    job = Job.objects.get(kind=CHECK_KIND)
    assert (job.state, job.error[:5]) == ("failed", "AAAA:")
    assert values_of("BBBB").tobytes() == computed("BBBB").tobytes()
    dividend.delete()
    (report,) = features_check_due(now=NOW + timedelta(minutes=1))
    assert (report.failed, Job.objects.get(kind=CHECK_KIND).state) == ((), "done")
    assert values_of("AAAA").tobytes() == computed("AAAA").tobytes()


def test_a_share_that_fails_stops_no_other_and_is_built_by_the_next_check(
    share: MakeShare, lake: Path
) -> None:
    """Its months that the fault does not reach are built at once, the others when the fault is gone."""
    broken = share("AAAA", long_bars())
    share("BBBB", long_bars(seed=6))
    dividend = breaking_dividend(broken)
    assert features_build_due(limit=50, now=NOW) == 1
    states = dict(Job.objects.values_list("business_key", "state"))
    assert sorted((key.split("/")[2], state) for key, state in states.items()) == [
        ("AAAA", "failed"),
        ("BBBB", "done"),
    ]
    assert set(months_of("AAAA")) == {"2024-01", "2024-02", "2024-06"} < set(months_of("BBBB"))
    dividend.delete()
    (report,) = features_check_due(now=NOW + timedelta(minutes=1))
    assert report.failed == ()
    assert values_of("AAAA").tobytes() == computed("AAAA").tobytes()


def test_a_share_that_comes_late_gets_its_whole_history(share: MakeShare, lake: Path) -> None:
    share("AAAA", long_bars())
    assert features_build_due(limit=50, now=NOW) == 1
    share("BBBB", long_bars(seed=6))
    assert features_build_due(limit=50, now=NOW) == 1
    assert values_of("BBBB").tobytes() == computed("BBBB").tobytes()


@pytest.mark.parametrize("bars", [1, 2, 19])
def test_a_short_history_has_rows_with_what_it_can_tell(share: MakeShare, lake: Path, bars: int) -> None:
    share("AAAA", long_bars().cut(bars))
    report = build()
    values = values_of("AAAA")
    assert (report.failed, values.shape[0]) == ((), bars)
    assert values.tobytes() == computed("AAAA").tobytes()
    too_long = [
        place for place, spec in enumerate(feature_specs(name="tech_v1")) if spec.lookback_bars >= bars
    ]
    assert np.isnan(values[:, too_long]).all()
    assert np.isfinite(values).any()


def test_what_has_no_candles_or_is_not_known_is_said(share: MakeShare, lake: Path) -> None:
    Instrument.objects.create(secid="NONE", name_ru="n", name_en="n")
    Instrument.objects.create(secid="IMOEX", name_ru="i", name_en="i", kind="index")
    share("AAAA", long_bars().cut(50))
    report = build(secids=("NONE", "IMOEX", "AAAA"))
    reasons = dict(report.failed)
    assert reasons.keys() == {"NONE", "IMOEX"}
    assert all("1h candles, none are stored; run manage.py ingest" in reason for reason in reasons.values())
    assert (report.instruments_with_bars, len(months_of("AAAA"))) == (1, 1)
    with pytest.raises(NotFoundError, match="did you mean 'AAAA'"):
        build(secids=("AAAB",))
    with pytest.raises(InputError, match="did you mean"):
        build(feature_set="tech_v9")
    assert FeatureSnapshot.objects.count() == 1


def test_an_empty_database_builds_nothing(db: None, lake: Path) -> None:
    report = build()
    assert (report.instruments, report.months_built, report.failed) == (0, 0, ())
    assert features_build_due(limit=50, now=NOW) == 0
    assert [one.months_built for one in features_check_due(now=NOW)] == [0]
