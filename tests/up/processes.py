"""Finding the processes of one `up` and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(mark: str, **more: str) -> dict[str, str]:
    """Return the environment of a process that is to be found again; nothing in it leads off this machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "LAKE_URL"}
    }
    return (
        kept
        | {
            "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
            "ISS_BASE_URL": "http://127.0.0.1:9/iss",
            "TRADERAI_TEST_MARK": mark,
            "PYTHONUNBUFFERED": "1",
        }
        | more
    )


def marked(mark: str, folder: Path) -> list[tuple[int, str]]:
    """Return the living processes that carry the mark or work in the folder, with their command lines."""
    return [
        (pid, _text(pid, "cmdline").replace("\0", " "))
        for pid in _all_pids()
        if pid != os.getpid()
        and not _is_zombie(pid)
        and (f"TRADERAI_TEST_MARK={mark}" in _text(pid, "environ") or _works_in(pid, folder))
    ]


def wait_for(what: Callable[[], bool], *, timeout_s: float, text: Callable[[], str] = str) -> None:
    give_up_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < give_up_s, f"not within {timeout_s} s: {text()}"
        time.sleep(0.05)


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


class Running:
    """A command in the background, its output in a file, killed with everything it started at the end."""

    def __init__(self, arguments: list[str], *, mark: str, folder: Path, **more: str) -> None:
        self.mark, self.folder = mark, folder
        self.log = folder / "screen.log"
        with self.log.open("ab") as stream:
            self.popen = subprocess.Popen(
                arguments,
                env=environment(mark, **more),
                stdout=stream,
                stderr=stream,
                cwd=ROOT,
                start_new_session=True,
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.popen.kill()
        self.popen.wait()
        for pid, _ in marked(self.mark, self.folder):
            os.kill(pid, signal.SIGKILL)

    def screen(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until_said(self, text: str, *, timeout_s: float = 60.0) -> None:
        wait_for(
            lambda: text in self.screen() or self.popen.poll() is not None,
            timeout_s=timeout_s,
            text=self.screen,
        )
        assert text in self.screen(), self.screen()

    def all(self) -> list[tuple[int, str]]:
        return marked(self.mark, self.folder)


def _all_pids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _text(pid: int, name: str) -> str:
    try:
        return (Path("/proc") / str(pid) / name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_zombie(pid: int) -> bool:
    return _text(pid, "stat").rpartition(")")[2].split()[:1] in (["Z"], ["X"], [])


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return folder in (Path("/proc") / str(pid) / "cwd").readlink().parents
    except OSError:
        return False
