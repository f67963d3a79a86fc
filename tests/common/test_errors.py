from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traderai.common import errors


@pytest.mark.parametrize(
    ("given_name", "hint"),
    [("SBRE", " (did you mean 'SBER'?)"), ("sber", " (did you mean 'SBER'?)"), ("XXXX", ""), ("", "")],
)
def test_the_nearest_name_is_offered(given_name, hint):
    assert errors.did_you_mean(given_name, ["SBER", "GAZP"]) == hint


@given(st.text(), st.lists(st.text()))
def test_a_hint_is_always_a_known_name(given_name, known):
    hint = errors.did_you_mean(given_name, known)
    assert hint == "" or any(repr(name) in hint for name in known)


def test_an_error_keeps_its_detail_code_and_field():
    error = errors.InputError("horizon must be at least 1, was 0", code="bad_horizon", field="horizon")
    assert (str(error), error.code, error.field) == (error.detail, "bad_horizon", "horizon")
    assert errors.TransientError("x").code == "unavailable"
    assert errors.TransientError.code == "unavailable"  # an instance's own code does not leak


def test_every_class_is_caught_as_ours():
    for name in (
        "InputError",
        "NotFoundError",
        "ConflictError",
        "NotReadyError",
        "TransientError",
        "InvariantError",
    ):
        assert issubclass(getattr(errors, name), errors.TraderAIError)
