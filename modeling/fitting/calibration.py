"""Choosing on out-of-fold rows how far each head is trusted beyond what its training part knows without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modeling.contracts import DIRECTIONS, QUANTILE_LEVELS, ExcursionTrust, HeadTrust, IsotonicMap
from modeling.contracts.decisions import EXCURSIONS
from modeling.contracts.heads import EXCURSION_HEADS
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.recipe import EvaluationConfig
from modeling.kernels.calibration import fit_isotonic, mapped, sigmoid
from modeling.kernels.trust import (
    blended_excursions,
    blended_quantiles,
    blended_volatility,
    daily_means,
    proven_choice,
    trusted_probability,
    trusted_shares,
)
from modeling.registry.outputs import Outputs, excursions_of
from traderai.common.arrays import F64, I64

Losses = tuple[F64, I64]  # (candidates, rows) and the day of each row
Weights = tuple[float, float, float]
# Beyond 1 for what says less than it knows, as the mean of several forests does.
TRUSTS: tuple[float, ...] = tuple(np.linspace(0.0, 2.0, 41).tolist())
_TENTHS = 10
# Weights of base, recent volatility and network in tenths; the base alone comes first.
_WEIGHTS: list[Weights] = sorted(
    (
        ((_TENTHS - scaled - learned) / _TENTHS, scaled / _TENTHS, learned / _TENTHS)
        for scaled in range(_TENTHS + 1)
        for learned in range(_TENTHS + 1 - scaled)
    ),
    reverse=True,
)
_BASE, _HALF, _RECENT = (_WEIGHTS.index(own) for own in ((1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.0, 1.0, 0.0)))
# Those of excursions in fifths: there are four of them, and nothing is decided by them alone.
_FIFTHS = [own for own in _WEIGHTS if all(round(_TENTHS * each) % 2 == 0 for each in own)]
_FIFTHS_RECENT = _FIFTHS.index((0.0, 1.0, 0.0))
_LEVELS = np.asarray(QUANTILE_LEVELS)
_TARGETS = ("p_long", "p_short", "direction", "forward_return", "forward_volatility")
_MAP_KNOTS = 200  # a pattern of one row in a hundred must not drown in a group of the others
LEAST_P = 1e-3  # of a map: a group without a hit is no proof that there never is one
_TINY_P = 1e-12  # of an output: keeps the loss of a certain one that was wrong finite
_LEAST_SHARE = 1e-4  # of a direction that training never saw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """The validation rows of one fold at one horizon, what its network said of them, and what it knew before."""

    outputs: Outputs
    recent: F64  # recent volatility of a bar
    day: I64
    targets: dict[str, F64]
    base: HeadTrust  # of the fold's own training part


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Picks the candidate with the largest proven improvement; equal inputs give an equal pick."""

    rules: EvaluationConfig
    seed: int

    def pick(self, losses: F64, day: I64, *, base: int = _BASE) -> int:
        """Return the index into the candidates (c, n) of losses by row; `base` is the one that stays if none is proven."""
        others = [number for number in range(losses.shape[0]) if number != base]
        order = [base, *others]
        found = proven_choice(
            daily_means(losses, day)[order],
            level=self.rules.interval_level,
            mean_block_days=self.rules.mean_block_days,
            resamples=self.rules.resamples,
            seed=self.seed,
        )
        return order[found]


def slice_of(outputs: Outputs, dataset: Dataset, *, rows: I64, h: int, column: int) -> Slice:
    """Return the validation rows of horizon `h` among `rows`; `column` is the feature of recent volatility."""
    own = dataset.part[rows, h] == VALIDATION
    targets = {name: getattr(dataset.targets, name)[rows[own], h] for name in _TARGETS}
    foretold = set(EXCURSION_HEADS) <= set(outputs.more)
    if foretold:
        targets |= dict(zip(EXCURSIONS, dataset.excursions[rows[own], h].T, strict=True))
    return Slice(
        outputs=outputs.taken(own),
        recent=dataset.values[rows[own], column].astype(np.float64),
        day=dataset.trading_day[rows[own]],
        targets=targets,
        base=base_of(dataset, h=h, column=column, excursions=foretold),
    )


def trust_fit(slices: Sequence[Slice], chooser: Chooser) -> HeadTrust:
    """Return the trust proven on the pooled slices, upon the base of the first, which is the one that serves.

    That volatility comes in clusters needs no proof: a network's volatility is the recent one unless another is proven
    better, and not a constant, which a validation part without a storm would keep into the next one. How far ranges
    follow it does: they are halfway between the constant and it, where the loss, being convex, is never above the mean
    of both (Bates and Granger 1969).
    """
    quantiles, volatility = (_HALF, _RECENT) if _has_own_volatility(slices) else (_BASE, _BASE)
    long, long_map = _side_choice(slices, chooser, "p_long")
    short, short_map = _side_choice(slices, chooser, "p_short")
    return replace(
        slices[0].base,
        p_long_trust=long,
        p_short_trust=short,
        p_long_map=long_map,
        p_short_map=short_map,
        direction_trust=TRUSTS[_pooled(slices, chooser, _direction_losses)],
        quantile_weights=_WEIGHTS[_pooled(slices, chooser, _quantile_losses, base=quantiles)],
        volatility_weights=_WEIGHTS[_pooled(slices, chooser, _volatility_losses, base=volatility)],
        excursions=tuple(
            replace(
                own, weights=_FIFTHS[_pooled(slices, chooser, _excursion_losses(place), base=_FIFTHS_RECENT)]
            )
            for place, own in enumerate(slices[0].base.excursions)
        ),
    )


def reduced(trust: HeadTrust, *, kinds: Sequence[str]) -> HeadTrust:
    """Return the trust with these kinds of heads back at what the gate held against them, which it cannot find worse.

    "log_loss" stands for the probabilities and the direction, "quantile_loss" for the return quantiles, which are the
    training rows' own then, and excursions, and "volatility_rank" for the volatility: both as the recent volatility says.
    """
    changes: dict[str, Any] = {}
    if "log_loss" in kinds:
        changes |= {"p_long_trust": 0.0, "p_short_trust": 0.0, "direction_trust": 0.0}
        changes |= {"p_long_map": None, "p_short_map": None, "p_long_shift": 0.0, "p_short_shift": 0.0}
    if "quantile_loss" in kinds:
        recent = (replace(own, weights=_WEIGHTS[_RECENT]) for own in trust.excursions)
        changes |= {"quantile_weights": _WEIGHTS[0], "excursions": tuple(recent)}
    if "volatility_rank" in kinds:
        changes["volatility_weights"] = (0.0, 1.0, 0.0)
    return replace(trust, **changes)


def taught_only(trust: HeadTrust, loss_weights: Mapping[str, float]) -> HeadTrust:
    """Return the trust with the heads that no loss taught back at what is known without the network.

    Such a head says what chance began it with; that it lessens a loss here and there is no reason to serve it.
    """
    untaught = {head for head, weight in loss_weights.items() if weight == 0}
    changes: dict[str, Any] = {}
    if "return_quantiles" in untaught and trust.quantile_weights[2] > 0:
        changes["quantile_weights"] = _WEIGHTS[_HALF]
    if "volatility" in untaught and trust.volatility_weights[2] > 0:
        changes["volatility_weights"] = _WEIGHTS[_RECENT]
    if "direction_logits" in untaught:
        changes["direction_trust"] = 0.0
    return replace(trust, **changes)


def upon(base: HeadTrust, chosen: HeadTrust) -> HeadTrust:
    """Return the chosen trust upon another base: what one fold's network says with it."""
    return replace(
        base,
        p_long_trust=chosen.p_long_trust,
        p_short_trust=chosen.p_short_trust,
        p_long_map=chosen.p_long_map,
        p_short_map=chosen.p_short_map,
        p_long_shift=chosen.p_long_shift,
        p_short_shift=chosen.p_short_shift,
        direction_trust=chosen.direction_trust,
        quantile_weights=chosen.quantile_weights,
        volatility_weights=chosen.volatility_weights,
        excursions=tuple(
            replace(own, weights=each.weights)
            for own, each in zip(base.excursions, chosen.excursions, strict=False)
        ),
    )


def _side_choice(slices: Sequence[Slice], chooser: Chooser, side: str) -> tuple[float, IsotonicMap | None]:
    """Return the trust in one side's probability, or 1 and the map that was proven better than any trust.

    A map has many figures, so it is judged on rows that did not make it: each half of the days by the other's map.
    """
    found = [_side_losses(side)(each) for each in slices]
    p = np.concatenate([sigmoid(getattr(each.outputs, f"{side}_logit")) for each in slices])
    y = np.concatenate([each.targets[side] for each in slices])
    day = np.concatenate([day for _, day in found])
    losses = np.concatenate([losses for losses, _ in found], axis=1)
    late = day > np.median(day)
    if not (late.any() and (~late).any()):
        return TRUSTS[chooser.pick(losses, day)], None
    crossed = np.empty(p.size)
    for half in (late, ~late):
        crossed[half] = mapped(p[half], map_fit(p[~half], y[~half]))
    best = chooser.pick(np.vstack([losses, log_losses(crossed, y, least=LEAST_P)]), day)
    return (TRUSTS[best], None) if best < len(TRUSTS) else (1.0, map_fit(p, y))


def map_fit(p: F64, y: F64) -> IsotonicMap:
    """Return the isotonic map of probabilities (n,) to outcomes (n,) of 0 and 1."""
    return fit_isotonic(p, y, max_knots=_MAP_KNOTS)


def log_losses(p: F64, y: F64, *, least: float = _TINY_P) -> F64:
    """Return the log loss of each row (n,); a probability counts as at least `least` away from 0 and 1."""
    safe = np.clip(p, least, 1.0 - least)
    return np.asarray(-np.log(np.where(y == 1.0, safe, 1.0 - safe)))


def trusts_losses(logits: F64, y: F64, *, prior: float | F64) -> F64:
    """Return the log loss (c, n) of one side's rows under each trust of TRUSTS."""
    p = np.stack([trusted_probability(logits, prior=prior, trust=trust) for trust in TRUSTS])
    return log_losses(p, y)


def class_losses(logits: F64, classes: I64, *, prior: F64, trust: float) -> F64:
    """Return the log loss (n,) of directions; `prior` is (5,), or (n, 5) where rows are of several bases."""
    shares = trusted_shares(logits, prior=prior, trust=trust)
    return -np.log(shares[np.arange(classes.size), classes])


def _pooled(
    slices: Sequence[Slice], chooser: Chooser, losses_of: Callable[[Slice], Losses], *, base: int = _BASE
) -> int:
    found = [losses_of(each) for each in slices]
    return chooser.pick(
        np.concatenate([losses for losses, _ in found], axis=1),
        np.concatenate([day for _, day in found]),
        base=base,
    )


def _has_own_volatility(slices: Sequence[Slice]) -> bool:
    """Return whether the outputs have a volatility of their own; regressions and trees say the recent one.

    Theirs stays as it was chosen before: their terciles of volatility hang on it, and nothing of theirs reads the rest.
    """
    return not all(
        np.allclose(own.outputs.volatility, own.recent * own.base.volatility_per_unit, rtol=1e-9, atol=0.0)
        for own in slices
    )


def base_of(dataset: Dataset, *, h: int, column: int, excursions: bool = False) -> HeadTrust:
    """Return what the training part knows without the network: no trust, the base's weights alone.

    Of excursions only where they are asked for; they go with the recent volatility.
    """
    targets, train = dataset.targets, dataset.part[:, h] == TRAIN
    direction = targets.direction[train, h]
    known = direction[np.isfinite(direction)].astype(np.int64)
    shares = np.maximum(np.bincount(known, minlength=len(DIRECTIONS)) / max(known.size, 1), _LEAST_SHARE)
    returns, moved = targets.forward_return[train, h], targets.forward_volatility[train, h]
    recent = np.maximum(dataset.values[train, column].astype(np.float64), 1e-6)
    seen = np.isfinite(moved) & np.isfinite(recent) & np.isfinite(returns)
    square = float(np.mean(moved[seen] ** 2))
    return HeadTrust(
        p_long_prior=_logit(float(targets.p_long[train, h].mean())),
        p_short_prior=_logit(float(targets.p_short[train, h].mean())),
        direction_prior=tuple(np.log(shares).tolist()),
        base_quantiles=tuple(np.quantile(returns, _LEVELS).tolist()),
        unit_quantiles=tuple(np.quantile(returns[seen] / recent[seen], _LEVELS).tolist()),
        base_volatility=float(np.sqrt(square)),
        volatility_per_unit=float(np.sqrt(square / np.mean(recent[seen] ** 2))),
        p_long_trust=0.0,
        p_short_trust=0.0,
        direction_trust=0.0,
        quantile_weights=_WEIGHTS[0],
        volatility_weights=_WEIGHTS[0],
        excursions=_excursion_bases(dataset.excursions[train, h], recent) if excursions else (),
    )


def _excursion_bases(moved: F64, recent: F64) -> tuple[ExcursionTrust, ...]:
    """Return what training rows know of each excursion (n, 4), by their recent volatility (n,)."""
    seen = np.isfinite(recent)
    return tuple(
        ExcursionTrust(
            base_quantiles=tuple(np.quantile(own, _LEVELS).tolist()),
            unit_quantiles=tuple(np.quantile(own[seen] / recent[seen], _LEVELS).tolist()),
            weights=_WEIGHTS[_RECENT],
        )
        for own in moved.T
    )


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


def _side_losses(side: str) -> Callable[[Slice], Losses]:
    def losses(own: Slice) -> Losses:
        prior, logits = getattr(own.base, f"{side}_prior"), getattr(own.outputs, f"{side}_logit")
        return trusts_losses(logits, own.targets[side], prior=prior), own.day

    return losses


def _direction_losses(own: Slice) -> Losses:
    known = np.isfinite(own.targets["direction"])
    classes = own.targets["direction"][known].astype(np.int64)
    logits, prior = own.outputs.direction_logits[known], np.asarray(own.base.direction_prior)
    return np.stack([class_losses(logits, classes, prior=prior, trust=t) for t in TRUSTS]), own.day[known]


def _quantile_losses(own: Slice) -> Losses:
    losses = []
    for weights in _WEIGHTS:
        base = replace(own.base, quantile_weights=weights)
        quantiles = blended_quantiles(own.outputs.return_quantiles, own.recent, base)
        over = own.targets["forward_return"][:, None] - quantiles
        losses.append(np.maximum(_LEVELS * over, (_LEVELS - 1.0) * over).mean(axis=1))
    return np.stack(losses), own.day


def _excursion_losses(place: int) -> Callable[[Slice], Losses]:
    def losses(own: Slice) -> Losses:
        said, known = excursions_of(own.outputs.more), own.base.excursions[place]
        assert said is not None  # noqa: S101  # a base has excursions where they are foretold
        y = own.targets[EXCURSIONS[place]][:, None]
        found = []
        for weights in _FIFTHS:
            quantiles = blended_excursions(
                said[:, place : place + 1], own.recent, (replace(known, weights=weights),)
            )
            over = y - np.asarray(quantiles)[:, 0]
            found.append(np.maximum(_LEVELS * over, (_LEVELS - 1.0) * over).mean(axis=1))
        return np.stack(found), own.day

    return losses


def _volatility_losses(own: Slice) -> Losses:
    """Return quasi-likelihoods, by which the network was trained too."""
    known = np.isfinite(own.targets["forward_volatility"])
    y, recent = own.targets["forward_volatility"][known], own.recent[known]
    losses = []
    for weights in _WEIGHTS:
        base = replace(own.base, volatility_weights=weights)
        expected = blended_volatility(own.outputs.volatility[known], recent, base)
        losses.append(np.log(expected) + 0.5 * (y / expected) ** 2)
    return np.stack(losses), own.day[known]
