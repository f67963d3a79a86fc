"""A Redis in Python on loopback, for machines that have none: `python -m traderai.site.up.imitation_redis PORT`."""

from __future__ import annotations

import sys

from fakeredis import TcpFakeServer


def main(port: int) -> None:
    """Serve until killed."""
    TcpFakeServer(("127.0.0.1", port), server_type="redis").serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
