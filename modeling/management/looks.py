"""What a command prints of a look at a version, and the file it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import OutputWrapper


def look_write(
    stdout: OutputWrapper, *, table: Sequence[str], trials: str, content: Mapping[str, Any], file: Path | None
) -> None:
    """Print the table and what it counted, and write everything as JSON where a file is asked for."""
    stdout.write("\n".join(table))
    stdout.write(f"\n{trials}")
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")
    stdout.write(f"wrote {file}")
