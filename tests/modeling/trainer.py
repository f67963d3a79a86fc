"""Trains again and again, each time in a process of its own that a test may kill.

`python -m tests.modeling.trainer` answers each line on its input, a number, by forking a child that trains a small
recipe on a synthetic market: it prints `child PID` at once, `stage NUMBER` whenever the child begins another stage,
and `ended STATUS` when the child is gone. Equal numbers are the same training. What a training imports and compiles is
loaded before, so that the child is at work from its first millisecond; no network is made before the fork.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import django

from traderai.common.progress import Progress


def main() -> None:
    """Serve until the input ends."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["DJANGO_SETTINGS_MODULE"] = "traderai.site.settings.test"
    django.setup()
    from modeling.services.fit import Origin, dataset_train
    from tests.modeling.synthetic import dataset, tiny_recipe

    data = dataset(days=120, planted=True)
    origin = Origin(as_of=datetime(2025, 1, 10, tzinfo=UTC), is_simulated=True)

    def train(number: int) -> None:
        recipe = tiny_recipe(
            label_set="quick_v1",
            **{
                "split.calibration_folds": 1,
                "fit.max_epochs": 1,
                "fit.max_windows_per_epoch": 1000,
                "evaluation.explain_rows": 200,
                "fit.max_fit_minutes": 5.0 + number,  # another configuration, the same network
            },
        )
        dataset_train(plan=recipe, dataset=data, origin=origin, seed=0, progress=stages_told())

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            train(int(line))
            os._exit(0)
        print(f"child {pid}", flush=True)
        print(f"ended {os.waitpid(pid, 0)[1]}", flush=True)


def stages_told() -> Progress:
    """Return what tells each new stage on the output; whatever else is printed from now on is lost."""
    told = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    stages: list[int] = []

    def progress(done: int, _total: int, _what: str) -> None:
        if not stages or stages[-1] != done:
            stages.append(done)
            os.write(told, f"stage {done}\n".encode())

    return progress


if __name__ == "__main__":
    main()
