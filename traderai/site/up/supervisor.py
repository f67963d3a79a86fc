"""A group of child processes that start behind gates, are watched, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from traderai.common import clock
from traderai.common.errors import NotReadyError
from traderai.site.up import watchdog
from traderai.site.up.place import Account, pause

_TICK_S = 0.1
_LAST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one child is started and stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    log: Path | None = None  # its output goes there; None: to the screen, each line under its name
    raw: bool = False  # its output is the screen itself, unprefixed
    stop_signal: int = signal.SIGTERM
    orphan_signal: int = signal.SIGKILL  # sent by the watchdog when we were killed
    patience_s: float = 15.0


@dataclass(slots=True, kw_only=True)
class Child:
    """A running child."""

    plan: Plan
    popen: subprocess.Popen[bytes]
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    def tail(self) -> str:
        """Return the last lines of its output, for an error message."""
        if self.plan.log is not None and self.plan.log.is_file():
            lines = self.plan.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        else:
            lines = list(self.last_lines)
        return "\n".join(lines)


class Stopped(Exception):  # noqa: N818  # no error: somebody pressed Ctrl-C
    """Somebody asked us to stop."""


class Supervisor:
    """Starts children, watches them, stops them in the opposite order; use it as a context manager."""

    def __init__(self, *, lock: int | None = None) -> None:
        self.children: list[Child] = []
        self.stop_asked = 0
        self._screen = threading.Lock()
        self._before: dict[int, Any] = {}
        read_end, self._pipe = os.pipe()
        inherited = (read_end,) if lock is None else (read_end, lock)
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", watchdog.__file__, str(read_end)],
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        os.close(read_end)

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: the terminal may go
            self._before[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._tell("bye")
        os.close(self._pipe)
        self._watchdog.wait()
        for number, before in self._before.items():
            signal.signal(number, before)

    def say(self, text: str, *, name: str = "up") -> None:
        """Print a line under a name."""
        with self._screen, contextlib.suppress(OSError):
            sys.stdout.write(f"{name:<16}| {text}\n")
            sys.stdout.flush()

    def forget_at_death(self, path: Path) -> None:
        """Have a file or folder removed if we are killed."""
        self._tell(f"remove {path}")

    def start(self, plan: Plan) -> Child:
        """Start a child in a process group of its own."""
        self.raise_if_stopped()
        output: Any = subprocess.PIPE
        if plan.raw:
            output = None
        elif plan.log is not None:
            output = plan.log.open("ab")
        account = plan.account
        popen = subprocess.Popen(
            plan.argv,
            env=dict(plan.env),
            cwd=plan.cwd,
            stdin=None if plan.raw else subprocess.DEVNULL,
            stdout=output,
            stderr=None if plan.raw else subprocess.STDOUT,
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
        self._tell(f"start {popen.pid} {int(plan.orphan_signal)}")
        child = Child(plan=plan, popen=popen)
        self.children.append(child)
        if popen.stdout is not None:
            threading.Thread(target=self._copy, args=(child, popen.stdout), daemon=True).start()
        elif plan.log is not None:
            output.close()
        return child

    def gate(self, child: Child, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until a child answers.

        Raises: NotReadyError with its last words if it ends or stays silent; Stopped on Ctrl-C.
        """
        give_up_s = clock.monotonic_s() + timeout_s
        while not ready():
            self.raise_if_stopped()
            code = child.popen.poll()
            if code is not None or clock.monotonic_s() > give_up_s:
                what = (
                    f"ended with code {code}" if code is not None else f"did not answer in {timeout_s:.0f} s"
                )
                raise NotReadyError(f"{child.plan.name} {what}; its last words:\n{child.tail()}")
            pause(_TICK_S)

    def run(self, plan: Plan) -> int:
        """Run a child to its end and return its exit code.

        Raises: Stopped on Ctrl-C; NotReadyError if a service ends meanwhile.
        """
        child = self.start(plan)
        while child.popen.poll() is None:
            self.raise_if_stopped()
            self._raise_if_ended(besides=child)
            pause(_TICK_S)
        self._stop_one(child)
        return child.popen.returncode

    def watch(self) -> None:
        """Watch the children until Ctrl-C (Stopped) or until one of them ends (NotReadyError)."""
        while True:
            self.raise_if_stopped()
            self._raise_if_ended(besides=None)
            pause(_TICK_S)

    def stop(self) -> None:
        """Stop every child, the newest first; repeating does nothing."""
        while self.children:
            self._stop_one(self.children[-1])

    def raise_if_stopped(self) -> None:
        """Raise Stopped if somebody pressed Ctrl-C or sent SIGTERM."""
        if self.stop_asked:
            raise Stopped

    def _raise_if_ended(self, *, besides: Child | None) -> None:
        for child in self.children:
            if child is not besides and child.popen.poll() is not None:
                raise NotReadyError(
                    f"{child.plan.name} ended with code {child.popen.returncode}, so everything is stopped; "
                    f"its last words:\n{child.tail()}"
                )

    def _stop_one(self, child: Child) -> None:
        popen, asked_before = child.popen, self.stop_asked
        if popen.poll() is None:
            popen.send_signal(child.plan.stop_signal)
        give_up_s = clock.monotonic_s() + child.plan.patience_s
        # A second Ctrl-C ends the patience.
        while (
            popen.poll() is None
            and clock.monotonic_s() < give_up_s
            and self.stop_asked <= max(asked_before, 1)
        ):
            pause(0.02)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
        self._tell(f"end {popen.pid}")
        self.children.remove(child)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_asked += 1

    def _tell(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())

    def _copy(self, child: Child, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                text = line.decode(errors="replace").rstrip()
                child.last_lines.append(text)
                self.say(text, name=child.plan.name)
