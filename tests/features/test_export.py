"""Exported and lazily read features are those of the matrix, and a corrupt file never gives a wrong number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from features.selectors.matrix import feature_dataset, feature_matrix_load
from features.services.export import features_export
from market.contracts import Timeframe
from market.models import Instrument
from tests.features.conftest import NOW, build, long_bars, months_of
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InputError, InvariantError, NotFoundError, NotReadyError

pytestmark = pytest.mark.django_db
SHARES = ("AAAA", "BBBB", "CCCC")
# The middle of a day of March; months before and after it are stored.
SINCE = from_epoch_s(int(long_bars().begin_s[703]))
UNTIL = from_epoch_s(int(long_bars().begin_s[1_107]))
ASKED: dict[str, Any] = {"feature_set": "tech_v1", "timeframe": Timeframe.H1}


@pytest.fixture
def stored(share: Callable[..., Instrument], lake: Path) -> Path:
    """Build three shares, the last with two months only, whose newest columns are partly unknown."""
    for place, secid in enumerate(SHARES):
        bars = long_bars(seed=20 + place)
        share(secid, bars if place < 2 else bars.cut(400))
    assert build().failed == ()
    return lake


def rows_of(secid: str, **span: Any) -> tuple[list[str], Any, Any]:
    matrix = feature_matrix_load(secid=secid, **(ASKED | {"as_of": NOW} | span))
    return [secid] * len(matrix.begin_s), matrix.begin_s, matrix.values


def assert_equal(table: pa.Table, secids: tuple[str, ...], **span: Any) -> None:
    """Hold a table against the matrices of the shares, to the bit and in their order."""
    parts = [rows_of(secid, **span) for secid in secids]
    assert table.column("secid").to_pylist() == [name for part in parts for name in part[0]]
    name = "begin" if "begin" in table.column_names else "begin_s"
    begin = table.column(name)
    # Parquet knows no whole seconds: it keeps milliseconds.
    begin_s = (
        (begin.cast(pa.timestamp("s", tz="UTC")) if name == "begin" else begin).cast(pa.int64()).to_numpy()
    )
    np.testing.assert_array_equal(begin_s, np.concatenate([part[1] for part in parts]))
    want = np.concatenate([part[2] for part in parts])
    for j, column in enumerate(table.column_names[2:]):
        assert table.column(column).to_numpy().view(np.int32).tobytes() == want[:, j].copy().tobytes(), column


@pytest.mark.parametrize("name", ["all.parquet", "all.feather", "all.arrow"])
def test_an_export_is_the_matrices_one_after_another(stored: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    report = features_export(**ASKED, path=path, as_of=NOW)
    table = pq.read_table(path) if name.endswith("parquet") else feather.read_table(path)
    assert_equal(table, SHARES)
    assert (report.rows, report.instruments, report.columns) == (3_400, 3, len(table.column_names) - 2)
    assert report.size_bytes == path.stat().st_size
    assert table.schema.field("begin").type.tz == "UTC"
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([name, "lake"])


def test_an_export_of_some_shares_and_of_a_span(stored: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    report = features_export(**ASKED, path=path, as_of=UNTIL, since=SINCE, secids=["BBBB", "CCCC"])
    assert_equal(pq.read_table(path), ("BBBB", "CCCC"), as_of=UNTIL, since=SINCE)
    # The bar that ends at UNTIL is the last one; CCCC has none so late.
    assert (report.rows, report.instruments) == (1_107 - 703, 1)


def test_the_lazy_table_is_the_matrices(stored: Path) -> None:
    dataset = feature_dataset(**ASKED, as_of=NOW)
    table = dataset.to_table().sort_by([("secid", "ascending"), ("begin_s", "ascending")])
    filled = table.set_column(0, "secid", table.column("secid").cast(pa.string()))
    assert filled.num_rows == 3_400
    for j, column in enumerate(filled.column_names[2:]):
        want = np.concatenate([rows_of(secid)[2][:, j] for secid in SHARES])
        # A column that a month does not have at all is null there, and NaN in the matrix.
        got = filled.column(column).to_numpy().astype(np.float32)
        np.testing.assert_array_equal(got, want, err_msg=column)


def test_the_lazy_table_reads_what_is_asked_for(stored: Path) -> None:
    dataset = feature_dataset(**ASKED, as_of=UNTIL, since=SINCE, secids=["AAAA"])
    since_s, until_s = int(SINCE.timestamp()), int(UNTIL.timestamp()) - 3_600
    inside = (pc.field("begin_s") >= since_s) & (pc.field("begin_s") <= until_s)
    table = dataset.to_table(columns=["secid", "begin_s", "ret_1", "rsi_14"], filter=inside)
    _, begin_s, values = rows_of("AAAA", as_of=UNTIL, since=SINCE, columns=["ret_1", "rsi_14"])
    np.testing.assert_array_equal(table.column("begin_s").to_numpy(), begin_s)
    np.testing.assert_array_equal(table.column("ret_1").to_numpy(), values[:, 0])
    np.testing.assert_array_equal(table.column("rsi_14").to_numpy(), values[:, 1])


def test_no_byte_that_is_flipped_gives_a_wrong_number(stored: Path, tmp_path: Path) -> None:
    """The matrix and the export look at the whole file, the lazy table at each page that it reads."""
    path = stored / months_of("AAAA")["2024-03"]
    whole = path.read_bytes()
    right = feature_dataset(**ASKED, as_of=NOW, secids=["AAAA"]).to_table()
    caught = 0
    footer = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
    for at in range(4, footer, max(1, footer // 60)):
        path.write_bytes(bytes([*whole[:at], whole[at] ^ 0x10, *whole[at + 1 :]]))
        with pytest.raises(InvariantError, match="is corrupt: SHA-256 must be"):
            rows_of("AAAA")
        try:
            table = feature_dataset(**ASKED, as_of=NOW, secids=["AAAA"]).to_table()
        except OSError:
            caught += 1
        else:
            assert table.equals(right) or str(table) == str(right), f"byte {at} gave other numbers"
    assert caught > 40
    out = tmp_path / "out.parquet"
    with pytest.raises(InvariantError, match="is corrupt"):
        features_export(**ASKED, path=out, as_of=NOW)
    path.unlink()
    with pytest.raises(NotFoundError, match="the lake has no"):
        features_export(**ASKED, path=out, as_of=NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["lake"]


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"feature_set": "full_v1_no_new"}, InputError, "did you mean 'full_v1_no_news'"),
        ({"secids": ["AAAB"]}, NotFoundError, "did you mean 'AAAA'"),
        ({"timeframe": Timeframe.M10}, NotReadyError, "run manage.py build_features"),
        ({"as_of": from_epoch_s(int(long_bars().begin_s[0]))}, NotReadyError, "run manage.py build_features"),
        ({"path": Path("x.csv")}, InputError, r"must end with \.parquet"),
        ({"path": Path("/nowhere/x.parquet")}, InputError, "folder of the file must exist"),
    ],
)
def test_what_cannot_be_exported_is_said(
    stored: Path, tmp_path: Path, changed: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        features_export(**(ASKED | {"path": tmp_path / "x.parquet", "as_of": NOW} | changed))
    assert [one.name for one in tmp_path.iterdir()] == ["lake"]


def test_the_commands_say_what_is_wrong(stored: Path, tmp_path: Path) -> None:
    for command in (["build_features"], ["export_features", str(tmp_path / "x.parquet")]):
        for options, text in (
            (["--feature-set", "ful_v1"], "did you mean 'full_v1'"),
            (["--timeframe", "1hh"], "timeframe must be one of .*1h"),
            (["--secids", "AAAB"], "did you mean 'AAAA'"),
            (["--since", "2024-13-01"], "--since must be a day such as 2024-01-31"),
        ):
            with pytest.raises(CommandError, match=text):
                call_command(*command, *options)
    with pytest.raises(InputError, match="did you mean 'rsi_14'"):
        rows_of("AAAA", columns=["rsi_l4"])
    assert rows_of("AAAA", since=NOW - timedelta(days=1))[0] == []
