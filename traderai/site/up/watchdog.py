"""Stops what a killed `up` left behind; a program of its own, started by `processes.py`.

It holds the read end of a pipe whose write end lives in `up` alone. `up` writes what it starts:
`start PID SIGNAL`, `end PID`, `remove PATH`, and `bye` at a clean stop. When the pipe closes without a `bye`, `up` was killed, and
everything still listed is stopped. The lock of the state folder is inherited too, so no second `up` starts meanwhile.

Standard library only: it must cost nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
from pathlib import Path

PATIENCE_TICKS = 200  # of 50 ms


def main(descriptor: int) -> None:
    """Follow what `up` starts; act when it is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    running: dict[int, int] = {}
    files: list[Path] = []
    with os.fdopen(descriptor, encoding="utf-8") as pipe:
        for line in pipe:
            verb, _, rest = line.rstrip("\n").partition(" ")
            if verb == "start":
                pid, _, stop_signal = rest.partition(" ")
                running[int(pid)] = int(stop_signal)
            elif verb == "end":
                running.pop(int(rest), None)
            elif verb == "remove":
                files.append(Path(rest))
            elif verb == "bye":
                return
    _stop_all(running)
    for path in files:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _stop_all(running: dict[int, int]) -> None:
    # Newest first: workers and web before the databases that they use.
    for pid, number in reversed(running.items()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # SIGKILL takes the whole group; a database gets its own gentle signal and stops its children itself.
            os.killpg(pid, number) if number == signal.SIGKILL else os.kill(pid, number)
    for _ in range(PATIENCE_TICKS):
        if not any(_alive(pid) for pid in running):
            break
        select.select([], [], [], 0.05)
    for pid in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(
                pid, signal.SIGQUIT if _alive(pid) and running[pid] == signal.SIGINT else signal.SIGKILL
            )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


if __name__ == "__main__":
    main(int(sys.argv[1]))
