"""The shape of a network: everything in it is decided by the recipe and the training rows."""

from __future__ import annotations

from dataclasses import dataclass

from modeling.contracts.heads import BASE_HEADS, HEADS


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureBlock:
    """Features of one kind with an encoder of their own; a block that is not named is switched off."""

    name: str
    columns: tuple[int, ...]
    width: int  # of its encoding
    slow: bool = False  # changes so seldom that the last bar alone tells it

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError(f"block {self.name} must have columns, each once, had {self.columns}")
        if self.width < 1:
            raise ValueError(f"the width of block {self.name} must be at least 1, was {self.width}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyShape:
    """A strategy: two heads upon the shared state and features of its own."""

    name: str
    columns: tuple[int, ...]  # what it reads of the last bar beside the state
    width: int  # of what it makes of them

    def __post_init__(self) -> None:
        if not self.columns or self.width < 1:
            raise ValueError(
                f"strategy {self.name} must have columns and a width of at least 1, had {self.columns} and {self.width}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkShape:
    """What decides the layers of a backbone."""

    backbone: str = "tcn"
    lookback_bars: int
    n_features: int
    n_tickers: int  # known ones; row 0 of the embedding is "unknown"
    channels: int
    depth: int = 2  # layers of the backbones that stack equal ones; the tcn's follow from the look-back
    attention_heads: int = 2
    ticker_width: int
    dropout_frac: float

    def __post_init__(self) -> None:
        if self.lookback_bars < 8:
            raise ValueError(f"lookback_bars must be at least 8, was {self.lookback_bars}")
        if min(self.channels, self.depth, self.attention_heads) < 1 or self.channels % self.attention_heads:
            raise ValueError(
                "channels, depth and attention_heads must be at least 1 and attention_heads divide channels, were "
                f"{self.channels}, {self.depth} and {self.attention_heads}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape(TrunkShape):
    """What decides the layers of a multitask network and the units in which its heads learn."""

    n_horizons: int
    horizon_width: int
    horizon_one_hot: bool = False  # instead of an embedding of that width
    heads: tuple[str, ...] = BASE_HEADS
    blocks: tuple[FeatureBlock, ...] = ()  # none: the backbone reads the features themselves
    strategies: tuple[StrategyShape, ...] = ()
    return_unit_frac: float  # standard deviation of training returns: the heads learn in this unit
    volatility_column: int  # the feature that holds the recent volatility of a bar
    volatility_mean: float  # of that feature on the training rows, before scaling
    volatility_std: float

    def __post_init__(self) -> None:
        super(NetworkShape, self).__post_init__()  # slots make a new class: no bare super()
        if not (self.return_unit_frac > 0 and self.volatility_mean > 0 and self.volatility_std > 0):
            raise ValueError("return_unit_frac, volatility_mean and volatility_std must be above 0")
        if not 0 <= self.volatility_column < self.n_features:
            raise ValueError(
                f"volatility_column must be below {self.n_features}, was {self.volatility_column}"
            )
        unknown = sorted(set(self.heads) - set(HEADS))
        if unknown or len(set(self.heads)) < len(self.heads) or not self.heads:
            raise ValueError(
                f"heads must be some of {', '.join(HEADS)}, each once, were {', '.join(self.heads) or 'none'}"
            )
        self._check_blocks()
        names = [own.name for own in self.strategies]
        reach = max((column for own in self.strategies for column in own.columns), default=0)
        if len(set(names)) < len(names) or reach >= self.n_features:
            raise ValueError(f"strategies must have names of their own and columns below {self.n_features}")

    def _check_blocks(self) -> None:
        columns = [column for block in self.blocks for column in block.columns]
        if len(set(columns)) < len(columns) or not all(0 <= column < self.n_features for column in columns):
            raise ValueError(f"blocks must share no column and keep below {self.n_features}, had {columns}")
        if len({block.name for block in self.blocks}) < len(self.blocks):
            raise ValueError(f"each block must have a name of its own, were {[b.name for b in self.blocks]}")
        if self.blocks and all(block.slow for block in self.blocks):
            raise ValueError("at least one block must be read bar by bar, all were slow")
