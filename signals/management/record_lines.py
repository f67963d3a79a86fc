"""A track record as lines of text: every figure with its bounds, beside what all rows of its side made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from modeling.contracts.outcomes import SideBase
from signals.contracts import RecordLine, TrackRecord
from signals.kernels.track_record import LEAST_TRADES, LEVEL, Bounded, RecordFigures
from traderai.common.clock import MOSCOW

_DASH = "-"
_WIDTHS = (28, 7, 22, 8, 20, 22, 18, 18, 9, 9)
_HEAD = (
    "", "trades", "hit rate, %", "needed", "net above 0, %", "mean R", "net, bp", "profit factor", "sum R", "fall R",
)  # fmt: skip


def record_lines(
    record: TrackRecord, bases: Mapping[str, SideBase], *, last: int | None = 20
) -> Iterator[str]:
    """Yield a whole record; of its signals the newest `last`, all with None."""
    kind = "proven" if record.proven else "paper: no model behind it has proven a profit"
    yield f"Track record of {record.source} signals, {kind}; as known on {record.as_of:%Y-%m-%d %H:%M} UTC"
    yield from _counts(record)
    if record.figures is None:
        yield "No trade has ended, so there is no figure to tell."
        for call, base in bases.items():
            yield f"what was declined, had it been {call}"
            yield _base(base)
    else:
        yield (
            f"Figures with one-sided bounds at {LEVEL:.0%}, by blocks of days; of fewer than {LEAST_TRADES} trades "
            "without. Each trade risks one R, however many are open. R and net are after all costs."
        )
        yield _cells(_HEAD)
        yield _figures("all", record.figures)
        for name, groups in record.groups.items():
            yield f"by {name}"
            for own, figures in groups.items():
                yield _figures(f"  {own}", figures)
                if name == "call":
                    yield _base(bases.get(own))
    yield from _signals(record.lines, last)


def _counts(record: TrackRecord) -> Iterator[str]:
    said = ", ".join(f"{number} {action}" for action, number in record.said.items())
    yield f"Said: {said or 'nothing'}; told is what passed the rules of emission."
    if not record.lines:
        yield "Nothing has been told."
        return
    first, newest = record.lines[0].as_of, record.lines[-1].as_of
    void = Counter(line.void_reason for line in record.lines if line.state == "void")
    why = f" ({', '.join(f'{reason} {number}' for reason, number in sorted(void.items()))})" if void else ""
    yield (
        f"{len(record.lines)} told from {first:%Y-%m-%d} to {newest:%Y-%m-%d}: {record.count('traded')} trades ended, "
        f"{record.count('no_trade')} had nothing to trade, {record.count('void')} void{why}, {record.count('open')} open; "
        f"{record.withdrawn} withdrawn by staff, which stay in every figure"
    )
    versions = Counter(line.model_version for line in record.lines)
    yield "told by " + ", ".join(f"{version} ({number})" for version, number in sorted(versions.items()))
    if record.seen_by_gate:
        yield (
            f"BEWARE: {record.seen_by_gate} of them on bars that the gate of their version had judged by: trained before, "
            "but chosen on what they tell"
        )


def _figures(name: str, own: RecordFigures) -> str:
    return _cells(
        (
            name,
            str(own.trades),
            _bounded(own.hit_rate, 100.0, 1),
            _DASH if own.break_even is None else f"{100 * own.break_even:.1f}",
            _bounded(own.win_rate, 100.0, 1),
            _bounded(own.mean_r, 1.0, 3),
            _bounded(own.net_frac, 1e4, 1),
            _bounded(own.profit_factor, 1.0, 2),
            f"{own.total_r:+.1f}",
            f"{own.drawdown_r:.1f}",
        )
    )


def _base(base: SideBase | None) -> str:
    if base is None:
        return "    all rows of that side: none carries a label"
    return (
        f"    all {base.rows} rows of that side on {base.days} days, without any choice: hit rate "
        f"{100 * base.hit_rate:.1f} % of {100 * base.break_even:.1f} % needed, mean R {base.mean_r:+.3f}, "
        f"net {1e4 * base.net_frac:+.1f} bp"
    )


def _bounded(own: Bounded, unit: float, digits: int) -> str:
    if math.isnan(own.value):
        return _DASH
    if own.low is None or own.high is None:
        return f"{unit * own.value:.{digits}f}"
    return f"{unit * own.value:.{digits}f} [{unit * own.low:.{digits}f}, {unit * own.high:.{digits}f}]"


def _cells(cells: tuple[str, ...]) -> str:
    first, *others = (
        cell.ljust(w) if not i else cell.rjust(w)
        for i, (cell, w) in enumerate(zip(cells, _WIDTHS, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def _signals(lines: tuple[RecordLine, ...], last: int | None) -> Iterator[str]:
    shown = lines if last is None else lines[max(len(lines) - last, 0) :]
    if len(shown) < len(lines):
        yield f"the newest {len(shown)} of {len(lines)} (--all shows the others)"
    for line in shown:
        came = {"traded": line.exit_reason, "void": f"void: {line.void_reason}"}.get(line.state, line.state)
        made = (
            ""
            if line.r_multiple is None or line.net_frac is None
            else (f"{line.r_multiple:+.2f} R {1e4 * line.net_frac:+.0f} bp")
        )
        mark = "  withdrawn by staff" if line.withdrawn else ""
        decided = line.as_of.astimezone(MOSCOW)
        yield (
            f"{decided:%Y-%m-%d %H:%M} {line.secid:<8}{line.horizon:<6}{line.action:<5}{line.confidence:>4}  "
            f"{came:<18}{made}{mark}"
        ).rstrip()
