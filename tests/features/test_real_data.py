"""The features on real candles: same bits, no split in the features, what the commands report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from features.contracts import FeatureMatrix
from features.kernels.engine import features_of, month_features, month_slices
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrix_load
from market.contracts import Timeframe
from market.selectors.bars import bars_load
from market.services.ingest import ingest_all
from market.sources.files import files_source
from tests.features.conftest import NOW, build
from traderai.common.clock import MOSCOW

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
SPLIT_SECID, SPLIT_ON = "GMKN", datetime(2024, 4, 8, tzinfo=MOSCOW)


def ingest(folder: Path, *secids: str) -> None:
    ingest_all(
        source=files_source([folder / "candles", folder / "corporate"]),
        secids=secids,
        timeframes=[Timeframe.H1],
        now=NOW,
    )


def matrix(secid: str) -> FeatureMatrix:
    return feature_matrix_load(feature_set="tech_v1", secid=secid, timeframe=Timeframe.H1, as_of=NOW)


def test_incremental_equals_batch_and_a_split_leaves_no_trace(real_data: Path, lake: Path) -> None:
    ingest(real_data, "SBER", "GMKN")
    report = build()
    assert report.failed == ()
    assert report.months_built == 72
    specs, facts = feature_specs(name="tech_v1"), feature_set_get(name="tech_v1")
    for secid in ("SBER", "GMKN"):
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=NOW)
        stored = matrix(secid)
        assert stored.values.tobytes() == features_of(bars, specs, warmup_bars=facts.warmup_bars).tobytes()
        for reached in (6_250, 8_000, 8_111, len(bars)):
            month = month_slices(bars.cut(reached).begin_s, warmup_bars=facts.warmup_bars)[-1]
            current = month_features(bars.cut(reached), specs, month)
            assert current.tobytes() == stored.values[month.start : reached].tobytes()
    assert_no_jump_at_split(matrix(SPLIT_SECID))


def assert_no_jump_at_split(stored: FeatureMatrix) -> None:
    at = int(np.searchsorted(stored.begin_s, int(SPLIT_ON.timestamp())))
    around = stored.values[at - 5 : at + 60].astype(np.float64)
    columns = stored.feature_set.columns
    for name in ("ret_1", "ret_20", "ret_60", "session_gap", "dist_high_60", "dist_low_60"):
        assert np.abs(around[:, columns.index(name)]).max() < 0.15, name
    for name in ("volume_ratio_20", "turnover_ratio_20_120", "atr_ratio_5_30"):
        assert around[:, columns.index(name)].max() < 12.0, name
    assert np.isfinite(around).all()


def test_the_split_would_be_seen_if_prices_were_not_adjusted(real_data: Path, lake: Path) -> None:
    from market.models import CorporateAction

    ingest(real_data, "GMKN")
    CorporateAction.objects.filter(kind="split").delete()
    build()
    with pytest.raises(AssertionError, match="ret_1"):
        assert_no_jump_at_split(matrix("GMKN"))


def test_the_commands_report_what_they_did(
    real_data: Path, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest(real_data, "SBER")
    call_command("build_features", "--secids", "SBER")
    call_command("build_features", "--secids", "SBER")
    call_command("build_regime")
    out = capsys.readouterr().out
    assert "1 instruments, 36 months built (10656 rows), 0 unchanged" in out
    assert "0 months built (0 rows), 36 unchanged" in out
    assert "MOEX: 0 days with a regime up to None from 1 shares" in out
