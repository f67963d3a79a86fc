"""What leaves the modeling app: predictions, the policy's question and answer, label sets, model versions."""

from modeling.contracts.decisions import (
    DIRECTIONS,
    QUANTILE_LEVELS,
    Action,
    Corrected,
    Decision,
    Evidence,
    IsotonicMap,
    MarketState,
    Prediction,
    SideLosses,
    Vote,
)
from modeling.contracts.drivers import Drivers, Effect, FamilyDriver, FeatureDriver
from modeling.contracts.labels import (
    BarrierLabelSet,
    ClassLabelSet,
    Horizon,
    LabelSet,
    RankLabelSet,
    RowRules,
)
from modeling.contracts.policy import AccountConfig, CostModel, PolicyConfig, RegimeRule
from modeling.contracts.registry import (
    GateConfig,
    Grade,
    HeadTrust,
    ModelVersionFacts,
    Recalibrated,
    Scores,
    ServingArtifact,
)

__all__ = [
    "AccountConfig",
    "DIRECTIONS",
    "QUANTILE_LEVELS",
    "Action",
    "BarrierLabelSet",
    "ClassLabelSet",
    "Corrected",
    "CostModel",
    "Decision",
    "Drivers",
    "Effect",
    "Evidence",
    "FamilyDriver",
    "FeatureDriver",
    "GateConfig",
    "Grade",
    "HeadTrust",
    "IsotonicMap",
    "Horizon",
    "LabelSet",
    "MarketState",
    "ModelVersionFacts",
    "PolicyConfig",
    "Prediction",
    "RankLabelSet",
    "Recalibrated",
    "RegimeRule",
    "RowRules",
    "Scores",
    "ServingArtifact",
    "Vote",
    "SideLosses",
]
