"""The Mini App's files: small, complete in both languages, served under hashed names in production."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from features.contracts import REGIMES
from modeling.kernels.policy_reasons import REASONS

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "traderai" / "site" / "static" / "app"
OWN = sorted(APP.glob("*.js"))
VENDORED = sorted((APP / "vendor").glob("*.js"))
BUILT = sorted((APP / "built").glob("*.js"))
LIMIT_BYTES = 150 * 1024
LANGUAGES = ("ru", "en")


def catalogue(language: str) -> dict[str, str | dict[str, str]]:
    content: dict[str, str | dict[str, str]] = json.loads(
        (APP / "i18n" / f"{language}.json").read_text("utf-8")
    )
    return content


def texts(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def compressed_bytes(paths: Iterable[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def imported_by(path: Path) -> set[Path]:
    """The modules that this one cannot start without."""
    found = re.findall(r'(?:from|import)\s*"(\./[^"]+)"', path.read_text("utf-8"))
    return {(path.parent / target).resolve() for target in found}


def loaded_with(*starts: Path) -> set[Path]:
    loaded, waiting = set(), set(starts)
    while waiting:
        path = waiting.pop()
        loaded.add(path)
        waiting |= imported_by(path) - loaded
    return loaded


def test_all_scripts_together_are_small():
    size = compressed_bytes(BUILT)
    print(f"scripts of the Mini App: {size / 1024:.0f} KB compressed")
    assert 60 * 1024 < size <= LIMIT_BYTES


def test_the_first_screen_is_there_after_few_scripts():
    """Neither the candles' library nor another tab is in its way."""
    main = APP / "built" / "main.js"
    screens = re.findall(r'import\("\./([\w-]+\.js)"\)', main.read_text("utf-8"))
    assert len(screens) >= 7
    (market,) = (main.parent / name for name in screens if name.startswith("market-"))
    size = compressed_bytes(loaded_with(main, market))
    print(f"the market's scripts: {size / 1024:.0f} KB compressed")
    assert 15 * 1024 < size <= 45 * 1024


def sources_told() -> dict[str, str]:
    """Return by file the checksum that the bundle was made of."""
    lines = (APP / "built" / "SOURCES").read_text("utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def sources_now() -> dict[str, str]:
    return {
        path.relative_to(APP).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in OWN + VENDORED
    }


def test_the_bundle_is_made_of_these_modules():
    assert sources_told() == sources_now(), "run `make app` and commit what it wrote"


def test_sabotage_a_module_that_was_changed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    changed = shutil.copytree(APP, tmp_path / "app")
    (changed / "main.js").write_bytes((changed / "main.js").read_bytes() + b"\n")
    monkeypatch.setitem(globals(), "APP", changed)
    monkeypatch.setitem(globals(), "OWN", sorted(changed.glob("*.js")))
    monkeypatch.setitem(globals(), "VENDORED", sorted((changed / "vendor").glob("*.js")))
    assert {name for name, checksum in sources_now().items() if sources_told()[name] != checksum} == {
        "main.js"
    }


def test_every_vendored_file_has_its_licence_and_no_bare_import():
    about = (APP / "vendor" / "README.md").read_text("utf-8")
    for path in VENDORED:
        assert f"`{path.name}`" in about
        for target in re.findall(r'(?:from|import)\s*"([^"]+)"', path.read_text("utf-8")):
            assert target.startswith("./"), f"{path.name} imports {target}"
    licences = {path.stem for path in (APP / "vendor" / "licenses").glob("*.txt")}
    assert licences >= {
        "preact",
        "preact-signals",
        "preact-signals-core",
        "htm",
        "d3-hierarchy",
        "lightweight-charts",
    }


def test_both_catalogues_say_the_same_things():
    russian, english = catalogue("ru"), catalogue("en")
    assert set(russian) == set(english)
    for key in english:
        holes = [set(re.findall(r"\{(\w+)\}", " ".join(texts(c[key])))) for c in (russian, english)]
        assert holes[0] == holes[1], key
        assert all(text.strip() for c in (russian, english) for text in texts(c[key])), key


@pytest.mark.parametrize(
    ("language", "categories"), [("ru", {"one", "few", "many", "other"}), ("en", {"one", "other"})]
)
def test_plurals_have_all_their_forms(language: str, categories: set[str]):
    plurals = [entry for entry in catalogue(language).values() if isinstance(entry, dict)]
    assert plurals and all(set(entry) == categories for entry in plurals)


def test_the_russian_catalogue_is_russian():
    latin_only = {
        key for key, entry in catalogue("ru").items() if not re.search("[а-яё]", " ".join(texts(entry)), re.I)
    }
    assert latin_only <= {"call.tp", "call.sl"}


def test_every_text_asked_for_exists():
    asked = {key for path in OWN for key in re.findall(r'\bt\(\s*"([\w.]+)"', path.read_text("utf-8"))}
    assert len(asked) > 40
    assert asked <= set(catalogue("en"))


def test_every_code_of_the_api_has_a_name():
    known = set(catalogue("en"))
    sectors = yaml.safe_load((ROOT / "traderai" / "config" / "sectors.yaml").read_text("utf-8"))["sectors"]
    assert {f"sector.{code}" for code in sectors} <= known
    assert {f"regime.{name}" for name in REGIMES} <= known
    assert {f"action.{name}" for name in ("BUY", "SELL", "HOLD", "NO_TRADE", "NONE")} <= known
    reasons = {*REASONS, "no_signal"}
    assert {f"reason.{code}" for code in reasons} <= known
    # The average that breadth is told of is the one that it is measured by.
    regime = yaml.safe_load((ROOT / "traderai" / "config" / "regime.yaml").read_text("utf-8"))
    for language in LANGUAGES:
        told = texts(catalogue(language)["market.breadth"])
        assert all(re.search(rf"\b{regime['average_days'][0]}\b", text) for text in told)


def test_production_serves_every_module_under_a_hashed_name(tmp_path: Path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.prod",
        "SECRET_KEY": "a-key-of-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "trader.example.org",
        "TRADERAI_STATE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "static" / "app"
    manifest = json.loads((tmp_path / "static" / "staticfiles.json").read_text("utf-8"))["paths"]
    main = (tmp_path / "static" / manifest["app/built/main.js"]).read_text("utf-8")
    imported = re.findall(r'from ?"\./([\w.-]+)"', main)
    imported += re.findall(r'import\("\./([\w.-]+)"\)', main)
    assert len(imported) > 8 and all(re.fullmatch(r"[\w-]+\.[0-9a-f]{12}\.js", name) for name in imported), (
        imported
    )
    for path in (folder / "built").glob("*.js"):
        if not re.search(r"\.[0-9a-f]{12}\.js$", path.name):
            continue
        for target in re.findall(r'(?:from|import)[ (]*"(\./[^"]+)"', path.read_text("utf-8")):
            assert (path.parent / target).is_file(), f"{path.name} imports {target}"
            assert re.search(r"\.[0-9a-f]{12}\.js$", target), f"{path.name} imports {target}"
