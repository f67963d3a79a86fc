"""Builds features again and again, each time in a process of its own that a test may kill.

`python -m tests.features.rebuilder [SABOTAGE]` answers each line on its input by forking a child that runs
`manage.py build_features --rebuild`: it prints the child's process id at once, and its wait status when it is gone.
What a build imports and compiles is loaded before, so that the child is at work from its first millisecond.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django


def main() -> None:
    """Serve until the input ends."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "traderai.site.settings.test"
    django.setup()
    from django.core.management import call_command

    from features.kernels.engine import features_of
    from features.management.commands import build_features
    from features.selectors.catalogue import feature_set_get, feature_specs
    from tests.features.series import random_bars

    for name in sys.argv[1:]:
        {"rows_one_by_one": rows_one_by_one, "files_in_place": files_in_place}[name]()
    # No thread may have begun and no connection may be open when a child is forked.
    facts = feature_set_get(name="tech_v1")
    features_of(random_bars(700, seed=1), feature_specs(name="tech_v1"), warmup_bars=facts.warmup_bars)
    print("ready", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                call_command(build_features.Command(), rebuild=True)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def rows_one_by_one() -> None:
    """Spoil the store: the rows of a month are switched each for itself, as they would be without a transaction."""
    from features import store

    whole = store.snapshots_switch

    def switch(snapshots: Any, **options: Any) -> None:
        for one in snapshots:
            whole([one], **options)

    store.snapshots_switch = switch


def files_in_place() -> None:
    """Spoil the store: a month has one place, where the new bytes are written over the old ones."""
    from features import store
    from traderai.common import lake

    def place(facts: Any, timeframe: Any, file: Any) -> str:
        return f"features/{facts.key}/{timeframe.value}/{file.secid}/{file.month:%Y-%m}.parquet"

    def write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    store.file_key = place
    lake._write_local = write


if __name__ == "__main__":
    main()
