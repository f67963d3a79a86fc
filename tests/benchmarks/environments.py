"""Environments of their own for what is measured beside us and must never be among our requirements."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def own_python(requirement: str) -> Path | None:
    """Return the interpreter of a package's own environment, made in the state folder the first time.

    None where the package cannot be installed here.
    """
    state = Path(os.environ.get("TRADERAI_STATE_DIR") or ROOT / ".state")
    home = state / "bench" / requirement.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "installed").is_file():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", requirement], check=False, capture_output=True
        )
        if done.returncode != 0:
            return None
        (home / "installed").touch()
    return python
