"""What was said, the newest first, each beside what came of it: losers stand where they stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from market.selectors.instruments import instrument_get
from signals.models import Signal
from signals.selectors.reviews import withdrawn
from traderai.common.errors import NotFoundError

Place = tuple[datetime, int]  # when a signal was decided, and its id
_FIELDS: Final = (
    "id", "timeframe", "horizon", "action", "confidence", "strength", "proven", "source", "model_version", "as_of",
    "valid_until",
)  # fmt: skip
_OUTCOME: Final = ("state", "void_reason", "exit_reason", "net_frac", "r_multiple", "entry_at", "exit_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuestion:
    """Which signals; None: whatever it be."""

    secid: str | None = None
    timeframe: str | None = None
    horizon: str | None = None
    signal: str | None = None
    source: str | None = None
    told: bool | None = None  # whether it passed the rules of emission
    since: datetime | None = None  # decided at or after
    until: datetime | None = None  # decided at or before


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOutcome:
    """What came of a told signal."""

    result: str  # take_profit, stop_loss, timeout, no_trade or void
    void_reason: str | None
    return_net: float | None  # after all costs, fraction of the entry's price
    r: float | None  # the same in stops of the order
    entered_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidSignal:
    """One line of the history; prices as traded."""

    id: int
    secid: str
    name_ru: str
    name_en: str
    sector: str
    timeframe: str
    horizon: str
    signal: str
    side: str | None
    price: float | None  # close of the bar that was scored
    entry: dict[str, float] | None
    take_profit: float | None
    stop_loss: float | None
    confidence: int | None
    strength: str | None
    proven: bool
    edge: float | None
    probability: float | None
    break_even_probability: float | None
    as_of: datetime
    valid_until: datetime
    regime: str | None
    model_version: str | None
    source: str
    told: bool
    outcome: SaidOutcome | None  # None: untold, or its window is not over

    @property
    def is_simulated(self) -> bool:
        """Whether the share and its prices are made up."""
        return self.source == "simulated"

    @property
    def place(self) -> Place:
        """Where it stands in the history."""
        return self.as_of, self.id


def signals_said(
    *, question: HistoryQuestion, after: Place | None = None, limit: int
) -> tuple[SaidSignal, ...]:
    """Return the newest `limit` signals that fit, those after a place where one is given; withdrawn ones are hidden.

    They stand by the moment of their decision, then by id: what is said later moves no place.
    Raises: NotFoundError for a share that we do not hold.
    """
    rows = _asked(question)
    if after is not None:
        moment, number = after
        # The first bound is the index's, the second the place's.
        rows = rows.filter(Q(as_of__lte=moment), Q(as_of__lt=moment) | Q(pk__lt=number))
    return _read(rows.order_by("-as_of", "-pk")[:limit])


def signal_said(*, signal_id: int) -> SaidSignal:
    """Return one line of the history.

    Raises: NotFoundError where there is none, or staff withdrew it.
    """
    found = _read(_visible().filter(pk=signal_id))
    if not found:
        raise NotFoundError(f"signal must be one that was given, was {signal_id}", code="unknown_signal")
    return found[0]


def _visible() -> QuerySet[Signal]:
    return Signal.objects.exclude(pk__in=withdrawn())


def _asked(question: HistoryQuestion) -> QuerySet[Signal]:
    rows = _visible()
    if question.secid is not None:
        rows = rows.filter(instrument_id=instrument_get(secid=question.secid).id)
    exact = {
        "timeframe": question.timeframe,
        "horizon": question.horizon,
        "action": question.signal,
        "source": question.source,
        "as_of__gte": question.since,
        "as_of__lte": question.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    return rows if question.told is None else rows.filter(emission__isnull=not question.told)


def _read(rows: QuerySet[Signal]) -> tuple[SaidSignal, ...]:
    values = rows.values(
        *_FIELDS,
        secid=F("instrument__secid"),
        name_ru=F("instrument__name_ru"),
        name_en=F("instrument__name_en"),
        sector=F("instrument__sector"),
        emission_id=F("emission__pk"),
        # Whole parts: each path of its own would unpack the whole payload once more.
        decision=KeyTransform("decision", "payload"),
        price=KeyTransform("close_rub", KeyTransform("market", "payload")),
        regime=KeyTextTransform("name", KeyTransform("regime", "payload")),
        **{f"outcome_{name}": F(f"outcome__{name}") for name in _OUTCOME},
    )
    return tuple(_said(row) for row in values)


def _said(row: dict[str, Any]) -> SaidSignal:
    decision: dict[str, Any] = row["decision"] or {}
    low: Any = decision.get("entry_low_rub")
    high: Any = decision.get("entry_high_rub")
    even = decision.get("p_break_even")
    return SaidSignal(
        **{name: row[name] for name in ("id", "secid", "name_ru", "name_en", "sector", "timeframe", "horizon")},
        **{name: row[name] for name in ("confidence", "proven", "as_of", "valid_until", "source", "regime", "price")},
        signal=row["action"],
        strength=row["strength"] or None,
        model_version=row["model_version"] or None,
        side=decision.get("side"),
        entry=None if low is None else {"low": low, "high": high},
        take_profit=decision.get("take_profit_rub"),
        stop_loss=decision.get("stop_loss_rub"),
        edge=decision.get("edge"),
        # A probability is told beside what it must exceed, or not at all.
        probability=None if even is None else decision.get("p"),
        break_even_probability=even,
        told=row["emission_id"] is not None,
        outcome=_outcome(row),
    )  # fmt: skip


def _outcome(row: dict[str, Any]) -> SaidOutcome | None:
    own = {name: row[f"outcome_{name}"] for name in _OUTCOME}
    if own["state"] is None:
        return None
    return SaidOutcome(
        result=own["exit_reason"] if own["state"] == "traded" else own["state"],
        void_reason=own["void_reason"] or None,
        return_net=own["net_frac"],
        r=own["r_multiple"],
        entered_at=own["entry_at"],
        closed_at=own["exit_at"],
    )
