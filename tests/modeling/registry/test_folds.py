"""What folds said, into the artifact and back."""

from __future__ import annotations

import io
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from modeling.errors import ArtifactBrokenError
from modeling.registry.folds import OutOfSample, folds_bytes, folds_read
from tests.modeling.fitting.said_maker import said


def folds() -> list[dict[str, OutOfSample]]:
    return [
        {"1d": said(days=3, seed=k), "10d": said(days=2, seed=9 + k, prior=-0.1234567890123)}
        for k in range(3)
    ]


def test_rows_come_back_by_fold_and_horizon_as_networks_gave_them():
    wanted = folds()
    read = folds_read(folds_bytes(wanted))
    assert [list(own) for own in read] == [["1d", "10d"]] * 3
    for one, other in zip(wanted, read, strict=True):
        for horizon, own in one.items():
            for name in (field.name for field in fields(OutOfSample)):
                array, back = getattr(own, name), getattr(other[horizon], name)
                exact = array.astype(np.float32) if "logit" in name else array
                np.testing.assert_array_equal(back, exact)
                assert back.dtype == (np.int64 if name == "day" else np.float64)


def test_equal_rows_are_equal_bytes_and_others_are_not():
    assert folds_bytes(folds()) == folds_bytes(folds())
    other = folds()
    other[0]["1d"] = replace(other[0]["1d"], p_long=1.0 - other[0]["1d"].p_long)
    assert folds_bytes(other) != folds_bytes(folds())


def pickled() -> bytes:
    held = io.BytesIO()
    np.savez(held, **{"0:1d:day": np.array([{"a": 1}], dtype=object)})
    return held.getvalue()


def lacking() -> bytes:
    held = io.BytesIO()
    np.savez(held, **{"0:1d:day": np.arange(3)})
    return held.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"no zip", pickle.dumps({"a": 1}), pickled(), lacking(), folds_bytes(folds())[:-30]]
)
def test_other_content_is_refused(content: bytes):
    with pytest.raises(ArtifactBrokenError, match="train again"):
        folds_read(content)
