"""Where PostgreSQL and Redis are: the environment says so, else the file that a running `manage.py up` left.

No Django here: the settings import it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SERVICES_FILE = "run/services.json"


def state_dir(base_dir: Path) -> Path:
    """Return the folder of everything that is not source: databases, lake, logs, caches."""
    return Path(os.environ.get("TRADERAI_STATE_DIR") or base_dir / ".state").resolve()


def endpoint(variable: str, *, state: Path) -> str:
    """Return the URL in an environment variable, else the one of the running embedded services, else ""."""
    given = os.environ.get(variable, "")
    if given:
        return given
    try:
        return str(json.loads((state / SERVICES_FILE).read_text(encoding="utf-8")).get(variable, ""))
    except (OSError, ValueError):
        return ""


def broker_url(redis_url: str) -> str:
    """Return a Redis URL as Celery spells it; the two differ for unix sockets only.

    `unix:///run/redis.sock?db=2` becomes `redis+socket:///run/redis.sock?virtual_host=2`.
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
