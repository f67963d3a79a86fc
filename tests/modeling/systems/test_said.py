"""What a training said, stored: it comes back whole, equal content as equal bytes, nothing unpickled."""

from __future__ import annotations

import io
from dataclasses import fields

import numpy as np
import pytest

from modeling.errors import ArtifactBrokenError
from modeling.systems.said_file import Booked, SaidFile, said_bytes, said_read
from tests.modeling.systems.said_maker import said_file
from traderai.common.config import fingerprint


def test_what_is_stored_comes_back_whole():
    said = said_file("xgboost", planted=True)
    again = said_read(said_bytes(said))
    assert said_bytes(again) == said_bytes(said)
    assert fingerprint(again.account) == fingerprint(said.account)
    for own in fields(SaidFile):
        if isinstance(getattr(said, own.name), np.ndarray):
            np.testing.assert_array_equal(getattr(again, own.name), getattr(said, own.name))
    assert [own.name for own in again.speakers] == [
        "xgboost",
        "base rate",
        "last move",
        "logistic regression",
    ]
    assert again.classes == ("down", "up")


def test_trades_carry_the_share_the_days_and_what_they_made_of_the_account():
    said = said_file("xgboost", planted=True)
    own: Booked = said.speakers[0].booked
    assert own.net_frac.size > 30
    assert np.all((own.entry_day <= own.exit_day) & np.isin(own.exit_day, said.days))
    # What all trades made of the capital before them is the account, but for what compounds within a trade.
    booked = np.zeros(said.days.size)
    np.add.at(booked, np.searchsorted(said.days, own.exit_day), own.capital_frac)
    assert booked.sum() == pytest.approx(np.log1p(own.daily_net).sum(), rel=0.05, abs=0.01)
    taken = said.speakers[0].side != 0
    assert own.net_frac.size <= taken.sum()


@pytest.mark.parametrize("content", [b"", b"no zip", "pickled"])
def test_what_is_no_such_file_is_refused(content):
    if content == "pickled":
        held = io.BytesIO()
        np.savez(held, about=np.array([{"a": 1}], dtype=object))
        content = held.getvalue()
    with pytest.raises(ArtifactBrokenError, match="train again"):
        said_read(content)
