"""What a rank report learns from: the liquid shares of each date, their ranked features, forward ranks and prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from market.contracts import Bars
from modeling.contracts import RankLabelSet
from modeling.fitting.content import data_sha256
from modeling.fitting.label_data import LabelScope, ShareRows, share_rows
from modeling.fitting.stored_features import feature_values
from modeling.kernels.label_profile import coverage
from modeling.kernels.rank_labels import RankLabels, rank_labels
from modeling.kernels.ranked_features import ranks_within_dates
from modeling.kernels.simple_rules import SCORES
from modeling.kernels.simulator_market import moscow_days
from modeling.kernels.staggered_portfolio import PriceGrid
from traderai.common.arrays import F32, F64, I64, Bools
from traderai.common.errors import NotReadyError
from traderai.common.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareFeatures:
    """One share that was liquid once, with its features; NaN where it has none."""

    bars: Bars
    rows: ShareRows
    values: F32 | None  # (n, k); None: nothing of it is stored


@dataclass(frozen=True, kw_only=True, eq=False)
class RankPanel:
    """The rows that could be ranked when they were decided, by date and share: n rows, k features, h horizons.

    Liquidity is that known at the decision. A row without a forward rank (its window is not complete, or crosses a
    halt) teaches and judges nothing, but is held like any other: nobody knew.
    """

    secids: tuple[str, ...]
    horizons: tuple[str, ...]
    features: tuple[str, ...]  # those of the set, then the simple scores
    day: I64  # (n,) Moscow day of the decision's bar, since 1970
    share: I64  # (n,) index into secids
    decision_s: I64  # (n,)
    values: F32  # (n, k) ranks among the date's rows, from -1 to 1; 0 where missing
    missing: I64  # (k,) rows without the feature
    scores: Mapping[str, F64]  # (n,) of the simple rules, NaN where not known
    forward_frac: F64  # (n, h) NaN without a label
    rank: F64  # (n, h) the label, from -1 to 1
    window_end_s: I64  # (n, h) 0 without a label
    cost_frac: F64  # (n,) configured round trip
    min_shares: int
    grid: PriceGrid  # of all days, columns as secids
    without_features: tuple[str, ...] = ()
    states: Mapping[str, dict[str, int]] = field(default_factory=dict)  # by horizon, bars by row state

    @property
    def labelled(self) -> Bools:
        """Which rows carry a label, by horizon (n, h)."""
        return ~np.isnan(self.rank)

    @property
    def differs(self) -> Bools:
        """Which features differ among the shares of a date; the others can order nothing (k,)."""
        return np.asarray((self.values != 0).any(axis=0))

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of all that the panel holds."""
        return data_sha256(self)


def date_starts(day: I64) -> I64:
    """Return the first row of each date of rows in order, and their number at the end."""
    return np.concatenate(([0], np.flatnonzero(np.diff(day)) + 1, [day.size])).astype(np.int64)


def panel_load(
    scope: LabelScope,
    spec: RankLabelSet,
    *,
    feature_set: str,
    columns: tuple[str, ...],
    progress: Progress,
) -> RankPanel:
    """Return the panel of all shares of a scope that were liquid once.

    Raises: NotReadyError where no date has enough liquid shares, or no share has features.
    """
    shares = list(_liquid_once(scope, spec, feature_set, progress))
    if not any(item.values is not None for item in shares):
        raise NotReadyError(
            f"no share that was liquid once has {feature_set} features at {spec.timeframe}; run manage.py "
            "build_features first",
            code="features_not_built",
        )
    return panel_assemble(shares, spec, columns=columns)


def _liquid_once(
    scope: LabelScope, spec: RankLabelSet, feature_set: str, progress: Progress
) -> Iterator[ShareFeatures]:
    for number, rows in enumerate(share_rows(scope)):
        progress(number, len(scope.shares), rows.facts.secid)
        if not _open_to_all(rows, spec).any():
            continue
        values = None
        with suppress(
            NotReadyError
        ):  # it stays in the ranking, at the centre of every feature, and is told of
            values = feature_values(rows.bars, feature_set=feature_set, as_of=scope.as_of)
        yield ShareFeatures(bars=rows.bars, rows=rows, values=values)


def panel_assemble(
    shares: Sequence[ShareFeatures], spec: RankLabelSet, *, columns: tuple[str, ...]
) -> RankPanel:
    """Return the panel of some shares; ranks are among the rows of a date that anybody could have ranked then."""
    if not shares:
        raise NotReadyError(
            f"no share of the span has a median turnover of {spec.min_median_turnover_rub:,.0f} RUB; widen --since "
            "and --until",
            code="no_bars",
        )
    labels = [
        rank_labels([(item.bars, item.rows.inputs) for item in shares], spec, name) for name in spec.horizons
    ]
    order, day = _rows_in_order(shares, spec)
    share = np.repeat(np.arange(len(shares)), [len(item.bars) for item in shares])[order]
    scores = {
        name: np.concatenate([rule(item.bars) for item in shares])[order] for name, rule in SCORES.items()
    }
    raw = np.column_stack([_stacked_values(shares, len(columns))[order], *scores.values()]).astype(np.float32)
    raw[~np.isfinite(raw)] = np.nan
    return RankPanel(
        secids=tuple(item.bars.secid for item in shares),
        horizons=spec.horizons,
        features=(*columns, *scores),
        day=day,
        share=share.astype(np.int64),
        decision_s=labels[0].decision_s[order],
        values=ranks_within_dates(day, raw),
        missing=np.isnan(raw).sum(axis=0).astype(np.int64),
        scores=scores,
        forward_frac=_by_horizon(labels, "forward_return", order),
        rank=_by_horizon(labels, "rank", order),
        window_end_s=_by_horizon(labels, "window_end_s", order),
        cost_frac=np.concatenate([item.rows.inputs.cost_frac for item in shares])[order],
        min_shares=spec.min_shares,
        grid=price_grid([item.bars for item in shares], [item.rows.inputs.cost_frac for item in shares]),
        without_features=tuple(item.bars.secid for item in shares if item.values is None),
        states=_states(labels, spec, order),
    )


def price_grid(bars: Sequence[Bars], cost_frac: Sequence[F64]) -> PriceGrid:
    """Return the daily prices of some shares over all days on which any of them traded."""
    days = [moscow_days(own.known_s) for own in bars]
    day = np.unique(np.concatenate(days))
    shape = (day.size, len(bars))
    opens, closes, half = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    dividend = np.zeros(shape)
    for column, (own, own_days, cost) in enumerate(zip(bars, days, cost_frac, strict=True)):
        at = np.searchsorted(day, own_days)
        opens[at, column], closes[at, column] = own.open, own.close
        dividend[at, column], half[at, column] = own.dividend_rub, cost / 2.0
    return PriceGrid(
        day=day.astype(np.int64),
        open=opens,
        close=closes,
        dividend_rub=dividend,
        side_cost_frac=_known_before(half),
    )


def _known_before(values: F64) -> F64:
    """Return the newest value of each column before each row, 0 where there is none."""
    rows = np.arange(values.shape[0])[:, None]
    newest = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    filled = np.where(newest < 0, 0.0, np.take_along_axis(values, np.maximum(newest, 0), axis=0))
    return np.concatenate((np.zeros((1, values.shape[1])), filled[:-1]))


def _open_to_all(rows: ShareRows, spec: RankLabelSet) -> Bools:
    """Return the rows that could be ranked when they were decided, by the label set's rules (n,)."""
    inputs = rows.inputs
    found = (rows.bars.volume_shares > 0) & (np.arange(len(rows.bars)) >= rows.first)
    if spec.skip_auctions:
        found &= ~inputs.auction
    if spec.min_median_turnover_rub > 0:
        found &= inputs.median_turnover_rub >= spec.min_median_turnover_rub
    return np.asarray(found)


def _rows_in_order(shares: Sequence[ShareFeatures], spec: RankLabelSet) -> tuple[I64, I64]:
    """Return the rows of the panel by date and share, and their dates; dates with too few shares are left out."""
    day = np.concatenate([moscow_days(item.bars.known_s) for item in shares])
    rows = np.flatnonzero(np.concatenate([_open_to_all(item.rows, spec) for item in shares]))
    place, count = np.unique(day[rows], return_inverse=True, return_counts=True)[1:]
    rows = rows[count[place] >= spec.min_shares]
    if rows.size == 0:
        raise NotReadyError(
            f"no date has {spec.min_shares} liquid shares to rank; give more shares, or widen --since and --until",
            code="no_bars",
        )
    order = rows[np.argsort(day[rows], kind="stable")]
    return order.astype(np.int64), day[order].astype(np.int64)


def _stacked_values(shares: Sequence[ShareFeatures], width: int) -> F32:
    return np.concatenate(
        [
            np.full((len(item.bars), width), np.nan, dtype=np.float32) if item.values is None else item.values
            for item in shares
        ]
    )


def _by_horizon(labels: Sequence[RankLabels], name: str, order: I64) -> np.ndarray:
    return np.stack([getattr(own, name)[order] for own in labels], axis=1)


def _states(labels: Sequence[RankLabels], spec: RankLabelSet, order: I64) -> dict[str, dict[str, int]]:
    return {
        horizon: coverage(own.row_state[order]) for horizon, own in zip(spec.horizons, labels, strict=True)
    }
