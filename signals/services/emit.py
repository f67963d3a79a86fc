"""What is told of what was said: each signal that passes the rules, exactly once, in one order for all readers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from market.contracts import Timeframe
from market.selectors.candles import newest_begins
from modeling.contracts.emission import EmissionRules
from modeling.kernels.emission import BUY, HOLD, SELL, Emitted, is_emitted
from signals.models import Emission, Signal
from signals.selectors.configuration import signal_config_get
from signals.selectors.outbox import PUBLISHED
from signals.services.publish import signals_publish
from traderai.common.errors import InvariantError

CALLS: Mapping[str, int] = {"BUY": BUY, "SELL": SELL, "HOLD": HOLD}  # NO_TRADE is never told
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('signals_emission', 0))"
_Chain = tuple[int, str, str, str]  # what may repeat itself: instrument, timeframe, horizon and source
_Bar = tuple[str, int, datetime]  # timeframe, instrument and begin


def signals_emit(*, signals: Sequence[Signal]) -> int:
    """Add what passes the rules of emission to the outbox, in the caller's transaction; return how many passed.

    The signals must be stored rows that this transaction inserted: a signal is judged once, when it is said, and
    its emission is committed with it or not at all. Where one may pass, the caller holds one lock from here to its
    commit, so ids rise in the order of the commits and two workers cannot both tell what repeats the other; nothing
    else should be written between the two.

    A signal is held against what was told last of its instrument, timeframe, horizon and source up to its own bar:
    what a replay says of old bars repeats, and silences, nothing that was said of later ones or live. The model does
    not matter: a new champion that says the same of the same bar repeats it. What staff withdrew has been told all
    the same: it silences its repetitions until the window has passed. What a model says of a bar that it learned from
    is never told: whoever asks is shown it with the warning, and a record of it would be a lie.
    Repeating: a signal that was told is not told again.
    Raises: InvariantError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise InvariantError("signals_emit must run in the transaction that stores the signals; open one")
    rules = signal_config_get().emission
    sure = [row for row in signals if _may_be_told(row) and _passes(row, last=None, rules=rules)]
    if not sure:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    known = set(Emission.objects.filter(signal__in=sure).values_list("signal_id", flat=True))
    told = _not_repeated([row for row in sure if row.pk not in known], rules)
    Emission.objects.bulk_create([Emission(signal=row) for row in told])
    if any(row.source in PUBLISHED for row in told):
        # Best effort: what fails here is published by the next beat.
        transaction.on_commit(signals_publish, robust=True)
    return len(told)


def _may_be_told(row: Signal) -> bool:
    return row.action in CALLS and "in_sample" not in row.payload.get("warnings", ())


def _passes(row: Signal, *, last: Emitted | None, rules: EmissionRules) -> bool:
    """Return whether a signal is told; bars are counted from its own."""
    return is_emitted(
        call=CALLS[row.action],
        confidence=_confidence(row),
        bar=0,
        last=last,
        rules=rules,
        at_s=row.as_of.timestamp(),
    )


def _not_repeated(sure: Iterable[Signal], rules: EmissionRules) -> list[Signal]:
    """Return which signals repeat nothing that was told before, each other included, in the order of their bars."""
    rows = sorted(sure, key=lambda row: (row.bar_begin, row.pk))
    windows = _windows(rows, rules)
    before = _told_before(rows, windows, rules)
    told = []
    for row in rows:
        chain = before[_chain(row)]
        newest = next((one for one in reversed(chain) if one.bar_begin <= row.bar_begin), None)
        window = windows[row.timeframe, row.instrument_id, row.bar_begin]
        if _passes(row, last=_emitted(newest, window, rules), rules=rules):
            told.append(row)
            chain.append(row)
            chain.sort(key=lambda one: one.bar_begin)
    return told


def _windows(rows: Sequence[Signal], rules: EmissionRules) -> dict[_Bar, tuple[datetime, ...]]:
    """Return the begins of the bars within which a signal of a bar may be a repetition, that bar's own first."""
    found: dict[_Bar, tuple[datetime, ...]] = {}
    for code in {row.timeframe for row in rows}:
        asked = sorted({(row.instrument_id, row.bar_begin) for row in rows if row.timeframe == code})
        begins = newest_begins(timeframe=Timeframe.parse(code), asked=asked, count=rules.again_bars + 1)
        for (instrument_id, own), window in zip(asked, begins, strict=True):
            found[code, instrument_id, own] = window if own in window else (own, *window[:-1])
    return found


def _told_before(
    rows: Sequence[Signal], windows: Mapping[_Bar, tuple[datetime, ...]], rules: EmissionRules
) -> defaultdict[_Chain, list[Signal]]:
    """Return by chain what was told within the windows' reach, in the order of bars and of telling.

    Whatever was told earlier silences nothing: it lies outside the window, or was another call.
    """
    told: defaultdict[_Chain, list[Signal]] = defaultdict(list)
    if not rows:
        return told
    reach = min(window[-1] for window in windows.values()) - timedelta(seconds=rules.again_s)
    emissions = Emission.objects.filter(
        signal__instrument__in={row.instrument_id for row in rows},
        signal__timeframe__in={row.timeframe for row in rows},
        signal__horizon__in={row.horizon for row in rows},
        signal__source__in={row.source for row in rows},
        signal__as_of__gt=reach,
        signal__as_of__lte=max(row.as_of for row in rows),
    )
    ordered = emissions.order_by("signal__bar_begin", "pk").select_related("signal")
    for emission in ordered.defer("signal__payload"):
        told[_chain(emission.signal)].append(emission.signal)
    return told


def _emitted(told: Signal | None, window: Sequence[datetime], rules: EmissionRules) -> Emitted | None:
    """Return what was told last as the kernel takes it, its bar counted back from the one at hand."""
    if told is None:
        return None
    back = window.index(told.bar_begin) if told.bar_begin in window else rules.again_bars + 1
    return Emitted(
        call=CALLS[told.action], confidence=_confidence(told), bar=-back, at_s=told.as_of.timestamp()
    )


def _confidence(row: Signal) -> float:
    return (row.confidence or 0) / 100


def _chain(row: Signal) -> _Chain:
    return row.instrument_id, row.timeframe, row.horizon, row.source
