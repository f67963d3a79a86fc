"""The votes of a council, and what each way to join them decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F32, F64, I64, Bools
from traderai.common.errors import InvariantError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ballots:
    """The votes on n rows, h horizons and both sides by v voters."""

    rows: I64  # (n,) of the matrix, or of what is scored
    voters: tuple[str, ...]  # (v,) the shared network first
    logits: F64  # (v, 2, n, h) of the long and the short, what the training part knows where a voter abstains
    present: Bools  # (v, n) the voter's setup is there; the shared network always votes
    prior: F64  # (2, h) what the training part knows

    @classmethod
    def cast(
        cls, *, rows: I64, voters: tuple[str, ...], said: F64, setups: Sequence[Bools], prior: F64
    ) -> Ballots:
        """Return the votes in what the voters say of rows (v, 2, n, h), strategies where their setups (n,) are there."""
        present = np.stack([np.ones(rows.size, np.bool_), *setups])
        logits = np.where(present[:, None, :, None], said, prior[None, :, None, :])
        return cls(rows=rows, voters=voters, logits=logits, present=present, prior=prior)

    def alone(self, voter: str) -> F64:
        """Return (2, n, h): one voter's logits."""
        return np.asarray(self.logits[self.place(voter)])

    def average(self) -> F64:
        """Return (2, n, h): the mean logits of those that vote."""
        votes = self.present[:, None, :, None]
        return np.asarray((self.logits * votes).sum(axis=0) / votes.sum(axis=0))

    def place(self, voter: str) -> int:
        """Return a voter's place; one that is not of the council is an InvariantError."""
        if voter not in self.voters:
            raise InvariantError(f"voter must be one of {', '.join(self.voters)}, was {voter!r}")
        return self.voters.index(voter)


def setup_present(values: F32, *, bounds: Sequence[tuple[float, float]], not_zero: bool) -> Bools:
    """Return where a feature lies within one of the bounds, or is not 0.

    Shapes: values (n,); returns (n,).
    NaN:    a missing feature is no setup.
    Causal: reads each row alone.
    """
    known = np.isfinite(values)
    if not_zero:
        return np.asarray(known & (values != 0.0))
    inside = np.zeros(values.size, dtype=np.bool_)
    for low, high in bounds:
        inside |= (values >= low) & (values <= high)
    return np.asarray(inside & known)
