"""What a test that has killed a process waits for."""

from __future__ import annotations

from django.db import connection

HELD = """
SELECT count(*), pg_sleep(0.01) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def wait_for_free_locks() -> None:
    """Wait until PostgreSQL has noticed that another process is gone: nobody holds an advisory lock any more."""
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute(HELD)
            if cursor.fetchone()[0] == 0:
                return
    raise AssertionError("the lock of a killed process was not freed within ten seconds")
