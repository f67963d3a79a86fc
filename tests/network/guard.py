"""Refuses every connection that would leave this machine.

An audit hook, not a patched class: Python reports `socket.connect` whichever way the call was made, and a hook cannot
be taken off by a library that patches sockets itself.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_state = {"installed": False, "closed": True}


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine."""


def install() -> None:
    """Guard this process from now on; repeating does nothing."""
    if not _state["installed"]:
        _state["installed"] = True
        sys.addaudithook(_hook)


@contextmanager
def lifted() -> Iterator[None]:
    """Let connections pass, to show that it is the guard that stops them."""
    _state["closed"] = False
    try:
        yield
    finally:
        _state["closed"] = True


def is_local(host: object) -> bool:
    """Return whether a host is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name).split("%")[0]).is_loopback
    except ValueError:
        return False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _state["closed"]:
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        connection, address = arguments[0], arguments[1]
        family = getattr(connection, "family", None)
        if family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            _refuse_unless_local(address[0])
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        # A numeric address asks no name server; whether it may be connected to is decided above.
        if not _is_numeric(host):
            _refuse_unless_local(host)


def _is_numeric(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return True


def _refuse_unless_local(host: object) -> None:
    if not is_local(host):
        raise NetworkBlockedError(f"tests stay on this machine; something wanted to reach {host!r}")
