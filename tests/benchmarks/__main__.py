"""`make bench`: every benchmark in one table; exit code 1 where a bound is not kept.

Arguments name benchmarks to run alone, such as `candle_upsert`; those of the route need the ones before them.
"""

from __future__ import annotations

import io
import logging
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "traderai.site.settings.test"

import django
import structlog

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from tests.benchmarks.bench_candle_file import candle_file  # noqa: E402
from tests.benchmarks.bench_candle_upsert import candle_upsert  # noqa: E402
from tests.benchmarks.bench_features import feature_files, feature_kernels  # noqa: E402
from tests.benchmarks.bench_labels import barrier_kernels, rank_kernels  # noqa: E402
from tests.benchmarks.bench_live import live_rows  # noqa: E402
from tests.benchmarks.bench_load import load  # noqa: E402
from tests.benchmarks.bench_networks import network_scoring, network_training, window_batches  # noqa: E402
from tests.benchmarks.bench_portfolio import portfolio_analysis  # noqa: E402
from tests.benchmarks.bench_routes import answers, features, ingest, labels, score, web_process  # noqa: E402
from tests.benchmarks.bench_signals import history, ondemand, scoring  # noqa: E402
from tests.benchmarks.bench_simulator import simulator  # noqa: E402
from tests.benchmarks.figures import Figure  # noqa: E402
from traderai.common import clock  # noqa: E402

BENCHMARKS = (
    candle_upsert,
    candle_file,
    ingest,
    features,
    labels,
    score,
    answers,
    web_process,
    scoring,
    ondemand,
    history,
    load,
    portfolio_analysis,
    feature_kernels,
    feature_files,
    live_rows,
    barrier_kernels,
    rank_kernels,
    network_scoring,
    network_training,
    window_batches,
    simulator,
)


def main(names: list[str]) -> int:
    known = {benchmark.__name__: benchmark for benchmark in BENCHMARKS}
    if unknown := sorted(set(names) - set(known)):
        print(f"benchmarks are {', '.join(known)}; there is none named {', '.join(unknown)}", file=sys.stderr)
        return 2
    setup_test_environment()
    # A line for each request would bury the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    call_command("prepare_database", stdout=io.StringIO())
    began_s = clock.monotonic_s()
    figures: list[Figure] = []
    for name, benchmark in known.items():
        if names and name not in names:
            continue
        for figure in benchmark():
            figures.append(figure)
            print(figure.line(), flush=True)
    broken = [figure.what for figure in figures if not figure.kept]
    print(f"{len(figures)} figures in {clock.monotonic_s() - began_s:.0f} s on {os.cpu_count()} cores")
    if broken:
        print(f"NOT KEPT: {'; '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
