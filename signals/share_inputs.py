"""What decisions read of shares: everything stored of many of them for a span of moments, read at once and cut at each.

A moment alone and one of a year that is replayed are cut from what was read by the same code.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from features.contracts import FeatureMatrix, RegimeFacts
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrices_load, features_stored_until
from features.selectors.regime import regime_spans
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from modeling.contracts import BarrierLabelSet, ModelVersionFacts, PolicyConfig
from modeling.contracts.ranks import RankFacts
from modeling.kernels.known_regimes import DECIDING_REGIME_S
from modeling.kernels.policy_reasons import NoModel
from modeling.kernels.windows import complete_rows
from modeling.selectors.daily_ranks import RankBook, ranks_read
from signals.kernels.background import Background
from signals.kernels.state import ShareTerms
from signals.selectors.background import backgrounds_load
from signals.terms import KnownTerms, known_terms_load, share_terms
from traderai.common.arrays import F32, Bools
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InvariantError, NotReadyError

# Shares trade about a quarter of the hours of a week: this many times the bars' length covers them.
CALENDAR_STRETCH = 4
# The newest features of a share may end some bars before its bars do.
_LOOKBACKS_READ = 3
_REGIME_MAX_AGE = timedelta(seconds=DECIDING_REGIME_S)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occasion:
    """What all shares of one scoring have in common."""

    version: ModelVersionFacts | None
    label_set: BarrierLabelSet
    timeframe: Timeframe
    horizons: tuple[str, ...]
    policy: PolicyConfig
    market_at: datetime  # end of the newest bar of the market
    history_bars: int
    without: NoModel = "model_missing"  # why no version answers, where none does

    @property
    def history(self) -> timedelta:
        """How far back the bars of a share are read."""
        return CALENDAR_STRETCH * self.history_bars * self.timeframe.duration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareInput:
    """One share's bars and, where a model can read them, its window of features."""

    instrument: InstrumentFacts
    bars: Bars
    window: F32 | None  # (lookback, k); None without a model or where a dense feature is missing
    stale: bool
    decided_at: datetime
    regime: RegimeFacts | None
    rank: RankFacts | None  # by the daily ranker; simulated shares have none
    terms: ShareTerms
    background: Background = field(default_factory=Background)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharesRead:
    """What is stored of some shares for the moments of a span, as it was known at their end."""

    bars: Mapping[str, Bars]
    features: Mapping[int, FeatureMatrix]
    may_miss: (
        Bools | None
    )  # (k,) by feature of the version: whether its source may be silent; None without a version
    # Of the simulated and of the real market by sector, the market itself under "", oldest first.
    regimes: Mapping[bool, Mapping[str, Sequence[RegimeFacts]]]
    ranks: RankBook

    def at(
        self, instruments: Sequence[InstrumentFacts], occasion: Occasion
    ) -> tuple[tuple[ShareInput, ...], tuple[str, ...]]:
        """Return what decisions on the shares need at the newest bar of the market, and why others cannot be decided."""
        known = known_terms_load(instruments=instruments, as_of=occasion.market_at)
        inputs: list[ShareInput] = []
        not_ready: list[str] = []
        for instrument in instruments:
            try:
                inputs.append(self._input(instrument, occasion, known))
            except NotReadyError as error:
                not_ready.append(error.detail)
        return self._with_backgrounds(inputs), tuple(not_ready)

    def _input(self, instrument: InstrumentFacts, occasion: Occasion, known: KnownTerms) -> ShareInput:
        market_at = occasion.market_at
        bars = _part(self.bars[instrument.secid], market_at - occasion.history, market_at)
        if len(bars) == 0:
            raise NotReadyError(
                f"{instrument.secid} has no {bars.timeframe.value} bars before {market_at.isoformat()}"
            )
        window = None
        if occasion.version is not None:
            bars, window = self._featured(instrument, bars, occasion.version.lookback_bars)
        known_at = from_epoch_s(int(bars.known_s[-1]))
        stale = (market_at - known_at).total_seconds() > occasion.policy.max_data_age_s
        decided_at = market_at if stale else known_at
        return ShareInput(
            instrument=instrument,
            bars=bars,
            window=window,
            stale=stale,
            decided_at=decided_at,
            regime=self._regime(decided_at, simulated=instrument.is_simulated),
            rank=None
            if instrument.is_simulated
            else self.ranks.known(secid=instrument.secid, as_of=decided_at),
            terms=share_terms(
                instrument=instrument,
                bars=bars,
                known=known,
                decided_at=decided_at,
                label_set=occasion.label_set,
            ),
        )

    def _featured(self, instrument: InstrumentFacts, bars: Bars, lookback: int) -> tuple[Bars, F32 | None]:
        """Return the bars up to the newest one with features, and its window, None where a dense value is missing."""
        matrix = self.features.get(instrument.id)
        first_s, last_s = bars.begin_s[max(len(bars) - _LOOKBACKS_READ * lookback, 0)], bars.begin_s[-1]
        first, stop = (0, 0) if matrix is None else _places(matrix, first_s, last_s)
        if matrix is None or first == stop or self.may_miss is None:
            raise NotReadyError(f"{bars.secid} has bars without features; build_features makes them")
        bars = bars.cut(int(np.searchsorted(bars.begin_s, matrix.begin_s[stop - 1], side="right")))
        window = matrix.values[first:stop][-lookback:]
        whole = window.shape[0] == lookback and bool(complete_rows(window, self.may_miss).all())
        return bars, window if whole else None

    def _regime(self, decided_at: datetime, *, simulated: bool, sector: str = "") -> RegimeFacts | None:
        days = self.regimes[simulated].get(sector, ())
        place = bisect_right(days, decided_at, key=lambda day: day.as_of)
        regime = days[place - 1] if place else None
        return None if regime is None or decided_at - regime.as_of > _REGIME_MAX_AGE else regime

    def _with_backgrounds(self, inputs: Sequence[ShareInput]) -> tuple[ShareInput, ...]:
        """Return shares with what stood behind each at its own decision; most are decided at one moment."""
        moments: defaultdict[datetime, list[InstrumentFacts]] = defaultdict(list)
        for own in inputs:
            moments[own.decided_at].append(own.instrument)
        found = {
            moment: backgrounds_load(
                instruments=shares,
                as_of=moment,
                regimes={
                    sector: self._regime(moment, simulated=False, sector=sector)
                    for sector in _sectors(shares)
                },
            )
            for moment, shares in moments.items()
        }
        return tuple(replace(own, background=found[own.decided_at][own.instrument.secid]) for own in inputs)


def shares_read(
    *, instruments: Sequence[InstrumentFacts], occasion: Occasion, until: datetime | None = None
) -> SharesRead:
    """Read what the decisions on shares need from the occasion's moment to `until`, unless given of that moment alone.

    A split that becomes known in between would be known at all moments: read up to it, and on from it.
    """
    timeframe, since = occasion.timeframe, occasion.market_at
    until = until or since
    oldest = since - occasion.history
    bars = bars_load_many(
        instruments=instruments,
        timeframe=timeframe,
        as_of=until,
        since_by_id={one.id: oldest for one in instruments},
    )
    # A share whose bars have ended a while ago is decided on at the market's moment, others at most so much earlier.
    earliest = since - timedelta(seconds=occasion.policy.max_data_age_s)
    worlds = {one.is_simulated for one in instruments}
    return SharesRead(
        bars=bars,
        features=_features(instruments, bars, occasion, until=until),
        may_miss=None if occasion.version is None else _may_miss(occasion.version),
        regimes={
            world: regime_spans(
                as_of=until,
                since=earliest - 2 * _REGIME_MAX_AGE,
                simulated=world,
                sectors=() if world else _sectors(instruments),
            )
            for world in worlds
        },
        ranks=ranks_read(since=earliest, as_of=until),
    )


def feature_set_name(*, version: ModelVersionFacts) -> str:
    """Return the name of a version's feature set; a set that has changed since its training is an InvariantError."""
    name = version.feature_set_key.split("@")[0]
    key = feature_set_get(name=name).key
    if key != version.feature_set_key:
        raise InvariantError(
            f"model {version.version} needs features {version.feature_set_key}, configured are {key}; "
            "restore feature_sets.yaml or train again"
        )
    return name


def features_until(
    version: ModelVersionFacts, instruments: Sequence[InstrumentFacts], *, timeframe: Timeframe
) -> dict[int, datetime]:
    """Return by instrument's id the begin of the newest bar whose features are stored for a version."""
    return features_stored_until(
        feature_set=feature_set_name(version=version), timeframe=timeframe, instruments=instruments
    )


def _features(
    instruments: Sequence[InstrumentFacts], bars: Mapping[str, Bars], occasion: Occasion, *, until: datetime
) -> dict[int, FeatureMatrix]:
    if occasion.version is None:
        return {}
    lookback = occasion.version.lookback_bars
    if until > occasion.market_at:
        return _matrices(instruments, bars, occasion, reach=_LOOKBACKS_READ * lookback, until=until)
    # Of one moment alone the last rows are wanted: what lies further back is another month's file more often than not.
    found = _matrices(instruments, bars, occasion, reach=lookback, until=until)
    short = [one for one in instruments if _rows_of(found.get(one.id), bars[one.secid]) < lookback]
    if not short:
        return found
    return found | _matrices(short, bars, occasion, reach=_LOOKBACKS_READ * lookback, until=until)


def _matrices(
    instruments: Sequence[InstrumentFacts],
    bars: Mapping[str, Bars],
    occasion: Occasion,
    *,
    reach: int,
    until: datetime,
) -> dict[int, FeatureMatrix]:
    """Return by instrument's id the stored features of its last `reach` bars at the occasion, and of those since."""
    if occasion.version is None:
        return {}
    since_by_id = {}
    for one in instruments:
        own = bars[one.secid]
        known = int(np.searchsorted(own.known_s, to_epoch_s(occasion.market_at), side="right"))
        if len(own):
            since_by_id[one.id] = from_epoch_s(int(own.begin_s[max(known - reach, 0)]))
    return feature_matrices_load(
        feature_set=feature_set_name(version=occasion.version),
        instruments=instruments,
        timeframe=occasion.timeframe,
        as_of=until,
        since_by_id=since_by_id,
    )


def _rows_of(matrix: FeatureMatrix | None, bars: Bars) -> int:
    """Return how many rows of features there are up to the last bar."""
    if matrix is None or len(bars) == 0:
        return 0
    return int(np.searchsorted(matrix.begin_s, bars.begin_s[-1], side="right"))


def _may_miss(version: ModelVersionFacts) -> Bools:
    return np.array([spec.sparse for spec in feature_specs(name=feature_set_name(version=version))])


def _sectors(instruments: Sequence[InstrumentFacts]) -> set[str]:
    """Return the sectors of real shares; simulated ones have none."""
    return {share.sector for share in instruments if share.sector and not share.is_simulated}


def _part(bars: Bars, since: datetime, as_of: datetime) -> Bars:
    """Return the bars that begin at or after `since` and had closed at `as_of`."""
    first = np.searchsorted(bars.begin_s, to_epoch_s(since))
    stop = np.searchsorted(bars.known_s, to_epoch_s(as_of), side="right")
    return bars.part(int(first), int(stop))


def _places(matrix: FeatureMatrix, first_s: np.int64, last_s: np.int64) -> tuple[int, int]:
    """Return where the rows of the bars that begin from one moment to another stand."""
    first = np.searchsorted(matrix.begin_s, first_s)
    return int(first), int(np.searchsorted(matrix.begin_s, last_s, side="right"))
