"""What the commands say: reports that can be read, and mistakes told before anything is computed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from features.contracts import BuildReport
from features.management.commands.build_features import missing_lines
from features.models import FeatureSnapshot, RegimeHistory
from features.selectors.catalogue import feature_specs
from tests.features.conftest import long_bars

SPECS = feature_specs(name="full_v1")


def report_of(missing: dict[str, tuple[str, ...]], *, shares: int) -> BuildReport:
    return BuildReport(
        feature_set_key="full_v1@0", timeframe="10m", instruments=shares, instruments_with_bars=shares, rows=0,
        months_built=0, months_unchanged=0, files_swept=0, seconds=0.0, corrupt=(),
        missing_columns=tuple(missing.items()), failed=(),
    )  # fmt: skip


def family(name: str) -> tuple[str, ...]:
    return tuple(spec.name for spec in SPECS if spec.family == name)


def test_what_is_missing_is_told_by_family_and_in_full_where_asked() -> None:
    flow, growth = family("flow"), ("fund_growth_score", "fund_revenue_yoy")
    missing: dict[str, tuple[str, ...]] = {f"S{number:02d}": flow for number in range(59)}
    missing |= {f"S{number:02d}": (*flow, "fund_pe", *growth[: number % 2]) for number in range(30)}
    missing["S58"] = (*flow, "d1_rsi_14")
    report = report_of(missing, shares=59)
    assert missing_lines(report, SPECS) == [
        "no value in the newest month (names with -v 2):",
        f"  flow: {len(flow)} of {len(flow)} columns in no share",
        "  higher: 1 columns of S58",
        "  fundamental: 1 to 2 columns in 30 shares: S00, S01, S02, S03, S04 and 25 more",
    ]
    told = missing_lines(report, SPECS, in_full=True)
    assert told[1] == f"  flow: {len(flow)} of {len(flow)} columns in no share: {', '.join(flow)}"
    assert told[2] == "  higher of S58: d1_rsi_14"
    even = ", ".join(f"S{number:02d}" for number in range(0, 30, 2))
    assert told[3] == f"  fundamental of {even}: fund_pe"
    assert told[4].endswith(", S29: fund_growth_score, fund_pe")
    assert len(told) == 5


def test_a_share_without_gaps_keeps_columns_from_being_in_no_share() -> None:
    """One of two shares has everything: the other's gaps are its own."""
    assert missing_lines(report_of({"AAAA": ("rsi_14",)}, shares=2), SPECS) == [
        "no value in the newest month (names with -v 2):",
        "  oscillators: 1 columns of AAAA",
    ]
    assert missing_lines(report_of({}, shares=2), SPECS) == []


@pytest.mark.django_db
def test_the_build_says_what_to_do_without_candles_and_tells_names_where_asked(
    share: Any, lake: Path
) -> None:
    out = io.StringIO()
    call_command("build_features", stdout=out)
    assert "no share has 1h candles; run manage.py ingest or manage.py resample first" in out.getvalue()
    share("AAAA", long_bars())
    said = []
    for verbosity in (1, 2):
        out = io.StringIO()
        call_command("build_features", "--feature-set", "tech_v3", verbosity=verbosity, stdout=out)
        said.append(out.getvalue())
    assert "1 instruments, " in said[0]
    assert "no share has" not in said[0]
    assert "  higher: 4 of 4 columns in no share\n" in said[0]
    assert (
        "  higher: 4 of 4 columns in no share: d1_price_sma_20, d1_rsi_14, w1_price_sma_20, d1_std_60\n"
        in said[1]
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build_regime", "--plot", "{folder}/none/x.png"], "--plot must be a file in a folder that exists"),
        (["build_regime", "--since", "yesterday"], "--since must be a day such as 2024-01-31"),
        (["build_regime", "--until", "2024-13-01"], "--until must be a day such as 2024-01-31"),
        (["build_features", "--since", "2024-02-30"], "--since must be a day such as 2024-01-31"),
        (["build_features", "--timeframe", "7m"], "timeframe must be one of 1m, 5m"),
        (["build_features", "--feature-set", "tech_v11"], "did you mean 'tech_v1'"),
        (["build_features", "--secids", "AAAB"], "ticker must be one that we hold, was 'AAAB'"),
        (["export_features", "{folder}/none/x.parquet"], "the folder of the file must exist"),
        (["features", "--output", "{folder}/none/x.md"], "--output must be a file that can be written"),
    ],
)
def test_a_mistake_is_told_before_anything_is_computed(
    share: Any, lake: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    share("AAAA", long_bars())
    with pytest.raises(CommandError, match=message):
        call_command(*(argument.format(folder=tmp_path) for argument in arguments), stdout=io.StringIO())
    assert not RegimeHistory.objects.exists()
    assert not FeatureSnapshot.objects.exists()
