"""Every detector there is, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from behavior.contracts.findings import Finding
from behavior.contracts.journal import Journal
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.habit_detectors import chasing, disposition, panic_trade
from behavior.kernels.rhythm_detectors import late_night, overtrading
from behavior.kernels.signal_detectors import (
    signal_followed,
    signal_ignored,
    trade_without_signal,
    traded_against,
)
from behavior.kernels.size_detectors import averaging_down, position_too_large, revenge_trade
from behavior.kernels.stop_detectors import stop_moved, stop_violated
from behavior.kernels.walk import Walk, journal_walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One question to a journal. Of equal claims to a ruble the detector that stands earlier in the list has it."""

    kind: str
    find: Callable[[Walk, Thresholds], tuple[Finding, ...]]
    is_mistake: bool = True


DETECTORS: Final = (
    Detector(kind="panic_trade", find=panic_trade),
    Detector(kind="revenge_trade", find=revenge_trade),
    Detector(kind="stop_violated", find=stop_violated),
    Detector(kind="stop_moved", find=stop_moved),
    Detector(kind="averaging_down", find=averaging_down),
    Detector(kind="traded_against", find=traded_against),
    Detector(kind="chasing", find=chasing),
    Detector(kind="position_too_large", find=position_too_large),
    Detector(kind="late_night", find=late_night),
    Detector(kind="overtrading", find=overtrading),
    Detector(kind="disposition", find=disposition),
    Detector(kind="signal_ignored", find=signal_ignored),
    Detector(kind="trade_without_signal", find=trade_without_signal),
    Detector(kind="signal_followed", find=signal_followed, is_mistake=False),
)
MISTAKES: Final = tuple(detector.kind for detector in DETECTORS if detector.is_mistake)


def journal_findings(journal: Journal, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return all that every detector finds, in the order of the list, the earliest first within each kind."""
    walk = journal_walk(journal, thresholds)
    return tuple(finding for detector in DETECTORS for finding in detector.find(walk, thresholds))
