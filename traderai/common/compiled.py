"""Where compiled kernels are kept, so that not every process compiles them for a minute."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

# The folder that is not named by the code: processes that this one starts find it here.
ROOT_VARIABLE = "TRADERAI_COMPILED_DIR"


def compiled_folder(root: Path, sources: Iterable[Path]) -> Path:
    """Return the folder of machine code that was compiled from exactly these sources.

    Numba looks at the file of a function alone when it decides whether its machine code is still good: a change in a
    function that it calls from another file would go unnoticed, and numbers would be wrong. So the folder is named
    by everything that decides them: all sources, Numba's version, Python's, and the processor.
    """
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    versions = (
        metadata.version("numba"),
        metadata.version("llvmlite"),
        platform.python_version(),
        platform.machine(),
    )
    digest.update("/".join(versions).encode())
    return root / digest.hexdigest()[:16]


def use_compiled(*, code: Path, state: Path) -> None:
    """Tell Numba, before it is imported, to keep what it compiles from the kernels under `code`.

    A process without Numba (the web server's image) is left alone.
    """
    root = os.environ.setdefault(ROOT_VARIABLE, str(state / "compiled"))
    try:
        sources = [
            path
            for pattern in ("*/kernels/**/*.py", "*/contracts.py", "*/contracts/*.py")
            for path in code.glob(pattern)
        ]
        folder = compiled_folder(Path(root), sources)
    except metadata.PackageNotFoundError:
        return
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
