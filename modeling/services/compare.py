"""Runs compared on what they have in common, from what each training stored; nothing is scored or traded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.fitting.report_page import page_html
from modeling.registry.artifact import artifact_file, artifact_verify, json_bytes
from modeling.selectors.versions import version_of
from modeling.systems.comparison import ComparedRun, ComparisonConfig, compared
from modeling.systems.comparison_lines import comparison_lines
from modeling.systems.comparison_page import comparison_page, equity_png
from modeling.systems.said_file import SAID, said_read
from traderai.common.errors import NotReadyError
from traderai.common.lake import lake_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReport:
    """What a comparison found and where it was written."""

    figures: dict[str, Any]
    table: tuple[str, ...]
    files: tuple[str, ...]


def runs_compare(
    *, runs: Sequence[str], folder: Path, config: ComparisonConfig | None = None
) -> ComparisonReport:
    """Compare runs, named by their version or the number of their training run, and write table, page and plot.

    Nothing is learned or counted: what is shown of the test parts was looked at when each was trained. Repeating writes
    the same files.
    Raises: NotFoundError for an unknown run, NotReadyError for one that stored no word of its test part, ArtifactBrokenError
    for changed files, InputError where the runs cannot be compared (see `comparison.compared`).
    """
    read = [_run(version_of(name)) for name in runs]
    figures = compared(read, config or ComparisonConfig())
    table = comparison_lines(figures)
    contents = {
        "compare.json": json_bytes(figures),
        "compare.txt": ("\n".join(table) + "\n").encode(),
        "compare.html": page_html(comparison_page(figures)).encode(),
        "equity.png": equity_png(figures["trading"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return ComparisonReport(
        figures=figures, table=tuple(table), files=tuple(str(folder / name) for name in contents)
    )


def _run(facts: ModelVersionFacts) -> ComparedRun:
    lake = lake_at(settings.LAKE_URL)
    artifact_verify(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)
    content = artifact_file(lake=lake, version=facts, name=SAID)
    if content is None:
        raise NotReadyError(
            f"{facts.version} stored no word of its test part; train {facts.recipe} again",
            code="nothing_said",
            field="runs",
        )
    return ComparedRun(version=facts.version, said=said_read(content))
