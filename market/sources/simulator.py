"""The source "simulator": a market that does not exist, for tests and for a start without the exchange."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np

from market.configs import sectors_config, simulator_config
from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.simulator.calendar import bar_begins
from market.simulator.config import SimulatorConfig
from market.simulator.paths import SimulatedPanel, simulated_panel
from market.sources.records import (
    ActionPage,
    CandlePage,
    CandleRequest,
    InstrumentPage,
    InstrumentRecord,
    RejectedRow,
)
from market.sources.wall_clock import midnight
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError


@dataclass(slots=True, kw_only=True)
class SimulatorSource:
    """The simulator's shares as a source."""

    config: SimulatorConfig
    _panel: tuple[datetime, SimulatedPanel] | None = field(init=False, default=None)

    @property
    def name(self) -> str:
        """Return the name under which rows are stored."""
        return "simulator"

    def default_secids(self) -> tuple[str, ...]:
        """Return every simulated share."""
        return tuple(share.secid for share in self.config.shares)

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return the simulated shares; every other ticker is rejected."""
        sectors = sectors_config().sectors
        records = tuple(
            InstrumentRecord(
                secid=share.secid,
                name_ru=f"Симулятор {share.secid[3:]}: {sectors[share.sector].ru}",
                name_en=f"Simulated {share.secid[3:]}: {sectors[share.sector].en}",
                lot_size=share.lot_size,
                price_step_rub=share.price_step_rub,
                issue_size_shares=int(250 * share.daily_turnover_rub / share.price_rub),
                sector=share.sector,
                shortable=True,
                is_simulated=True,
            )
            for share in self.config.shares
            if share.secid in set(secids)
        )
        unknown = sorted(set(secids) - set(self.default_secids()))
        return InstrumentPage(
            records=records,
            rejected=tuple(
                RejectedRow(place="simulator.yaml", reason="unknown_ticker", raw={"secid": secid})
                for secid in unknown
            ),
        )

    def actions(self, *, secids: Sequence[str]) -> ActionPage:  # noqa: ARG002  # the protocol's signature
        """Return nothing: simulated shares neither split nor pay."""
        return ActionPage(splits=(), dividends=())

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield a share's hourly bars from the simulator's start to the last bar that has closed."""
        if request.timeframe is not Timeframe.H1:
            raise InputError(f"the simulator has 1h bars only, was asked for {request.timeframe.value}")
        if request.secid not in self.default_secids():
            raise InputError(f"the simulator has {', '.join(self.default_secids())}, was {request.secid}")
        panel = self._panel_at(request.now)
        at = self.default_secids().index(request.secid)
        columns = CandleColumns(
            begin_s=panel.begin_s,
            open=panel.open[:, at],
            high=panel.high[:, at],
            low=panel.low[:, at],
            close=panel.close[:, at],
            volume_shares=panel.volume_shares[:, at],
            value_rub=panel.value_rub[:, at],
        )
        wanted = np.ones(len(columns), dtype=np.bool_)
        if request.since is not None:
            wanted &= columns.begin_s >= to_epoch_s(request.since)
        if request.until is not None:
            wanted &= columns.begin_s < to_epoch_s(request.until)
        yield CandlePage(
            place=f"simulator {request.secid}",
            origin=SIMULATOR_ORIGIN,
            columns=columns.take(wanted),
            outside=int((~wanted).sum()),
        )

    def _panel_at(self, now: datetime) -> SimulatedPanel:
        if self._panel is None or self._panel[0] != now:
            if now <= midnight(date.fromisoformat(self.config.start)):
                raise InputError(f"the simulator starts on {self.config.start}, now was {now.isoformat()}")
            calendar = bar_begins(self.config, closed_by_s=to_epoch_s(now))
            self._panel = (now, simulated_panel(self.config, *calendar))
        return self._panel[1]


def simulator_source(_path: Path | None = None) -> SimulatorSource:
    """Return the packaged simulator."""
    return SimulatorSource(config=simulator_config())
