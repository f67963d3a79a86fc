"""The collector rests for the work that asks for it, and comes back as it was."""

from __future__ import annotations

import gc

import pytest

from traderai.common.collector import collector_paused


def test_it_rests_meanwhile_and_comes_back_after_an_error_too():
    with collector_paused(), collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"), collector_paused():
        raise ValueError("broken")
    assert gc.isenabled()


def test_one_that_was_off_stays_off():
    gc.disable()
    try:
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
