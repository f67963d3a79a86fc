"""What the main job found, as lines for the screen; read from the database, so a second start can say it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from market.selectors.instruments import instrument_list
from modeling.contracts import ModelVersionFacts
from modeling.selectors.versions import version_list
from signals.contracts import HeatmapRow
from signals.selectors.stored import heatmap_rows
from traderai.common import clock
from traderai.site.up.main_job import TIMEFRAME, StepDone

_PAPER = "paper"


def summary_lines(done: Sequence[StepDone]) -> Iterator[str]:
    """Yield the account of the main job: data, model, signals, seconds."""
    newest = newest_bars(timeframe=TIMEFRAME)
    simulated = any(facts.is_simulated for facts in instrument_list() if facts.secid in newest)
    versions = version_list(limit=1)
    yield ""
    yield "What was found" + ("   SIMULATED: nothing below comes from a market" if simulated else "")
    yield _data_line(newest)
    yield from _model_lines(versions[0] if versions else None)
    yield from _signal_lines(versions[0].horizons if versions else ())
    yield from _seconds_lines(done)


def _data_line(newest: Mapping[str, object]) -> str:
    if not newest:
        return "  data     no candles"
    return f"  data     {len(newest)} shares with {TIMEFRAME.value} candles, the newest begins {max(map(str, newest.values()))}"


def _model_lines(version: ModelVersionFacts | None) -> Iterator[str]:
    if version is None:
        yield "  model    none was trained"
        return
    yield f"  model    {version.version}: grade {version.grade}, {version.state}, trained until {version.trained_until:%Y-%m-%d}"


def _signal_lines(horizons: tuple[str, ...]) -> Iterator[str]:
    for horizon in horizons:
        rows = heatmap_rows(timeframe=Timeframe.H1.value, horizon=horizon, as_of=clock.now())
        said = [row for row in rows if row.signal is not None]
        counts = ", ".join(
            f"{number} {action}" for action, number in sorted(Counter(r.signal for r in said).items())
        )
        yield f"  signals  {horizon}: {counts or 'none'}"
        yield from (_signal_line(row) for row in said)


def _signal_line(row: HeatmapRow) -> str:
    edge = "     -" if row.edge is None else f"{row.edge:+6.3f}"
    confidence = "  -" if row.confidence is None else f"{row.confidence:3d}"
    notes = [] if row.proven else [_PAPER]
    notes += [str(row.source), *row.warnings]
    return f"    {row.secid:<6} {row.signal:<8} edge {edge}  confidence {confidence}  as of {row.as_of:%Y-%m-%d %H:%M}  {', '.join(notes)}"


def _seconds_lines(done: Sequence[StepDone]) -> Iterator[str]:
    taken = [f"{step.name} {step.seconds:.1f} s" for step in done if step.seconds is not None]
    if taken:
        total_s = sum(step.seconds or 0.0 for step in done)
        yield f"  time     {', '.join(taken)}; together {total_s:.1f} s"
