"""The commands of earlier systems are thin: what is asked wrongly is told in words before anything is loaded or counted."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from modeling.models import Trial

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("walk_forward", "random_forrest"), "did you mean 'random_forest'"),
        (("walk_forward", "random_forest", "--folds", "0"), "folds must be at least 1"),
        (("walk_forward", "random_forest", "--until", "soon"), "must be a day like"),
        (("walk_forward", "global_swing_v1"), "recipe"),
        (("walk_forward", "random_forest"), "SBER|CHMF"),  # no such share is here
        (("optimize_hyperparameters", "xgboost", "--tries", "0"), "tries must be at least 1"),
        (
            ("optimize_hyperparameters", "xgboost", "--tries", "2", "--set", "estimator=logistic", "--set", "parameters={}"),
            "names no parameters to search",
        ),
        (("optimize_hyperparameters", "xgboost", "--tries", "2", "--set", "parameters.max_dept=3"), "max_depth"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(words, told):
    with pytest.raises(CommandError, match=told):
        call_command(*words, stdout=StringIO(), stderr=StringIO())
    assert not Trial.objects.exists()
