"""What became of everything that was told, counted where it lies: users are shown how many, not each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, F, Max, Min, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, NullIf

from modeling.selectors.versions import gates_knew
from signals.contracts import RecordPart
from signals.models import Emission
from signals.selectors.reviews import withdrawn
from signals.selectors.track_record import NO_REGIME, OPEN, told_rows

_VERSION = "signal__model_version"
_NAME = KeyTextTransform("name", KeyTransform("regime", "signal__payload"))
# It stands in the payload alone: told ones are looked into when it is asked for. As a filter the database would look into
# every signal that was ever said.
_REGIME = {"regime": Coalesce(NullIf(_NAME, Value("")), Value(NO_REGIME), output_field=TextField())}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCounts:
    """What became of everything that was told."""

    total: int
    traded: int
    no_trade: int
    void: int
    open: int
    withdrawn: int
    seen_by_gate: int
    first_at: datetime | None
    last_at: datetime | None


def told_counts(
    *, source: str, proven: bool, part: RecordPart, as_of: datetime
) -> tuple[ToldCounts, dict[str, int]]:
    """Return how many signals had been told by `as_of` and what had come of them, and the void ones by reason.

    They are the numbers of the lines of the same track record, which a year has thirty thousand of.
    """
    rows = told_rows(source=source, proven=proven, part=part, as_of=as_of)
    known = When(signal__outcome__resolved_at__lte=as_of, then=F("signal__outcome__state"))
    own = _REGIME if part.regime else {}
    by_fate: list[dict[str, Any]] = list(
        rows.annotate(fate=Case(known, default=Value(OPEN), output_field=CharField()), **own)
        .order_by()
        .values("fate", "signal__outcome__void_reason", _VERSION, *own)
        .annotate(
            number=Count("pk"),
            withdrawn=Count("pk", filter=Q(signal_id__in=withdrawn(as_of=as_of))),
            first_at=Min("signal__as_of"),
            last_at=Max("signal__as_of"),
        )
    )
    by_fate = [one for one in by_fate if part.regime in (None, one.get("regime"))]
    number: Counter[str] = Counter()
    void: Counter[str] = Counter()
    for one in by_fate:
        number[one["fate"]] += one["number"]
        if one["fate"] == "void":
            void[one["signal__outcome__void_reason"]] += one["number"]
    told = ToldCounts(
        total=number.total(),
        **{fate: number[fate] for fate in ("traded", "no_trade", "void", OPEN)},
        withdrawn=sum(one["withdrawn"] for one in by_fate),
        seen_by_gate=_seen_by_gate(rows, source, part.regime, by_fate),
        first_at=min((one["first_at"] for one in by_fate), default=None),
        last_at=max((one["last_at"] for one in by_fate), default=None),
    )
    return told, dict(void)


def _seen_by_gate(
    rows: QuerySet[Emission], source: str, regime: str | None, by_fate: list[dict[str, Any]]
) -> int:
    if source == "live":
        return 0  # the gate came before
    first: dict[str, datetime] = {}
    for one in by_fate:
        first[one[_VERSION]] = min(one["first_at"], first.get(one[_VERSION], one["first_at"]))
    seen = Q(pk__in=())
    for version, knew in gates_knew(versions=set(first)).items():
        if first[version] < knew:
            seen |= Q(**{_VERSION: version}, signal__as_of__lt=knew)
    if regime is None:
        return rows.filter(seen).count()
    said = rows.filter(seen).annotate(**_REGIME).values_list(*_REGIME)
    return sum(one == regime for (one,) in said)
