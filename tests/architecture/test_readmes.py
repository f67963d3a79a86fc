"""Commands and paths in the READMEs exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.architecture.checks import ROOT

COMMANDS = {*get_commands(), "help"}
FILES = [f"/{p.relative_to(ROOT)}" for p in ROOT.rglob("*.*") if not {".venv", ".state"} & set(p.parts)]
READMES = [p for p in ROOT.rglob("README*.md") if not {".venv", ".state", "vendor"} & set(p.parts)]
MAKE_TARGETS = set(
    re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def missing(text: str, folder: Path) -> list[str]:
    """Return what a README names and the checkout lacks."""
    found = [
        f"make {name}"
        for name in re.findall(r"make ([a-z]+)\b(?= |`|\n|$)", _code(text))
        if name not in MAKE_TARGETS
    ]
    found += [
        f"manage.py {name}" for name in re.findall(r"manage\.py ([a-z_]+)", text) if name not in COMMANDS
    ]
    for path in re.findall(r"\]\(([^)#:]+)\)|`([\w./-]+\.(?:py|yaml|md|txt|in|toml|png))`", text):
        name = path[0] or path[1]
        if not any(file.endswith(f"/{name}") for file in FILES) and not (folder / name).exists():
            found.append(name)
    return found


def _code(text: str) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`(make [^`]+)`", text))


@pytest.mark.parametrize("readme", READMES, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_a_readme_names_exists(readme):
    assert missing(readme.read_text(encoding="utf-8"), readme.parent) == []


@pytest.mark.parametrize("text", ["`make tea`", "`manage.py brew`", "`market/nowhere.py`", "[x](nowhere.md)"])
def test_the_readme_check_can_fail(text):
    assert missing(text, ROOT)
