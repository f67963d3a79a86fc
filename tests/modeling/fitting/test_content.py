"""A dataset's fingerprint: every number that decides a figure moves it, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import numpy as np
import pytest

from modeling.fitting.content import data_sha256
from modeling.fitting.dataset import Dataset, KnownRanks, dataset_assemble
from tests.modeling.synthetic import FEATURES, dataset, instruments, label_set

Change = tuple[str, Dataset]
PARTS = ("part", "validation_start_s", "test_start_s", "test_end_s")
COUNTS = ("exclusions", "purged", "session")


@pytest.fixture(scope="module")
def data() -> Dataset:
    found = dataset(days=90)
    place, known_s = np.linspace(-1.0, 0.5, found.decision_s.size), found.decision_s - 60
    ranks = KnownRanks(name="daily_rank_5d", place=place, known_s=known_s)
    return replace(found, test_end_s=2**40, ranks=ranks)


def other(value: object) -> object:
    """Return a value that differs in one number or name."""
    if isinstance(value, np.ndarray):
        changed = value.copy()
        last = changed.reshape(-1)[-1:]
        last[0] = not last[0] if value.dtype == np.bool_ else np.nan_to_num(last[0]) + 1
        return changed
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, tuple):
        return (*value[:-1], f"{value[-1]}x")
    if isinstance(value, dict):
        return {**value, "more": 1}
    return value + 1


def changes(data: Dataset) -> Iterator[Change]:
    """Yield the dataset with one thing changed in it, for each thing that it holds."""
    market = data.market
    for field in fields(data):
        if field.name not in ("market", "targets", "ranks"):
            yield field.name, replace(data, **{field.name: other(getattr(data, field.name))})
    for field in fields(data.targets):
        changed = replace(data.targets, **{field.name: other(getattr(data.targets, field.name))})
        yield f"targets.{field.name}", replace(data, targets=changed)
    for field in fields(data.ranks):
        changed = replace(data.ranks, **{field.name: other(getattr(data.ranks, field.name))})
        yield f"ranks.{field.name}", replace(data, ranks=changed)
    for name in ("offset", "begin_s", "known_s"):
        yield f"market.{name}", replace(data, market=market._replace(**{name: other(getattr(market, name))}))
    for name in market.path._fields:
        path = market.path._replace(**{name: other(getattr(market.path, name))})
        yield f"market.path.{name}", replace(data, market=market._replace(path=path))
    for name in market.bar.dtype.names:
        bar = market.bar.copy()
        bar[name] = other(bar[name])
        yield f"market.bar.{name}", replace(data, market=market._replace(bar=bar))


def assert_all_are_seen(data: Dataset, sha256: Callable[[Dataset], str]) -> None:
    unseen = [name for name, changed in changes(data) if sha256(changed) == sha256(data)]
    assert sorted(unseen) == sorted(PARTS + COUNTS)


def test_every_number_but_parts_and_counts_moves_the_content(data: Dataset):
    assert_all_are_seen(data, lambda each: each.content_sha256)
    names = {name for name, _ in changes(data)}
    assert names >= {
        "median_turnover_rub", "shortable", "ewma_volatility", "trading_day", "eligible", "usable",
        "market.bar.price_step_rub", "market.bar.lot_size", "market.bar.has_volume", "targets.entry_bar",
    }  # fmt: skip


def test_the_test_sees_a_fingerprint_that_forgets_a_table(data: Dataset):
    with pytest.raises(AssertionError, match=r"market\.bar"):
        assert_all_are_seen(data, lambda each: replace(each, market=data.market).content_sha256)


def test_parts_move_the_datasets_fingerprint_and_counts_do_not(data: Dataset):
    changed = dict(changes(data))
    for name in PARTS:
        assert changed[name].sha256 != data.sha256
    for name in COUNTS:
        assert changed[name].sha256 == data.sha256
    assert changed["market.bar.lot_size"].sha256 != data.sha256


def test_a_dataset_without_ranks_keeps_its_fingerprint(data: Dataset):
    held = {
        own.name: getattr(data, own.name)
        for own in fields(data)
        if own.name not in (*PARTS, *COUNTS, "ranks")
    }
    assert replace(data, ranks=None).content_sha256 == data_sha256(held)


def test_the_place_in_memory_moves_nothing(data: Dataset):
    bar = np.full(data.market.bar.size, 255, dtype=np.uint8).repeat(data.market.bar.itemsize)
    bar = bar.view(data.market.bar.dtype)  # other bytes between the columns
    for name in bar.dtype.names:
        bar[name] = data.market.bar[name]
    assert bar.tobytes() != data.market.bar.tobytes()
    moved = replace(
        data,
        values=np.asfortranarray(data.values),
        market=data.market._replace(bar=bar, begin_s=np.repeat(data.market.begin_s, 2)[::2]),
        lookback_bars=np.int64(data.lookback_bars),
    )
    assert moved.sha256 == data.sha256


def test_other_terms_of_trading_make_another_dataset():
    def content(**terms: np.ndarray) -> str:
        shares = instruments(days=60)
        shares[1] = replace(shares[1], terms=replace(shares[1].terms, **terms))
        whole = dataset_assemble(shares, features=FEATURES, label_set=label_set(), lookback_bars=8)
        return whole.content_sha256

    n = len(instruments(days=60)[1].bars)
    found = {
        content(),
        content(price_step_rub=np.full(n, 0.02)),
        content(lot_size=np.full(n, 10)),
        content(shortable=np.zeros(n, dtype=np.bool_)),
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ({"a": np.array([1, 2])}, {"a": np.array([1.0, 2.0])}),
        ({"a": np.array([1, 2])}, {"a": np.array([[1, 2]])}),
        ({"a": np.array([1]), "b": np.array([2])}, {"a": np.array([2]), "b": np.array([1])}),
        ({"a": ("x", "yz")}, {"a": ("xy", "z")}),
        ({"a": None}, {"b": None}),
    ],
)
def test_kinds_shapes_and_names_count(one: object, another: object):
    assert data_sha256(one) != data_sha256(another)
    assert data_sha256(one) == data_sha256(one)
