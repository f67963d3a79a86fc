"""Calibrating a version again after its training: by its folds and by what it said since, judged on the newest rows.

Only heads that are judged by log loss: quantiles learn each day from outcomes, and the terciles of the evidence are cut
by the volatility as training left it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.contracts import HeadTrust, IsotonicMap
from modeling.contracts.levels import LEVEL_SIDES
from modeling.fitting.calibration import (
    LEAST_P,
    TRUSTS,
    base_of,
    class_losses,
    log_losses,
    map_fit,
    trusts_losses,
)
from modeling.fitting.choices import Choice, choices_of
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasts import Forecasts, Raw, calibrated, require_held_out
from modeling.fitting.judging import Judged, Rules
from modeling.kernels.calibration import sigmoid
from modeling.kernels.offset_logistic import offset_logistic
from modeling.kernels.significance import block_bootstrap_mean
from modeling.kernels.trust import daily_means, informed, trusted_probability
from modeling.registry.folds import OutOfSample
from traderai.common.arrays import F64, I64, Bools

Spoken = Mapping[str, Mapping[str, F64]]  # by side and horizon the probabilities of rows (n,)
_Side = tuple[float, float, IsotonicMap | None]  # slope, shift and map of one side

DIRECTION: Final = "direction"
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "p_long": ("p_long_trust", "p_long_shift", "p_long_map"),
    "p_short": ("p_short_trust", "p_short_shift", "p_short_map"),
    DIRECTION: ("direction_trust",),
}
STANDING: Final = "standing"
PROPOSED: Final = "proposed"
_RESAMPLES: Final = 2000  # a bound at a third of the level lies further out than those of printed figures
_PENALTY: Final = 1.0  # in days: draws slope and shift to the outputs as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadVerdict:
    """What the newest rows said of one head's proposed calibration, all horizons together."""

    head: str
    changed: bool  # whether the older rows proposed another one at any horizon
    proven: bool
    rows: int
    days: int
    log_loss_before: float  # means by day
    log_loss_after: float
    better_low: float  # lower bound of the first less the second; NaN where nothing was judged
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Newest:
    """The rows that judge: the validation part of their dataset, and what stands says of them."""

    raw: Raw
    dataset: Dataset
    serving: Judged  # as in service
    # What a calibration would say of them in service, moved by what its own words have taught; None: no level learns.
    served: Callable[[Mapping[str, HeadTrust]], Forecasts] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recalibration:
    """The calibration that stands from now on, by horizon, and why."""

    trust: dict[str, HeadTrust]
    kept: bool  # False: it is the one that stood before
    reason: str
    verdicts: tuple[HeadVerdict, ...]
    choices: tuple[Choice, ...] = ()  # what the trades made with the standing one and with the proposed one

    def told(self) -> dict[str, Any]:
        """Return what is kept of the judgement, as plain values."""
        return {
            "verdicts": [asdict(own) for own in self.verdicts],
            "choices": [asdict(own) for own in self.choices],
        }


def out_of_sample(raw: Raw, dataset: Dataset, priors: Mapping[str, HeadTrust]) -> dict[str, OutOfSample]:
    """Return what was said of the dataset's validation part, by horizon; `priors` know the network's training part.

    Raises: InvariantError for outputs of another dataset or of rows that taught their network.
    """
    require_held_out(raw, dataset, part=VALIDATION)
    found = {}
    for h, horizon in enumerate(dataset.horizons):
        own = dataset.part[raw.rows, h] == VALIDATION
        outputs, rows, base = raw.at(h).taken(own), raw.rows[own], priors[horizon]
        found[horizon] = OutOfSample(
            p_long_logit=outputs.p_long_logit,
            p_short_logit=outputs.p_short_logit,
            direction_logits=outputs.direction_logits,
            p_long=dataset.targets.p_long[rows, h],
            p_short=dataset.targets.p_short[rows, h],
            direction=dataset.targets.direction[rows, h],
            day=dataset.day[rows],
            p_long_prior=np.array(base.p_long_prior),
            p_short_prior=np.array(base.p_short_prior),
            direction_prior=np.array(base.direction_prior),
        )
    return found


def folds_said(folds: Sequence[Fold], *, column: int) -> tuple[dict[str, OutOfSample], ...]:
    """Return what each fold's network said of its own held-out rows; `column` is the feature of recent volatility."""
    return tuple(
        out_of_sample(
            fold.raw,
            fold.dataset,
            {name: base_of(fold.dataset, h=h, column=column) for h, name in enumerate(fold.dataset.horizons)},
        )
        for fold in folds
    )


def recalibrated(said: Sequence[OutOfSample], standing: HeadTrust, *, stretch_days: float) -> HeadTrust:
    """Return by what the rows of one horizon are said best: for each head temperature, Platt, isotonic map or as it stands.

    Each is judged by its mean daily log loss on stretches of days that did not make it, every other one, so that a change
    that lasts is in both halves. It is a proposal: newer rows must prove it.
    """
    if np.unique(_stretch(_days(said), stretch_days)).size < 2:
        return standing
    sides: dict[str, Any] = {}
    for side in ("p_long", "p_short"):
        sides |= _side_choice(said, standing, side, stretch_days)
    return replace(standing, **sides, direction_trust=_direction_choice(said, standing, stretch_days))


def head_losses(said: OutOfSample, trust: HeadTrust, head: str) -> tuple[F64, I64]:
    """Return the log loss of one head (n,) under a trust upon the rows' own priors, and the day of each row."""
    if head == DIRECTION:
        known = np.isfinite(said.direction)
        logits, classes = said.direction_logits[known], said.direction[known].astype(np.int64)
        losses = class_losses(logits, classes, prior=said.direction_prior, trust=trust.direction_trust)
        return losses, said.day[known]
    slope, shift, by = (getattr(trust, name) for name in FIELDS[head])
    return _side_rows([said], head).losses((slope, shift, by)), said.day


def heads_judged(
    newest: Mapping[str, OutOfSample],
    standing: Mapping[str, HeadTrust],
    proposed: Mapping[str, HeadTrust],
    rules: Rules,
    *,
    spoken: tuple[Spoken, Spoken] = ({}, {}),
) -> tuple[HeadVerdict, ...]:
    """Return the word on each head by rows that made no proposal: is its log loss proven less than that of what stands?

    The lower bound of a block bootstrap of days; the heads share the risk (Bonferroni). What stands may have been chosen
    on some of the same rows: that speaks for it. Of 80 heads that were right but for a base rate that wandered by day (0.4
    in logits, 0.9 of it left the next day) 8 were kept by 20 days and 3 by 40; of 15 whose rate had fallen by 0.8 for good 8
    were kept in the first week by either.

    `spoken` are the probabilities in service by what stands and by what is proposed, of heads with a level that learns.
    """
    level = 1.0 - (1.0 - rules.recipe.evaluation.interval_level) / len(FIELDS)
    found = []
    for head, names in FIELDS.items():
        before, day = _pooled(newest, standing, head, spoken[0])
        after, _ = _pooled(newest, proposed, head, spoken[1])
        daily = daily_means(np.stack([before, after]), day)
        changed = any(
            getattr(own, name) != getattr(proposed[horizon], name)
            for horizon, own in standing.items()
            for name in names
        )
        low = _lower_bound(daily[0] - daily[1], rules, level) if changed else float("nan")
        found.append(
            HeadVerdict(
                head=head,
                changed=changed,
                proven=low > 0.0,
                rows=day.size,
                days=daily.shape[1],
                log_loss_before=_mean(daily[0]),
                log_loss_after=_mean(daily[1]),
                better_low=low,
                level=level,
            )
        )
    return tuple(found)


def recalibration_prove(
    said: Sequence[Mapping[str, OutOfSample]],
    newest: Newest,
    standing: Mapping[str, HeadTrust],
    rules: Rules,
) -> Recalibration:
    """Return the calibration that stands from now on: what older rows propose and the newest prove, head by head.

    Another probability makes other trades by the same evidence. They need not prove a gain once more, but where they made
    less on the newest rows the sides stay as they stand.
    """
    stretch_days = rules.recipe.evaluation.mean_block_days
    proposed = {
        horizon: recalibrated([fold[horizon] for fold in said], own, stretch_days=stretch_days)
        for horizon, own in standing.items()
    }
    spoken = _spoken(newest, standing), _spoken(newest, proposed)
    heard = out_of_sample(newest.raw, newest.dataset, standing)
    verdicts = heads_judged(heard, standing, proposed, rules, spoken=spoken)
    proven = [own.head for own in verdicts if own.proven]
    if not proven:
        tried = ", ".join(own.head for own in verdicts if own.changed)
        reason = f"the gain of {tried} is not proven" if tried else "nothing better was found"
        return Recalibration(trust=dict(standing), kept=False, reason=reason, verdicts=verdicts)
    trust = _joined(standing, proposed, proven)
    choices = _choices(newest, trust, rules)
    if choices[1].mean_daily_net < choices[0].mean_daily_net:
        proven = [head for head in proven if head == DIRECTION]
        trust = _joined(standing, proposed, proven)
    return Recalibration(
        trust=trust,
        kept=bool(proven),
        reason=f"{', '.join(proven)} proven better" if proven else "its trades made less",
        verdicts=verdicts,
        choices=choices,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SideRows:
    """n rows of one side, of whatever networks."""

    logits: F64
    y: F64
    prior: F64
    day: I64

    def taken(self, own: Bools) -> _SideRows:
        return _SideRows(logits=self.logits[own], y=self.y[own], prior=self.prior[own], day=self.day[own])

    def losses(self, by: _Side) -> F64:
        slope, shift, mapping = by
        p = trusted_probability(self.logits, prior=self.prior, trust=slope, shift=shift, by=mapping)
        return log_losses(p, self.y) if mapping is None else log_losses(p, self.y, least=LEAST_P)


def _side_rows(said: Sequence[OutOfSample], side: str) -> _SideRows:
    return _SideRows(
        logits=np.concatenate([getattr(own, f"{side}_logit") for own in said]),
        y=np.concatenate([getattr(own, side) for own in said]),
        prior=np.concatenate([np.full(own.day.size, getattr(own, f"{side}_prior")) for own in said]),
        day=_days(said),
    )


def _side_choice(
    said: Sequence[OutOfSample], standing: HeadTrust, side: str, stretch_days: float
) -> dict[str, Any]:
    """Return the fields of one side that change."""
    rows = _side_rows(said, side)
    odd = _stretch(rows.day, stretch_days) % 2 == 1
    found = [np.concatenate([head_losses(own, standing, side)[0] for own in said])]
    for fit in _FAMILIES:
        crossed = np.empty(rows.day.size)
        for half in (odd, ~odd):
            crossed[half] = rows.taken(half).losses(fit(rows.taken(~half)))
        found.append(crossed)
    best = _least(np.stack(found), rows.day)
    return {} if best == 0 else dict(zip(FIELDS[side], _FAMILIES[best - 1](rows), strict=True))


def _temperature(rows: _SideRows) -> _Side:
    return TRUSTS[_least(trusts_losses(rows.logits, rows.y, prior=rows.prior), rows.day)], 0.0, None


def _platt(rows: _SideRows) -> _Side:
    """Return slope and shift of `prior + slope (logit - prior) + shift` with the least log loss; days count alike."""
    _, at, count = np.unique(rows.day, return_inverse=True, return_counts=True)
    weight, beyond = 1.0 / count[at], rows.logits - rows.prior
    x = np.stack([beyond, np.ones(rows.y.size)], axis=1)
    added, shift = offset_logistic(x, rows.y, rows.logits, weight, penalty=_PENALTY).tolist()
    slope = float(np.clip(1.0 + added, TRUSTS[0], TRUSTS[-1]))
    if slope != 1.0 + added:
        offset = rows.prior + slope * beyond
        (shift,) = offset_logistic(x[:, 1:], rows.y, offset, weight, penalty=_PENALTY).tolist()
    return slope, shift, None


def _isotonic(rows: _SideRows) -> _Side:
    return 1.0, 0.0, map_fit(sigmoid(rows.logits), rows.y)


_FAMILIES: Final[tuple[Callable[[_SideRows], _Side], ...]] = (_temperature, _platt, _isotonic)


def _direction_choice(said: Sequence[OutOfSample], standing: HeadTrust, stretch_days: float) -> float:
    trusts = (standing.direction_trust, *TRUSTS)
    day = np.concatenate([own.day[np.isfinite(own.direction)] for own in said])
    odd = _stretch(day, stretch_days) % 2 == 1
    if odd.all() or not odd.any():
        return standing.direction_trust
    by_trust = [replace(standing, direction_trust=trust) for trust in trusts]
    losses = np.stack(
        [np.concatenate([head_losses(own, trust, DIRECTION)[0] for own in said]) for trust in by_trust]
    )
    crossed = np.empty(day.size)
    for half in (odd, ~odd):
        crossed[half] = losses[_least(losses[:, ~half], day[~half]), half]
    if _least(np.stack([losses[0], crossed]), day) == 0:
        return standing.direction_trust
    return trusts[_least(losses, day)]


def _least(losses: F64, day: I64) -> int:
    return int(np.argmin(daily_means(losses, day).mean(axis=1)))


def _days(said: Sequence[OutOfSample]) -> I64:
    return np.concatenate([own.day for own in said])


def _stretch(day: I64, stretch_days: float) -> I64:
    """Return the stretch of days with rows, so many each, in which each row lies."""
    order = np.unique(day, return_inverse=True)[1]
    return np.asarray(order // max(round(stretch_days), 1), dtype=np.int64)


def _spoken(newest: Newest, trust: Mapping[str, HeadTrust]) -> Spoken:
    """Return what `out_of_sample` holds as it would be said in service."""
    if newest.served is None:
        return {}
    dataset, said = newest.dataset, newest.served(trust)
    inside = dataset.part[said.rows] == VALIDATION
    return {
        side: {name: getattr(said, side)[inside[:, h], h] for h, name in enumerate(dataset.horizons)}
        for side in LEVEL_SIDES
    }


def _pooled(
    said: Mapping[str, OutOfSample], trust: Mapping[str, HeadTrust], head: str, spoken: Spoken
) -> tuple[F64, I64]:
    found = [
        (log_losses(spoken[head][horizon], getattr(own, head), least=LEAST_P), own.day)
        if head in spoken
        else head_losses(own, trust[horizon], head)
        for horizon, own in said.items()
    ]
    return np.concatenate([losses for losses, _ in found]), np.concatenate([day for _, day in found])


def _mean(daily: F64) -> float:
    return float(daily.mean()) if daily.size else float("nan")


def _lower_bound(daily: F64, rules: Rules, level: float) -> float:
    if daily.size < 2:
        return float("nan")
    return block_bootstrap_mean(
        daily,
        level=level,
        mean_block_days=rules.recipe.evaluation.mean_block_days,
        resamples=_RESAMPLES,
        rng=np.random.default_rng(rules.seed),
    ).low


def _joined(
    standing: Mapping[str, HeadTrust], proposed: Mapping[str, HeadTrust], heads: Sequence[str]
) -> dict[str, HeadTrust]:
    names = [name for head in heads for name in FIELDS[head]]
    return {
        horizon: replace(own, **{name: getattr(proposed[horizon], name) for name in names})
        for horizon, own in standing.items()
    }


def _choices(newest: Newest, trust: dict[str, HeadTrust], rules: Rules) -> tuple[Choice, ...]:
    dataset, serving = newest.dataset, newest.serving
    column = dataset.features.index(rules.recipe.network.volatility_feature)
    plain = calibrated(newest.raw, dataset, trust, column=column)
    after = replace(
        serving,
        forecasts=plain if newest.served is None else newest.served(trust),
        evidence=informed(serving.evidence, trust),
    )
    return choices_of({STANDING: serving, PROPOSED: after}, dataset, rules, replaced=STANDING)
