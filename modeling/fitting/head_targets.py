"""What each head of a network learns from: by head a number a row and horizon, NaN where there is no label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from modeling.contracts import BarrierLabelSet
from modeling.contracts.heads import EXCURSION_HEADS, strategy_heads
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.kernels.rank_labels import ranks_by_moment
from modeling.kernels.strong_labels import strong_cut, strong_labels
from traderai.common.arrays import F32, F64, Bools

Side = Literal["long", "short"]
_Reader = Callable[[Dataset, "Asked"], F64 | F32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What else decides targets."""

    labels: BarrierLabelSet
    rank_min_shares: int  # moments with fewer labelled shares carry no rank


def head_targets(dataset: Dataset, asked: Asked, heads: Iterable[str]) -> dict[str, F64 | F32]:
    """Return the targets of some heads (m, h); only theirs are made.

    What is strong is decided by the training rows. Ranks are those among the rows of one moment and part, so that
    no share whose window ends in a later part has a say.
    """
    return {head: _READERS[head](dataset, asked) for head in heads}


def strategy_targets(dataset: Dataset, present: Mapping[str, Bools]) -> dict[str, F64 | F32]:
    """Return the targets of the strategies' heads: those of the sides, on the rows where the setup is present."""
    found: dict[str, F64 | F32] = {}
    for name, rows in present.items():
        for head, target in zip(
            strategy_heads(name), (dataset.targets.p_long, dataset.targets.p_short), strict=True
        ):
            found[head] = np.where(rows[:, None], target, np.nan)
    return found


def _strong(side: Side) -> _Reader:
    def read(dataset: Dataset, asked: Asked) -> F64:
        stop = dataset.stop_loss_frac[:, None]
        r_multiple = dataset.r_multiple(side)
        mfe, mae = (getattr(dataset.targets, f"{side}_{name}") / stop for name in ("mfe", "mae"))
        out = np.empty_like(r_multiple)
        for h in range(len(dataset.horizons)):
            training = dataset.part[:, h] == TRAIN
            cut = strong_cut(r_multiple[:, h], training, strong_frac=asked.labels.strong_frac)
            out[:, h] = strong_labels(r_multiple[:, h], mfe[:, h], mae[:, h], asked.labels, cut_r=cut)
        return out

    return read


def _rank(dataset: Dataset, asked: Asked) -> F64:
    moment = np.unique(dataset.decision_s, return_inverse=True)[1]
    forward, out = dataset.targets.forward_return, np.full(dataset.part.shape, np.nan)
    for part in (TRAIN, VALIDATION, TEST):
        own = dataset.part == part
        for h in range(len(dataset.horizons)):
            among = np.where(own[:, h], forward[:, h], np.nan)
            ranks = ranks_by_moment(moment, among, asked.rank_min_shares)
            out[own[:, h], h] = ranks[own[:, h]]
    return out


def _excursion(head: str) -> _Reader:
    place = EXCURSION_HEADS.index(head)
    return lambda dataset, _: dataset.excursions[..., place]


def _target(name: str) -> _Reader:
    return lambda dataset, _: getattr(dataset.targets, name)


_READERS: Final[dict[str, _Reader]] = {
    "p_long_logit": _target("p_long"),
    "p_short_logit": _target("p_short"),
    "return_quantiles": _target("forward_return"),
    "volatility": _target("forward_volatility"),
    "direction_logits": _target("direction"),
    "p_long_strong_logit": _strong("long"),
    "p_short_strong_logit": _strong("short"),
    "rank_score": _rank,
    **{head: _excursion(head) for head in EXCURSION_HEADS},
}
