"""What adaptive conformal quantiles have learned: small enough to stand in a row of a table or in an artifact."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

import numpy as np

TERCILES = 3
SESSIONS = 4  # codes as `market.kernels.sessions` has them


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalState:
    """How far each quantile is moved in each volatility tercile, and until when outcomes have been learned."""

    levels: tuple[float, ...]  # (q,) rising within (0, 1)
    tercile_edges: tuple[float, float]  # of the volatility expected over the horizon
    steps: tuple[float, ...]  # (q,) how far one outcome moves an offset, for each unit of its miss
    offsets: tuple[tuple[float, ...], ...]  # (3, q) in units of the row's expected volatility
    learned_rows: tuple[int, ...]  # (3,) outcomes, by tercile
    learned_until_s: int  # every outcome known by then has been learned, none that was known later
    # Part of what an outcome teaches that is the miss of what was said for it; the rest that of what would be said now.
    said_frac: float = 1.0  # as states from before there was another part have learned
    lent_frac: float = 0.0  # of a tercile's step, that the others take too; older states took none
    furthest: float | None = None  # that an offset goes, in the same units; older states knew no bound
    # (4, q) by the session of the row's bar, added to its tercile's; none: states from before sessions were told apart.
    session_offsets: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        q = len(self.levels)
        levels = np.asarray(self.levels)
        if not (q and np.all((levels > 0) & (levels < 1)) and np.all(np.diff(levels) > 0)):
            raise ValueError(f"levels must rise within (0, 1), were {self.levels}")
        require_tercile_edges(self.tercile_edges)
        if len(self.steps) != q or not all(0 < step < np.inf for step in self.steps):
            raise ValueError(f"steps must be {q} finite numbers above 0, were {self.steps}")
        if [len(own) for own in self.offsets] != [q] * TERCILES or not np.isfinite(self.offsets).all():
            raise ValueError(f"offsets must be {TERCILES} times {q} finite numbers, were {self.offsets}")
        if len(self.learned_rows) != TERCILES or min(self.learned_rows) < 0:
            raise ValueError(f"learned_rows must be {TERCILES} counts, were {self.learned_rows}")
        if not (0.0 < self.said_frac <= 1.0 and 0.0 <= self.lent_frac < 1.0):
            raise ValueError(
                f"said_frac must lie within (0, 1] and lent_frac within [0, 1), were {self.said_frac} and {self.lent_frac}"
            )
        sizes = [len(own) for own in self.session_offsets]
        if (sizes and sizes != [q] * SESSIONS) or not np.isfinite(self.session_offsets).all():
            raise ValueError(
                f"session_offsets must be none or {SESSIONS} times {q} finite numbers, were {self.session_offsets}"
            )
        if self.furthest is not None and not 0.0 < self.furthest < np.inf:
            raise ValueError(f"furthest must be finite and above 0, or none, was {self.furthest}")

    def plain(self) -> dict[str, Any]:
        """Return the state as JSON takes it; `of_plain` gives it back to the bit."""
        return asdict(self)

    @classmethod
    def of_plain(cls, content: dict[str, Any]) -> Self:
        """Return the state that `plain` said, also after JSON made lists of its tuples.

        Raises: ValueError for other fields, and for figures that no state can have.
        """
        known = {field.name for field in fields(cls)}
        wanted = {field.name for field in fields(cls) if field.default is MISSING}
        if not wanted <= set(content) <= known:
            raise ValueError(f"a conformal state must have {sorted(wanted)}, had {sorted(content)}")
        return cls(**{name: _tupled(value) for name, value in content.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonLearner:
    """What all that learns from the outcomes of one horizon reads of a row."""

    volatility_scale: float  # EWMA volatility of a bar times this is expected over the horizon
    longest_window_s: int  # from a decision to its outcome, of all that training looked at
    since_s: int  # the decision of the first outcome learned

    def __post_init__(self) -> None:
        if not 0.0 < self.volatility_scale < np.inf or self.longest_window_s <= 0:
            raise ValueError(
                "volatility_scale must be finite and above 0, longest_window_s above 0, were "
                f"{self.volatility_scale} and {self.longest_window_s}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonRanges(HorizonLearner):
    """How the return quantiles of one horizon are adjusted, and by what they have learned.

    Where they are not kept they learn all the same and are said as they are.
    """

    state: ConformalState
    kept: bool = True  # artifacts from before this was asked say all that was learned

    @property
    def outcomes(self) -> int:
        """How many outcomes have been learned."""
        return sum(self.state.learned_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangesLearned:
    """What stands behind the ranges of an answer."""

    outcomes: int
    since: datetime  # the decision of the first of them


def require_tercile_edges(edges: tuple[float, ...]) -> None:
    """Raise ValueError unless these part the terciles of a volatility."""
    if len(edges) != TERCILES - 1 or not 0 < edges[0] <= edges[1] < np.inf:
        raise ValueError(f"tercile_edges must be two rising numbers above 0, were {edges}")


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list | tuple) else value
