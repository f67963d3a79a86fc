"""How versions come into service, as a test wants it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml


@contextmanager
def registry_yaml(
    *, min_days: int = 0, min_trades: int = 0, max_wait_days: int = 60, share_frac: float = 0.0
) -> Iterator[None]:
    """Put a registry.yaml in the packaged one's place; what else is overridden stays so."""
    shadow = {"min_days": min_days, "min_trades": min_trades, "max_wait_days": max_wait_days}
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        before = os.environ.get("TRADERAI_CONFIG_DIR")
        for path in Path(before).iterdir() if before else ():
            (Path(home) / path.name).symlink_to(path.resolve())
        own = Path(home) / "registry.yaml"
        own.unlink(missing_ok=True)
        own.write_text(yaml.safe_dump({"shadow": shadow, "ab": {"share_frac": share_frac}}))
        patch.setenv("TRADERAI_CONFIG_DIR", home)
        yield
