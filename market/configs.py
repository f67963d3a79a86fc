"""The market's configuration files as frozen dataclasses."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from typing import Literal

from market.simulator.config import SimulatorConfig
from traderai.common.config import load_config
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackListEntry:
    """A share whose bars of a timeframe are not to be learned from, and why."""

    secid: str
    timeframe: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseConfig:
    """Named lists of shares and black lists (universe.yaml); the list `all` is empty and means every share."""

    default: dict[str, str]
    universes: dict[str, tuple[str, ...]]
    black_list: tuple[BlackListEntry, ...] = ()

    def __post_init__(self) -> None:
        for source, name in self.default.items():
            if name not in self.universes:
                raise ValueError(f"default: {source}: must name a universe, was {name!r}")
        for name, secids in self.universes.items():
            if (name == "all") == bool(secids):
                raise ValueError(f"universes: {name}: `all` alone is empty, was {list(secids)}")

    def secids(self, name: str) -> tuple[str, ...]:
        """Return the shares of a universe, () for every share; an unknown name is an InputError."""
        if name not in self.universes:
            raise InputError(
                f"universe must be one of {', '.join(self.universes)}, was {name!r}"
                f"{did_you_mean(name, self.universes)}",
                code="unknown_universe",
            )
        return self.universes[name]

    def black_listed(self, *, timeframe: str) -> dict[str, str]:
        """Return the tickers left out of a timeframe, with the reasons."""
        return {entry.secid: entry.reason for entry in self.black_list if entry.timeframe == timeframe}


Reader = Literal[
    "candles", "index_candles", "index_closes", "iss_candles", "iss_history", "lots", "trade_statistics", "order_book",
    "instruments", "boards", "ticker_changes", "sectors", "index_weights",
    "splits", "dividends", "announced_dividends", "iss_dividends",
    "smartlab", "market_caps", "company_list", "key_rate",
    "markettwits", "investopit", "telegram", "news_table",
]  # fmt: skip
"""What can be read out of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRule:
    """How the files of one glob are read; the glob is held against the last parts of a path."""

    glob: str
    readers: tuple[Reader, ...] = ()
    skipped: str | None = None  # why such files are left alone
    # Where files tell of one bar differently, the file of the higher priority is believed.
    priority: int = 500
    timeframe: str | None = None  # None: a column or the file's name says it
    board: str = ""  # where no column says it; "": the main one of the day
    stamp: Literal["begin", "end"] = "begin"
    price_basis: Literal["as_traded", "split_adjusted"] = "as_traded"
    adjusted_through: str | None = None  # the day until which the file's maker had applied splits
    volume: Literal["shares", "raw_lots"] = "shares"
    main_session_only: tuple[str, ...] = ()  # tickers whose other bars did not come from the exchange

    def __post_init__(self) -> None:
        if (self.skipped is None) != bool(self.readers):
            raise ValueError(f"{self.glob}: a rule has either readers or `skipped`")
        if (self.price_basis == "split_adjusted") != (self.adjusted_through is not None):
            raise ValueError(
                f"{self.glob}: adjusted_through belongs to price_basis split_adjusted, and only there"
            )
        if self.adjusted_through is not None:
            date.fromisoformat(self.adjusted_through)
        if not 0 <= self.priority < 1000:
            raise ValueError(f"{self.glob}: priority must be 0 to 999 (ISS has 1000), was {self.priority}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendCorrection:
    """A register day that a source gives wrongly."""

    secid: str
    told: str
    registry_close: str

    def __post_init__(self) -> None:
        date.fromisoformat(self.told)
        date.fromisoformat(self.registry_close)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedConfig:
    """An instrument of which files have candles, but no description."""

    secid: str
    name_ru: str
    name_en: str
    board: str
    kind: Literal["share", "preferred", "etf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSourcesConfig:
    """How files are read (file_sources.yaml)."""

    files: tuple[FileRule, ...]
    described: tuple[DescribedConfig, ...]
    splits: str
    dividends: str
    securities: str
    dividend_trust: tuple[str, ...]
    dividend_corrections: tuple[DividendCorrection, ...] = ()

    def registry_close(self, secid: str, told: date) -> date:
        """Return the day the register closes, corrected where a source is known to be wrong."""
        for correction in self.dividend_corrections:
            if (correction.secid, correction.told) == (secid, told.isoformat()):
                return date.fromisoformat(correction.registry_close)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConfig:
    """One split of the manual table."""

    secid: str
    date: str
    after_per_before: float

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)
        if not self.after_per_before > 0:
            raise ValueError(f"{self.secid}: after_per_before must be positive, was {self.after_per_before}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitsConfig:
    """The manual table of splits (splits.yaml)."""

    splits: tuple[SplitConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentConfig:
    """What we say about an instrument beside its source."""

    secid: str
    name_ru: str
    name_en: str
    sector: str
    lot_size: int
    price_step_rub: float
    shortable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentsConfig:
    """The packaged reference data (instruments.yaml)."""

    instruments: tuple[InstrumentConfig, ...]

    def by_secid(self) -> dict[str, InstrumentConfig]:
        """Return the entries by ticker."""
        return {entry.secid: entry for entry in self.instruments}


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorName:
    """A sector's name in both languages."""

    ru: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorsConfig:
    """Sector codes and names (sectors.yaml)."""

    sectors: dict[str, SectorName]


@functools.cache
def universe_config() -> UniverseConfig:
    """Return universe.yaml."""
    return load_config("universe.yaml", UniverseConfig)


@functools.cache
def file_sources_config() -> FileSourcesConfig:
    """Return file_sources.yaml."""
    return load_config("file_sources.yaml", FileSourcesConfig)


@functools.cache
def splits_config() -> SplitsConfig:
    """Return splits.yaml."""
    return load_config("splits.yaml", SplitsConfig)


@functools.cache
def instruments_config() -> InstrumentsConfig:
    """Return instruments.yaml."""
    return load_config("instruments.yaml", InstrumentsConfig)


@functools.cache
def sectors_config() -> SectorsConfig:
    """Return sectors.yaml."""
    return load_config("sectors.yaml", SectorsConfig)


@functools.cache
def simulator_config() -> SimulatorConfig:
    """Return simulator.yaml."""
    return load_config("simulator.yaml", SimulatorConfig)
