"""Feature sets by name: the operator's lists, checked against the catalogue, with the hash that names their files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from features.catalog import BY_NAME, CODE_VERSION, FEATURES
from features.contracts import FeatureSetFacts
from features.spec import FeatureSpec
from market.contracts import Timeframe
from traderai.common.config import fingerprint, load_config
from traderai.common.errors import InputError, did_you_mean

CONFIG_NAME = "feature_sets.yaml"
WARMUP_BARS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFeature:
    """A feature like one of the catalogue, with parameters of its own."""

    name: str
    like: str
    parameters: dict[str, float]
    lookback_bars: int  # own bars before the first value, with these parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSetConfig:
    """One set as the operator wrote it."""

    warmup_bars: int
    keep_fresh: tuple[str, ...]  # codes of the timeframes that the schedule keeps up to date
    families: tuple[str, ...] = ()  # all features of these
    features: tuple[str, ...] = ()  # and these
    derived: tuple[DerivedFeature, ...] = ()  # and these

    def __post_init__(self) -> None:
        if not 1 <= self.warmup_bars <= WARMUP_BARS_MAX:
            raise ValueError(f"warmup_bars must be within 1 to {WARMUP_BARS_MAX}, was {self.warmup_bars}")
        if not self.features and not self.families and not self.derived:
            raise ValueError("families, features or derived must name at least one, all were empty")
        named = [*self.features, *(one.name for one in self.derived)]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"features must be named once, twice were {', '.join(twice)}")
        for code in self.keep_fresh:
            Timeframe.parse(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSetsConfig:
    """The whole file."""

    sets: dict[str, FeatureSetConfig]


def feature_set_names() -> tuple[str, ...]:
    """Return the names of all feature sets, in the order of the file."""
    return tuple(load_config(CONFIG_NAME, FeatureSetsConfig).sets)


def feature_set_get(*, name: str) -> FeatureSetFacts:
    """Return a feature set with its hash.

    Raises: InputError `unknown_feature_set` or `unknown_feature`, both with the closest known name.
    """
    config = _set_config(name)
    specs = _specs_of(name, config)
    longest = max(specs, key=lambda spec: spec.lookback_bars)
    if longest.lookback_bars > config.warmup_bars:
        raise InputError(
            f"warmup_bars of {name} must be at least {longest.lookback_bars} for {longest.name}, "
            f"was {config.warmup_bars}; raise it in {CONFIG_NAME}"
        )
    decides = {
        "features": [[spec.name, spec.kernel, spec.parameters] for spec in specs],
        "warmup_bars": config.warmup_bars,
        "code_version": CODE_VERSION,
    }
    return FeatureSetFacts(
        name=name,
        sha=fingerprint(decides),
        columns=tuple(spec.name for spec in specs),
        warmup_bars=config.warmup_bars,
    )


def feature_specs(*, name: str) -> tuple[FeatureSpec, ...]:
    """Return the features of a set in column order."""
    return _specs_of(name, _set_config(name))


def sparse_blocks(*, name: str) -> tuple[str, ...]:
    """Return by column the source of a sparse feature, "" of a dense one."""
    return tuple(spec.reads if spec.sparse else "" for spec in feature_specs(name=name))


def fresh_timeframes(*, name: str) -> tuple[Timeframe, ...]:
    """Return the timeframes on which the schedule keeps a set up to date."""
    return tuple(Timeframe.parse(code) for code in _set_config(name).keep_fresh)


def _set_config(name: str) -> FeatureSetConfig:
    sets = load_config(CONFIG_NAME, FeatureSetsConfig).sets
    if name not in sets:
        raise InputError(
            f"feature set must be one of {', '.join(sets)}, was {name!r}{did_you_mean(name, sets)}",
            code="unknown_feature_set",
            field="feature_set",
        )
    return sets[name]


def _specs_of(name: str, config: FeatureSetConfig) -> tuple[FeatureSpec, ...]:
    known = {spec.family for spec in FEATURES}
    for family in config.families:
        if family not in known:
            raise InputError(
                f"feature set {name} names an unknown family {family!r}{did_you_mean(family, known)}; "
                "`manage.py features` lists them",
                code="unknown_family",
                field="families",
            )
    for feature in config.features:
        if feature not in BY_NAME:
            raise InputError(
                f"feature set {name} names an unknown feature {feature!r}{did_you_mean(feature, BY_NAME)}; "
                "`manage.py features` lists them",
                code="unknown_feature",
                field="features",
            )
    whole = [spec for spec in FEATURES if spec.family in config.families]
    alone = [BY_NAME[feature] for feature in config.features]
    twice = sorted({spec.name for spec in whole} & set(config.features))
    if twice:
        raise InputError(
            f"feature set {name} names {', '.join(twice)} alone and by family; leave one out",
            code="feature_named_twice",
            field="features",
        )
    return (*whole, *alone, *(_derived(name, one) for one in config.derived))


def _base_of(set_name: str, wanted: DerivedFeature) -> FeatureSpec:
    """Return the feature of own bars that a derived one is like."""
    if wanted.name in BY_NAME:
        raise InputError(
            f"a derived feature of {set_name} must have a name of its own, {wanted.name!r} is in the catalogue",
            code="feature_named_twice",
            field="derived",
        )
    base = BY_NAME.get(wanted.like)
    if base is None or base.reads != "bars":
        own = [spec.name for spec in FEATURES if spec.reads == "bars"]
        raise InputError(
            f"{wanted.name} of {set_name} must be like a feature of own bars, was like {wanted.like!r}"
            f"{did_you_mean(wanted.like, own)}; `manage.py features` lists them",
            code="unknown_feature",
            field="derived",
        )
    return base


def _derived(set_name: str, wanted: DerivedFeature) -> FeatureSpec:
    base = _base_of(set_name, wanted)
    for parameter in wanted.parameters:
        if parameter not in base.parameters:
            raise InputError(
                f"parameters of {wanted.name} must be of {', '.join(base.parameters) or 'none'}, was {parameter!r}"
                f"{did_you_mean(parameter, base.parameters)}",
                code="unknown_parameter",
                field="derived",
            )
    if wanted.lookback_bars < 0:
        raise InputError(
            f"lookback_bars of {wanted.name} must be at least 0, was {wanted.lookback_bars}", field="derived"
        )
    parameters = {
        name: _like(base.parameters[name], value, f"{name} of {wanted.name}")
        for name, value in wanted.parameters.items()
    }
    # A range may depend on the parameters, and so may the number of bars that the newest value reads.
    return replace(
        base,
        name=wanted.name,
        formula=f"as {base.name}",
        parameters=base.parameters | parameters,
        lookback_bars=wanted.lookback_bars,
        low=None,
        high=None,
        exact_tail=False,
    )


def _like(base: float, value: float, what: str) -> float:
    """Return a parameter as the kernel takes it: windows are counted in whole bars, and YAML makes 10 a float here."""
    if not isinstance(base, int):
        return value
    if not float(value).is_integer():
        raise InputError(f"{what} must be a whole number, was {value}", field="derived")
    return int(value)
