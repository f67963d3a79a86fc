"""The parameters of `price_lstm`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """The network's size and how it is fitted."""

    units: tuple[int, int] = (128, 64)  # of the two LSTM layers
    epochs: int = 50
    batch_rows: int = 32
    patience_epochs: int = 5
    learning_rate: float = 0.001
    max_fit_minutes: float = 60.0

    def __post_init__(self) -> None:
        if min(*self.units, self.epochs, self.batch_rows, self.patience_epochs) < 1:
            raise ValueError(
                "units, epochs, batch_rows and patience_epochs must be at least 1, were "
                f"{self.units}, {self.epochs}, {self.batch_rows} and {self.patience_epochs}"
            )
        if not (self.learning_rate > 0 and self.max_fit_minutes > 0):
            raise ValueError(
                "learning_rate and max_fit_minutes must be above 0, were "
                f"{self.learning_rate} and {self.max_fit_minutes}"
            )
