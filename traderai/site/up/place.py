"""Where the embedded services keep their files, who they run as, and who else is using that place."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from traderai.common import clock
from traderai.common.errors import ConflictError, InputError

Say = Callable[[str], None]
LOCK_FILE = "run/up.lock"
# A unix socket's path holds 103 characters on macOS, 107 on Linux.
SOCKET_PATH_MAX = 100
_SOCKET_TAIL = "/pg-socket/.s.PGSQL.5432.lock"
# How long the watchdog of a killed `up` may need to stop what it left behind.
_CLEANUP_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The unprivileged account that PostgreSQL runs as when we are root; it refuses to run as root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of one installation."""

    state: Path  # everything that is not source
    home: Path  # the databases' data and sockets; the state folder itself wherever that is possible
    account: Account | None  # None: services run as whoever we are


def service_account() -> Account | None:
    """Return the account for services when we are root, None when we are somebody already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise InputError(
        "PostgreSQL refuses to run as root, and this machine has neither the account postgres nor nobody: "
        "run as an ordinary user, or name a running server in DATABASE_URL"
    )


def state_open(state: Path) -> None:
    """Make the state folder and see that it can be written; nothing is left behind where it cannot.

    Raises: InputError with the remedy.
    """
    made = _missing_parents(state / "run")
    try:
        (state / "run").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=state / "run") as probe:
            probe.write(b"x")
    except OSError as error:
        for folder in made:
            if folder.is_dir():
                folder.rmdir()
        raise InputError(
            f"the state directory {state} cannot be written ({error.strerror or error}): name another one with "
            "--state-dir or TRADERAI_STATE_DIR, or give this user the right to write there",
            field="state_dir",
        ) from error


def _missing_parents(folder: Path) -> list[Path]:
    chain = [folder, *folder.parents]
    return [path for path in chain if not os.path.lexists(path)]


def lock_take(state: Path, *, url: str) -> int:
    """Return the descriptor of the lock of a state folder, held until it is closed in every process.

    The watchdog inherits it: after kill -9 the lock stays taken until nothing of the killed run is left.

    Raises: ConflictError while another `up` lives.
    """
    descriptor = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_s = clock.monotonic_s() + _CLEANUP_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            owner, _, where = os.pread(descriptor, 200, 0).decode(errors="replace").strip().partition(" ")
            alive = owner.isdigit() and is_alive(int(owner))
            if alive or clock.monotonic_s() > give_up_s:
                os.close(descriptor)
                raise ConflictError(
                    f"TraderAI already runs in {state} (process {owner}{', ' if where else ''}{where}): "
                    "use that one, stop it with Ctrl-C there, or give this one its own --state-dir",
                    code="already_running",
                ) from None
            pause(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()} {url}\n".encode(), 0)
    return descriptor


def pause(seconds: float) -> None:
    """Wait; a clock that tests set does not change it."""
    import select

    select.select([], [], [], seconds)


def is_alive(pid: int) -> bool:
    """Return whether a process exists and has not ended (a zombie has)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def port_check(host: str, port: int) -> None:
    """See that the web server will be able to listen.

    Raises: InputError with the remedy.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise InputError(
            f"cannot listen on {host}:{port} ({error.strerror or error}): stop the program that uses the port, "
            f"or choose another one, such as PORT={port + 1} (--port {port + 1})",
            code="port_busy",
            field="port",
        ) from error


def place_choose(state: Path, *, say: Say) -> Place:
    """Return where services keep their files: in the state folder, else in a short private one under /var/tmp.

    The second is needed where the service account cannot walk to the state folder, or the path is too long for a
    unix socket. Permissions of parent folders are never touched.
    """
    account = service_account()
    reason = ""
    if len(str(state)) + len(_SOCKET_TAIL) > SOCKET_PATH_MAX:
        reason = "its path is too long for a unix socket"
    elif account is not None and not _can_enter(state, account):
        reason = f"the account {account.name} cannot enter it"
    if not reason:
        return Place(state=state, home=state, account=account)
    digest = hashlib.sha256(str(state).encode()).hexdigest()[:16]
    home = Path("/var/tmp") / f"traderai-{digest}"  # noqa: S108  # private: checked below
    _private_folder(home, account)
    say(f"the databases' files lie in {home} instead of {state}, since {reason}")
    return Place(state=state, home=home, account=account)


def private_folder(folder: Path, account: Account | None) -> None:
    """Make a folder that only the services' account (and root) can enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _private_folder(folder: Path, account: Account | None) -> None:
    owner = account.uid if account is not None else os.geteuid()
    if os.path.lexists(folder):
        facts = folder.lstat()
        # The name can be guessed and everybody may write to /var/tmp.
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != owner or stat.S_IMODE(facts.st_mode) != 0o700:
            raise InputError(f"{folder} is not our private folder; remove it, or name another --state-dir")
        return
    private_folder(folder, account)


def _can_enter(folder: Path, account: Account) -> bool:
    found = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    return found.returncode == 0
