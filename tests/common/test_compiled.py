"""Machine code is kept for exactly the sources that it was compiled from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from traderai.common.compiled import ROOT_VARIABLE, compiled_folder, use_compiled

CALLEE = """
from numba import njit

@njit(cache=True)
def grown(x):
    return x + {by}
"""
CALLER = """
from numba import njit
from app.kernels.callee import grown

@njit(cache=True)
def doubled(x):
    return 2 * grown(x)
"""
ASK = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from traderai.common.compiled import use_compiled
use_compiled(code=Path(sys.argv[1]), state=Path(sys.argv[3]))
from app.kernels.caller import doubled
answer = doubled(1)
print(answer, sum(doubled.stats.cache_hits.values()))
"""


def write(code: Path, *, by: int) -> None:
    kernels = code / "app" / "kernels"
    kernels.mkdir(parents=True, exist_ok=True)
    (kernels / "callee.py").write_text(CALLEE.format(by=by))
    if not (kernels / "caller.py").exists():
        (kernels / "caller.py").write_text(CALLER)


def asked(code: Path, state: Path) -> tuple[int, int]:
    """Return the answer of the compiled function in a new process, and whether it came from the folder."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {ROOT_VARIABLE, "NUMBA_CACHE_DIR"}
    }
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", ASK, code, root, state],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    answer, hits = done.stdout.split()
    return int(answer), int(hits)


def test_a_change_in_another_file_is_never_missed(tmp_path: Path) -> None:
    code, state = tmp_path / "code", tmp_path / "state"
    write(code, by=1)
    assert asked(code, state) == (4, 0)
    assert asked(code, state) == (4, 1)
    write(code, by=10)
    assert asked(code, state) == (22, 0)
    write(code, by=1)
    assert asked(code, state) == (4, 1)


def test_the_folder_tells_sources_apart(tmp_path: Path) -> None:
    write(tmp_path, by=1)
    sources = list(tmp_path.glob("*/kernels/**/*.py"))
    assert len(sources) == 2
    before = compiled_folder(tmp_path, sources)
    assert compiled_folder(tmp_path, reversed(sources)) == before
    assert compiled_folder(tmp_path, sources[:1]) != before
    write(tmp_path, by=2)
    assert compiled_folder(tmp_path, sources) != before


def test_processes_started_from_here_find_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ROOT_VARIABLE)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    use_compiled(code=tmp_path, state=tmp_path / "first")
    first = os.environ["NUMBA_CACHE_DIR"]
    use_compiled(code=tmp_path, state=tmp_path / "second")
    assert os.environ["NUMBA_CACHE_DIR"] == first
