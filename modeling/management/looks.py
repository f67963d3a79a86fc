"""What a command prints of a look at a version, and the file it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from django.core.management.base import OutputWrapper


class Look(Protocol):
    """The report of a look."""

    @property
    def table(self) -> tuple[str, ...]:
        """What is printed."""

    @property
    def content(self) -> dict[str, Any]:
        """The same for machines."""

    @property
    def new_trials(self) -> int:
        """How much of it had not been looked at before."""


def look_write(stdout: OutputWrapper, look: Look, *, of: str, file: Path | None) -> None:
    """Print a look at some cuts or other things `of` a version, and write all of it as JSON where a file is asked for."""
    stdout.write("\n".join(look.table))
    stdout.write(f"\n{look.new_trials} {of} are new trials")
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(look.content, ensure_ascii=False, allow_nan=False, indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")
    stdout.write(f"wrote {file}")
