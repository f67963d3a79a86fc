"""What a recipe says of the loss of both sides, whose hits are rarer than their misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLossConfig:
    """How `p_long_logit` and `p_short_logit` learn; as it begins it is the plain log loss.

    With a focus or a weight the outputs are no probabilities before calibration: a map proven on held-out rows makes
    some of them, or the base rate serves.
    """

    loss: Literal["bce", "focal"] = "bce"
    gamma: float = 2.0  # of focal: how much less a row counts that is told well; 0 is bce
    alpha: float | None = (
        None  # of focal: the share of the weight that hits have; None or 0.5: none is preferred
    )
    pos_weight: Literal["none", "auto"] = "none"  # of a hit; auto: misses for each hit of the training part
    pos_weight_override: float | None = None  # this instead, at every horizon
    pos_weight_scale: float = 1.0  # times that

    def __post_init__(self) -> None:
        if not self.gamma >= 0 or not (self.alpha is None or 0.0 < self.alpha < 1.0):
            raise ValueError(
                f"gamma must be at least 0 and alpha lie within (0, 1), were {self.gamma} and {self.alpha}"
            )
        if not (self.pos_weight_override is None or self.pos_weight_override > 0):
            raise ValueError(f"pos_weight_override must be above 0, was {self.pos_weight_override}")
        if not self.pos_weight_scale > 0:
            raise ValueError(f"pos_weight_scale must be above 0, was {self.pos_weight_scale}")

    @property
    def is_plain(self) -> bool:
        """Whether it is the plain log loss."""
        return self == SideLossConfig(gamma=self.gamma, alpha=self.alpha)
