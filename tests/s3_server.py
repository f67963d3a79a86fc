"""A small object store that speaks as much of S3 as the lake asks for, on 127.0.0.1."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

XML = '<?xml version="1.0" encoding="UTF-8"?>'


class ObjectStore(ThreadingHTTPServer):
    """Objects by path; an upload in parts shows only when it is completed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}

    def lake_url(self, bucket: str = "lake") -> str:
        """Return the URL of a lake in this store, with the keys of nobody."""
        endpoint = quote(f"127.0.0.1:{self.server_port}", safe="")
        return f"s3://key:secret@{bucket}/raw?scheme=http&endpoint_override={endpoint}&region=us-east-1"


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return unquote(parts.path).lstrip("/"), query

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return _unwrapped(body) if "aws-chunked" in self.headers.get("Content-Encoding", "") else body

    def do_HEAD(self) -> None:
        key, _ = self._asked()
        content = self.server.objects.get(key)
        bucket = "/" not in key.rstrip("/")
        if content is None and not bucket:
            self._answer(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        self.send_header("ETag", '"x"')
        self.end_headers()

    def do_GET(self) -> None:
        key, query = self._asked()
        if "list-type" in query:
            bucket, prefix = key.rstrip("/"), query.get("prefix", "")
            found = [name for name in self.server.objects if name.startswith(f"{bucket}/{prefix}")]
            rows = "".join(
                f"<Contents><Key>{name[len(bucket) + 1 :]}</Key><Size>{len(self.server.objects[name])}</Size>"
                "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
                for name in found
            )
            told = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>{rows}"
            self._answer(200, f"{XML}<ListBucketResult>{told}</ListBucketResult>".encode())
            return
        content = self.server.objects.get(key)
        if content is None:
            self._answer(404, f"{XML}<Error><Code>NoSuchKey</Code></Error>".encode())
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span is None:
            self._answer(200, content, ETag='"x"')
            return
        first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
        self._answer(206, content[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(content)}")

    def do_PUT(self) -> None:
        key, query = self._asked()
        body = self._body()
        if "uploadId" in query:
            self.server.uploads[query["uploadId"]][int(query["partNumber"])] = body
        elif "/" in key.rstrip("/"):
            self.server.objects[key] = body
        self._answer(200, ETag='"x"')

    def do_POST(self) -> None:
        key, query = self._asked()
        self._body()
        if "uploads" in query:
            upload = f"upload{len(self.server.uploads)}"
            self.server.uploads[upload] = {}
            told = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            self._answer(200, f"{XML}{told}".encode())
            return
        parts = self.server.uploads.pop(query["uploadId"])
        self.server.objects[key] = b"".join(parts[number] for number in sorted(parts))
        told = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
        self._answer(200, f"{XML}{told}".encode())

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._asked()[0], None)
        self._answer(204)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _unwrapped(body: bytes) -> bytes:
    """Return what stands in the chunks that S3's clients wrap a body in, each with its size before it."""
    whole, at = b"", 0
    while True:
        line = body.index(b"\r\n", at)
        size = int(body[at:line].split(b";")[0], 16)
        if size == 0:
            return whole
        whole += body[line + 2 : line + 2 + size]
        at = line + 2 + size + 2


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run a store while inside."""
    store = ObjectStore()
    thread = threading.Thread(target=store.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()
