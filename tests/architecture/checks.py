"""The rules of the house as functions from source text to a list of complaints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("traderai", "market", "features", "modeling", "signals", "portfolio", "behavior", "training_game")
LABELS = ("Shapes:", "Units:", "NaN:", "Causal:", "Raises:", "Source:")
BODY_LINES_MAX = 40
FILE_LINES_MAX = 400
PARAMETERS_MAX = 7
ARRAY_TYPES = re.compile(r"\b(F64|F32|I64|I32|I8|Bools|NDArray)\b")
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager)($|_)|^_?(process|handle)_", re.IGNORECASE)
# What a middleware must call its hook.
DJANGOS_NAMES = {"process_view"}
WALL_CLOCK = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"),
    ("time", "monotonic"), ("time", "perf_counter"), ("timezone", "now"),
}  # fmt: skip
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64"}


def sources() -> Iterator[Path]:
    """Yield every source file of ours, migrations left out."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def budget_complaints(source: str) -> list[str]:
    """Complain about files, functions and parameter lists over their budgets."""
    complaints = []
    if (lines := source.count("\n")) > FILE_LINES_MAX:
        complaints.append(f"the file has {lines} lines, at most {FILE_LINES_MAX}")
    for function in functions(ast.parse(source)):
        if (lines := body_lines(function)) > BODY_LINES_MAX:
            complaints.append(f"{function.name} has {lines} lines, at most {BODY_LINES_MAX}")
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        count = len([name for name in names if name not in {"self", "cls"}])
        is_numba = any("njit" in ast.unparse(decorator) for decorator in function.decorator_list)
        # A compiled loop takes plain arrays and numbers only; its public caller keeps the budget.
        if count > PARAMETERS_MAX and not (is_numba and function.name.startswith("_")):
            complaints.append(f"{function.name} has {count} parameters, at most {PARAMETERS_MAX}")
    return complaints


def name_complaints(source: str, stem: str) -> list[str]:
    """Complain about names that say nothing."""
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [stem, *(node.name for node in ast.walk(ast.parse(source)) if isinstance(node, named))]
    return [
        f"{name!r} says nothing; name the thing"
        for name in names
        if BANNED_NAMES.search(name) and name not in DJANGOS_NAMES
    ]


def clock_complaints(source: str) -> list[str]:
    """Complain about calls of the wall clock."""
    complaints = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if (last, node.func.attr) in WALL_CLOCK:
                complaints.append(f"line {node.lineno} asks the wall clock; use traderai.common.clock")
    return complaints


def randomness_complaints(source: str) -> list[str]:
    """Complain about randomness that nobody seeded."""
    complaints = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names):
            complaints.append(f"line {node.lineno} imports random; take a seeded numpy Generator")
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.random."):
            name = re.split(r"[.(]", ast.unparse(node))[2]
            if name not in SEEDED:
                complaints.append(f"line {node.lineno} uses np.random.{name}; take a seeded Generator")
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args:
            complaints.append(f"line {node.lineno} makes an unseeded generator")
    return complaints


def docstring_complaints(source: str) -> list[str]:
    """Complain about public kernels whose docstring lacks labels, or has them out of order."""
    complaints = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        text = ast.get_docstring(node) or ""
        found = [
            line.split()[0] for line in text.splitlines() if line.split()[:1] and line.split()[0] in LABELS
        ]
        if found != sorted(found, key=LABELS.index) or len(set(found)) != len(found):
            complaints.append(f"{node.name}: labels must come once, in the order {' '.join(LABELS)}")
        annotations = [
            ast.unparse(a.annotation) for a in (*node.args.args, *node.args.kwonlyargs) if a.annotation
        ]
        takes_arrays = any(ARRAY_TYPES.search(text) for text in annotations)
        if takes_arrays and "Shapes:" not in found:
            complaints.append(f"{node.name}: takes arrays, so it must say Shapes:")
        if any(isinstance(inner, ast.Raise) for inner in ast.walk(node)) and "Raises:" not in found:
            complaints.append(f"{node.name}: raises, so it must say Raises:")
    return complaints


def model_complaints(source: str) -> list[str]:
    """Complain about `save` overrides and Django signal receivers."""
    complaints = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            complaints += [
                f"{node.name} overrides {inner.name}; write a service"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef) and inner.name in {"save", "delete"}
            ]
        if isinstance(node, ast.Name) and node.id == "receiver":
            complaints.append("Django signal receivers hide control flow; call a service")
    return complaints


def inheritance_complaints(texts: dict[str, str]) -> list[str]:
    """Complain about a class of ours that inherits from a class of ours that inherits from a class of ours."""
    parents: dict[str, list[str]] = {}
    for text in texts.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
    chains = [
        (child, base, grand)
        for child, bases in parents.items()
        for base in bases
        if base in parents
        for grand in parents[base]
        if grand in parents and grand not in {child, base}
    ]
    # The tree of errors is the one place where a class says what happens next.
    return [" < ".join(chain) for chain in chains if chain[2] != "TraderAIError"]


def borrowing_complaints(texts: dict[str, str]) -> list[str]:
    """Complain about loops that count no references (modeling/kernels/loops.py) where they would have to.

    What such a loop calls is compiled like it, and a slice that comes back is then silently the whole array.
    """
    trees = [ast.parse(text) for text in texts.values()]
    classes = (each for tree in trees for each in ast.walk(tree) if isinstance(each, ast.ClassDef))
    arrays = {"Rows", *(each.name for each in classes if _holds(each))}
    # A private name is its module's own, a public one of all kernels there is once.
    public = {each.name: _borrows(each) for tree in trees for each in functions(tree) if each.name[0] != "_"}
    complaints = []
    for tree in trees:
        known = public | {each.name: _borrows(each) for each in functions(tree)}
        for each in (each for each in functions(tree) if _borrows(each)):
            returned = ast.unparse(each.returns) if each.returns else "nothing"
            if not each.returns or ARRAY_TYPES.search(returned) or arrays & set(re.findall(r"\w+", returned)):
                complaints.append(f"{each.name} borrows, so it must return numbers alone, says {returned}")
            called = {ast.unparse(node.func) for node in ast.walk(each) if isinstance(node, ast.Call)}
            complaints += [
                f"{each.name} borrows, so it must not call {name}, which counts references"
                for name in sorted(called & set(known))
                if not known[name]
            ]
    return complaints


def _borrows(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("borrowing_njit" in ast.unparse(decorator) for decorator in function.decorator_list)


def _holds(node: ast.ClassDef) -> bool:
    """Say whether a class has an array among its fields."""
    kinds = [ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
    return any(ARRAY_TYPES.search(kind) for kind in kinds)
