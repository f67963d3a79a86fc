"""The rules of the house, each held against every source file, each seen to fail."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture import checks
from tests.architecture.checks import ROOT, sources

TOP_LEVEL = {
    "manage.py", "traderai", "market", "features", "modeling", "signals", "portfolio", "behavior", "training_game",
    "templates", "requirements", "docker", "tests", "README.md", "pyproject.toml", "Makefile", ".ci", ".gitignore",
    ".env.example", "LICENSE", "CHANGELOG.md",
}  # fmt: skip
APPS = [
    p
    for p in (
        "market",
        "features",
        "modeling",
        "signals",
        "portfolio",
        "behavior",
        "training_game",
        "traderai/jobs",
    )
    if (ROOT / p).is_dir()
]


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split("\n")[:-1]


def complaints_of(check, only=lambda _path: True) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in sources()
        if only(path)
        for complaint in check(path.read_text(encoding="utf-8"))
    ]


def test_budgets_are_kept():
    assert complaints_of(checks.budget_complaints) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n" * 401,
        "def f():\n" + "    x = 1\n" * 41,
        "def f(a, b, c, d, e, f, g, h):\n    pass\n",
        "@njit\ndef f(a, b, c, d, e, f, g, h):\n    pass\n",
    ],
)
def test_the_budget_check_can_fail(source):
    assert checks.budget_complaints(source)


def test_names_say_what_they_are():
    found = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in sources()
        for complaint in checks.name_complaints(path.read_text(encoding="utf-8"), path.stem)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source", ["def process_row(): ...\n", "class CandleManager: ...\n".replace("Manager", "_Manager")]
)
def test_the_name_check_can_fail(source):
    assert checks.name_complaints(source, "candles")


def test_wall_clock_is_asked_in_one_place():
    assert complaints_of(checks.clock_complaints, lambda p: p.parts[-2:] != ("common", "clock.py")) == []


@pytest.mark.parametrize("source", ["datetime.datetime.now()", "timezone.now()", "time.time()"])
def test_the_clock_check_can_fail(source):
    assert checks.clock_complaints(source)


def test_randomness_is_seeded():
    assert complaints_of(checks.randomness_complaints) == []


@pytest.mark.parametrize("source", ["import random", "np.random.rand(3)", "rng = np.random.default_rng()"])
def test_the_randomness_check_can_fail(source):
    assert checks.randomness_complaints(source)


def test_kernels_have_labelled_docstrings():
    assert complaints_of(checks.docstring_complaints, lambda p: "kernels" in p.parts) == []


@pytest.mark.parametrize(
    "source",
    [
        'def f(x: F64) -> F64:\n    """Return x.\n\n    NaN: none.\n    """\n',
        'def f(x: F64) -> F64:\n    """Return x.\n\n    NaN:    none.\n    Shapes: x (n,).\n    """\n',
        'def f(x: int) -> int:\n    """Return x."""\n    raise ValueError("x")\n',
    ],
)
def test_the_docstring_check_can_fail(source):
    assert checks.docstring_complaints(source)


def test_models_hold_no_logic():
    assert complaints_of(checks.model_complaints, _is_models) == []


def test_the_model_check_can_fail():
    assert checks.model_complaints("class A:\n    def save(self): ...\n")
    assert checks.model_complaints("@receiver(post_save)\ndef f(): ...\n")


def test_inheritance_is_one_level_deep():
    assert checks.inheritance_complaints({str(p): p.read_text(encoding="utf-8") for p in sources()}) == []


def test_the_inheritance_check_can_fail():
    assert checks.inheritance_complaints({"a": "class A: ...\nclass B(A): ...\nclass C(B): ...\n"})


def test_loops_that_count_no_references_hand_on_nothing_that_is_counted():
    kernels = {str(p): p.read_text(encoding="utf-8") for p in sources() if "kernels" in p.parts}
    assert sum("borrowing_njit\ndef" in text for text in kernels.values()) > 2
    assert checks.borrowing_complaints(kernels) == []


@pytest.mark.parametrize(
    "source",
    [
        "@njit\ndef f(a: F64) -> int: ...\n@borrowing_njit\ndef g(a: F64) -> int:\n    return f(a)\n",
        "@inlined_borrowing_njit\ndef g(a: F64) -> F64:\n    return a[1:]\n",
        "class P(NamedTuple):\n    a: F64\n@borrowing_njit\ndef g(a: F64) -> P:\n    return P(a[1:])\n",
        "@borrowing_njit\ndef g(a):\n    return a\n",
    ],
)
def test_the_check_of_uncounted_references_can_fail(source):
    assert checks.borrowing_complaints({"a": source})


def test_top_level_holds_nothing_else():
    assert {name.split("/")[0] for name in tracked_files()} <= TOP_LEVEL


@pytest.mark.parametrize("app", APPS)
def test_every_app_has_a_short_readme(app):
    text = (ROOT / app / "README.md").read_text(encoding="utf-8")
    assert 5 <= text.count("\n") <= 45


def test_every_constraint_has_a_test_that_names_it():
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    names = [
        name
        for path in sources()
        if _is_models(path)
        for name in re.findall(r'name="(\w+)"', _constraints_text(path))
    ]
    assert names
    assert [name for name in names if name not in tests] == []


def _is_models(path: Path) -> bool:
    return path.name == "models.py" or path.parent.name == "models"


def _constraints_text(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = [
        ast.unparse(node.value).replace("'", '"')
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "constraints"
    ]
    return "\n".join(parts)


def test_migrations_are_linear_and_reversible():
    for app in (ROOT / p for p in (*APPS, "traderai/accounts", "traderai/site")):
        files = sorted((app / "migrations").glob("0*.py"))
        numbers = [path.name[:4] for path in files]
        assert numbers == [f"{i:04d}" for i in range(1, len(files) + 1)], app
        assert not [path.name for path in files if "_auto_" in path.name]
        for path in files:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("RunSQL", "RunPython")):
                    keywords = {keyword.arg for keyword in node.keywords}
                    assert len(node.args) >= 2 or keywords & {"reverse_sql", "reverse_code"}, path.name


def test_every_required_package_has_its_reason():
    for path in (ROOT / "requirements").glob("*.in"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "#" in line, f"{path.name}: {line} has no reason"


def test_locks_are_hashed_and_name_no_registry():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"^--(index|extra-index|find-links)|://", text, re.MULTILINE)


def test_base_requirements_hold_no_tensorflow():
    assert "tensorflow" not in (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
