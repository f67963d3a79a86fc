"""The operator's YAML configuration, loaded into frozen dataclasses and fingerprinted.

Files lie in `traderai/config/`; a file of the same name in `TRADERAI_CONFIG_DIR` replaces the packaged one.
An unknown key, a missing key or a value of the wrong type is an InputError that names the file and the key.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import yaml

from traderai.common.errors import InputError, did_you_mean

PACKAGED_DIR = Path(__file__).resolve().parent.parent / "config"
T = TypeVar("T")


def config_path(name: str) -> Path:
    """Return the path of `name` (such as "policy.yaml"): the operator's own file, else the packaged one."""
    own = os.environ.get("TRADERAI_CONFIG_DIR")
    if own:
        candidate = Path(own) / name
        if candidate.is_file():
            return candidate
    path = PACKAGED_DIR / name
    if not path.is_file():
        known = sorted(str(p.relative_to(PACKAGED_DIR)) for p in PACKAGED_DIR.rglob("*.yaml"))
        raise InputError(
            f"no configuration file {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}"
        )
    return path


def config_stamp(*names: str) -> tuple[tuple[str, int, int], ...]:
    """Return what changes whenever one of the files does: a cache of what was made of them is keyed by it."""
    paths = [config_path(name) for name in names]
    stats = [path.stat() for path in paths]
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in zip(paths, stats, strict=True))


def load_yaml(name: str) -> dict[str, Any]:
    """Return the mapping in a configuration file; broken YAML or another top level is an InputError."""
    return _mapping_of(config_path(name))


def _mapping_of(path: Path) -> dict[str, Any]:
    stat = path.stat()
    content = _yaml_of(path, stat.st_mtime_ns, stat.st_size)
    if not isinstance(content, dict):
        raise InputError(f"{path}: the top level must be a mapping, was {type(content).__name__}")
    return content


@functools.lru_cache(maxsize=64)
def _yaml_of(path: Path, _mtime_ns: int, _size: int) -> object:
    """Return a file's content; parsed again only when the file has changed, because requests read it too."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from error


def load_config(name: str, into: type[T]) -> T:
    """Return a configuration file as the frozen dataclass `into`, fully checked; an unchanged file gives the same one."""
    path = config_path(name)
    stat = path.stat()
    wanted: Any = into  # mypy takes no type variable for hashable
    config: T = _config_of(path, stat.st_mtime_ns, stat.st_size, wanted)
    return config


@functools.lru_cache(maxsize=64)
def _config_of(path: Path, _mtime_ns: int, _size: int, into: Any) -> Any:
    """Return a file as a dataclass; checked again only when the file has changed: scoring asks for it share by share."""
    return parse(_mapping_of(path), into, where=str(path))


def parse(content: object, into: Any, *, where: str) -> Any:
    """Return plain YAML content as type `into` (dataclass, tuple, dict, Literal, optional or scalar).

    Raises: InputError naming `where` for an unknown or missing key or a value of another type.
    """
    origin = typing.get_origin(into)
    if dataclasses.is_dataclass(into):
        return _parse_dataclass(content, into, where=where)
    if origin is types.UnionType or origin is typing.Union:
        return _parse_optional(content, into, where=where)
    if origin is tuple:
        return _parse_tuple(content, into, where=where)
    if origin is dict:
        key_type, value_type = typing.get_args(into)
        pairs = _expect(content, dict, where=where).items()
        return {
            parse(key, key_type, where=where): parse(value, value_type, where=f"{where}: {key}")
            for key, value in pairs
        }
    if origin is typing.Literal:
        return _parse_literal(content, into, where=where)
    return _parse_scalar(content, into, where=where)


def fingerprint(config: object) -> str:
    """Return the SHA-256 of a configuration's canonical JSON; equal configurations give equal fingerprints."""
    plain = dataclasses.asdict(config) if dataclasses.is_dataclass(config) else config  # type: ignore[arg-type]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _parse_dataclass(content: object, into: Any, *, where: str) -> Any:
    given = _expect(content, dict, where=where)
    fields = {field.name: field for field in dataclasses.fields(into)}
    hints = _hints_of(into)
    for key in given:
        if key not in fields:
            raise InputError(
                f"{where}: unknown key {key!r}{did_you_mean(str(key), fields)}; known: {', '.join(fields)}"
            )
    values = {key: parse(value, hints[key], where=f"{where}: {key}") for key, value in given.items()}
    for field in fields.values():
        has_default = (
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        )
        if field.name not in values and not has_default:
            raise InputError(f"{where}: the key {field.name!r} is missing; add it")
    try:
        return into(**values)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


@functools.cache
def _hints_of(into: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields; Python compiles each annotation anew whenever it is asked for them."""
    return typing.get_type_hints(into)


def _parse_optional(content: object, into: Any, *, where: str) -> Any:
    members = [member for member in typing.get_args(into) if member is not type(None)]
    if content is None and len(members) < len(typing.get_args(into)):
        return None
    if len(members) != 1:
        raise TypeError(f"configuration types may be `X | None` only, was {into}")
    return parse(content, members[0], where=where)


def _parse_tuple(content: object, into: Any, *, where: str) -> Any:
    items = _expect(content, list, where=where)
    members = typing.get_args(into)
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(parse(item, members[0], where=f"{where}[{i}]") for i, item in enumerate(items))
    if len(items) != len(members):
        raise InputError(f"{where}: must hold {len(members)} values, was {len(items)}")
    return tuple(
        parse(item, member, where=f"{where}[{i}]")
        for i, (item, member) in enumerate(zip(items, members, strict=True))
    )


def _parse_literal(content: object, into: Any, *, where: str) -> Any:
    allowed = typing.get_args(into)
    if content not in allowed:
        hint = did_you_mean(str(content), [str(value) for value in allowed])
        raise InputError(f"{where}: must be one of {', '.join(map(str, allowed))}, was {content!r}{hint}")
    return content


def _parse_scalar(content: object, into: Any, *, where: str) -> Any:
    if into is Any:
        return content
    if into is float and isinstance(content, int) and not isinstance(content, bool):
        return float(content)
    if isinstance(content, bool) and into is not bool:
        raise InputError(f"{where}: must be {into.__name__}, was {content!r}")
    return _expect(content, into, where=where)


def _expect(content: object, kind: type[T], *, where: str) -> T:
    if not isinstance(content, kind):
        raise InputError(f"{where}: must be {kind.__name__}, was {content!r}")
    return content
