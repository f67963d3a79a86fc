from __future__ import annotations

import os

import pytest

from traderai.common.native_stderr import native_stderr_held


def test_native_chatter_is_held_and_the_stream_comes_back(capfd):
    with native_stderr_held():
        os.write(2, b"chatter\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_was_said_before_a_failure_is_shown(capfd):
    with pytest.raises(ImportError), native_stderr_held():
        os.write(2, b"why it failed\n")
        raise ImportError
    assert capfd.readouterr().err == "why it failed\n"
