"""The model card of adapters: what they were taught upon, by which rows, and the word on every ticker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeling.fitting.report import SIMULATED
from modeling.fitting.walk_adapters import adapters_lines, adapters_part


def adapters_card(about: Mapping[str, Any], told: Mapping[str, Any], rows: Mapping[str, Any]) -> str:
    """Return the model card in Markdown; `told` is what the choice of adapters tells, as plain values."""
    folds = [{"fold": "the newest rows", "adapters": told}]
    lines = [
        f"# Model card: {about['version']}", "",
        *([f"**{SIMULATED}**", ""] if about["is_simulated"] else []),
        "| fact | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in about.items()), "",
        "## Rows", "", "None of them taught or calibrated the version below.", "",
        "| part | first decision | last decision | rows x horizons |", "|---|---|---|---|",
        *(f"| {name} | {own['first']} | {own['last']} | {own['rows']:,} |" for name, own in rows.items()), "",
        "## Held-out figures", "", *adapters_lines(folds), "",
        *(line for table in adapters_part(folds).tables for line in _table(table.caption, table.columns, table.rows)),
        "## Limits", "",
        "* They correct the two probabilities alone: ranges, volatility and the evidence by which trades are taken are "
        "those of the version below.",
        "* They speak where that very version answers; of every other one they are silent.",
        "* They are judged beside what would be said in service without them: by the newest calibration, with levels that learn.",
        "* Rows overlap: days a whole horizon apart count in the tests of each ticker.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _table(caption: str, columns: Any, rows: Any) -> list[str]:
    heads = [name.removeprefix("#") for name in columns]
    return [
        caption, "",
        f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(row)} |" for row in rows), "",
    ]  # fmt: skip
