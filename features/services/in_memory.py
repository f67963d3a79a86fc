"""The features of a simulated market that lies in memory: the store's numbers, without the database and the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from features.contracts import FeatureMatrix
from features.kernels.engine import month_slices
from features.selectors.catalogue import feature_set_get, feature_specs
from features.services.month_columns import Joins, month_values
from features.services.months import month_begin, month_scopes, next_month
from features.sources.base import BuildScope
from features.sources.facts import MemoryFacts
from features.spec import FeatureSpec, Reads
from market.contracts import Timeframe
from market.simulated_contracts import SimulatedMarket
from traderai.common.arrays import F32, I64
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

# What a market in memory tells of; the other sources read facts of the real economy, order flow or stored regimes.
TOLD: Final[frozenset[Reads]] = frozenset({"bars", "higher", "index", "panel", "news"})


def features_in_memory(
    *, market: SimulatedMarket, feature_set: str, timeframe: Timeframe = Timeframe.H1
) -> dict[str, FeatureMatrix]:
    """Return by ticker the features of every bar: bit for bit those that the store would hold.

    Repeating gives the same bits; nothing is written.

    Raises: InputError for an unknown set, a set with features that read what no market in memory tells of, and bars
        that were not made.
    """
    facts, specs = feature_set_get(name=feature_set), feature_specs(name=feature_set)
    _require_told(feature_set, specs)
    months = _months(market, timeframe)
    scope = BuildScope(
        timeframe=timeframe,
        universe=market.shares,
        since_s=to_epoch_s(month_begin(min(months))),
        until_s=to_epoch_s(month_begin(next_month(max(months)))),
        as_of=market.as_of,
        facts=MemoryFacts(market=market),
    )
    joins = Joins(scope, specs)
    begins: dict[str, list[I64]] = {share.secid: [] for share in market.shares}
    values: dict[str, list[F32]] = {share.secid: [] for share in market.shares}
    failed: dict[str, str] = {}
    for month in month_scopes(scope, months, warmup_bars=facts.warmup_bars, failed=failed):
        joined = joins.month_columns(month)
        for secid, own in month.bars.items():
            begins[secid].append(own.bars.begin_s[own.start :])
            values[secid].append(month_values(own, specs, joined[secid]))
    if failed:
        raise InputError("; ".join(failed.values()))
    return {
        secid: FeatureMatrix(
            secid=secid,
            timeframe=timeframe,
            feature_set=facts,
            begin_s=np.concatenate(begins[secid]),
            columns=facts.columns,
            values=np.concatenate(values[secid]),
        )
        for secid in begins
    }


def _require_told(feature_set: str, specs: Sequence[FeatureSpec]) -> None:
    untold = [spec.name for spec in specs if spec.reads not in TOLD]
    if untold:
        raise InputError(
            f"features of {feature_set} must read {', '.join(sorted(TOLD))} alone, not so do "
            f"{', '.join(untold[:5])}; name a set without them",
            code="feature_not_in_memory",
            field="feature_set",
        )


def _months(market: SimulatedMarket, timeframe: Timeframe) -> dict[date, int]:
    """Return the bars of all shares by the first day of their Moscow month."""
    months: Counter[date] = Counter()
    for share in market.shares:
        for part in month_slices(market.bars[timeframe][share.secid].begin_s, warmup_bars=0):
            months[date.fromisoformat(f"{part.month}-01")] += part.stop - part.start
    return dict(months)
