from __future__ import annotations

import contextlib
import socket
import threading

import httpx
import pytest

from tests.network import guard

OUTSIDE = ("192.0.2.1", 9)  # a documentation address that nobody has


def test_the_guard_stops_a_connection_out():
    with socket.socket() as probe, pytest.raises(guard.NetworkBlockedError, match=r"192\.0\.2\.1"):
        probe.connect(OUTSIDE)


def test_the_guard_stops_a_datagram_out():
    with socket.socket(type=socket.SOCK_DGRAM) as probe, pytest.raises(guard.NetworkBlockedError):
        probe.sendto(b"x", OUTSIDE)


def test_the_guard_stops_name_resolution():
    with pytest.raises(guard.NetworkBlockedError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_the_guard_stops_an_http_client():
    with pytest.raises(guard.NetworkBlockedError):
        httpx.get("https://iss.moex.com/iss/engines.json")


def test_without_the_guard_the_same_connection_is_tried():
    """The sabotage: what stops the connection is the guard, not the machine."""
    with guard.lifted(), socket.socket() as probe:
        probe.setblocking(False)
        with contextlib.suppress(OSError):
            probe.connect(OUTSIDE)  # begun, or refused by the system: either way the guard let it pass
    with socket.socket() as probe, pytest.raises(guard.NetworkBlockedError):
        probe.connect(OUTSIDE)


@pytest.mark.parametrize("family", ["loopback", "unix"])
def test_this_machine_stays_reachable(family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a short relative path: unix sockets allow about 100 characters
    address = ("127.0.0.1", 0) if family == "loopback" else "probe.sock"
    kind = socket.AF_INET if family == "loopback" else socket.AF_UNIX
    with socket.socket(kind) as server:
        server.bind(address)
        server.listen()
        accepting = threading.Thread(target=lambda: server.accept()[0].close())
        accepting.start()
        with socket.socket(kind) as client:
            client.connect(server.getsockname())
        accepting.join(timeout=5)
        assert not accepting.is_alive()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("example.org", False)],
)
def test_what_counts_as_this_machine(host, local):
    assert guard.is_local(host) is local
