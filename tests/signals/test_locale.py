"""Both catalogues are whole and compiled, and every sentence that can be said has its words."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.utils import translation

import traderai
from signals import explain, phrases

LOCALE = Path(traderai.__file__).parent / "locale"


def statistics(po: Path, mo: Path) -> str:
    done = subprocess.run(
        ["msgfmt", "--check-format", "--statistics", "-o", str(mo), str(po)],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return done.stderr


def untranslated(text: str) -> int:
    return sum(int(n) for n in re.findall(r"(\d+) (?:fuzzy|untranslated)", text))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_catalogues_are_complete_and_compiled(language, tmp_path):
    folder = LOCALE / language / "LC_MESSAGES"
    fresh = tmp_path / "django.mo"
    assert untranslated(statistics(folder / "django.po", fresh)) == 0
    assert (folder / "django.mo").read_bytes() == fresh.read_bytes(), "compile the catalogue: compilemessages"


def test_a_hole_in_a_catalogue_is_seen(tmp_path):
    text = (LOCALE / "ru" / "LC_MESSAGES" / "django.po").read_text()
    holed = tmp_path / "django.po"
    holed.write_text(text.replace('msgstr "боковик"', 'msgstr ""'))
    assert untranslated(statistics(holed, tmp_path / "django.mo")) == 1


def sources() -> set[str]:
    """Return every text that the modules hand to gettext, read from their syntax trees."""
    found: set[str] = set()
    for module in (phrases, explain):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith(
                ("gettext", "gettext_lazy")
            ):
                found.add(ast.literal_eval(node.args[0]))
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_phrase_is_in_the_catalogue(language):
    text = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text()
    known = set(re.findall(r'^msgid "(.*)"$', text, re.MULTILINE))
    assert len(sources()) > 70
    assert sources() <= known, "run makemessages and translate"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_code_renders_in_both_languages(language):
    tables = phrases.PHRASES | phrases.SCENARIOS | phrases.NAMES
    values = {name: "7" for source in sources() for name in re.findall(r"%\((\w+)\)s", source)}
    with translation.override(language):
        said = {code: str(phrase % {**values, "days": 5}) for code, phrase in tables.items()}
    assert all(said.values())
    if language == "ru":
        # Names of indicators aside, nothing is left in English.
        assert not [text for text in said.values() if re.search(r"[A-Za-z]{2,}", text.replace("RSI", ""))]
