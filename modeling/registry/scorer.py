"""Running a published network: padded batches of exactly 32 rows through ONNX Runtime, calibrated predictions out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy

import numpy as np
import onnxruntime

from modeling.contracts import Corrected, Excursions, Prediction, ServingArtifact, Vote
from modeling.contracts.decisions import EXCURSIONS
from modeling.contracts.heads import BASE_HEADS, head_width
from modeling.kernels.calibration import sigmoid
from modeling.kernels.sparse import sparse_columns, standardise, with_flags
from modeling.registry.adapters import ServingAdapters, adapted
from modeling.registry.council import Council, Seated
from modeling.registry.outputs import Outputs, Trusted, trusted
from traderai.common.arrays import F32, F64, I32, I64
from traderai.common.errors import InvariantError

BATCH_ROWS = 32  # always exactly this many: only then is a row's result the same bits in every batch
PADDING = -1  # the ticker of a row that only fills a batch; recurrent layers are exported to skip such rows


def padded_batches(ticker: I32) -> Iterator[tuple[I64, I32, int]]:
    """Yield for some rows' tickers (n,) batches of exactly BATCH_ROWS: row numbers, tickers, and how many count.

    The last batch is filled by repeating the last row under the ticker that tells recurrent layers to skip it.
    """
    n = ticker.size
    for start in range(0, n, BATCH_ROWS):
        places = np.arange(start, start + BATCH_ROWS)
        rows = np.minimum(places, n - 1)
        who = np.where(places < n, ticker[rows], np.int32(PADDING))
        yield rows, who, min(BATCH_ROWS, n - start)


def session_of(onnx: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX graph ready to run; one thread, so that equal rows give equal bits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


class Network:
    """An ONNX graph behind names."""

    def __init__(self, onnx: bytes) -> None:
        self._session = session_of(onnx)
        names = {output.name for output in self._session.get_outputs()}
        missing = sorted(set(BASE_HEADS) - names)
        if missing:
            raise InvariantError(
                f"the network must have outputs {BASE_HEADS}, lacks {missing}; export it again"
            )
        self.heads = (*BASE_HEADS, *sorted(names - set(BASE_HEADS)))

    def run(self, *, bars: F32, ticker: I32, horizon: I32) -> Outputs:
        """Return the heads' outputs for standardised windows (n, lookback, k), in batches of BATCH_ROWS."""
        parts: list[list[np.ndarray]] = []
        for rows, who, kept in padded_batches(ticker):
            feed = {"bars": bars[rows], "ticker": who, "horizon": horizon[rows]}
            found = self._session.run(list(self.heads), feed)
            parts.append([array[:kept] for array in found])
        if not parts:
            return Outputs.by_head({head: _shaped(np.zeros((0, head_width(head)))) for head in self.heads})
        stacked = [np.concatenate(column).astype(np.float64) for column in zip(*parts, strict=True)]
        return Outputs.by_head(
            {head: _shaped(array) for head, array in zip(self.heads, stacked, strict=True)}
        )


class Scorer:
    """One version ready to answer: raw feature windows in, calibrated predictions out.

    Adapters correct the probabilities of both sides alone: ranges, volatility, votes and the evidence by which trades are
    taken stay the version's own. They were taught upon the calibration of the artifact and learn by themselves what a
    newer one would tell them: that is for the shares without an adapter.
    """

    def __init__(self, artifact: ServingArtifact, adapters: ServingAdapters | None = None) -> None:
        self.artifact = artifact
        self._adapters = adapters
        self._network = Network(artifact.onnx)
        self._council = (
            None
            if artifact.council is None
            else Council.over(artifact.council, (*artifact.feature_names, *self._rank_features))
        )
        self._ranks: Mapping[str, Mapping[str, float]] = {}

    @property
    def _rank_features(self) -> tuple[str, ...]:
        council = self.artifact.council
        return () if council is None else council.context.rank_features

    def ranked(self, ranks: Mapping[str, Mapping[str, float]]) -> Scorer:
        """Return this with the daily ranks that its council may read, by feature and ticker, as known at the decision.

        What is not there counts as the mean of what taught the aggregator.
        """
        found = copy(self)
        found._ranks = ranks
        return found

    def predict(self, *, windows: F32, secids: Sequence[str], horizon: str) -> tuple[Prediction, ...]:
        """Return one prediction per window (n, lookback, k) of raw features; a NaN in a window is refused, but of sparse ones."""
        outputs = self.outputs(windows=windows, secids=secids, horizon=horizon)
        seated = (
            None
            if self._council is None
            else self._council.seat(outputs, self._last_bars(windows, secids), horizon)
        )
        outputs = outputs if seated is None else seated.outputs
        column = self.artifact.feature_names.index(self.artifact.volatility_feature)
        recent = windows[:, -1, column].astype(np.float64)
        taught = trusted(outputs, recent, self.artifact.trust[horizon])
        said = self._recalibrated(taught, outputs, recent, horizon)
        long, short = self._corrected(taught, said, windows[:, -1, :], secids, horizon)
        moves = said.excursions
        return tuple(
            Prediction(
                p_long=float(long[row]),
                p_short=float(short[row]),
                return_quantiles=tuple(float(value) for value in said.return_quantiles[row]),
                volatility=float(said.volatility[row]),
                direction=tuple(float(value) for value in said.direction[row]),
                votes=() if seated is None else _votes(seated, row),
                adapter=self._told(secids[row], taught, row),
                excursions=None if moves is None else _excursions(moves[row]),
            )
            for row in range(windows.shape[0])
        )

    def _last_bars(self, windows: F32, secids: Sequence[str]) -> F32:
        """Return what the council may read of each row (n, k): raw features, then the ranks."""
        ranks = [
            [self._ranks.get(name, {}).get(secid, np.nan) for secid in secids] for name in self._rank_features
        ]
        return np.column_stack((windows[:, -1, :], *ranks)).astype(np.float32)

    def _recalibrated(self, taught: Trusted, outputs: Outputs, recent: F64, horizon: str) -> Trusted:
        newer = self.artifact.recalibrated
        return taught if newer is None else trusted(outputs, recent, newer.trust[horizon])

    def _corrected(
        self, taught: Trusted, said: Trusted, last_bars: F32, secids: Sequence[str], horizon: str
    ) -> tuple[F64, F64]:
        if self._adapters is None:
            return said.p_long, said.p_short
        own = self._adapters.adapters
        columns = [self.artifact.feature_names.index(name) for name in own.features]
        long, short = adapted(
            own, taught.p_long, taught.p_short, local=last_bars[:, columns], secids=secids, horizon=horizon
        )
        corrected = np.array([secid in own.by_secid for secid in secids], dtype=np.bool_)
        return np.where(corrected, long, said.p_long), np.where(corrected, short, said.p_short)

    def _told(self, secid: str, said: Trusted, row: int) -> Corrected | None:
        if self._adapters is None or secid not in self._adapters.adapters.by_secid:
            return None
        version = self._adapters.version
        return Corrected(
            version=version.version,
            trained_until=version.trained_until,
            p_long_before=float(said.p_long[row]),
            p_short_before=float(said.p_short[row]),
        )

    def outputs(self, *, windows: F32, secids: Sequence[str], horizon: str) -> Outputs:
        """Return the network's uncalibrated outputs for raw feature windows."""
        version = self.artifact.version
        wanted = (len(secids), version.lookback_bars, len(self.artifact.feature_names))
        if windows.shape != wanted:
            raise InvariantError(f"windows must have shape {wanted}, were {windows.shape}")
        if horizon not in self.artifact.horizon_rows:
            raise InvariantError(f"horizon must be one of {version.horizons}, was {horizon!r}")
        bars = network_inputs(windows, self.artifact)
        if not np.isfinite(bars).all():
            raise InvariantError("a window holds a missing or infinite feature; leave such rows out")
        ticker = np.asarray([self.artifact.ticker_rows.get(secid, 0) for secid in secids], dtype=np.int32)
        rows = np.full(len(secids), self.artifact.horizon_rows[horizon], dtype=np.int32)
        return self._network.run(bars=bars, ticker=ticker, horizon=rows)

    def novelty(self, *, last_bars: F32) -> F64:
        """Return the Mahalanobis distance of raw features (n, k) from the training rows."""
        scaled = network_inputs(last_bars, self.artifact).astype(np.float64)
        return mahalanobis(scaled, mean=self.artifact.novelty_mean, precision=self.artifact.novelty_precision)


def network_inputs(values: F32, artifact: ServingArtifact) -> F32:
    """Return what the network reads of raw features (..., k): flagged and standardised as in its training."""
    blocks = artifact.sparse_blocks
    return standardise(
        with_flags(values, blocks), mean=artifact.mean, std=artifact.std, sparse=sparse_columns(blocks)
    )


def mahalanobis(values: F64, *, mean: F64, precision: F64) -> F64:
    """Return the Mahalanobis distance of each row (n, k)."""
    centred = values - mean
    # einsum and not matmul: BLAS may sum in another order for another number of rows. Two of two arrays each and not
    # one of three: for that NumPy has no vectorised loop.
    squares = np.einsum("ij,ij->i", np.einsum("ij,jk->ik", centred, precision), centred)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _shaped(array: F64) -> F64:
    return array if array.shape[1] > 1 else array.reshape(-1)


def _excursions(moves: F64) -> Excursions:
    return Excursions(**dict(zip(EXCURSIONS, map(tuple, moves.tolist()), strict=True)))


def _votes(seated: Seated, row: int) -> tuple[Vote, ...]:
    votes = seated.ballots
    return tuple(
        Vote(
            voter=name,
            present=bool(votes.present[place, row]),
            p_long=float(sigmoid(votes.logits[place, 0, row, 0])),
            p_short=float(sigmoid(votes.logits[place, 1, row, 0])),
            long_effect=float(seated.effects[place, 0, row]),
            short_effect=float(seated.effects[place, 1, row]),
        )
        for place, name in enumerate(votes.voters)
    )
