"""The numbers of the present code version on a fixed series, and how they are written.

A kernel whose numbers change, however little, gives features that no stored month and no trained model knows:
`features.catalog.CODE_VERSION` must rise with them. After it has risen: `python -m tests.features.versioned`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from features.catalog import CODE_VERSION, FEATURES
from features.kernels.engine import features_of
from tests.features.series import lively_bars

PLACE = Path(__file__).with_name("versioned_numbers.json")
OWN = tuple(spec for spec in FEATURES if spec.reads == "bars")
# Other processors may round the last bits otherwise.
RTOL = 1e-5
DIGITS = 8
FIGURES = ("last", "mean", "std", "known")
Numbers: TypeAlias = dict[str, list[float]]


def numbers() -> Numbers:
    """Return of each feature of own bars the last value known, mean, deviation and number of values known."""
    matrix = features_of(lively_bars(900, seed=5), OWN, warmup_bars=600).astype(np.float64)
    found = {}
    for spec, values in zip(OWN, matrix.T, strict=True):
        known = values[np.isfinite(values)]
        figures = (known[-1], known.mean(), known.std(), known.size)
        found[spec.name] = [float(f"{figure:.{DIGITS}g}") for figure in figures]
    return found


def changed(before: Numbers, after: Numbers) -> list[str]:
    """Return the features of both whose numbers are not the same."""
    return [
        name
        for name in before.keys() & after.keys()
        if after[name][3] != before[name][3]
        or not np.allclose(after[name][:3], before[name][:3], rtol=RTOL, atol=RTOL * before[name][2])
    ]


def written() -> dict[str, Any]:
    """Return what the file says."""
    content: dict[str, Any] = json.loads(PLACE.read_text(encoding="utf-8"))
    return content


def write(place: Path = PLACE) -> None:
    """Write the numbers of the present code version.

    Raises: SystemExit if numbers have changed since this code version was written first.
    """
    now = numbers()
    before = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {"code_version": 0}
    if before["code_version"] == CODE_VERSION and (names := changed(before["numbers"], now)):
        raise SystemExit(f"raise features.catalog.CODE_VERSION first: the numbers of {sorted(names)} changed")
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(figures)}" for name, figures in now.items())
    place.write_text(
        f'{{\n  "code_version": {CODE_VERSION},\n  "figures": {json.dumps(FIGURES)},\n  "numbers": {{\n{rows}\n  }}\n}}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    write()
