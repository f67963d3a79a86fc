"""Both catalogues are whole and compiled, and every sentence that can be said has its words."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from django.utils import translation

import traderai
from features.contracts import REGIMES
from features.spec import Family
from market.configs import sectors_config
from market.kernels.news_events import EVENT_TYPES
from modeling.contracts.council import GLOBAL
from signals import explain, phrases
from signals.kernels.picture import TOLD_PATTERNS
from signals.phrases.names import NAMES, sector_name
from signals.phrases.picture import SCENARIOS

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
    modules = [Path(explain.__file__), *sorted(Path(phrases.__file__).parent.glob("*.py"))]
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith(
                ("gettext", "gettext_lazy")
            ):
                texts = [ast.literal_eval(own) for own in node.args if isinstance(own, ast.Constant)]
                # A count or a context stands beside the text.
                found |= (
                    {texts[-1]}
                    if node.func.id.startswith("pgettext")
                    else set(texts[:2]) - {"days", "voters"}
                )
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_phrase_is_in_the_catalogue(language):
    text = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text()
    known = set(re.findall(r'^msgid(?:_plural)? "(.*)"$', text, re.MULTILINE))
    assert len(sources()) > 190
    assert sources() <= known, "run makemessages and translate"


def every_wording() -> list[Any]:
    told = [wording for phrase in phrases.PHRASES.values() for wording in wordings(phrase)]
    return [*told, *SCENARIOS.values(), *(name for names in NAMES.values() for name in names.values())]


def wordings(phrase: Any) -> tuple[Any, ...]:
    return phrase if isinstance(phrase, tuple) else (phrase,)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_code_renders_in_both_languages(language):
    values = {name: "7" for source in sources() for name in re.findall(r"%\((\w+)\)s", source)}
    with translation.override(language):
        said = [str(wording % {**values, "days": 5, "voters": 3}) for wording in every_wording()]
    assert all(said)
    if language == "ru":
        # Names of indicators aside, nothing is left in English.
        assert not [text for text in said if re.search(r"[A-Za-z]{2,}", re.sub("RSI|EBITDA", "", text))]


def test_wordings_of_one_code_say_the_same_figures():
    for code, phrase in phrases.PHRASES.items():
        told = [set(re.findall(r"%\((\w+)\)s", source_of(own))) for own in wordings(phrase)]
        cases = [{name.removeprefix("in_") for name in figures} for figures in told]
        assert all(figures == cases[0] for figures in cases), code


def test_everything_that_can_be_named_has_a_name():
    named = {table: set(names) for table, names in NAMES.items()}
    assert named["family"] == set(get_args(Family))
    assert named["regime"] == named["in_regime"] == set(REGIMES)
    assert named["pattern"] == set(TOLD_PATTERNS)
    assert named["event"] == set(EVENT_TYPES)
    assert named["scope"] == {"instrument", "sector", "market"}
    strategies = council_strategies()
    assert strategies >= {"trend", "news"} and named["members"] == {GLOBAL, *strategies}
    for code, name in sectors_config().sectors.items():
        assert (sector_name(code, language="ru"), sector_name(code, language="en")) == (name.ru, name.en)


def council_strategies() -> set[str]:
    found: set[str] = set()
    for path in (Path(traderai.__file__).parent / "config" / "recipes").glob("*.yaml"):
        found |= set((yaml.safe_load(path.read_text()).get("council") or {}).get("strategies", {}))
    return found


def source_of(wording: Any) -> str:
    """Return the English text of a lazy wording, its figures not yet filled in."""
    own = vars(wording)
    return str(own["_kw"].get("singular") or own["_args"][-1])
