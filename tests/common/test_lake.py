from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traderai.common.errors import InvariantError, NotFoundError
from traderai.common.lake import lake_at, sha256_hex


@pytest.fixture
def lake(tmp_path):
    return lake_at(f"file://{tmp_path / 'lake'}")


@given(st.binary(max_size=4096))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(lake, content):
    sha256 = lake.write("a/b.bin", content)
    assert sha256 == sha256_hex(content)
    assert lake.read("a/b.bin", sha256=sha256) == content


def test_a_corrupt_object_is_refused(lake):
    sha256 = lake.write("a.bin", b"good")
    lake.local_path("a.bin").write_bytes(b"evil")
    with pytest.raises(InvariantError, match="corrupt") as caught:
        lake.read("a.bin", sha256=sha256)
    assert caught.value.code == "checksum_mismatch"
    assert lake.read("a.bin") == b"evil"  # the sabotage: without the checksum nobody would notice


def test_a_missing_object_is_said(lake):
    assert not lake.exists("a.bin")
    with pytest.raises(NotFoundError, match=r"a\.bin"):
        lake.read("a.bin")
    lake.delete("a.bin")


def test_deleting_removes(lake):
    lake.write("a.bin", b"x")
    assert lake.exists("a.bin")
    lake.delete("a.bin")
    assert not lake.exists("a.bin")


@pytest.mark.parametrize("key", ["/etc/passwd", "../x", "a/../../x", ".."])
@pytest.mark.parametrize("act", ["read", "exists", "delete", "local_path"])
def test_a_key_cannot_leave_the_lake(lake, key, act):
    with pytest.raises(InvariantError, match="inside the lake"):
        getattr(lake, act)(key)
    with pytest.raises(InvariantError, match="inside the lake"):
        lake.write(key, b"x")


def test_a_write_that_is_cut_leaves_the_old_object(lake, monkeypatch):
    lake.write("a.bin", b"old")

    def cut(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(OSError, match="No space"):
        lake.write("a.bin", b"new, longer than the old")
    assert lake.read("a.bin") == b"old"


@pytest.mark.parametrize("url", ["http://example.org/x", "/var/lake", ""])
def test_another_kind_of_lake_is_refused(url):
    with pytest.raises(InvariantError, match="file:// or s3://"):
        lake_at(url)
