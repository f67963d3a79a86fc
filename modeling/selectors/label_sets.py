"""The configured label sets (label_sets.yaml); reads YAML alone, so the web may use it."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from market.contracts import Timeframe
from modeling.contracts import BarrierLabelSet, ClassLabelSet, LabelSet, RankLabelSet
from traderai.common.config import config_path, config_stamp, load_yaml, parse
from traderai.common.errors import InputError, NotFoundError, did_you_mean

FILE = "label_sets.yaml"
ANY = "any"
_KINDS = {"barrier": BarrierLabelSet, "rank": RankLabelSet, "class": ClassLabelSet}


def label_set_names() -> tuple[str, ...]:
    """Return the names of the configured label sets, in the order of the file."""
    return tuple(_content()["sets"])


def label_set_timeframes(*, name: str) -> tuple[str, ...]:
    """Return the timeframes that a set's horizons are given for, its usual one first; may hold "any"."""
    return tuple(_horizons(name, _body(name)))


def label_set_get(*, name: str, timeframe: str | None = None) -> LabelSet:
    """Return the label set `name` at a timeframe, fully checked; without one at its usual timeframe.

    Raises: NotFoundError `unknown_label_set`, InputError for a timeframe that the set is not for or a wrong file.
    """
    return _label_set_of(config_stamp(FILE), name, timeframe)


@lru_cache(maxsize=64)
def _label_set_of(_stamp: Hashable, name: str, timeframe: str | None) -> LabelSet:
    body = _body(name)
    by_timeframe = _horizons(name, body)
    usual = next((code for code in by_timeframe if code != ANY), None)
    wanted = timeframe or usual
    if wanted is None:
        raise InputError(f"label set {name} is for any timeframe: say which", field="timeframe")
    code = Timeframe.parse(wanted).value
    if code not in by_timeframe and ANY not in by_timeframe:
        raise InputError(
            f"label set {name} must be asked for at {', '.join(by_timeframe)}, was {code}", field="timeframe"
        )
    kind = body.get("kind")
    where = f"{config_path(FILE)}: {name}"
    if kind not in _KINDS:
        raise InputError(
            f"{where}: kind must be one of {', '.join(_KINDS)}, was {kind!r}{did_you_mean(str(kind), _KINDS)}"
        )
    horizons = by_timeframe[code if code in by_timeframe else ANY]
    found: LabelSet = parse(
        {**body, "name": name, "timeframe": code, "horizons": horizons}, _KINDS[kind], where=where
    )
    return found


def barrier_set_get(*, name: str, timeframe: str | None = None) -> BarrierLabelSet:
    """Return a label set that must have barriers: what can be traded; another kind is an InputError."""
    found = label_set_get(name=name, timeframe=timeframe)
    if not isinstance(found, BarrierLabelSet):
        raise InputError(
            f"label set {name} must have a take-profit and a stop, is of kind {found.kind}; choose another",
            field="label_set",
        )
    return found


def _content() -> dict[str, dict[str, Any]]:
    content = load_yaml(FILE)
    for key in ("common", "kinds", "sets"):
        if not isinstance(content.get(key), dict):
            raise InputError(
                f"{config_path(FILE)}: {key} must be a mapping beside the others of common, kinds, sets"
            )
    return content


def _body(name: str) -> dict[str, Any]:
    content = _content()
    if name not in content["sets"]:
        known = [str(key) for key in content["sets"]]
        raise NotFoundError(
            f"no label set {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}",
            code="unknown_label_set",
            field="label_set",
        )
    where = f"{config_path(FILE)}: {name}"
    own = content["sets"][name]
    if not isinstance(own, dict):
        raise InputError(f"{where}: must be a mapping, was {own!r}")
    for key in ("name", "timeframe"):
        if key in own:
            raise InputError(
                f"{where}: the key {key!r} is not the entry's to say; remove it "
                "(the name is the entry's own, timeframes stand in horizons)"
            )
    of_kind = content["kinds"].get(str(own.get("kind")), {})
    return {**content["common"], **of_kind, **own}


def _horizons(name: str, body: dict[str, Any]) -> dict[str, list[str]]:
    where = f"{config_path(FILE)}: {name}: horizons"
    found = body.get("horizons")
    if not isinstance(found, dict) or not found:
        raise InputError(f"{where}: must be a mapping from timeframe to a list of horizons, was {found!r}")
    for code in found:
        if code != ANY and Timeframe.parse(str(code)).value != code:
            raise InputError(
                f"{where}: timeframes must be written as {Timeframe.parse(str(code)).value}, was {code!r}"
            )
    return found
