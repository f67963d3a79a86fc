"""A version's newest days beside the reference of its training: which features, scores and hits have moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modeling.contracts.drift import (
    DRIFT_GRADES,
    DriftConfig,
    DriftFindings,
    DriftGrade,
    FamilyFinding,
    HitFinding,
    ShiftFinding,
    ShiftGroup,
)
from modeling.fitting.dataset import Dataset
from modeling.fitting.drift import DriftReference, GroupReference, HitReference, hit_days, score_columns
from modeling.fitting.forecasts import Forecasts
from modeling.kernels.drift import (
    bin_counts,
    cusum,
    cusum_limit,
    ks_distance,
    ks_p_value,
    psi,
    strangeness,
    stretch_strangeness,
)
from modeling.kernels.leakage import which_apart
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateRows:
    """The rows of a dataset that a version has not learned from and that are known at a moment."""

    rows: I64  # with a whole look-back, in the dataset's order
    newest: I64  # those of the newest `stretch_days` trading days; none where there are not so many
    days: int  # trading days of `newest`
    late_days: int  # of `rows`
    as_of_s: int


def late_rows(dataset: Dataset, *, learned_s: int, as_of_s: int, stretch_days: int) -> LateRows:
    """Return the rows decided after `learned_s` and at `as_of_s` at the latest."""
    late = dataset.eligible & (dataset.decision_s > learned_s) & (dataset.decision_s <= as_of_s)
    rows = np.flatnonzero(late).astype(np.int64)
    days = np.unique(dataset.trading_day[rows])
    enough = days.size >= stretch_days
    newest = rows[dataset.trading_day[rows] >= days[-stretch_days]] if enough else rows[:0]
    return LateRows(
        rows=rows,
        newest=newest,
        days=stretch_days if enough else 0,
        late_days=int(days.size),
        as_of_s=as_of_s,
    )


def drift_findings(
    reference: DriftReference, dataset: Dataset, said: Forecasts, late: LateRows, config: DriftConfig
) -> tuple[DriftGrade, DriftFindings]:
    """Return the grade and all that was compared; `said` are forecasts of late rows, those of `newest` among them.

    With too few days for a stretch features and scores are not compared, and the grade is unknown unless the hits
    say more.
    """
    hits = _hits(reference.hits, dataset, said, late, config)
    grades: list[DriftGrade] = ["unknown", *(own.grade for own in hits if own.grade != "ok")]
    if not late.days:
        return _worst(grades), DriftFindings(days=0, hits=hits)
    columns = {
        own.name: dataset.values[late.newest, dataset.features.index(own.name)].astype(np.float64)
        for own in reference.features.columns
    }
    newest = np.isin(said.rows, late.newest)
    scored = {name: values[newest] for name, values in score_columns(said, dataset.horizons).items()}
    feature_grade, features = _shifts(reference.features, columns, late.days, config)
    score_grade, scores = _shifts(reference.scores, scored, late.days, config)
    return _worst([*grades, feature_grade, score_grade]), DriftFindings(
        days=late.days, features=features, families=_families(features.found), scores=scores, hits=hits
    )


def _shifts(
    reference: GroupReference, columns: Mapping[str, F64], days: int, config: DriftConfig
) -> tuple[DriftGrade, ShiftGroup]:
    """Return the grade of a group and its columns, the strangest first.

    Drift is a column stranger than the strangest stretch of the reference ever was; watch are more columns at once
    beyond their own past than in any such stretch. Either column must be told apart by KS too.
    """
    own = reference.columns
    counts = [_counted(columns[each.name], each.edges) for each in own]
    shares = [np.asarray(each.counts) / sum(each.counts) for each in own]
    now = np.array([psi(share, count) for share, count in zip(shares, counts, strict=True)])
    past = np.array([each.stretch_psi for each in own]).T
    strange = strangeness(now, past, least_psi=config.least_psi)
    before = stretch_strangeness(past, least_psi=config.least_psi)
    limit = float(before.max(initial=1.0))
    distance = [float(ks_distance(share, count)) for share, count in zip(shares, counts, strict=True)]
    p = np.array([ks_p_value(each, reference_rows=reference.days, rows=days) for each in distance])
    apart = p < config.ks_level
    enough = past.shape[0] >= config.least_stretches
    beyond, moved = apart & (strange > limit), apart & (strange > 1.0)
    most_before = int((before > 1.0).sum(axis=1).max(initial=0))
    found = [
        ShiftFinding(
            name=each.name,
            family=each.family,
            grade="drift" if beyond[k] and enough else "watch" if moved[k] else "ok",
            psi=float(now[k]),
            strangeness=float(strange[k]),
            ks=distance[k],
            ks_p=float(p[k]),
        )
        for k, each in enumerate(own)
    ]
    watched = bool(beyond.any()) or int(moved.sum()) > most_before
    grade: DriftGrade = "drift" if beyond.any() and enough else "watch" if watched else "ok"
    found.sort(key=lambda each: -each.strangeness)
    return grade, ShiftGroup(stretches=past.shape[0], limit=limit, found=tuple(found))


def _families(found: Sequence[ShiftFinding]) -> tuple[FamilyFinding, ...]:
    """Return the families, that of the strangest feature first."""
    members: defaultdict[str, list[ShiftFinding]] = defaultdict(list)
    for each in found:
        members[each.family].append(each)
    return tuple(
        FamilyFinding(
            family=family,
            features=len(own),
            watch=sum(each.grade == "watch" for each in own),
            drift=sum(each.grade == "drift" for each in own),
            strangest=own[0].name,
        )
        for family, own in members.items()
    )


def _hits(
    references: Sequence[HitReference],
    dataset: Dataset,
    said: Forecasts,
    late: LateRows,
    config: DriftConfig,
) -> tuple[HitFinding, ...]:
    limit = cusum_limit(config.cusum_run_length, slack=config.cusum_slack)
    found = []
    for reference in references:
        h = dataset.horizons.index(reference.horizon)
        among = dataset.resolved(said.rows, reference.side, h, as_of_s=late.as_of_s)
        days = hit_days(dataset, said, side=reference.side, h=h, least_p=reference.least_p, among=among)
        # Of days whose windows overlap one in so many is an outcome of its own.
        taken = which_apart(days.start_s, days.end_s)
        if not taken.any():
            continue
        hits, p = days.hits[taken], days.expected_p[taken]
        # Days had other numbers of rows on validation: what chance alone does to this day's is added, the safe way.
        spread = np.sqrt(reference.spread**2 + p * (1.0 - p) / days.rows[taken])
        path = cusum(hits, p, slack=config.cusum_slack, spread=spread)
        low, high = float(path.low[-1]), float(path.high[-1])
        found.append(
            HitFinding(
                name=reference.name,
                grade="drift" if low > limit else "watch" if high > limit else "ok",
                outcomes=int(taken.sum()),
                hit_rate=float(hits.mean()),
                expected=float(p.mean()),
                low=low,
                high=high,
                limit=limit,
            )
        )
    return tuple(found)


def _counted(values: F64, edges: Sequence[float]) -> I64:
    group = np.zeros(values.size, dtype=np.int64)
    return bin_counts(values, np.asarray(edges, dtype=np.float64), group=group, groups=1).ravel()


def _worst(grades: Sequence[DriftGrade]) -> DriftGrade:
    return max(grades, key=DRIFT_GRADES.index)
