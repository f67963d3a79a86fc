"""Bars made from finer ones against bars of the same span that were obtained on their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.kernels.resampling import DAY_S, BarArrays
from traderai.common.arrays import F64, I8, I64, Bools

FIELDS = ("open", "high", "low", "close", "volume_shares")
WHY = (
    "equal",
    "in_other_shares",
    "finer_bar_missing",
    "opening_auction_missing",
    "shares_missing",
    "shares_added",
    "volume_unknown",
    "prices_only",
)
"""What a difference shows, `WHY[code]`; each differing bar has the first that fits.

in_other_shares: all four prices differ by one and the same factor of at least 1.5, as across a split.
finer_bar_missing: fewer shares, and at least one finer bar of the full number is not there.
opening_auction_missing: fewer shares, and the day's first finer bar begins when continuous trading does.
shares_missing: fewer shares, though every finer bar is there: trades are missing inside them.
shares_added: more shares than the bar obtained on its own.
volume_unknown: one side has no volume at all, which says that its source does not tell it.
prices_only: the same volume at other prices.
"""
_SAME = 1e-9  # relative: what turning prices back and forth across a split leaves
_OTHER_SHARES_MIN = np.log(1.5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Two sets of bars laid side by side, on the days that both of them have."""

    wall_s: I64  # begins that both have, (k,)
    why: I8  # (k,), an index into WHY
    differs: dict[str, Bools]  # by field, (k,)
    volume_made: F64  # (k,)
    volume_alone: F64  # (k,)
    only_made_s: I64  # begins that only the finer bars show
    only_alone_s: I64  # begins that only the bars obtained on their own show
    days: int


def compare_bars(made_s: I64, made: BarArrays, lacks: I8, alone_s: I64, alone: BarArrays) -> Comparison:
    """Compare bars made from finer ones with bars obtained on their own, over their common days.

    Shapes: made_s, made, lacks (n,); alone_s, alone (m,); both rising. `lacks` is the index into WHY of what explains
        fewer shares, 0 where every finer bar is there
    Units: begins in Moscow wall-clock seconds
    NaN: not accepted in prices and volumes
    """
    made_kept = np.isin(made_s // DAY_S, alone_s // DAY_S)
    alone_kept = np.isin(alone_s // DAY_S, made_s // DAY_S)
    both, of_made, of_alone = np.intersect1d(
        made_s[made_kept], alone_s[alone_kept], assume_unique=True, return_indices=True
    )
    ours = {name: getattr(made, name)[made_kept][of_made] for name in FIELDS}
    theirs = {name: getattr(alone, name)[alone_kept][of_alone] for name in FIELDS}
    differs = {
        name: ~np.isclose(ours[name], theirs[name], rtol=_SAME, atol=0.0, equal_nan=True) for name in FIELDS
    }
    return Comparison(
        wall_s=both,
        why=_why(ours, theirs, differs, lacks[made_kept][of_made]),
        differs=differs,
        volume_made=ours["volume_shares"],
        volume_alone=theirs["volume_shares"],
        only_made_s=np.setdiff1d(made_s[made_kept], both, assume_unique=True),
        only_alone_s=np.setdiff1d(alone_s[alone_kept], both, assume_unique=True),
        days=int(np.unique(made_s[made_kept] // DAY_S).size),
    )


def _why(ours: dict[str, F64], theirs: dict[str, F64], differs: dict[str, Bools], lacks: I8) -> I8:
    factors = np.column_stack([np.log(ours[name] / theirs[name]) for name in FIELDS[:4]])
    spread = np.ptp(factors, axis=1) if factors.size else np.zeros(0)
    fewer = ours["volume_shares"] < theirs["volume_shares"]
    checks = {
        "prices_only": differs["open"] | differs["high"] | differs["low"] | differs["close"],
        "shares_added": differs["volume_shares"],
        "shares_missing": differs["volume_shares"] & fewer,
    }
    why = np.zeros(lacks.size, dtype=np.int8)
    for code, check in checks.items():
        why[check] = WHY.index(code)
    explained = checks["shares_missing"] & (lacks > 0)
    why[explained] = lacks[explained]
    silent = (ours["volume_shares"] == 0) != (theirs["volume_shares"] == 0)
    why[differs["volume_shares"] & silent] = WHY.index("volume_unknown")
    other_shares = (np.abs(factors).min(axis=1, initial=np.inf) >= _OTHER_SHARES_MIN) & (spread < 0.01)
    why[other_shares] = WHY.index("in_other_shares")
    return why
