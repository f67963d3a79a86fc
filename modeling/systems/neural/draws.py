"""Which rows an epoch's batches hold: whole batches of places, drawn anew each epoch from the seed and its number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.fitting.batches import stratified_rows
from modeling.kernels.imbalance.hard_negatives import mixed_with_hard
from modeling.kernels.imbalance.quota_batches import quota_batches
from modeling.systems.neural.taught import Taught
from modeling.systems.neural.toolkit import Toolkit
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """How batches are drawn from the rows that teach."""

    taught: Taught
    toolkit: Toolkit
    batch_rows: int
    limit: int  # of an epoch's rows
    seed: int

    def epoch(self, number: int, hard: I64) -> I64:
        """Return the places (batches, batch_rows) of an epoch; hard places, if any, take their share of each batch.

        Under quotas a hard place stands in for one of its own class, so that the quotas stay met.
        """
        rng = np.random.default_rng([self.seed, number])
        pool = self._pool(rng)
        label = self.taught.label[pool]
        size = min(self.batch_rows, pool.size)
        batches = pool.size // size
        if not self.toolkit.has("quota_batches"):
            drawn = rng.permutation(pool)[: batches * size].reshape(batches, size)
            return self._mixed(drawn, hard, rng)
        quotas = self.toolkit.quotas_of(int(self.taught.label.max()) + 1)
        drawn = pool[quota_batches(label, quotas=quotas, batch_rows=size, batches=batches, rng=rng)]
        by_class = np.argsort(self.taught.label[drawn], axis=1, kind="stable")
        drawn = np.take_along_axis(drawn, by_class, axis=1)  # every batch has its classes in the same columns
        borders = np.flatnonzero(np.diff(self.taught.label[drawn[0]])) + 1
        parts = np.split(drawn, borders, axis=1)
        own = [hard[self.taught.label[hard] == self.taught.label[part[0, 0]]] for part in parts]
        mixed = [self._mixed(part, places, rng) for part, places in zip(parts, own, strict=True)]
        return np.asarray(rng.permuted(np.concatenate(mixed, axis=1), axis=1))

    def shares(self) -> F64:
        """Return each class's expected share of a batch (k,), hard rows left out."""
        classes = int(self.taught.label.max()) + 1
        if self.toolkit.has("quota_batches"):
            return np.asarray(self.toolkit.quotas_of(classes))
        return np.asarray(np.bincount(self.taught.label, minlength=classes) / self.taught.label.size)

    def _pool(self, rng: np.random.Generator) -> I64:
        places = np.arange(self.taught.label.size, dtype=np.int64)
        if not self.toolkit.has("ticker_sampling"):
            return stratified_rows(places, limit=self.limit, rng=rng)
        _, ticker = np.unique(self.taught.ticker, return_inverse=True)
        tickers = int(ticker.max()) + 1
        if tickers == 1:
            return stratified_rows(places, limit=self.limit, rng=rng)
        even = (1.0 / tickers,) * tickers
        wanted = max(min(self.limit, places.size), tickers)
        return np.asarray(quota_batches(ticker, quotas=even, batch_rows=wanted, batches=1, rng=rng)[0])

    def _mixed(self, drawn: I64, hard: I64, rng: np.random.Generator) -> I64:
        if hard.size == 0:
            return drawn
        return mixed_with_hard(drawn, hard, share=self.toolkit.hard_negatives.share_of_batch, rng=rng)
