"""What ISS is asked for (iss.yaml) as frozen dataclasses."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from market.contracts import Timeframe
from traderai.common.config import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardConfig:
    """A board and what is traded on it."""

    market: Literal["shares", "index"]
    kind: Literal["share", "etf", "index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexConfig:
    """An index with candles."""

    secid: str
    board: str
    name_ru: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCandles:
    """Candles that the schedule brings."""

    timeframe: str
    universe: str
    every_minutes: int
    history_days: int
    source: Literal["iss", "iss_history"] = "iss"

    def __post_init__(self) -> None:
        if self.source == "iss_history" and self.timeframe != "1d":
            raise ValueError(f"iss_history has 1d bars only, was {self.timeframe!r}")
        if Timeframe.parse(self.timeframe).iss_interval is None:
            raise ValueError(f"timeframe must be one that ISS has, was {self.timeframe!r}")
        for name in ("every_minutes", "history_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, was {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssConfig:
    """What ISS is asked for."""

    boards: dict[str, BoardConfig]
    former_boards: tuple[str, ...]
    indices: tuple[IndexConfig, ...]
    compositions: tuple[str, ...]
    sector_indices: dict[str, str]
    news_days: int
    scheduled: tuple[ScheduledCandles, ...]

    def __post_init__(self) -> None:
        if "SMAL" in {*self.boards, *self.former_boards}:
            raise ValueError("boards must not hold SMAL: odd lots poison prices")
        for index in self.indices:
            if index.board not in self.boards:
                raise ValueError(f"indices: {index.secid}: board must be one of boards, was {index.board!r}")

    def share_boards(self) -> tuple[str, ...]:
        """Return the boards on which shares and funds are traded, the first has precedence."""
        return tuple(board for board, config in self.boards.items() if config.market == "shares")

    def index_board(self, secid: str) -> str | None:
        """Return an index's board, None for what is no index of ours."""
        return next((index.board for index in self.indices if index.secid == secid), None)


@functools.cache
def iss_config() -> IssConfig:
    """Return iss.yaml."""
    return load_config("iss.yaml", IssConfig)
