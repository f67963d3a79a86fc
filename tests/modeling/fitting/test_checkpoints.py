"""A fit that was cut off goes on to the same weights; what cannot be gone on with is begun anew, what is old is swept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

import keras

from modeling.fitting.batches import scaler_fit
from modeling.fitting.checkpoints import STALE_S, SUFFIX, Checkpoint, checkpoints_sweep
from modeling.fitting.dataset import Dataset
from modeling.fitting.training import Fitted, network_fit
from tests.modeling.synthetic import dataset, tiny_recipe

RECIPE = tiny_recipe(
    **{
        "fit.max_epochs": 4,
        "fit.max_windows_per_epoch": 500,
        "fit.max_fit_minutes": 60.0,
        "network.dropout_frac": 0.3,  # so that the states of random seeds count
    }
)


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=120, planted=True)


def fitted(
    data: Dataset, folder: Path | None, *, seed: int = 1, killed_in: int = 99
) -> tuple[Fitted, list[int]]:
    """Return what a fit made and the epochs that it told of; it dies in one before that is written down."""
    told: list[int] = []

    def say(epoch: int, _of: int, _what: str) -> None:
        if epoch == killed_in:
            raise Killed
        told.append(epoch)

    made = network_fit(data, RECIPE, scaler=scaler_fit(data), seed=seed, say=say, checkpoints=folder)
    return made, told


@pytest.fixture(scope="module")
def cut_off(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a fit leaves that died in its third epoch; every test goes on with a copy."""
    folder = tmp_path_factory.mktemp("cut_off")
    with pytest.raises(Killed):
        fitted(data, folder, killed_in=3)
    (left,) = folder.iterdir()
    return left


@pytest.fixture
def left(cut_off: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(cut_off, tmp_path))


def test_a_fit_that_was_cut_off_goes_on_to_the_same_weights_to_the_bit(
    data: Dataset, left: Path, tmp_path: Path
):
    whole, told = fitted(data, None)
    assert told == [1, 2, 3, 4]
    other, told = fitted(data, tmp_path, seed=2)  # of another seed: another fit
    assert told == [1, 2, 3, 4] and list(tmp_path.iterdir()) == [left]
    resumed, told = fitted(data, tmp_path)
    assert told == [3, 4]
    assert list(tmp_path.iterdir()) == []  # it is done
    assert (resumed.epochs, resumed.stopped_by) == (4, "epochs")
    assert resumed.learning_curve == whole.learning_curve
    weights = [made.networks.training.get_weights() for made in (resumed, whole, other)]
    for own, wanted in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert any((own != else_).any() for own, else_ in zip(weights[0], weights[2], strict=True))


def test_the_time_before_it_was_cut_off_counts(data: Dataset, left: Path, tmp_path: Path):
    spend(left, seconds=2.0 * 3600)
    resumed, told = fitted(data, tmp_path)
    assert (told, resumed.stopped_by) == ([3], "minutes")
    assert resumed.seconds > 2 * 3600


def spend(path: Path, *, seconds: float) -> None:
    """Write into a checkpoint that its fit has taken so long."""
    with np.load(path) as held:
        arrays = dict(held)
    told = json.loads(arrays["figures"].tobytes()) | {"spent_s": seconds}
    arrays["figures"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def test_a_file_holds_numbers_alone_and_of_another_network_is_not_taken(left: Path):
    with np.load(left, allow_pickle=False) as held:
        assert {array.dtype.kind for array in held.values()} <= {"f", "i", "u"}
    again = Checkpoint(left, None, keras.callbacks.EarlyStopping())
    again.restore(small_network())
    assert again.epoch == 0  # of another network: it is not taken
    again.done()
    assert not left.exists()


def small_network() -> keras.Model:
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("sgd", loss="mse")
    return network


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda whole: whole[:-40], lambda _: b"no zip"])
def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path, spoil: Callable[[bytes], bytes]):
    path = tmp_path / f"x{SUFFIX}"
    with path.open("wb") as file:
        np.savez(file, figures=np.zeros(3, np.uint8))
    path.write_bytes(spoil(path.read_bytes()))
    found = Checkpoint(path, None, keras.callbacks.EarlyStopping())
    found.restore(None)
    assert (found.epoch, found.history) == (0, {})


def test_what_nobody_came_back_to_is_swept(tmp_path: Path):
    now_s = 10**9
    for name, age_s in (("old", STALE_S + 1), ("new", STALE_S - 1)):
        path = tmp_path / f"{name}{SUFFIX}"
        path.write_bytes(b"x")
        os.utime(path, (now_s - age_s, now_s - age_s))
    (tmp_path / "of others").write_bytes(b"x")
    assert checkpoints_sweep(tmp_path, now_s=now_s) == (f"old{SUFFIX}",)
    assert checkpoints_sweep(tmp_path, now_s=now_s) == ()
    assert len(list(tmp_path.iterdir())) == 2
    assert checkpoints_sweep(tmp_path / "none", now_s=now_s) == ()
