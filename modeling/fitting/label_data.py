"""What label reports read: the shares of one world, real or simulated, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.kernels.fundamental import ReportSteps, report_steps
from market.configs import universe_config
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from market.selectors.fundamentals_many import companies_load
from market.selectors.instruments import instrument_get, traded_list
from modeling.contracts import CostModel
from modeling.kernels.known_regimes import regime_known
from modeling.kernels.label_windows import RowInputs
from modeling.selectors.regimes import regime_steps
from modeling.selectors.terms import label_inputs
from traderai.common.arrays import I8
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, NotReadyError


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScope:
    """Which rows a report is about."""

    timeframe: Timeframe
    shares: tuple[InstrumentFacts, ...]
    left_out: dict[str, str]  # by ticker why
    since: datetime | None  # rows decided earlier are not looked at
    as_of: datetime  # what was known then: labels that reach further are not complete
    costs: CostModel

    @property
    def is_simulated(self) -> bool:
        """Whether the shares are simulated ones."""
        return self.shares[0].is_simulated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareRows:
    """One share with what its labels and their cuts need."""

    facts: InstrumentFacts
    bars: Bars
    inputs: RowInputs
    regime: I8  # (n,) index into REGIMES, -1 where not known
    first: int  # rows before it are decided before the span


def shares_chosen(
    *, timeframe: Timeframe, secids: Sequence[str] | None, as_of: datetime
) -> tuple[tuple[InstrumentFacts, ...], dict[str, str]]:
    """Return the shares of a report, real ones if there are any, else simulated ones, and those left out with reasons.

    Raises: NotReadyError where no share has bars of the timeframe, InputError for shares of both worlds.
    """
    if secids:
        chosen = tuple(instrument_get(secid=secid) for secid in dict.fromkeys(secids))
        if len({facts.is_simulated for facts in chosen}) > 1:
            raise InputError("real and simulated shares must not be mixed in one report", field="secids")
    else:
        # Shares that are traded no more too: the survivors alone would flatter every figure.
        found = traded_list(timeframe=timeframe, active_only=False)
        chosen = tuple(facts for facts in found if not facts.is_simulated) or found
    black_listed = universe_config().black_listed(timeframe=timeframe.value)
    left_out = {facts.secid: black_listed[facts.secid] for facts in chosen if facts.secid in black_listed}
    kept = tuple(facts for facts in chosen if facts.secid not in left_out)
    if not kept:
        raise NotReadyError(
            f"no share has {timeframe.value} bars by {as_of:%Y-%m-%d}; run manage.py ingest or manage.py resample first",
            code="no_bars",
        )
    return kept, left_out


def share_rows(scope: LabelScope) -> Iterator[ShareRows]:
    """Yield the shares one after the other, so that one is in memory at a time; those without bars are left out."""
    steps = regime_steps(as_of=scope.as_of, simulated=scope.is_simulated)
    for facts in scope.shares:
        bars = bars_load_many(
            instruments=[facts], timeframe=scope.timeframe, as_of=scope.as_of, since_by_id={}
        )[facts.secid]
        if not len(bars):
            continue
        since_s = to_epoch_s(scope.since) if scope.since else int(bars.begin_s[0])
        yield ShareRows(
            facts=facts,
            bars=bars,
            inputs=label_inputs(facts, bars, scope.costs),
            regime=regime_known(bars.known_s, steps),
            first=int(np.searchsorted(bars.begin_s, since_s)),
        )


def profit_steps(scope: LabelScope) -> dict[str, ReportSteps]:
    """Return by ticker the net profit of twelve months after each report; shares without reports are left out."""
    companies = companies_load(instruments=scope.shares, as_of=scope.as_of)
    return {
        secid: report_steps(company.rows.reports["profit"], is_flow=True)
        for secid, company in companies.items()
        if "profit" in company.rows.reports
    }
