"""What a training said of its test part and what its trades made of it, stored beside it so that runs can be compared."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

from modeling.errors import ArtifactBrokenError
from modeling.fitting.trading import Traded
from modeling.kernels.simulator_market import moscow_days
from modeling.kernels.simulator_orders import AccountRules
from traderai.common.arrays import F64, I8, I64

SAID: Final = "said.npz"
_ABOUT = "about"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Booked:
    """An account over the test part's trading days, and its trades by the order of their entries."""

    daily_net: F64  # (d,) after costs, of the capital at the day's start
    trade_secid: I64  # (t,) as all below: index into the run's secids
    entry_day: I64  # Moscow days since 1970
    exit_day: I64
    net_frac: F64  # of the entry's value
    net_r: F64  # in units of the order's stop; NaN without one
    capital_frac: F64  # net over the capital at the end of the day before the entry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Speaker:
    """What a system, or one of those that it must beat, says of the rows, and what it trades."""

    name: str
    scores: F64  # (n, k) probabilities of the classes
    side: I8  # (n,) taken: 1 long, -1 short, 0 none
    cut: float  # the score above which it trades
    booked: Booked


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SaidFile:
    """One training's word on its test part: n rows, d trading days; the first speaker is the system itself."""

    recipe: str
    timeframe: str
    label_set: str
    labels_sha256: str  # of the whole label set: rows are compared only where it is the same
    classes: tuple[str, ...]  # (k,)
    account: dict[str, Any]  # its rules, costs included: runs are compared only where they are the same
    is_simulated: bool
    secids: tuple[str, ...]
    horizons: tuple[str, ...]
    secid: I64  # (n,) index into secids
    horizon: I64  # (n,) index into horizons
    decision_s: I64  # (n,)
    label: I8  # (n,) index into classes
    days: I64  # (d,) Moscow days since 1970, rising
    speakers: tuple[Speaker, ...]


def account_plain(account: AccountRules, *, max_turnover_frac: float) -> dict[str, Any]:
    """Return an account's rules and how much of a bar's turnover an order may take, as plain values."""
    return {**asdict(account), "max_turnover_frac": max_turnover_frac}


def booked_of(traded: Traded, *, start_rub: float) -> Booked:
    """Return an account and its trades as a file keeps them; `start_rub` is what the account began with."""
    daily, trades = traded.simulation.daily, traded.simulation.trades
    entry_day = moscow_days(trades.entry_s + 1)  # an entry at midnight is of the day that begins then
    before = np.searchsorted(daily.day, entry_day)
    capital = np.concatenate(([start_rub], daily.equity_rub))[before]
    return Booked(
        daily_net=traded.daily_net,
        trade_secid=trades.instrument,
        entry_day=entry_day,
        exit_day=moscow_days(trades.exit_s),
        net_frac=trades.net_frac,
        net_r=trades.r_multiple,
        capital_frac=np.divide(trades.net_rub, capital, out=np.zeros(len(trades)), where=capital > 0),
    )


def said_bytes(said: SaidFile) -> bytes:
    """Return the file: arrays of NumPy, compressed, and JSON of what is no array; equal content gives equal bytes."""
    arrays: dict[str, Any] = {}
    about: dict[str, Any] = {"speakers": [own.name for own in said.speakers]}
    for field in fields(SaidFile):
        value = getattr(said, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = value
        elif field.name != "speakers":
            about[field.name] = list(value) if isinstance(value, tuple) else value
    for number, own in enumerate(said.speakers):
        arrays |= {f"{number}:{name}": np.asarray(getattr(own, name)) for name in ("scores", "side", "cut")}
        arrays |= {f"{number}:{field.name}": getattr(own.booked, field.name) for field in fields(Booked)}
    arrays[_ABOUT] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def said_read(content: bytes) -> SaidFile:
    """Return what `said_bytes` wrote; nothing is unpickled.

    Raises: ArtifactBrokenError for content that it did not write.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays[_ABOUT].tobytes())
            speakers = tuple(
                Speaker(
                    name=name,
                    scores=arrays[f"{number}:scores"],
                    side=arrays[f"{number}:side"],
                    cut=float(arrays[f"{number}:cut"]),
                    booked=Booked(**{own.name: arrays[f"{number}:{own.name}"] for own in fields(Booked)}),
                )
                for number, name in enumerate(about.pop("speakers"))
            )
            plain = {name: tuple(own) if isinstance(own, list) else own for name, own in about.items()}
            held = {own.name: arrays[own.name] for own in fields(SaidFile) if own.name in arrays.files}
            return SaidFile(**plain, **held, speakers=speakers)
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ArtifactBrokenError(f"this is no word of a training ({error!r}); train again") from error
