"""Numbers do not change in silence: with them the code version changes, and with it every feature set's hash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.catalog import CODE_VERSION
from features.kernels import engine
from features.kernels.window import Window
from tests.features import versioned
from tests.features.versioned import OWN, changed, numbers, write, written
from traderai.common.arrays import F64


def test_changed_numbers_need_a_new_code_version() -> None:
    told, now = written(), numbers()
    assert told["code_version"] == CODE_VERSION, "write them anew: python -m tests.features.versioned"
    names = sorted(changed(told["numbers"], now))
    assert not names, f"raise features.catalog.CODE_VERSION: the numbers of {names} changed"


def test_every_feature_of_own_bars_has_its_numbers() -> None:
    assert list(written()["numbers"]) == [spec.name for spec in OWN], (
        "write them anew: python -m tests.features.versioned"
    )


def test_the_series_tells_something_of_every_feature() -> None:
    """A feature that is unknown or the same everywhere could change unseen."""
    told: dict[str, list[float]] = written()["numbers"]
    assert not [name for name, (_, _, std, known) in told.items() if std == 0.0 or known < 60]


def another(column: Callable[..., F64], change: str) -> Callable[..., F64]:
    def changed_column(w: Window, **parameters: Any) -> F64:
        values = column(w, **parameters)
        if change == "a ten-thousandth more":
            return values * 1.0001
        if change == "a bar later":
            return np.concatenate([[np.nan], values[:-1]])
        rows = np.arange(values.size)
        return np.where(rows == np.flatnonzero(np.isfinite(values))[0], np.nan, values)

    return changed_column


@pytest.mark.parametrize("change", ["a ten-thousandth more", "a bar later", "unknown once more"])
def test_a_kernel_that_changes_its_numbers_is_seen(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = numbers()
    for kernel, column in dict(engine.COLUMNS).items():
        monkeypatch.setitem(engine.COLUMNS, kernel, another(column, change))
    assert sorted(changed(before, numbers())) == sorted(before)


def test_numbers_are_not_written_anew_under_the_same_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "numbers.json"
    write(place)
    assert json.loads(place.read_text()) == written() | {"numbers": numbers()}
    write(place)
    monkeypatch.setitem(engine.COLUMNS, "rsi", another(engine.COLUMNS["rsi"], "a ten-thousandth more"))
    with pytest.raises(
        SystemExit, match=r"CODE_VERSION first: the numbers of \['rsi_14', 'rsi_21', 'rsi_7'\]"
    ):
        write(place)
    monkeypatch.setattr(versioned, "CODE_VERSION", CODE_VERSION + 1)
    write(place)
    assert json.loads(place.read_text())["code_version"] == CODE_VERSION + 1
