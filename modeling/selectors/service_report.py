"""The versions in service as users are told of them: what their gate saw, and how they have done since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from modeling.models import DriftReport, GateVerdict, ModelVersion, Promotion
from modeling.selectors.drift import drift_facts_of
from modeling.selectors.versions import SILENCES, SWITCHES

_OWN: Final = "network"  # the version's own row of a head's table; others are what it was compared with
_BASE: Final = "base_rate"
_POLICY: Final = "configured_cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadReport:
    """How well one probability was foretold on held-out rows, beside the base rate."""

    horizon: str
    side: str  # long or short
    rows: int
    days: int
    base_rate: float  # share of the rows that reached the take-profit first
    log_loss: Mapping[str, float]  # value, low, high
    base_log_loss: Mapping[str, float]
    roc_auc: Mapping[str, float]  # 0.5 knows nothing
    ece: float  # how far probabilities lie from what came, mean over bins
    compared: Mapping[str, Mapping[str, Any]]  # the log loss and ROC AUC of simpler models on the same rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """What the policy's trades made on held-out days after costs; `horizon` None: all together."""

    horizon: str | None
    trades: int
    days: int
    hit_rate: Mapping[str, float]
    net_expectancy_frac: Mapping[str, float]
    sharpe: float | None
    max_drawdown_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One question of the gate."""

    name: str
    value: float | None
    limit: float | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveHits:
    """The hits of one head's best scores since training, beside what was foretold."""

    name: str
    grade: str
    outcomes: int
    hit_rate: float
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedVersion:
    """One version in service."""

    slot: str
    version: str
    kind: str
    recipe: str
    timeframe: str
    horizons: tuple[str, ...]
    label_set: str
    feature_set: str  # what it reads
    is_simulated: bool
    trained_until: datetime
    judged_until: datetime | None  # its gate had seen the market so far: held-out rows end by then
    held_out_days: int | None
    level: float | None  # of each one-sided bound
    base_rates_of: tuple[str, ...]  # figures by which the network proved nothing; then base rates are said
    serves_since: datetime | None
    silent: bool  # degraded: it says nothing until staff resume it
    grade: str
    verdict: str | None
    judged_at: datetime | None
    checks: tuple[GateCheck, ...]
    heads: tuple[HeadReport, ...]
    policy: tuple[PolicyReport, ...]
    drift_grade: str | None
    drift_day: date | None
    live: tuple[LiveHits, ...]


def versions_served() -> tuple[ServedVersion, ...]:
    """Return the champions by slot, in four queries."""
    champions = ModelVersion.objects.filter(state=ModelVersion.State.CHAMPION)
    rows = list(champions.select_related("run").order_by("slot"))
    ids = [row.pk for row in rows]
    verdicts = GateVerdict.objects.filter(version__in=ids).order_by("version_id", "-at", "-pk")
    newest = {row.version_id: row for row in verdicts.distinct("version_id")}
    reports = DriftReport.objects.filter(version__in=ids).select_related("version")
    drift = {
        row.version_id: row for row in reports.order_by("version_id", "-day", "-pk").distinct("version_id")
    }
    audit: dict[str, list[Promotion]] = {}
    switches = Promotion.objects.filter(
        slot__in=[row.slot for row in rows], action__in=(*SWITCHES, *SILENCES)
    )
    for one in switches.order_by("-pk"):
        audit.setdefault(one.slot, []).append(one)
    return tuple(_served(row, newest.get(row.pk), drift.get(row.pk), audit.get(row.slot, [])) for row in rows)


def _served(
    row: ModelVersion, verdict: GateVerdict | None, drift: DriftReport | None, audit: list[Promotion]
) -> ServedVersion:
    numbers: dict[str, Any] = {} if verdict is None else verdict.numbers
    test: dict[str, Any] = row.metrics.get("test", {})
    switched = next((one.at for one in audit if one.action in SWITCHES and one.version_id == row.pk), None)
    return ServedVersion(
        slot=row.slot,
        version=row.version,
        kind=row.kind,
        recipe=row.recipe,
        timeframe=row.timeframe,
        horizons=tuple(row.horizons),
        label_set=row.label_set,
        feature_set=row.feature_set_key.partition("@")[0],
        is_simulated=row.is_simulated,
        trained_until=row.trained_until,
        judged_until=None if row.run is None else row.run.as_of,
        held_out_days=test.get("days"),
        level=test.get("interval_level"),
        base_rates_of=tuple(row.metrics.get("fallen_back_to_base", ())),
        serves_since=switched,
        silent=bool(audit) and audit[0].action == Promotion.Action.PAUSE,
        grade=row.grade,
        verdict=None if verdict is None else verdict.verdict,
        judged_at=None if verdict is None else verdict.at,
        checks=tuple(
            GateCheck(**{name: check.get(name) for name in ("name", "value", "limit", "passed")})
            for check in numbers.get("checks", ())
        ),
        heads=tuple(_heads(test.get("heads", {}))),
        policy=tuple(_policy(test.get("policy", {}))),
        drift_grade=None if drift is None else drift.grade,
        drift_day=None if drift is None else drift.day,
        live=tuple(_hits(drift)),
    )


def _hits(drift: DriftReport | None) -> Iterator[LiveHits]:
    for hit in () if drift is None else drift_facts_of(drift).findings.hits:
        yield LiveHits(
            name=hit.name,
            grade=hit.grade,
            outcomes=hit.outcomes,
            hit_rate=hit.hit_rate,
            expected=hit.expected,
        )


def _heads(tables: Mapping[str, Any]) -> Iterator[HeadReport]:
    for name, table in tables.items():
        models: Mapping[str, Any] = table.get("models", {})
        if not name.startswith(("p_long_", "p_short_")) or not {_OWN, _BASE} <= set(models):
            continue
        own, (_, side, horizon) = models[_OWN], name.split("_", 2)
        yield HeadReport(
            horizon=horizon,
            side=side,
            rows=table["rows"],
            days=table["days"],
            base_rate=table["positive_frac"],
            log_loss=own["log_loss"],
            base_log_loss=models[_BASE]["log_loss"],
            roc_auc=_share(own["roc_auc"]),
            ece=own["ece"],
            compared={
                other: {"log_loss": found["log_loss"], "roc_auc": _share(found["roc_auc"])}
                for other, found in models.items()
                if other not in (_OWN, _BASE)
            },
        )


def _share(bounded: Mapping[str, float]) -> dict[str, float]:
    """Return a share with its bounds: those of few days reach beyond what a share can be, and nobody is told that."""
    return {name: min(max(figure, 0.0), 1.0) for name, figure in bounded.items()}


def _policy(told: Mapping[str, Any]) -> Iterator[PolicyReport]:
    for name, own in told.items():
        if name != _POLICY and not name.startswith(f"{_POLICY}_"):
            continue
        if not own.get("trades") or "net_expectancy_frac" not in own:
            continue
        yield PolicyReport(
            horizon=name.removeprefix(_POLICY).lstrip("_") or None,
            trades=own["trades"],
            days=own["days"],
            hit_rate=_share(own["hit_rate"]),
            net_expectancy_frac=own["net_expectancy_frac"],
            sharpe=own.get("sharpe"),
            max_drawdown_frac=own["max_drawdown_frac"],
        )
