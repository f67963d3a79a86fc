"""Which rule of file_sources.yaml reads a file, and the name under which its rows are stored."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from market.configs import FileRule
from market.contracts import Timeframe
from traderai.common.errors import InputError

_TICKER = re.compile(r"[A-Z][A-Z0-9]{0,11}")
_TIMEFRAME = re.compile(r"\d+[mhdw]|[MHDW]\d+")
# Placeholders of a glob; a ticker may be written small there.
_SECID_HOLE = "(?P<secid>[A-Za-z][A-Za-z0-9]{0,11})"
_TIMEFRAME_HOLE = r"(?P<timeframe>\d+[mhdw]|[MHDW]\d+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file with the rule that reads it."""

    path: Path
    rule: FileRule
    place: str  # the last parts of the path, as many as the rule's glob has: the same from wherever one looks
    secid: str | None  # as the path names it
    timeframe: Timeframe | None  # as the rule or the path names it


def files_under(paths: Sequence[Path | str]) -> list[Path]:
    """Return the files of folders, globs and single files, each once, sorted.

    Raises: InputError if a path names nothing.
    """
    found: set[Path] = set()
    for given in paths:
        path = Path(given)
        matches = [path] if path.exists() else [Path(name) for name in glob.glob(str(given), recursive=True)]  # noqa: PTH207  # absolute globs
        if not matches:
            raise InputError(f"--path must name a folder, a file or a glob that matches some, was {given}")
        for match in matches:
            inside = match.rglob("*") if match.is_dir() else [match]
            # Path.resolve would follow links, and a link may stand for another name on purpose.
            found.update(Path(os.path.abspath(entry)) for entry in inside if entry.is_file())  # noqa: PTH100
    return sorted(found)


def files_found(paths: Sequence[Path | str], rules: Iterable[FileRule]) -> tuple[list[FoundFile], list[Path]]:
    """Return the files with their rules and those that no rule is for.

    Raises: InputError if a path names nothing or two files would be stored under one name.
    """
    known, unknown = [], []
    rules = tuple(rules)
    for path in files_under(paths):
        file = _found(path, rules)
        if file is None:
            unknown.append(path)
        else:
            known.append(file)
    _refuse_namesakes(known)
    return known, unknown


def parts_match(path: PurePath, pattern: str) -> dict[str, str] | None:
    """Return what the placeholders of a glob stand for where it matches a path's last parts, None elsewhere."""
    wanted = PurePath(pattern).parts
    parts = path.parts[-len(wanted) :]
    if len(parts) < len(wanted):
        return None
    groups: dict[str, str] = {}
    for part, part_pattern in zip(parts, wanted, strict=True):
        match = re.fullmatch(_regex(part_pattern), part)
        if match is None:
            return None
        groups |= match.groupdict()
    return groups


def _regex(pattern: str) -> str:
    pieces = re.split(r"(\{secid\}|\{timeframe\}|\*|\?)", pattern)
    known = {"{secid}": _SECID_HOLE, "{timeframe}": _TIMEFRAME_HOLE, "*": ".*", "?": "."}
    return "".join(known.get(piece, re.escape(piece)) for piece in pieces)


def _found(path: Path, rules: tuple[FileRule, ...]) -> FoundFile | None:
    for rule in rules:
        groups = parts_match(path, rule.glob)
        if groups is None:
            continue
        place = "/".join(path.parts[-len(PurePath(rule.glob).parts) :])
        named_secid, named_timeframe = _named(place)
        timeframe = rule.timeframe or groups.get("timeframe") or named_timeframe
        secid = groups.get("secid")
        return FoundFile(
            path=path,
            rule=rule,
            place=place,
            secid=secid.upper() if secid else named_secid,
            timeframe=Timeframe.parse(timeframe) if timeframe else None,
        )
    return None


def _named(place: str) -> tuple[str | None, str | None]:
    """Return ticker and timeframe as `GAZP_5m_2018.csv` or `GAZP/5m/2018.csv` name them."""
    stem = place.rsplit(".", 1)[0]
    words = [word for word in re.split(r"[/_\s]", stem) if word]
    secid = next((word for word in words if _TICKER.fullmatch(word) and not _TIMEFRAME.fullmatch(word)), None)
    return secid, next((word for word in words if _TIMEFRAME.fullmatch(word) and _is_timeframe(word)), None)


def _is_timeframe(word: str) -> bool:
    try:
        Timeframe.parse(word)
    except InputError:
        return False
    return True


def _refuse_namesakes(files: Iterable[FoundFile]) -> None:
    # Two files of one name would overwrite each other, and the later one would win: the order would matter.
    seen: dict[str, Path] = {}
    for file in files:
        if file.rule.skipped is not None:
            continue
        other = seen.setdefault(file.place, file.path)
        if other != file.path:
            raise InputError(
                f"{other} and {file.path} would both be stored as {file.place}: rename one, "
                "or add a rule with a longer glob to file_sources.yaml"
            )
