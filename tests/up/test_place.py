from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from traderai.common.errors import ConflictError, InputError
from traderai.site.up import place


def test_a_busy_port_is_refused_with_another_one():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(InputError, match=rf"cannot listen on 127\.0\.0\.1:{port}.*PORT={port + 1}"):
            place.port_check("127.0.0.1", port)
    place.port_check("127.0.0.1", port)


def test_a_state_folder_that_cannot_be_made_is_refused_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="--state-dir or TRADERAI_STATE_DIR"):
        place.state_open(tmp_path / "file" / "state")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_state_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    """Root may write everywhere, so the refusal of the system is played."""

    def refuse(*_args, **_named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(place.tempfile, "TemporaryFile", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        place.state_open(tmp_path / "a" / "state")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/1").is_dir(), reason="needs a file system that nobody can write to")
def test_a_read_only_file_system_is_refused():
    with pytest.raises(InputError, match="cannot be written"):
        place.state_open(place.Path("/proc/1/state"))


def test_a_second_lock_is_refused_and_names_the_owner(tmp_path):
    place.state_open(tmp_path)
    lock = place.lock_take(tmp_path, url="http://127.0.0.1:8000")
    with pytest.raises(ConflictError, match=rf"process {os.getpid()}, http://127\.0\.0\.1:8000"):
        place.lock_take(tmp_path, url="http://127.0.0.1:8001")
    os.close(lock)
    os.close(place.lock_take(tmp_path, url="http://127.0.0.1:8001"))


def test_the_lock_of_a_killed_owner_is_waited_for_while_its_watchdog_cleans_up(tmp_path):
    place.state_open(tmp_path)
    lock = place.lock_take(tmp_path, url="x")
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"999999999 x\n", 0)  # a number that no process has
    cleaner = subprocess.Popen(["sleep", "1"], pass_fds=(lock,))
    os.close(lock)
    os.close(place.lock_take(tmp_path, url="x"))
    assert cleaner.wait(timeout=5) == 0


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    assert os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not place.is_alive(child.pid)
    child.wait()
    assert place.is_alive(os.getpid())
