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


def test_several_fields_are_told_at_once():
    problems = [errors.FieldProblem(field=f"rows.{n}", code="bad", detail=f"was {n}") for n in range(2)]
    error = errors.FieldsError(problems)
    assert isinstance(error, errors.InputError) and error.problems == tuple(problems)
    assert (error.detail, error.code) == ("rows.0: was 0; rows.1: was 1", "bad")
    other = errors.FieldProblem(field="name", code="long", detail="was long")
    assert errors.FieldsError([*problems, other]).code == "invalid", "of several kinds none is the whole's"


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
