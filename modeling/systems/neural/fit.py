"""Fitting a classifier: drawn batches, Keras's early stopping and plateaus, and a look at what is predicted each epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np

from modeling.errors import ExportMismatchError, FitDivergedError
from modeling.fitting.batches import stratified_rows
from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.fitting.export import TOLERANCE, keras_bytes, onnx_export
from modeling.kernels.calibration import softmax
from modeling.kernels.imbalance.hard_negatives import hard_rows
from modeling.kernels.imbalance.label_smoothing import smoothed_labels
from modeling.kernels.imbalance.temperature import temperature_fit
from modeling.networks.class_losses import ClassLoss, asymmetric_focal, on_moves, overconfidence, with_penalty
from modeling.networks.classifier import LOGITS, ClassifierShape, build_classifier
from modeling.systems.estimators import SystemTask
from modeling.systems.neural.classifier import FittedClassifier, NeuralClassifier
from modeling.systems.neural.draws import Draws
from modeling.systems.neural.network import ClassNetwork, Said, tickers_of, windows_of
from modeling.systems.neural.taught import Taught, scaler_of, taught_rows
from modeling.systems.neural.weights import ClassWeights
from modeling.systems.rows import SystemRows
from traderai.common import clock
from traderai.common.arrays import F32, F64, I32, I64
from traderai.common.clock import from_epoch_s

_SCORED_ROWS: Final = 512  # that Keras scores at a time
_LOOKED_AT: Final = 8_192  # training rows that reweighting and hard negatives look at, an epoch
_COMPARED_ROWS: Final = 250
_NAMED_ROWS: Final = 3
_NO_PLACES: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """Rows whose classes are predicted after each epoch."""

    rows: SystemRows
    taught: Taught
    at: I64

    @property
    def label(self) -> I64:
        """Their classes (n,)."""
        return self.rows.label[self.at].astype(np.int64)

    def logits(self, network: Any) -> F64:
        """Return what a network says of them (n, k)."""
        parts = [
            network.predict_on_batch(inputs)[LOGITS] for inputs in _inputs(self.rows, self.taught, self.at)
        ]
        return np.concatenate(parts).astype(np.float64)


class Fit:
    """One classifier on its way: what is drawn, what is weighed, what was seen."""

    def __init__(self, plan: NeuralClassifier, task: SystemTask) -> None:
        self.plan, self.rows, self._seed, self._say = plan, task.rows, task.seed, task.say
        self.taught = taught_rows(task.rows, scaler_of(task.rows), plan.toolkit, seed=task.seed)
        self.draws = Draws(
            taught=self.taught,
            toolkit=plan.toolkit,
            batch_rows=plan.batch_rows,
            limit=plan.max_windows_per_epoch,
            seed=task.seed,
        )
        self.weights = ClassWeights(plan.toolkit, shares=self.draws.shares())
        held = stratified_rows(task.rows.rows_of(VALIDATION), limit=plan.max_validation_windows, rng=None)
        self.validation = Watched(rows=task.rows, taught=self.taught, at=held)
        places = np.arange(self.taught.rows.size, dtype=np.int64)
        self._looked_at = stratified_rows(places, limit=_LOOKED_AT, rng=None)
        self._hard = _NO_PLACES
        self.epochs: list[dict[str, Any]] = []
        self.stopped_by = "epochs"

    def run(self) -> Any:
        """Return the network with the weights of its best epoch; raises FitDivergedError where the loss is no number."""
        plan = self.plan
        keras.utils.set_random_seed(self._seed)
        network = build_classifier(_shape(plan, self.rows))
        network.compile(
            keras.optimizers.Adam(learning_rate=plan.learning_rate, clipnorm=1.0),
            loss={LOGITS: self._loss()},
        )
        callbacks = keras.callbacks.CallbackList(
            [
                keras.callbacks.EarlyStopping(
                    monitor="val_loss", patience=plan.patience_epochs, restore_best_weights=True
                ),
                keras.callbacks.ReduceLROnPlateau(
                    monitor="val_loss", patience=plan.plateau_epochs, factor=plan.plateau_factor
                ),
            ],
            model=network,
        )
        callbacks.on_train_begin()
        began_s = clock.monotonic_s()
        for epoch in range(plan.epochs):
            loss = self._epoch(network, epoch)
            logs = self._looked(network, loss)
            callbacks.on_epoch_end(epoch, logs)
            self._say(epoch + 1, plan.epochs, _line(self.epochs[-1]))
            if network.stop_training:
                self.stopped_by = "patience"
                break
            spent_s = clock.monotonic_s() - began_s
            if (
                plan.max_fit_minutes is not None
                and spent_s * (epoch + 2) / (epoch + 1) > 60 * plan.max_fit_minutes
            ):
                self.stopped_by = "minutes" if epoch + 1 < plan.epochs else "epochs"
                break
        callbacks.on_train_end()
        return network

    def _epoch(self, network: Any, epoch: int) -> float:
        """Return the loss of an epoch's batches."""
        network.reset_metrics()
        batches = self.draws.epoch(epoch, self._hard)
        loss = math.nan
        for number, places in enumerate(batches):
            inputs, target, weight = self.batch(places)
            loss = float(
                network.train_on_batch(inputs, target, sample_weight=weight, return_dict=True)["loss"]
            )
            if not math.isfinite(loss):
                raise FitDivergedError(
                    f"the loss must stay finite, was {loss} in epoch {epoch + 1} at batch {number + 1} of {len(batches)}, "
                    f"which begins with {self._named(places)}; lower learning_rate, was {self.plan.learning_rate:g}, or look "
                    "at these bars (manage.py data_quality)"
                )
        return loss

    def batch(self, places: I64) -> tuple[dict[str, Any], dict[str, F32], F32]:
        """Return inputs, targets (b, k + 1) with the move last, and the weight of each row (b,)."""
        taught, toolkit, classes = self.taught, self.plan.toolkit, len(self.rows.classes)
        smoothing = (
            toolkit.smoothing_of(classes, taught.commonest)
            if toolkit.has("label_smoothing")
            else (0.0,) * classes
        )
        label = taught.label[places]
        target = np.column_stack((smoothed_labels(label, smoothing=smoothing), taught.move[places]))
        weight = taught.weight[places] * self.weights.of(label)
        inputs = {"bars": taught.windows(places), "ticker": taught.ticker[places]}
        return inputs, {LOGITS: target.astype(np.float32)}, weight.astype(np.float32)

    def _loss(self) -> ClassLoss:
        toolkit, classes = self.plan.toolkit, len(self.rows.classes)
        focal = toolkit.has("focal")
        loss = asymmetric_focal(
            (toolkit.focal.alpha or (1.0,) * classes) if focal else (1.0,) * classes,
            toolkit.gamma_of(classes, self.taught.commonest) if focal else (0.0,) * classes,
        )
        if toolkit.has("entropy_penalty"):
            penalty = overconfidence(classes, least_entropy=toolkit.least_entropy)
            loss = with_penalty(loss, penalty, weight=toolkit.entropy_weight)
        ranking = toolkit.ranking_weight if toolkit.has("ranking_loss") else 0.0
        return on_moves(loss, classes=classes, ranking_weight=ranking)

    def _looked(self, network: Any, loss: float) -> dict[str, float]:
        """Note what the network predicts now; return what Keras's callbacks watch."""
        label, classes = self.validation.label, len(self.rows.classes)
        logits = self.validation.logits(network)
        losses = _log_losses(logits, label)
        by_class = [
            float(losses[label == number].mean()) for number in range(classes) if np.any(label == number)
        ]
        watched = {"log_loss": float(losses.mean()), "balanced_log_loss": float(np.mean(by_class))}
        told = {
            "loss": loss, "val_loss": watched[self.plan.stop_on], "val_log_loss": watched["log_loss"],
            "learning_rate": float(network.optimizer.learning_rate), "class_weights": self.weights.now.tolist(),
            "predicted": _shares(logits.argmax(axis=1), self.rows.classes), "true": _shares(label, self.rows.classes),
        }  # fmt: skip
        self.epochs.append(told)
        self._moved(network)
        return {"loss": loss, "val_loss": told["val_loss"]}

    def _moved(self, network: Any) -> None:
        """Let the class weights and the hard rows of the next epoch follow what is predicted of training rows."""
        toolkit, taught = self.plan.toolkit, self.taught
        if not (toolkit.has("reweighting") or toolkit.has("hard_negatives")):
            return
        places = self._looked_at
        logits = Watched(rows=self.rows, taught=taught, at=taught.rows[places]).logits(network)
        label = taught.label[places]
        if toolkit.has("reweighting"):
            self.weights.move(predicted=logits.argmax(axis=1), true=label)
        if toolkit.has("hard_negatives"):
            asked = toolkit.hard_negatives
            self._hard = places[
                hard_rows(_log_losses(logits, label), share=asked.hardest, trimmed=asked.trimmed)
            ]

    def _named(self, places: I64) -> str:
        real = self.taught.rows[places[places < self.taught.rows.size][:_NAMED_ROWS]]
        rows = self.rows
        told = [
            f"{rows.secids[rows.instrument[row]]} {from_epoch_s(int(rows.decision_s[row])).isoformat()}"
            for row in real
        ]
        return ", ".join(told) or "synthetic rows"


def classifier_fit(plan: NeuralClassifier, task: SystemTask) -> FittedClassifier:
    """Return the network of the training part as it was exported, with its temperature chosen on the validation part.

    The seed decides everything random. Raises: FitDivergedError, ExportMismatchError, and as `taught_rows`.
    """
    fit = Fit(plan, task)
    network = fit.run()
    rows, toolkit = task.rows, plan.toolkit
    onnx = onnx_export(network, lookback_bars=rows.lookback_bars, n_features=len(rows.features))
    exported = ClassNetwork(onnx)
    gap = _export_gap(network, exported, fit.validation)
    said = Said(
        views=toolkit.views if toolkit.has("test_time_views") else ("identity",),
        thinned_class=fit.taught.commonest,
        keep_frac=fit.taught.keep_frac,
    )
    if toolkit.has("temperature"):
        held = fit.validation
        log_odds = said.log_odds(exported, rows, fit.taught.scaler, held.at)
        said = Said(
            views=said.views,
            thinned_class=said.thinned_class,
            keep_frac=said.keep_frac,
            temperature=temperature_fit(log_odds, held.label),
        )
    return FittedClassifier(
        onnx=onnx, keras=keras_bytes(network), scaler=fit.taught.scaler, said=said, told=_told(fit, said, gap)
    )


def _told(fit: Fit, said: Said, gap: float) -> dict[str, Any]:
    rows, best = fit.rows, min(range(len(fit.epochs)), key=lambda number: fit.epochs[number]["val_loss"])
    return {
        "features": list(rows.features), "classes": list(rows.classes), "shares": list(rows.secids),
        "timeframe": rows.timeframe, "lookback_bars": rows.lookback_bars, "label_set": rows.label_set,
        "horizon_bars": rows.horizon_bars, "threshold_frac": float(np.median(rows.threshold_frac[rows.rows_of(TRAIN)])),
        "options": list(fit.plan.toolkit.switched()), "temperature": said.temperature, "export_gap": gap,
        "epochs": fit.epochs, "best_epoch": best + 1, "stopped_by": fit.stopped_by, "taught": fit.taught.told,
        "learning_curve": {name: [own[name] for own in fit.epochs] for name in ("loss", "val_loss")},
    }  # fmt: skip


def _export_gap(network: Any, exported: ClassNetwork, held: Watched) -> float:
    """Return the largest difference between Keras and ONNX on validation rows; raises ExportMismatchError beyond 1e-4."""
    some = Watched(rows=held.rows, taught=held.taught, at=held.at[:_COMPARED_ROWS])
    found = exported.logits(
        windows_of(some.rows, some.taught.scaler, some.at), tickers_of(some.rows, some.at)
    )
    gap = np.abs(some.logits(network) - found)
    if not np.isfinite(gap).all() or gap.max() > TOLERANCE * max(1.0, float(np.abs(found).max())):
        raise ExportMismatchError(
            f"the exported classifier differs from the trained one by {gap.max():.2e}, allowed is {TOLERANCE:.0e}"
        )
    return float(gap.max())


def _inputs(rows: SystemRows, taught: Taught, at: I64) -> Iterator[dict[str, F32 | I32]]:
    for own in np.split(at, range(_SCORED_ROWS, at.size, _SCORED_ROWS)):
        yield {"bars": windows_of(rows, taught.scaler, own), "ticker": tickers_of(rows, own)}


def _shape(plan: NeuralClassifier, rows: SystemRows) -> ClassifierShape:
    return ClassifierShape(
        backbone=plan.backbone,
        lookback_bars=rows.lookback_bars,
        n_features=len(rows.features),
        n_tickers=len(rows.secids),
        channels=plan.channels,
        depth=plan.depth,
        attention_heads=plan.attention_heads,
        ticker_width=plan.ticker_width,
        dropout_frac=plan.dropout_frac,
        n_classes=len(rows.classes),
        dense_width=plan.dense_width,
    )


def _log_losses(logits: F64, label: I64) -> F64:
    own = softmax(logits)[np.arange(label.size), label]
    return np.asarray(-np.log(np.maximum(own, 1e-12)))


def _shares(label: I64, classes: tuple[str, ...]) -> dict[str, float]:
    counts = np.bincount(label, minlength=len(classes)) / label.size
    return dict(zip(classes, counts.tolist(), strict=True))


def _line(told: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{name} {share:.0%} of {told['true'][name]:.0%}" for name, share in told["predicted"].items()
    )
    return f"epoch loss {told['loss']:.4f} val {told['val_loss']:.4f}; predicted {shares}"
