"""What `modeling` stores, a file for each subject."""

from __future__ import annotations

from modeling.models.feedback import SignalWord
from modeling.models.ledger import Experiment, Trial
from modeling.models.ranks import DailyOrder
from modeling.models.registry import GateVerdict, ModelVersion, Promotion, TrainingRun
from modeling.models.shadow import ShadowAnswer, ShadowReport
from modeling.models.watch import (
    ConformalState,
    DriftReport,
    LeakAudit,
    RetrainingReport,
    WeeklyCalibration,
)

__all__ = [
    "ConformalState",
    "DailyOrder",
    "DriftReport",
    "Experiment",
    "GateVerdict",
    "LeakAudit",
    "ModelVersion",
    "Promotion",
    "RetrainingReport",
    "ShadowAnswer",
    "ShadowReport",
    "SignalWord",
    "TrainingRun",
    "Trial",
    "WeeklyCalibration",
]
