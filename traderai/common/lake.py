"""Files of the lake by URL (`file://` or `s3://`): immutable objects, named once, checked by SHA-256."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from traderai.common.errors import InvariantError, NotFoundError


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """A folder of immutable objects; keys are relative paths with forward slashes."""

    url: str

    def _locate(self, key: str) -> tuple[Any, str]:
        if key.startswith("/") or ".." in key.split("/"):
            raise InvariantError(f"a lake key must be relative and stay inside the lake, was {key!r}")
        filesystem, base = self.filesystem()
        return filesystem, f"{base}/{key}"

    def filesystem(self) -> tuple[Any, str]:
        """Return pyarrow's file system and the lake's folder in it, for reading many objects as one table."""
        filesystem, base = pafs.FileSystem.from_uri(self.url)
        return filesystem, base.rstrip("/")

    def write(self, key: str, content: bytes) -> str:
        """Store an object whole or not at all and return its SHA-256; writing the same bytes again is harmless."""
        filesystem, path = self._locate(key)
        if isinstance(filesystem, pafs.LocalFileSystem):
            _write_local(Path(path), content)
        else:
            # An object store publishes an object when its upload is completed, never before.
            with filesystem.open_output_stream(path) as stream:
                stream.write(content)
        return sha256_hex(content)

    def read(self, key: str, *, sha256: str | None = None) -> bytes:
        """Return an object's bytes; a checksum that differs is an InvariantError, a missing one NotFoundError."""
        filesystem, path = self._locate(key)
        try:
            with filesystem.open_input_stream(path) as stream:
                content: bytes = stream.read()
        except FileNotFoundError as error:
            raise NotFoundError(f"the lake has no {key!r} under {self.url}") from error
        if sha256 is not None and sha256_hex(content) != sha256:
            raise InvariantError(
                f"{key!r} is corrupt: SHA-256 must be {sha256}, was {sha256_hex(content)}; rebuild it",
                code="checksum_mismatch",
            )
        return content

    def exists(self, key: str) -> bool:
        """Return whether the object is there."""
        filesystem, path = self._locate(key)
        return bool(filesystem.get_file_info(path).type == pafs.FileType.File)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        filesystem, path = self._locate(key)
        if self.exists(key):
            filesystem.delete_file(path)

    def delete_unfinished(self, folder: str, *, before_s: float) -> int:
        """Remove what writers that were killed before a moment have left in a folder; return how many files.

        An object store drops unfinished uploads by itself.
        """
        path = self.local_path(folder)
        if path is None:
            return 0
        deleted = 0
        for one in path.rglob(".*.tmp"):
            # A writer that lives may have finished meanwhile.
            with suppress(FileNotFoundError):
                if one.stat().st_mtime < before_s:
                    one.unlink()
                    deleted += 1
        return deleted

    def local_path(self, key: str) -> Path | None:
        """Return the path of an object of a `file://` lake, None where the lake is remote."""
        filesystem, path = self._locate(key)
        return Path(path) if isinstance(filesystem, pafs.LocalFileSystem) else None


def lake_at(url: str) -> Lake:
    """Return the lake at a URL; a `file://` lake's folder is made when the first object is written."""
    if urlsplit(url).scheme not in {"file", "s3"}:
        raise InvariantError(f"the lake's URL must start with file:// or s3://, was {url!r}")
    return Lake(url=url)


def _write_local(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}.tmp")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
