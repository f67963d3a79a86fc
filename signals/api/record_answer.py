"""The track record's answer, made of what the selector gives."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signals.kernels.track_record import LEVEL, Bounded, RecordFigures
from signals.phrases.record import caveat_text
from signals.selectors.shown_record import ShownRecord


def record_answer(shown: ShownRecord, *, language: str, as_of: datetime) -> dict[str, Any]:
    """Return the whole answer in a language; a figure that there is not is None."""
    return {
        "source": shown.source,
        "proven": shown.proven,
        "as_of": as_of,
        "level": LEVEL,
        "said": _counts(shown.said),
        "told": dataclasses.asdict(shown.told),
        "void_reasons": _counts(shown.void_reasons),
        "figures": None if shown.figures is None else _figures(shown.figures),
        "base_rates": [],
        "curve": [dataclasses.asdict(point) for point in shown.curve],
        "calibration": [
            {
                "bucket": row.bucket,
                "trades": row.trades,
                "predicted": row.predicted,
                "realised": _bounded(row.realised),
            }
            for row in shown.calibration
        ],
        "groups": {
            name: [{"name": own, **_figures(figures)} for own, figures in groups.items()]
            for name, groups in shown.groups.items()
        },
        "caveats": [
            {"code": one.code, "text": caveat_text(one.code, one.params, language=language)}
            for one in shown.caveats
        ],
    }


def _counts(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "number": number} for name, number in sorted(counts.items())]


def _figures(own: RecordFigures) -> dict[str, Any]:
    return {
        "trades": own.trades,
        "days": own.days,
        "hit_rate": _bounded(own.hit_rate),
        "break_even": own.break_even,
        "win_rate": _bounded(own.win_rate),
        "mean_r": _bounded(own.mean_r),
        "expectancy_bp": _bounded(own.net_frac, unit=1e4),
        "profit_factor": _bounded(own.profit_factor),
        "total_r": own.total_r,
        "drawdown_r": own.drawdown_r,
    }


def _bounded(own: Bounded, unit: float = 1.0) -> dict[str, float | None]:
    return {name: _known(getattr(own, name), unit) for name in ("value", "low", "high")}


def _known(value: float | None, unit: float) -> float | None:
    return None if value is None or not math.isfinite(value) else unit * value
