"""Flags are other names of `--set`; what a recipe has no option for is refused with what it takes."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from modeling.fitting.recipe import recipe_load, recipe_names, recipe_read
from modeling.systems.flags import flag_overrides
from modeling.systems.recipe import SystemRecipe
from traderai.common.errors import InputError


def asked(name: str, **flags: str) -> SystemRecipe:
    given = {flag.replace("_", "-"): text for flag, text in flags.items()}
    return recipe_read(name, SystemRecipe, overrides=flag_overrides(name, given))


def test_each_flag_changes_its_key():
    own = asked(
        "price_lstm", timeframe="1h", lookback="30", horizon="3", epochs="7", batch_size="64", max_rows="5000",
        val_size="0.1", test_size="0.25",
    )  # fmt: skip
    assert (own.timeframe, own.lookback_bars, own.max_rows) == ("1h", 30, 5000)
    assert own.split.shares == (0.65, 0.1, 0.25)
    assert (own.parameters["epochs"], own.parameters["batch_rows"]) == (7, 64)
    assert own.labels().horizons == ("3bars",)


def test_one_share_of_time_leaves_the_other_as_it_was():
    before = recipe_read("xgboost", SystemRecipe).split
    after = asked("xgboost", test_size="0.3").split
    assert after.validation_frac == before.validation_frac
    assert after.train_frac == pytest.approx(0.7 - before.validation_frac)


def test_a_threshold_is_one_of_labels_that_have_one():
    three = flag_overrides("xgboost", {"threshold": "0.005"})
    own = recipe_read("xgboost", SystemRecipe, overrides=(*three, "label_set=threshold3_v1"))
    assert own.labels().threshold_frac == 0.005
    with pytest.raises(InputError, match="sign alone and has no threshold"):
        asked("xgboost", threshold="0.005").labels()


def test_networks_take_those_that_they_have():
    flags = {"lookback": "32", "epochs": "2", "batch-size": "128", "test-size": "0.15"}
    own = recipe_load("global_swing_v1", overrides=flag_overrides("global_swing_v1", flags))
    assert (own.network.lookback_bars, own.fit.max_epochs, own.fit.batch_rows) == (32, 2, 128)
    assert own.split.shares == (0.65, 0.2, 0.15)


@pytest.mark.parametrize(
    ("recipe", "flags", "message"),
    [
        ("random_forest", {"epochs": "3"}, "has no option for --epochs; it takes --timeframe"),
        ("global_swing_v1", {"threshold": "0.1"}, "has no option for --threshold"),
        ("xgboost", {"val-size": "much"}, "must be a share like 0.15"),
        ("xgboost", {"val-size": "1.5"}, "within"),
        ("xgboost", {"val-size": "0.5", "test-size": "0.5"}, "must leave rows to train on"),
        ("xgbost", {"max-rows": "5"}, "did you mean 'xgboost'"),
    ],
)
def test_what_a_recipe_does_not_take_is_refused_with_what_it_takes(recipe, flags, message):
    with pytest.raises(InputError, match=message):
        flag_overrides(recipe, flags)


def test_the_command_says_so_too():
    with pytest.raises(CommandError, match="has no option for --epochs"):
        call_command("train", "random_forest", "--epochs", "3")


def test_whatever_a_recipe_may_leave_out_can_be_set():
    assert recipe_read("xgboost", SystemRecipe, overrides=("max_rows=99",)).max_rows == 99
    for name in recipe_names():
        flag_overrides(name, {"timeframe": "1h"})
    with pytest.raises(InputError, match="did you mean 'max_rows'"):
        recipe_read("xgboost", SystemRecipe, overrides=("max_row=99",))
