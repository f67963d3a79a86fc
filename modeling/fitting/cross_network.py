"""The global network as a ranker: windows of ranked features of each share, taught on whole dates by pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from modeling.errors import FitDivergedError
from modeling.fitting.batches import Scaler
from modeling.fitting.cross_rankers import PanelLesson, PanelRanking, PanelTaught, choice_ic
from modeling.fitting.cross_settings import RankNetworkConfig
from modeling.fitting.dataset import NO_PART, TRAIN
from modeling.fitting.judging import Say
from modeling.fitting.training import SEEDS_APART, FitWatch
from modeling.fitting.window_batches import RANK, WindowBatches, WindowSource
from modeling.kernels.share_windows import stacked_by_share
from modeling.networks.build import build_networks, prepare_fit
from modeling.networks.losses import losses
from modeling.networks.shape import NetworkShape
from traderai.common.arrays import F64, I64, Bools

_SCORED_ROWS = 2048  # at a time
Weights = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Windows:
    """A fold's windows, and where the panel's rows stand among them."""

    source: WindowSource  # without parts: nothing of it teaches yet
    where: I64  # (n,)
    tickers: int

    @classmethod
    def of(cls, lesson: PanelLesson, config: RankNetworkConfig) -> _Windows:
        """Return the windows of every row; a share that no training row knows is the unknown one."""
        # A feature that is alike for all shares of every date, such as one of the market, can order nothing.
        differs = (lesson.values[lesson.lesson.any(axis=1)] != 0).any(axis=0)
        values, where = stacked_by_share(
            lesson.share,
            lesson.day,
            lesson.values[:, differs],
            lookback=config.lookback_days,
            max_gap_days=config.max_gap_days,
        )
        known = np.unique(lesson.share[lesson.train.any(axis=1)])
        ticker = np.where(np.isin(lesson.share, known), lesson.share + 1, 0)
        shape = (values.shape[0], lesson.rank.shape[1])
        source = WindowSource(
            values=values,
            scaler=_as_they_are(values.shape[1]),
            ticker=_placed(ticker, where, np.zeros(shape[0], dtype=np.int32)),
            moment=_placed(lesson.day, where, np.zeros(shape[0], dtype=np.int64)),
            part=np.full(shape, NO_PART, dtype=np.int8),
            targets={RANK: _placed(lesson.rank, where, np.full(shape, np.nan, dtype=np.float32))},
            lookback_bars=config.lookback_days,
            batch_rows=config.batch_rows,
            ticker_dropout_frac=config.ticker_dropout_frac,
        )
        return cls(source=source, where=where, tickers=int(lesson.share.max()) + 1)

    def teaching(self, rows: Bools) -> WindowSource:
        """Return the source of which some rows (n, h) teach and no others."""
        part = self.source.part.copy()
        part[self.where] = np.where(rows, TRAIN, NO_PART)
        return replace(self.source, part=part)

    def scored(self, training: Any, rows: I64) -> F64:
        """Return what a network says of some rows of the panel (r, h)."""
        if not rows.size:
            return np.empty((0, self.source.part.shape[1]))
        chunks = np.array_split(rows, -(-rows.size // _SCORED_ROWS))
        said = [
            training(self.source.batch(self.where[own], part=TRAIN, rng=None)[0], training=False)[RANK]
            for own in chunks
        ]
        return np.concatenate([np.asarray(own, dtype=np.float64)[:, :, 0] for own in said])


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRanker:
    """A network with the rank head alone, for all horizons.

    Its members learn from the training rows; after every epoch they are held against the rows that choose, and the
    epoch after which their mean ranks those best is taken. As many epochs on all rows then make what is judged.
    """

    config: RankNetworkConfig
    say: Say = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name in tables."""
        return "network"

    def fit_panel(self, lesson: PanelLesson) -> PanelTaught:
        """Return the mean of the members, twice."""
        windows = _Windows.of(lesson, self.config)
        chooses = np.flatnonzero(lesson.choice.any(axis=1))
        school = _School(windows, self.config, lesson.seed, self.say)
        tried = school.members(lesson.train, self.config.max_epochs, chooses)
        epochs = _best_epochs(lesson, chooses, [own.said for own in tried])
        taught = school.members(lesson.lesson, epochs, chooses[:0])
        return PanelTaught(
            choosing=school.mean([own.weights[epochs - 1] for own in tried]),
            final=school.mean([own.weights[-1] for own in taught]),
        )


class _School:
    """One compiled network that every member of a fold learns in: tracing it anew would cost more than the learning."""

    def __init__(self, windows: _Windows, config: RankNetworkConfig, seed: int, say: Say) -> None:
        self._windows, self._config, self._seed, self._say = windows, config, seed, say
        keras.utils.set_random_seed(seed)
        self._training = self._network()
        self._training.compile(
            keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, clipnorm=1.0),
            loss=losses(return_unit_frac=1.0, heads=(RANK,)),
        )
        prepare_fit(self._training, *windows.source.batch(windows.where[:1], part=TRAIN, rng=None))
        self._unspent = [
            np.array(keras.ops.convert_to_numpy(own)) for own in self._training.optimizer.variables
        ]

    def members(self, rows: Bools, epochs: int, chooses: I64) -> list[_Note]:
        """Return what each seed's member learned from some rows (n, h) in at most so many epochs."""
        found: list[_Note] = []
        for number in range(self._config.ensemble):
            found.append(self._member(rows, self._seed + SEEDS_APART * number, epochs, chooses))
            epochs = len(found[-1].weights)  # what one had no time for, no other does
        return found

    def mean(self, members: Sequence[Weights]) -> PanelRanking:
        """Return the members' mean."""

        def ranking(rows: I64) -> F64:
            said = []
            for weights in members:
                self._training.set_weights(weights)
                said.append(self._windows.scored(self._training, rows))
            return np.asarray(np.mean(np.stack(said), axis=0))

        return ranking

    def _network(self) -> Any:
        return build_networks(_shape(self._windows, self._config)).training

    def _member(self, rows: Bools, seed: int, epochs: int, chooses: I64) -> _Note:
        config, training = self._config, self._training
        keras.utils.set_random_seed(seed)
        training.set_weights(self._network().get_weights())
        for variable, unspent in zip(training.optimizer.variables, self._unspent, strict=True):
            variable.assign(unspent)
        batches = WindowBatches(
            self._windows.teaching(rows),
            np.sort(self._windows.where[rows.any(axis=1)]),
            part=TRAIN,
            limit=config.max_windows_per_epoch,
            seed=seed,
        )
        note = _Note(self._windows, chooses)
        watch = FitWatch(max_s=60.0 * config.max_fit_minutes, epochs=epochs, say=self._say)
        training.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[note, watch])
        return note


class _Note(keras.callbacks.Callback):  # type: ignore[misc]  # Keras carries no types
    """Keeps, after each epoch, the weights and what they say of the rows that choose.

    Raises: FitDivergedError when the weights are no numbers any more.
    """

    def __init__(self, windows: _Windows, chooses: I64) -> None:
        super().__init__()
        self._windows, self._chooses = windows, chooses
        self.weights: list[Weights] = []
        self.said: list[F64] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the epoch."""
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise FitDivergedError(
                f"the loss must stay finite, was {loss} in epoch {epoch + 1}; lower learning_rate of the rank network"
            )
        self.weights.append(self.model.get_weights())
        self.said.append(self._windows.scored(self.model, self._chooses))


def _best_epochs(lesson: PanelLesson, chooses: I64, said: Sequence[Sequence[F64]]) -> int:
    """Return after how many epochs the members' mean ranks the choosing rows best, as the mean of the horizons."""

    def ic(score: F64) -> float:
        found = []
        for h in range(score.shape[1]):
            own = lesson.choice[chooses, h]
            rows = chooses[own]
            found.append(
                choice_ic(
                    lesson.day[rows], lesson.share[rows], score[own, h], lesson.rank[rows, h],
                    min_shares=lesson.min_shares,
                )
            )  # fmt: skip
        return float(np.mean(found))

    # A member that ran out of time stops those after it: what all have reached counts.
    reached = zip(*said, strict=False)
    return 1 + int(np.argmax([ic(np.mean(np.stack(epoch), axis=0)) for epoch in reached]))


def _shape(windows: _Windows, config: RankNetworkConfig) -> NetworkShape:
    return NetworkShape(
        backbone=config.backbone,
        lookback_bars=config.lookback_days,
        n_features=windows.source.values.shape[1],
        n_tickers=windows.tickers,
        n_horizons=windows.source.part.shape[1],
        channels=config.channels,
        ticker_width=config.ticker_width,
        horizon_width=config.horizon_width,
        dropout_frac=config.dropout_frac,
        heads=(RANK,),
        return_unit_frac=1.0,  # a rank has no unit, and no head asks for one
        volatility_column=0,
        volatility_mean=1.0,
        volatility_std=1.0,
    )


def _as_they_are(features: int) -> Scaler:
    """Ranks lie within -1 to 1 on every date: no training row need tell their size."""
    return Scaler(mean=np.zeros(features), std=np.ones(features), sparse=np.ones(features, dtype=np.bool_))


def _placed(values: Any, where: I64, into: Any) -> Any:
    into[where] = values
    return into
