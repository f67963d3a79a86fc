"""Learning curves for TensorBoard: event files read back record by record, and written only where they are asked for."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="event files are TensorFlow's")

from modeling.services.tracking import EVENT, curves_track  # noqa: E402

CURVES = {"loss": [2.5, 1.25, 1.0], "val_loss": [2.75, float("nan")]}


def test_the_losses_of_each_epoch_are_scalars_in_an_event_file(tmp_path: Path, settings):
    settings.TENSORBOARD_DIR = str(tmp_path / "new")
    folder = curves_track(version="global-1", curves=CURVES)
    assert folder == tmp_path / "new" / "global-1"
    (file,) = folder.glob("events.out.tfevents.*")
    found: dict[str, dict[int, float]] = {}
    for record in tf.data.TFRecordDataset(str(file)):  # checks each record's sum
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    assert {name: list(steps) for name, steps in found.items()} == {"loss": [1, 2, 3], "val_loss": [1, 2]}
    for name, figures in CURVES.items():
        np.testing.assert_array_equal(list(found[name].values()), figures)


def test_a_folder_that_cannot_be_is_logged_and_harms_nothing(
    tmp_path: Path, settings, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").write_text("")
    settings.TENSORBOARD_DIR = str(tmp_path / "file")
    with caplog.at_level(logging.WARNING, logger="modeling"):
        assert curves_track(version="global-1", curves=CURVES) is None
    assert f"{EVENT}: global-1" in caplog.text


def test_nothing_is_written_by_default(settings):
    assert settings.TENSORBOARD_DIR == ""
    assert curves_track(version="global-1", curves=CURVES) is None
