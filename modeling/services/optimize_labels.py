"""Searching a label set's thresholds on the training part; every point that was looked at is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from market.selectors.fundamentals_many import first_bars
from modeling.contracts import BarrierLabelSet, ClassLabelSet, Horizon
from modeling.contracts.label_search import LabelSearchConfig
from modeling.fitting.label_data import LabelScope, ShareRows, share_rows, shares_chosen
from modeling.fitting.label_search import Evaluated, Evaluator, Point, SearchSpace, rows_sha256, search
from modeling.fitting.recipe import Recipe, recipe_kind, recipe_load, recipe_names
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from modeling.services.ledger import NewTrial, trial_record
from traderai.common.clock import MOSCOW
from traderai.common.config import fingerprint, load_config
from traderai.common.errors import InputError, NotReadyError
from traderai.common.progress import Progress, silent

CONFIG_FILE = "label_search.yaml"
_BEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsk:
    """Which label set to search, and what the training part is: a recipe's, or all until a moment."""

    label_set: str
    timeframe: str | None = None
    recipe: str | None = None  # None: the one made for the label set
    until: datetime | None = None  # instead of a recipe
    secids: tuple[str, ...] | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """What a search has found on the training part."""

    label_set: str
    spec: BarrierLabelSet | ClassLabelSet  # the set as it stands
    best: BarrierLabelSet | ClassLabelSet  # the set with the best point's horizon and thresholds
    table: tuple[str, ...]
    about: tuple[str, ...]  # from what data and search
    points: int
    new_trials: int  # the others had been counted before


def labels_optimize(*, ask: SearchAsk, now: datetime, progress: Progress = silent) -> SearchReport:
    """Search the thresholds of a label set by a grid and a Bayesian search, on the training part alone.

    Every point is counted in the ledger of trials; repeating with the same set, data and seed finds the same and counts
    nothing again. Nothing is written but the trials.

    Raises: InputError or NotFoundError for a set without thresholds, an unknown name or a part that is not said,
            NotReadyError without bars or where no point keeps to the constraints.
    """
    spec = label_set_get(name=ask.label_set, timeframe=ask.timeframe)
    config = load_config(CONFIG_FILE, LabelSearchConfig)
    space = SearchSpace.of(spec, config)
    scope, part = _scope(ask, space.spec, now)
    shares = tuple(share for share in share_rows(scope) if len(share.bars))
    if not shares:
        raise NotReadyError(
            f"no share has {spec.timeframe} bars in the training part ({part}); name a later day or ingest older bars",
            code="no_bars",
        )
    found = search(Evaluator(space, shares, config), config, seed=ask.seed, progress=progress)
    new_trials = _count(found, space, shares, scope, now)
    ranked = sorted((one for one in found if one.score), key=lambda one: -_score(one))
    if not ranked:
        raise NotReadyError(
            f"none of {len(found)} points keeps to the constraints of {CONFIG_FILE} ({found[0].refusal} as it stands); "
            "give the search more data or loosen them",
            code="no_feasible_point",
        )
    about = _about(ask, space, shares, (scope, part), found, config)
    return SearchReport(
        label_set=spec.name,
        spec=space.spec,
        best=space.applied(ranked[0].point),
        table=tuple(_table(ranked, found, space)),
        about=(*about, f"score {_score(ranked[0]):.4f}, of the set as it stood {_own_score(found, space)}"),
        points=len(found),
        new_trials=new_trials,
    )


def _scope(ask: SearchAsk, spec: BarrierLabelSet | ClassLabelSet, now: datetime) -> tuple[LabelScope, str]:
    """Return the training rows' scope, and in words how its end was found: nothing after it is ever read."""
    timeframe = Timeframe.parse(spec.timeframe)
    if ask.until is not None and ask.recipe is not None:
        raise InputError(
            "--until and --recipe both say where the training part ends; give one", field="until"
        )
    recipe = None if ask.until else _recipe(ask.recipe, spec)
    secids = ask.secids or (recipe.universe if recipe else None) or None
    shares, left_out = shares_chosen(timeframe=timeframe, secids=secids, as_of=now)
    if recipe is None:
        as_of, part = min(ask.until or now, now), "by the day asked for"
    else:
        firsts = first_bars(instruments=shares, timeframe=timeframe)
        newest = newest_bars(timeframe=timeframe)
        lasts = [newest[facts.secid] for facts in shares if facts.secid in newest]
        as_of = training_end(min(firsts.values()), min(max(lasts), now), recipe=recipe, spec=spec)
        part = f"the first {recipe.split.train_frac:.0%} of the time by recipe {recipe.name}"
    scope = LabelScope(
        timeframe=timeframe, shares=shares, left_out=left_out, since=None, as_of=as_of, costs=cost_model_get()
    )
    return scope, part


def training_end(
    first: datetime, last: datetime, *, recipe: Recipe, spec: BarrierLabelSet | ClassLabelSet
) -> datetime:
    """Return the moment until which bars may be known so that no window reaches the recipe's validation part.

    A recipe's split counts from the first to the last decision that has a label. Those lie inside of the bars: the last
    one at least a window before the newest bar, so that much is taken off, generously, for nights, weekends and
    holidays. The end is then not later than the recipe's own, less its embargo.
    """
    shortest = Horizon.parse(spec.horizons[0])
    minutes = Timeframe.parse(spec.timeframe).minutes
    window_days = {
        "d": float(shortest.count),
        "min": shortest.count / 500,
        "bars": shortest.count * minutes / 500,
        "eod": 1.0,
    }[shortest.unit]
    labelled_until = last - timedelta(days=2.0 * math.ceil(window_days) + 3.0)
    span = max(labelled_until - first, timedelta())
    return first + recipe.split.train_frac * span - timedelta(days=recipe.split.embargo_days)


def _recipe(name: str | None, spec: BarrierLabelSet | ClassLabelSet) -> Recipe:
    if name is not None:
        recipe = recipe_load(name)
        if (recipe.label_set, recipe.timeframe) != (spec.name, spec.timeframe):
            raise InputError(
                f"recipe {name} learns {recipe.label_set} at {recipe.timeframe}, the search is of {spec.name} at "
                f"{spec.timeframe}; name its own recipe, or the training part's last day by --until",
                field="recipe",
            )
        return recipe
    own = [
        each
        for each in (recipe_load(name) for name in recipe_names() if recipe_kind(name) != "system")
        if (each.label_set, each.timeframe) == (spec.name, spec.timeframe)
    ]
    if own:  # of several the one whose training part ends first, so that no other's later parts are read
        return min(own, key=lambda each: each.split.train_frac)
    raise InputError(
        f"no recipe learns {spec.name} at {spec.timeframe}, so nothing says where its training part ends; "
        "give its last day by --until",
        field="until",
    )


def _count(
    found: Sequence[Evaluated],
    space: SearchSpace,
    shares: Sequence[ShareRows],
    scope: LabelScope,
    now: datetime,
) -> int:
    """Count every point that was looked at, also those that broke a constraint."""
    data_sha256 = rows_sha256(shares)
    none = np.empty(0)
    return sum(
        trial_record(
            trial=NewTrial(
                kind="label_search", recipe="optimize_labels", labels=space.spec, is_simulated=scope.is_simulated,
                config_sha256=fingerprint(space.applied(one.point)), data_sha256=data_sha256,
                days=none.astype(np.int64), daily_net=none, trades=one.trades,
                net_expectancy_frac=one.net_expectancy_frac,
            ),
            now=now,
        )
        for one in found
    )  # fmt: skip


def _about(
    ask: SearchAsk,
    space: SearchSpace,
    shares: Sequence[ShareRows],
    told: tuple[LabelScope, str],
    found: Sequence[Evaluated],
    config: LabelSearchConfig,
) -> list[str]:
    (scope, part), weights = told, config.weights
    first = min(int(share.bars.begin_s[0]) for share in shares)
    begin = datetime.fromtimestamp(first, MOSCOW)
    world = "SIMULATED shares" if scope.is_simulated else "shares"
    return [
        f"from {space.spec.name} version {space.spec.version} at {space.spec.timeframe}",
        f"training part: {begin:%Y-%m-%d} to {scope.as_of.astimezone(MOSCOW):%Y-%m-%d %H:%M} Moscow time, {part}",
        f"{len(shares)} {world}, {sum(len(share.bars) for share in shares):,} rows, SHA-256 {rows_sha256(shares)[:12]}",
        f"{len(found)} points by grid and Bayesian search (seed {ask.seed}, search {fingerprint(config)[:12]}), "
        f"score = {weights.balance:g} balance + {weights.stability:g} stability + {weights.expectancy_r:g} net R",
    ]


def _table(ranked: Sequence[Evaluated], found: Sequence[Evaluated], space: SearchSpace) -> list[str]:
    names = "".join(f"{axis.name:>16}" for axis in space.axes)
    head = f"{'':<5}{'horizon':>8}{names}{'score':>9}{'balance':>9}{'stability':>11}{'net R':>9}{'net bp':>9}{'labelled':>12}"
    own = set(space.own())
    lines = [head, *(_line(str(place), one, own) for place, one in enumerate(ranked[:_BEST], start=1))]
    lines += [_line("-", one, own) for one in found if one.point in own and one not in ranked[:_BEST]]
    refused = sum(one.score is None for one in found)
    lines.append(f"{len(found)} points, {refused} of them refused by a constraint; * the set as it stands")
    return lines


def _line(place: str, one: Evaluated, own: set[Point]) -> str:
    mark = "*" if one.point in own else ""
    thresholds = "".join(f"{value:>16g}" for value in one.point.thresholds)
    start = f"{place + mark:<5}{one.point.horizon:>8}{thresholds}"
    if one.score is None:
        return f"{start}  refused: {one.refusal}"
    score = one.score
    return (
        f"{start}{score.score:>9.4f}{score.balance:>9.3f}{score.stability:>11.3f}{score.expectancy_r:>+9.3f}"
        f"{one.net_expectancy_frac * 1e4:>+9.1f}{one.labelled:>12,}"
    )


def _score(one: Evaluated) -> float:
    return one.score.score if one.score else -math.inf


def _own_score(found: Sequence[Evaluated], space: SearchSpace) -> str:
    own = set(space.own())
    best = max((_score(one) for one in found if one.point in own), default=-math.inf)
    return f"{best:.4f}" if math.isfinite(best) else "none"
