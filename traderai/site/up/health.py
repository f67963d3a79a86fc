"""Whether the web process answers: `python -m traderai.site.up.health [HOST [PORT]]`; exit 0 if it does."""

from __future__ import annotations

import http.client
import sys


def web_answers(host: str, port: int) -> bool:
    """Return whether the web process answers a request; any answer below 500 counts."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    host_and_port = sys.argv[1:] + ["127.0.0.1", "8000"][len(sys.argv) - 1 :]
    sys.exit(0 if web_answers(host_and_port[0], int(host_and_port[1])) else 1)
