"""The import contracts of pyproject.toml hold, and each of them is seen to fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.checks import PACKAGES, ROOT

LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command; lint_imports_command()",
    "--no-cache",
]

# contract id -> (file that is made to sin, the sin)
SABOTAGE = {
    "layers": ("market/contracts.py", "import signals.contracts"),
    "kernels": ("modeling/kernels/sabotage.py", "import django.db"),
    "door-market": ("signals/sabotage.py", "import market.models"),
    "door-features": ("modeling/sabotage.py", "import features.store"),
    "door-modeling": ("signals/sabotage.py", "import modeling.registry"),
    "door-signals": ("traderai/site/sabotage.py", "import signals.models"),
    "door-portfolio": ("behavior/sabotage.py", "import portfolio.models"),
    "web": ("signals/api/sabotage.py", "def f():\n    import numba"),
    "keras": ("signals/sabotage.py", "def f():\n    import keras"),
}


def test_the_contracts_hold():
    run = subprocess.run(LINT, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:]


@pytest.fixture(scope="module")
def copy_of_sources(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        if (ROOT / package).is_dir():
            ignored = shutil.ignore_patterns("static", "locale", "__pycache__")
            shutil.copytree(ROOT / package, target / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


@pytest.mark.parametrize("contract", SABOTAGE)
def test_a_contract_can_fail(contract, copy_of_sources):
    place, sin = SABOTAGE[contract]
    path = copy_of_sources / place
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text((before or "") + "\n" + sin + "\n", encoding="utf-8")
    try:
        run = subprocess.run(
            [*LINT, "--contract", contract], cwd=copy_of_sources, capture_output=True, text=True
        )
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
    assert "BROKEN" in run.stdout


def test_every_contract_has_its_sabotage():
    listed = [
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith("id = ")
    ]
    assert sorted(listed) == sorted(SABOTAGE)
