"""What came of what was told: each signal whose window has closed gets its outcome, once and for all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from market.contracts import InstrumentFacts
from market.selectors.instruments import instrument_list
from modeling.contracts import BarrierLabelSet, Horizon
from modeling.contracts.outcomes import DecisionOutcome, Side, TradeAsked
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import outcomes_find
from signals.contracts import OutcomeReport
from signals.kernels.levels import own_levels
from signals.models import Emission, Outcome
from traderai.common.config import fingerprint
from traderai.common.errors import NotFoundError
from traderai.common.progress import Progress, silent

_SIDES: dict[str, Side] = {"BUY": "long", "SELL": "short"}
_FIELDS = {
    "signal_id": "signal_id",
    "timeframe": "signal__timeframe",
    "horizon": "signal__horizon",
    "bar_begin": "signal__bar_begin",
    "as_of": "signal__as_of",
    "action": "signal__action",
    "label_set": "signal__payload__label_set",
    "close_rub": "signal__payload__market__close_rub",
    "take_profit_rub": "signal__payload__decision__take_profit_rub",
    "stop_loss_rub": "signal__payload__decision__stop_loss_rub",
    "label_take_profit_rub": "signal__payload__decision__label_take_profit_rub",
}


@dataclass(frozen=True, slots=True)
class _Pending:
    """One told signal without an outcome."""

    signal_id: int
    timeframe: str
    horizon: str
    bar_begin: datetime
    as_of: datetime
    action: str
    label_set: dict[str, str]
    close_rub: float
    take_profit_rub: float | None
    stop_loss_rub: float | None
    label_take_profit_rub: float | None

    @property
    def asked(self) -> TradeAsked:
        """The question to the label code: at levels of its own only where the order's are not the label set's."""
        side = _SIDES.get(self.action)
        own = None
        if side:
            own = own_levels(
                close_rub=self.close_rub,
                take_profit_rub=self.take_profit_rub,
                stop_loss_rub=self.stop_loss_rub,
                label_take_profit_rub=self.label_take_profit_rub,
            )
        return TradeAsked(bar_begin=self.bar_begin, side=side, own_levels=own)

    def may_have_closed(self, now: datetime) -> bool:
        """Return whether its window could be whole by now: trading days are not shorter than days of the calendar."""
        wanted = Horizon.parse(self.horizon)
        least = {"d": timedelta(days=wanted.count - 1), "min": timedelta(minutes=wanted.count)}
        return self.as_of + least.get(wanted.unit, timedelta(0)) <= now


def outcomes_resolve(
    *, now: datetime, limit: int | None = None, progress: Progress = silent
) -> OutcomeReport:
    """Write the outcome of every told signal whose window is whole by the bars known now, share by share.

    With `limit` it ends after the share that makes it full. Two workers at once write the same rows, of which each
    is kept once; a later look, or bars restated since, changes none. A share that is traded no more leaves its last
    windows open, and so does a label set that has changed since: with another one the outcome would be of another
    question. Repeating finds nothing due.
    """
    pending, left_out = _pending(now)
    counts: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for done, (instrument, rows) in enumerate(pending):
        progress(done, len(pending), instrument.secid)
        asked = []
        for row in rows:
            label_set = _label_set(row)
            if isinstance(label_set, str):
                told[label_set] += 1
            else:
                asked.append((row, label_set))
        counts.update(_resolve(instrument, asked, now=now))
        if limit is not None and counts["new"] >= limit:
            break
    progress(len(pending), len(pending), "resolved")
    return OutcomeReport(
        traded=counts["traded"],
        no_trade=counts["no_trade"],
        void=counts["void"],
        waiting=counts["waiting"] + left_out,
        refused=tuple(f"{number} signals: {why}" for why, number in sorted(told.items())),
    )


def _pending(now: datetime) -> tuple[list[tuple[InstrumentFacts, list[_Pending]]], int]:
    """Return the shares with signals that may be due, and how many of others are too young."""
    rows = Emission.objects.filter(signal__outcome__isnull=True, emitted_at__lte=now).order_by("signal_id")
    by_share: defaultdict[int, list[_Pending]] = defaultdict(list)
    young = 0
    for share, *values in rows.values_list("signal__instrument_id", *_FIELDS.values()).iterator():
        row = _Pending(**dict(zip(_FIELDS, values, strict=True)))
        if row.may_have_closed(now):
            by_share[share].append(row)
        else:
            young += 1
    facts = {item.id: item for item in instrument_list(active_only=False)}
    return [(facts[share], own) for share, own in by_share.items()], young


def _label_set(row: _Pending) -> BarrierLabelSet | str:
    """Return the label set that a signal spoke of, or why it cannot be asked any more."""
    name = row.label_set["name"]
    try:
        found = barrier_set_get(name=name, timeframe=row.timeframe)
    except NotFoundError:
        return f"label set {name} is configured no more; restore label_sets.yaml"
    if fingerprint(found) != row.label_set["sha256"]:
        return f"label set {name} has changed since; restore label_sets.yaml, or give the new one a new name"
    return found


def _resolve(
    instrument: InstrumentFacts, asked: Sequence[tuple[_Pending, BarrierLabelSet]], *, now: datetime
) -> Iterator[str]:
    """Write what can be told of one share and return the states, with "new" for each row that was not there."""
    if not asked:
        return iter(())
    found = outcomes_find(
        instrument=instrument,
        asked=[(label_set, row.horizon, row.asked) for row, label_set in asked],
        as_of=now,
    )
    rows = [
        _row(pending.signal_id, outcome, now=now)
        for (pending, _), outcome in zip(asked, found, strict=True)
        if outcome.state != "waiting"
    ]
    with transaction.atomic():
        ids = [row.signal_id for row in rows]
        known = set(Outcome.objects.filter(signal_id__in=ids).values_list("signal_id", flat=True))
        Outcome.objects.bulk_create(rows, ignore_conflicts=True)
    fresh = [row.state for row in rows if row.signal_id not in known]
    return iter(["waiting"] * (len(found) - len(rows)) + fresh + ["new"] * len(fresh))


def _row(signal_id: int, found: DecisionOutcome, *, now: datetime) -> Outcome:
    trade = found.trade
    columns: dict[str, Any] = {} if trade is None else asdict(trade)
    return Outcome(
        signal_id=signal_id,
        state=found.state,
        void_reason=found.void_reason,
        window_end_at=found.window_end_at,
        resolved_at=now,
        **columns,
    )
