"""Recipes: what to train on what, and how it is judged (traderai/config/recipes/NAME.yaml)."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar, get_args

import yaml

from market.contracts import Timeframe
from modeling.contracts import BarrierLabelSet
from modeling.contracts.filters import FilterConfig
from modeling.contracts.heads import BASE_HEADS, EXCURSION_HEADS, HEADS
from modeling.contracts.order_levels import OrderLevelConfig
from modeling.contracts.thresholds import ThresholdConfig
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.fitting.recipe_sides import SideLossConfig
from modeling.selectors.label_sets import barrier_set_get
from traderai.common.clock import midnight
from traderai.common.config import PACKAGED_DIR, config_path, load_yaml, parse
from traderai.common.errors import InputError, did_you_mean

FOLDER = "recipes"
Kind = TypeVar("Kind")
Backbone = Literal["tcn", "transformer", "tft", "gru_attention", "lstm", "xlstm"]
BACKBONES: Final[tuple[Backbone, ...]] = get_args(Backbone)
Block = Literal["technical", "market", "fundamental", "news", "order_flow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConfig:
    """Shares of time of the three parts, oldest first, the embargo between them, and the folds of calibration."""

    train_frac: float
    validation_frac: float
    test_frac: float
    embargo_days: float
    calibration_folds: int = 1  # the validation part and so many slices before it, less one

    def __post_init__(self) -> None:
        if not 1 <= self.calibration_folds <= self.train_frac / self.validation_frac + 1e-9:
            raise ValueError(
                "calibration_folds must be at least 1 and leave the oldest fold as much to train on as to judge, "
                f"was {self.calibration_folds} at train_frac {self.train_frac}"
            )
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1.0) > 1e-9:
            raise ValueError(
                f"train_frac, validation_frac and test_frac must add up to 1, were {self.shares}"
            )
        if self.embargo_days < 0:
            raise ValueError(f"embargo_days must not be negative, was {self.embargo_days}")

    @property
    def shares(self) -> tuple[float, float, float]:
        """The three shares."""
        return (self.train_frac, self.validation_frac, self.test_frac)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Which network, and its size."""

    name: Backbone
    lookback_bars: int
    channels: int
    ticker_width: int
    horizon_width: int  # of its embedding
    dropout_frac: float
    volatility_feature: str  # recent volatility of a bar's return: the unit of returns
    horizon_input: Literal["embedding", "one_hot"] = "embedding"
    depth: int = 2  # layers of a backbone that stacks equal ones
    attention_heads: int = 2
    heads: tuple[str, ...] = BASE_HEADS
    blocks: dict[Block, int] = field(default_factory=dict)  # widths of encoders; none: features as they are
    slow_blocks: tuple[Block, ...] = ()  # told by the last bar alone
    ensemble: int = 1  # networks from as many seeds that answer as their mean

    def __post_init__(self) -> None:
        halved = self.name != "tcn" or not self.lookback_bars & (self.lookback_bars - 1)
        if self.lookback_bars < 8 or not halved:
            raise ValueError(
                f"lookback_bars must be at least 8, and a power of two for a tcn, was {self.lookback_bars}"
            )
        if min(self.channels, self.ticker_width, self.horizon_width, self.depth, self.ensemble) < 1:
            raise ValueError("channels, ticker_width, horizon_width, depth and ensemble must be at least 1")
        if self.attention_heads < 1 or self.channels % self.attention_heads:
            raise ValueError(f"attention_heads must divide channels, was {self.attention_heads}")
        if not 0.0 <= self.dropout_frac < 1.0:
            raise ValueError(f"dropout_frac must lie in [0, 1), was {self.dropout_frac}")
        self._check_heads_and_blocks()

    def _check_heads_and_blocks(self) -> None:
        unknown = sorted(set(self.heads) - set(HEADS))
        if unknown or not set(BASE_HEADS) <= set(self.heads) or len(set(self.heads)) < len(self.heads):
            raise ValueError(
                f"heads must hold {', '.join(BASE_HEADS)} and may hold others of {', '.join(HEADS)}, each once, "
                f"were {', '.join(self.heads)}"
            )
        if min(self.blocks.values(), default=1) < 1 or not set(self.slow_blocks) <= set(self.blocks):
            raise ValueError(
                "blocks must have widths of at least 1 and hold every slow one, were "
                f"{self.blocks} and {', '.join(self.slow_blocks)}; leave out a block to switch it off"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """How long and how the network learns."""

    batch_rows: int
    learning_rate: float
    weight_decay: float
    max_epochs: int
    patience_epochs: int
    max_windows_per_epoch: int
    max_validation_windows: int
    max_fit_minutes: float
    ticker_dropout_frac: float
    loss_weights: dict[str, float]
    side_loss: SideLossConfig = field(default_factory=SideLossConfig)
    learned_loss_weights: bool = False  # times these, weights that are learned with the network
    rank_min_shares: int = 5  # moments with fewer labelled shares carry no rank

    def __post_init__(self) -> None:
        whole = (self.batch_rows, self.max_epochs, self.max_windows_per_epoch, self.max_validation_windows)
        if min(whole) < 1 or self.patience_epochs < 0:
            raise ValueError(f"batches, epochs and windows must be at least 1, were {whole}")
        if min(self.learning_rate, self.max_fit_minutes) <= 0 or self.weight_decay < 0:
            raise ValueError(
                "learning_rate and max_fit_minutes must be above 0 and weight_decay not negative, were "
                f"{self.learning_rate}, {self.max_fit_minutes} and {self.weight_decay}"
            )
        if not 0.0 <= self.ticker_dropout_frac < 1.0:
            raise ValueError(f"ticker_dropout_frac must lie in [0, 1), was {self.ticker_dropout_frac}")
        if self.rank_min_shares < 3:
            raise ValueError(f"rank_min_shares must be at least 3, was {self.rank_min_shares}")
        if min(self.loss_weights.values(), default=0.0) < 0:
            raise ValueError(f"loss_weights must be 0 or more, were {self.loss_weights}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupConfig:
    """When a strategy's setup is present: a feature of the last bar lies in certain quantiles of the training rows."""

    feature: str
    quantiles: tuple[tuple[float, float], ...] = ()  # from, to; borders belong to it
    not_zero: bool = False  # instead: the feature is there and not 0

    def __post_init__(self) -> None:
        if self.not_zero == bool(self.quantiles):
            raise ValueError(
                f"a setup must name either quantiles or not_zero, that of {self.feature} does not"
            )
        if not all(0.0 <= low < high <= 1.0 for low, high in self.quantiles):
            raise ValueError(f"quantiles must rise within [0, 1], were {self.quantiles}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyConfig:
    """A strategy of the council: the features that it reads beside the shared state, and the rows that teach it."""

    families: tuple[str, ...]
    setup: SetupConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilConfig:
    """The strategies that learn upon the shared network, and how much their losses count."""

    strategies: dict[str, StrategyConfig]
    loss_weight: float  # of each strategy's side
    liquidity_feature: str  # the aggregator reads it besides the votes
    width: int = 8  # of what a strategy makes of its features
    ranks: str | None = None  # a label set of daily ranks: an aggregator that reads them is tried, too

    def __post_init__(self) -> None:
        if not self.strategies or self.loss_weight <= 0 or self.width < 1:
            raise ValueError(
                "a council must have strategies, a loss_weight above 0 and a width of at least 1, had "
                f"{len(self.strategies)}, {self.loss_weight} and {self.width}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakScanConfig:
    """What a single feature may tell of a target before the dataset is refused.

    Volatility honestly tells whether a barrier is reached at all, so the sides are allowed more than the sign of the
    return. On real hours the best feature tells a side with 0.68 and the sign with 0.55; on real ten minutes with
    0.74 and 0.55.
    """

    direction_auc: float = 0.60
    side_auc: float = 0.80
    chance_sigmas: float = 4.0  # with few windows that do not overlap, the limit is what chance stays below

    def __post_init__(self) -> None:
        for name in ("direction_auc", "side_auc"):
            if not 0.5 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie within (0.5, 1), was {getattr(self, name)}")
        if not self.chance_sigmas >= 2.0:
            raise ValueError(f"chance_sigmas must be at least 2, was {self.chance_sigmas}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """How the figures are bounded and what costs they are tried at."""

    resamples: int
    mean_block_days: float
    interval_level: float
    extra_costs_bp: tuple[float, ...]
    novelty_quantile: float
    max_missing_frac: float
    leak_scan: LeakScanConfig = LeakScanConfig()
    explain_rows: int = 4000  # (row, horizon) pairs of the test part behind the importance of features

    def __post_init__(self) -> None:
        if self.explain_rows < 1:
            raise ValueError(f"explain_rows must be at least 1, was {self.explain_rows}")
        if self.resamples < 100 or self.mean_block_days < 1:
            raise ValueError(
                "resamples must be at least 100 and mean_block_days at least 1, were "
                f"{self.resamples} and {self.mean_block_days}"
            )
        for name in ("interval_level", "novelty_quantile"):
            if not 0.5 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie within (0.5, 1), was {getattr(self, name)}")
        if min(self.extra_costs_bp, default=1.0) <= 0:
            raise ValueError(f"extra_costs_bp must be above 0, were {self.extra_costs_bp}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a fit besides the data, the seed and the code."""

    name: str
    kind: Literal["global", "council"]
    timeframe: str
    feature_set: str
    label_set: str
    universe: tuple[str, ...]  # empty: every active instrument
    data: Literal["auto", "real", "simulated"]
    split: SplitConfig
    network: NetworkConfig
    fit: FitConfig
    evaluation: EvaluationConfig
    horizon_filter: tuple[
        str, ...
    ] = ()  # of the label set: these alone are learned, judged and served; empty: all
    since: str | None = None  # the first day (Moscow) whose rows are used; None: all there are
    serves: bool = True  # False: an earlier network, compared with others and never put into service
    council: CouncilConfig | None = None
    adapters: AdapterConfig | None = None
    thresholds: ThresholdConfig | None = None  # None: the policy's own stand
    filters: FilterConfig | None = None  # None: no cell is left out
    order_levels: OrderLevelConfig | None = None  # None: orders have the label set's levels

    def __post_init__(self) -> None:
        Timeframe.parse(self.timeframe)
        self.begins  # noqa: B018  # a day that is none is refused here
        if set(self.fit.loss_weights) != set(self.network.heads):
            raise ValueError(
                f"loss_weights must give each of {', '.join(self.network.heads)} a weight, gave "
                f"{', '.join(self.fit.loss_weights)} one"
            )
        if self.order_levels is not None and not set(EXCURSION_HEADS) <= set(self.network.heads):
            raise ValueError(
                f"order_levels are drawn from {', '.join(EXCURSION_HEADS)}; name them in network.heads, too"
            )
        if (self.kind == "council") != (self.council is not None):
            raise ValueError(f"a recipe of kind council has a council and no other has one, was {self.kind}")

    @property
    def begins(self) -> datetime | None:
        """The moment of `since`; a day that is none is a ValueError."""
        return None if self.since is None else midnight(date.fromisoformat(self.since))

    def labels(self) -> BarrierLabelSet:
        """Return the recipe's label set at its timeframe with the horizons asked for; what it is not for is an InputError."""
        found = barrier_set_get(name=self.label_set, timeframe=self.timeframe)
        unknown = [name for name in self.horizon_filter if name not in found.horizons]
        if unknown:
            raise InputError(
                f"horizon_filter must name horizons of {self.label_set} at {self.timeframe}, {', '.join(found.horizons)}, "
                f"named {unknown[0]!r}{did_you_mean(unknown[0], found.horizons)}",
                field="horizon_filter",
            )
        if not self.horizon_filter:
            return found
        return replace(found, horizons=tuple(own for own in found.horizons if own in self.horizon_filter))


def recipe_names() -> tuple[str, ...]:
    """Return the names of the packaged recipes, earlier systems among them."""
    return tuple(sorted(path.stem for path in (PACKAGED_DIR / FOLDER).glob("*.yaml")))


def recipe_kind(name: str) -> str:
    """Return of which kind a recipe is; an unknown name is an InputError."""
    return str(_content(name)[0].get("kind"))


def recipe_content(name: str) -> dict[str, Any]:
    """Return what a recipe's file says, unchecked; an unknown name is an InputError."""
    return _content(name)[0]


def recipe_load(name: str, *, overrides: tuple[str, ...] = ()) -> Recipe:
    """Return a recipe with `key.sub=value` overrides applied; what is unknown is an InputError that says so."""
    return recipe_read(name, Recipe, overrides=overrides)


def recipe_read(name: str, into: type[Kind], *, overrides: tuple[str, ...] = ()) -> Kind:
    """Return a recipe of one sort as its dataclass; raises as `recipe_load`."""
    content, where = _content(name)
    for own in fields(into):  # type: ignore[arg-type]  # what may be left out of a file may be set, too
        if own.default is None or isinstance(own.default, int | float | str):
            content.setdefault(own.name, own.default)
    for override in overrides:
        _override(content, override)
    if content.get("universe") == "all":
        content["universe"] = []
    recipe: Kind = parse({**content, "name": name}, into, where=where)
    return recipe


def _content(name: str) -> tuple[dict[str, Any], str]:
    """Return what a recipe's file says upon what the one that it is `like` says, and where it stands."""
    file = f"{FOLDER}/{name}.yaml"
    try:
        where = str(config_path(file))
    except InputError as error:
        known = recipe_names()
        raise InputError(
            f"no recipe {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}",
            code="unknown_recipe",
            field="recipe",
        ) from error
    own: dict[str, Any] = copy.deepcopy(load_yaml(file))  # overrides must not reach what others read
    like = own.pop("like", None)
    if like is None:
        return own, where
    base, _ = _content(str(like))
    blocks = {key: {**base[key], **own[key]} for key in own if isinstance(base.get(key), dict)}
    return {**base, **own, **blocks}, where


def _override(content: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals:
        raise InputError(f"--set must look like key.sub=value, was {override!r}", field="set")
    target: Any = content
    *parents, last = path.split(".")
    for part in parents:
        _check_key(target, part, path)
        target = target[part]
    _check_key(target, last, path)
    target[last] = yaml.safe_load(text)


def _check_key(target: Any, part: str, path: str) -> None:
    known = list(target) if isinstance(target, dict) else []
    if part not in known:
        raise InputError(
            f"--set {path}: the recipe has no key {part!r}{did_you_mean(part, known)}", field="set"
        )
