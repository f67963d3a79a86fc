"""What the main job found, as lines for the screen; read from the database, so a second start can say it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from market.selectors.bars import newest_bars
from market.selectors.instruments import instrument_list
from modeling.selectors.versions import version_list
from signals.contracts import HeatmapRow, SignalFacts
from signals.selectors.configuration import service_get
from signals.selectors.glance import heatmap_rows
from signals.selectors.stored import signal_latest
from traderai.common import clock
from traderai.site.up.main_job import TIMEFRAME
from traderai.site.up.steps import StepDone


def summary_lines(done: Sequence[StepDone]) -> Iterator[str]:
    """Yield the account of the main job: data, model, signals, seconds."""
    newest = newest_bars(timeframe=TIMEFRAME)
    simulated = any(facts.is_simulated for facts in instrument_list() if facts.secid in newest)
    yield ""
    yield "What was found" + ("   SIMULATED: nothing below comes from a market" if simulated else "")
    yield _data_line(newest)
    yield from _model_lines()
    yield from _signal_lines()
    yield from _seconds_lines(done)


def _data_line(newest: Mapping[str, object]) -> str:
    if not newest:
        return "  data     no candles"
    return f"  data     {len(newest)} shares with {TIMEFRAME.value} candles, the newest begins {max(map(str, newest.values()))}"


def _model_lines() -> Iterator[str]:
    """Yield the newest version; where the base serves in a network's stead, the network that was refused too."""
    versions = version_list(limit=2)
    if not versions:
        yield "  model    none was trained"
        return
    fallen_back = str(versions[0].metrics.get("fallen_back_to_base") or "")
    for version in reversed(versions[: 2 if fallen_back else 1]):
        yield (
            f"  model    {version.version}: grade {version.grade}, {version.state}, "
            f"trained until {version.trained_until:%Y-%m-%d}"
        )
        if version is versions[0] and "log_loss" in fallen_back:
            yield "           serves base rates in the refused network's stead and claims no edge"
        else:
            yield from _loss_lines(version.metrics)


def _loss_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the log loss of each probability on the test period beside what it must beat; lower is better."""
    for head, figures in metrics.get("test", {}).get("heads", {}).items():
        losses = [
            f"{name} {model['log_loss']['value']:.4f}"
            for name, model in figures.get("models", {}).items()
            if "log_loss" in model
        ]
        if losses:
            yield f"           {head:<10} test log loss: {', '.join(losses)}"


def _signal_lines() -> Iterator[str]:
    """Yield the signals of the default horizon one by one and a count of each other horizon."""
    service, now = service_get(), clock.now()
    for horizon in service.horizons:
        rows = heatmap_rows(timeframe=service.timeframe, horizon=horizon, as_of=now)
        said = [row for row in rows if row.signal is not None]
        counts = Counter(str(row.signal) for row in said)
        listed = ", ".join(f"{number} {action}" for action, number in sorted(counts.items()))
        yield f"  signals  {horizon}: {listed or 'none'}"
        if horizon == service.default_horizon and said:
            yield f"    {'share':<6} {'signal':<8} {'side':<5} {'p':>6} {'break-even':>10} {'edge':>6} conf  as of (UTC)       notes"
            for row in said:
                yield _signal_line(
                    row,
                    signal_latest(secid=row.secid, timeframe=service.timeframe, horizon=horizon, as_of=now),
                )


def _signal_line(row: HeatmapRow, signal: SignalFacts) -> str:
    decision = signal.payload["decision"]
    p, even, edge = (_percent(decision[name]) for name in ("p", "p_break_even", "edge"))
    conf = "-" if row.confidence is None else row.confidence
    return (
        f"    {row.secid:<6} {row.signal:<8} {row.side or '-':<5} {p:>6} {even:>10} {edge:>6} {conf:>4}  "
        f"{signal.as_of:%Y-%m-%d %H:%M}  {', '.join(_notes(row, decision['reasons']))}"
    )


def _notes(row: HeatmapRow, reasons: Sequence[str]) -> tuple[str, ...]:
    """Return what must be known of a signal, each once: on paper or proven, its kind, why not, what to beware of."""
    grade = [] if row.signal == "NO_TRADE" else ["proven" if row.proven else "paper"]
    warnings = [code for code in row.warnings if code != "paper_signal"]
    return tuple(dict.fromkeys([*grade, str(row.source), *reasons, *warnings]))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}%"


def _seconds_lines(done: Sequence[StepDone]) -> Iterator[str]:
    taken = [f"{step.name} {step.seconds:.1f} s" for step in done if step.seconds is not None]
    if taken:
        total_s = sum(step.seconds or 0.0 for step in done)
        yield f"  time     {', '.join(taken)}; together {total_s:.1f} s"
