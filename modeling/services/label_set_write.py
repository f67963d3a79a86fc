"""Writing a new label set into the operator's own label_sets.yaml, without touching what stands there."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from modeling.contracts import BarrierLabelSet, ClassLabelSet
from modeling.selectors.label_sets import FILE, label_set_get, label_set_names
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import ConflictError, InputError, InvariantError

_SEARCHED = ("take_profit", "stop_loss", "threshold_frac", "multiplier")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLabelSet:
    """A set that was written and loaded back."""

    name: str
    path: Path


def label_set_write(*, found: BarrierLabelSet | ClassLabelSet, comments: Sequence[str]) -> WrittenLabelSet:
    """Append a set under the next free version of its name to the file in TRADERAI_CONFIG_DIR, and load it back.

    Everything that stands in the file stays as it is, to the byte. Without an own file there the packaged one is copied
    first. Repeating writes another version: no name is ever used twice.

    Raises: InputError without that directory, or for a file whose sets are not written as a block; ConflictError if the
            file changes meanwhile.
    """
    path = own_path()
    name = next_name(found.name, label_set_names())
    source = path if path.is_file() else PACKAGED_DIR / FILE
    before = source.read_text(encoding="utf-8")
    after = appended(before, name=name, entry=_entry(before, found), comments=comments)
    standing = before if source == path else None
    _replace(path, after, standing=standing)
    wanted = replace(found, name=name, version=1)
    loaded = label_set_get(name=name, timeframe=found.timeframe)
    if loaded != wanted:
        path.unlink() if standing is None else _replace(path, standing, standing=after)
        raise InvariantError(f"{path}: {name} must read back as it was found, {wanted}, was {loaded}")
    return WrittenLabelSet(name=name, path=path)


def own_path() -> Path:
    """Return where the operator's label sets belong; without a directory of his own it is an InputError."""
    own = os.environ.get("TRADERAI_CONFIG_DIR")
    if not own or not Path(own).is_dir():
        raise InputError(
            f"TRADERAI_CONFIG_DIR must be a directory of your own to write label sets to, was {own or 'not set'}; "
            "make one and set it: the packaged configuration is never changed",
            field="write",
        )
    return Path(own) / FILE


def next_name(name: str, taken: Sequence[str]) -> str:
    """Return the name of the next version after all that there are: "swing_v3" where there are v1 and v2."""
    family = re.sub(r"_v\d+$", "", name)
    numbers = [
        int(match[1]) for each in taken if (match := re.fullmatch(re.escape(family) + r"_v(\d+)", each))
    ]
    return f"{family}_v{max(numbers, default=1) + 1}"


def appended(text: str, *, name: str, entry: dict[str, Any], comments: Sequence[str]) -> str:
    """Return the file with one more set behind the others, everything else as it was."""
    sets, line = _sets_block(text)
    if name in (key.value for key, _ in sets.value):
        raise ConflictError(f"{FILE} has a label set {name} already; a set is never overwritten")
    body = yaml.safe_dump(entry, sort_keys=False, default_flow_style=None, allow_unicode=True)
    indent = " " * sets.value[0][0].start_mark.column
    own = [
        *(f"# {comment}" for comment in comments),
        f"{name}:",
        *(f"  {each}" for each in body.splitlines()),
    ]
    lines = text.splitlines()
    new = "\n".join([*lines[:line], *(indent + each for each in own), *lines[line:]]) + "\n"
    old_content, content = yaml.safe_load(text), yaml.safe_load(new)
    old_content["sets"][name] = entry
    if content != old_content:
        raise InvariantError(f"{FILE}: adding {name} would have changed something else; write it by hand")
    return new


def _sets_block(text: str) -> tuple[yaml.MappingNode, int]:
    """Return the sets and the line behind the last one."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if (
            key.value == "sets"
            and isinstance(value, yaml.MappingNode)
            and value.value
            and not value.flow_style
        ):
            return value, _last_line(value) + 1
    raise InputError(
        f"{FILE}: sets must be a block mapping, one set below the other, to be added to; write it so",
        field="write",
    )


def _last_line(node: yaml.Node) -> int:
    """Return the line on which a node's last value ends; a block's own mark lies behind blank lines and comments."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_last_line(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return max(_last_line(value) for value in node.value)
    return int(node.end_mark.line)


def _entry(text: str, found: BarrierLabelSet | ClassLabelSet) -> dict[str, Any]:
    """Return the entry of the set that was searched, with what was found in it."""
    entry = dict(yaml.safe_load(text)["sets"][found.name])
    entry["version"] = 1
    entry["horizons"] = {found.timeframe: list(found.horizons)}
    return entry | {name: getattr(found, name) for name in _SEARCHED if name in entry}


def _replace(path: Path, text: str, *, standing: str | None) -> None:
    """Put the text in the file's place at once, unless somebody has written it meanwhile."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        now = path.read_text(encoding="utf-8") if path.is_file() else None
        if now != standing:
            raise ConflictError(f"{path} was changed meanwhile; look at it and try again")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
