"""Adapters as they serve: for each ticker a light model that corrects the shared probabilities by what is its own.

A library is loaded when one of its models is asked for the first time: who serves no adapters needs none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from modeling.contracts import ModelVersionFacts
from modeling.kernels.calibration import sigmoid
from traderai.common.arrays import F32, F64, Bools
from traderai.common.errors import InvariantError

AdapterFamily = Literal["xgboost", "lightgbm", "logistic", "mlp"]
Answer = Callable[[F32], F64]  # (n, d) -> (n,)
_TINY_P: Final = 1e-6  # a shared probability of 0 or 1 has no logit
_MOST: Final = 6.0  # of a figure that is not read by a tree, in standard deviations


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A model of what is added to a shared logit; equal texts give equal answers."""

    family: AdapterFamily
    text: str  # XGBoost's JSON, LightGBM's own text, or the figures as JSON

    def logits(self, x: F32) -> F64:
        """Return what is added (n,) for what `adapter_inputs` makes of rows (n, d)."""
        return self._answer(x)

    @cached_property
    def _answer(self) -> Answer:
        return _READERS[self.family](self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One ticker's corrections of both sides."""

    secid: str
    long: Correction
    short: Correction
    share: float  # of the corrections that is taken, by the days behind them
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The adapters of some tickers; of every other one the shared probabilities stand."""

    features: tuple[str, ...]  # local ones, as they are before scaling
    horizons: tuple[str, ...]
    by_secid: Mapping[str, Adapter]
    learned_until_s: int  # end of the last label that taught them
    judged_until_s: int  # of the last one by which they were chosen; the same before they are judged


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingAdapters:
    """A published version of adapters; its bytes were checked against the manifest."""

    version: ModelVersionFacts
    adapters: Adapters


def adapted(
    adapters: Adapters, p_long: F64, p_short: F64, *, local: F32, secids: Sequence[str], horizon: str
) -> tuple[F64, F64]:
    """Return the corrected probabilities of both sides (n,); a ticker without an adapter keeps its own, bit for bit.

    `local` (n, k) holds the raw features named in `adapters.features`; one that is missing is NaN.
    Raises: InvariantError for another horizon or other shapes than these adapters were taught.
    """
    wanted = (p_long.size, len(adapters.features))
    if local.shape != wanted or p_short.shape != p_long.shape or len(secids) != p_long.size:
        raise InvariantError(
            f"local must be {wanted} with as many probabilities and secids, was {local.shape} with {p_short.shape} "
            f"and {len(secids)}"
        )
    if horizon not in adapters.horizons:
        raise InvariantError(f"horizon must be one of {', '.join(adapters.horizons)}, was {horizon!r}")
    long, short = p_long.copy(), p_short.copy()
    names = np.asarray(secids, dtype=np.str_)
    h = adapters.horizons.index(horizon)
    for secid, own in adapters.by_secid.items():
        rows: Bools = names == secid
        if not rows.any():
            continue
        shared = logits_of(p_long[rows]), logits_of(p_short[rows])
        x = adapter_inputs(*shared, local[rows], h=h, horizons=len(adapters.horizons))
        long[rows] = sigmoid(shared[0] + own.share * own.long.logits(x))
        short[rows] = sigmoid(shared[1] + own.share * own.short.logits(x))
    return long, short


def adapter_inputs(long: F64, short: F64, local: F32, *, h: int, horizons: int) -> F32:
    """Return what an adapter reads (n, d): both shared logits (n,), the local features (n, k) and which horizon it is."""
    at = np.zeros((long.size, horizons))
    at[:, h] = 1.0
    return np.column_stack([long, short, local, at]).astype(np.float32)


def logits_of(p: F64) -> F64:
    """Return the logits of probabilities (n,), those of 0 and 1 as of the next that have one."""
    safe = np.clip(p, _TINY_P, 1.0 - _TINY_P)
    return np.asarray(np.log(safe / (1.0 - safe)))


def adapters_json(adapters: Adapters) -> bytes:
    """Return the adapters as JSON, equal ones as equal bytes."""
    own = asdict(adapters)
    own["by_secid"] = {secid: asdict(adapters.by_secid[secid]) for secid in sorted(adapters.by_secid)}
    return json.dumps(own, sort_keys=True).encode()


def adapters_read(content: bytes) -> Adapters:
    """Return the adapters that `adapters_json` wrote: they give the same answers.

    Raises: InvariantError for content that it did not write.
    """
    try:
        told = json.loads(content)
        return Adapters(
            features=tuple(told["features"]),
            horizons=tuple(told["horizons"]),
            by_secid={secid: _adapter(own) for secid, own in told["by_secid"].items()},
            learned_until_s=told["learned_until_s"],
            judged_until_s=told["judged_until_s"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvariantError(
            f"these are no adapters ({error!r}); restore the artifact or teach them again"
        ) from error


def _adapter(told: dict[str, Any]) -> Adapter:
    long, short = (Correction(**told[side]) for side in ("long", "short"))
    if {long.family, short.family} - set(_READERS):
        raise ValueError(f"families must be of {', '.join(_READERS)}, were {long.family} and {short.family}")
    return Adapter(secid=told["secid"], long=long, short=short, share=told["share"], days=told["days"])


def standardised(x: F32, mean: F64, std: F64) -> F64:
    """Return figures (n, d) in standard deviations; what is missing counts as the mean."""
    return np.asarray(np.nan_to_num(np.clip((x - mean) / std, -_MOST, _MOST)))


def _xgboost(text: str) -> Answer:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(text.encode()))
    return lambda x: np.asarray(booster.inplace_predict(x, predict_type="margin"), dtype=np.float64)


def _lightgbm(text: str) -> Answer:
    import lightgbm

    booster = lightgbm.Booster(model_str=text)
    return lambda x: np.asarray(booster.predict(x, raw_score=True, num_threads=1), dtype=np.float64)


def _logistic(text: str) -> Answer:
    told = {name: np.array(figures) for name, figures in json.loads(text).items()}

    def answer(x: F32) -> F64:
        # A sum by row and not matmul: BLAS may sum in another order for another number of rows.
        scaled = standardised(x, told["mean"], told["std"])
        return np.asarray(told["intercept"] + (scaled * told["coefficients"]).sum(axis=1))

    return answer


def _mlp(text: str) -> Answer:
    told = {name: np.array(figures) for name, figures in json.loads(text).items()}

    def answer(x: F32) -> F64:
        scaled = standardised(x, told["mean"], told["std"])
        hidden = np.tanh(told["bias"] + (scaled[:, :, None] * told["weights"]).sum(axis=1))
        return np.asarray(told["intercept"] + (hidden * told["coefficients"]).sum(axis=1))

    return answer


_READERS: Final[dict[str, Callable[[str], Answer]]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "logistic": _logistic,
    "mlp": _mlp,
}
