"""HTTP for nodes: rows fetched from an endpoint, sent to one, or exchanged with one."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from odibi_core.errors import StepError, StepTimeoutError
from odibi_core.journal.values import json_row
from odibi_core.plan.endpoints import OPTIONS, SCHEMES, SENDING
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.nodes.base import Node

_LONGEST_S = 86_400.0  # a socket counts milliseconds in 31 bits
TIMEOUT_S = 30.0  # of a request of a step that has no timeout
CHUNK = 1 << 16
_CONTENT_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
}


class Answer(NamedTuple):
    """What an endpoint answered."""

    body: bytes
    content_type: str


def fetch(node: Node, scope: EngineContext) -> Any:
    """Returns what a GET of the step's URL answers.

    Options: `query` (parameters of the URL), `headers`, `format` (json, jsonl or csv; else from the answer),
    `records` (dotted path to the rows in a JSON answer), `method` and `body` (JSON) for endpoints that are
    asked by POST. Other `params` are the reader's.
    """
    params = node.params()
    options = {name: params.pop(name) for name in OPTIONS if name in params}
    body = None
    if "body" in options:
        body = json.dumps(options["body"], allow_nan=False).encode()
    method = str(options.get("method", "POST" if body is not None else "GET")).upper()
    answer = _request(node, method, options, body, _CONTENT_TYPES["json"] if body is not None else None)
    return _rows(node, answer, options, params, scope)


def exchange(node: Node, frames: Mapping[str, Any], scope: EngineContext) -> Any:
    """Sends the input's rows as a JSON array, and returns what is answered; without an input, fetches."""
    if not frames:
        return fetch(node, scope)
    if len(frames) > 1:
        raise node.bad_option(f"an api step sends one input, this one has {len(frames)}", "inputs")
    params = node.params()
    options = {name: params.pop(name) for name in OPTIONS if name in params}
    (frame,) = frames.values()
    _, rows = _table(frame, scope)
    body = _encoded(rows, "json", [])
    answer = _request(node, str(options.get("method", "POST")).upper(), options, body, _CONTENT_TYPES["json"])
    return _rows(node, answer, options, params, scope)


def send(node: Node, frame: Any, scope: EngineContext) -> None:
    """Sends the frame's rows to the step's URL.

    Options: `method` (POST, PUT or PATCH), `format` (json, jsonl or csv), `headers`, `query`, `batch_size`
    (rows a request; everything in one if not given).
    """
    params = node.params()
    for name in params:
        if name not in OPTIONS:
            known = ", ".join(f"`{option}`" for option in OPTIONS)
            raise node.bad_option(
                f"`{name}` is no option of an HTTP target", f"params.{name}", f"known are {known}"
            )
    method = str(params.get("method", "POST")).upper()
    if method not in SENDING:
        raise node.bad_option(
            f"method `{method}` does not send data", "params.method", "use POST, PUT or PATCH"
        )
    form = _format(node, params.get("format", "json"))
    columns, rows = _table(frame, scope)
    size = int(params.get("batch_size", 0)) or max(1, len(rows))
    for start in range(0, max(1, len(rows)), size):
        batch = rows[start : start + size]
        _request(node, method, params, _encoded(batch, form, columns), _CONTENT_TYPES[form])
        if size < len(rows):
            node.progress(start + len(batch), len(rows))


# -- the request --------------------------------------------------------------------------------------


def _request(
    node: Node, method: str, options: Mapping[str, Any], body: bytes | None, content_type: str | None
) -> Answer:
    url = node.text()
    if urlsplit(url).scheme.lower() not in SCHEMES:
        raise node.bad_option("the URL of an api step starts with `http://` or `https://`", "value")
    if options.get("query"):
        url += ("&" if urlsplit(url).query else "?") + urlencode(options["query"], doseq=True)
    headers = {
        "User-Agent": "odibi",
        "Accept": "application/json, application/x-ndjson, text/csv;q=0.9, */*;q=0.5",
    }
    if content_type is not None:
        headers["Content-Type"] = content_type
    headers |= {str(name): str(value) for name, value in dict(options.get("headers", {})).items()}
    allowed = node.runtime.timeout or TIMEOUT_S
    deadline = time.monotonic() + allowed
    request = Request(url, data=body, headers=headers, method=method)
    shown = one_line(f"{method} {url.split('?')[0]}")
    try:
        with _opener.open(request, timeout=min(allowed, _LONGEST_S)) as response:
            chunks = []
            while chunk := response.read1(CHUNK):
                chunks.append(chunk)
                if time.monotonic() > deadline:
                    raise TimeoutError
            return Answer(b"".join(chunks), response.headers.get("Content-Type", ""))
    except HTTPError as error:
        with error:
            try:
                said = one_line(error.read(500).decode("utf-8", "replace")).strip()
            except OSError:  # the refusal itself is what counts
                said = ""
        raise StepError(
            f"{shown} answered {error.code} {error.reason}" + (f": {said}" if said else ""),
            step=node.step.name,
            field="value",
        ) from None
    except TimeoutError:
        raise StepTimeoutError(
            f"{shown} took longer than {allowed:g} s", step=node.step.name, field="value"
        ) from None
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise StepTimeoutError(
                f"{shown} took longer than {allowed:g} s", step=node.step.name, field="value"
            ) from None
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise StepError(f"{shown} failed: {reason}", step=node.step.name, field="value") from error
    except (OSError, ValueError) as error:  # a reset connection; a URL or header that cannot be sent
        raise StepError(f"{shown} failed: {error}", step=node.step.name, field="value") from error


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but takes the step's headers, and what secrets are in them, to no other host."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ("http", "https"):
            raise HTTPError(req.full_url, code, f"redirects to {after.scheme}:", headers, fp)
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and (before.scheme, before.netloc) != (after.scheme, after.netloc):
            # urllib writes the names of headers this way.
            following.headers = {k: v for k, v in following.headers.items() if k in ("User-agent", "Accept")}
        return following


_opener = build_opener(_Redirects)


# -- bodies -------------------------------------------------------------------------------------------


def _format(node: Node, form: Any) -> str:
    if form not in _CONTENT_TYPES:
        raise node.bad_option(f"`{form}` cannot be sent over HTTP", "params.format", "use json, jsonl or csv")
    return str(form)


def _table(frame: Any, scope: EngineContext) -> tuple[list[str], list[dict[str, Any]]]:
    """Returns the names of the columns, and the rows as JSON values."""
    table = scope.to_arrow(frame)
    return table.column_names, [json_row(row) for row in table.to_pylist()]


def _encoded(rows: list[dict[str, Any]], form: str, columns: list[str]) -> bytes:
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, allow_nan=False).encode()
    if form == "jsonl":
        return b"".join(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n" for row in rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _rows(
    node: Node, answer: Answer, options: Mapping[str, Any], params: Mapping[str, Any], scope: EngineContext
) -> Any:
    form = str(options.get("format") or _sniffed(answer))
    if form == "csv":
        with tempfile.TemporaryDirectory(prefix="odibi-") as directory:
            file = Path(directory, "answer.csv")
            file.write_bytes(answer.body)
            return scope.read(file.absolute(), format="csv", **params)
    try:
        if form == "jsonl":
            value: Any = [json.loads(line) for line in answer.body.splitlines() if line.strip()]
        elif form == "json":
            value = json.loads(answer.body)
        else:
            raise node.bad_option(
                f"`{form}` cannot be read over HTTP", "params.format", "use json, jsonl or csv"
            )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        start = one_line(answer.body[:80].decode("utf-8", "replace"))
        raise StepError(
            f"the answer is not {form.upper()}: {error}",
            step=node.step.name,
            field="value",
            help=f"it starts with `{start}`; `params.format` says what to expect",
        ) from error
    records = _records(node, value, options.get("records"))
    return scope.adopt(records)


def _records(node: Node, value: Any, path: Any) -> list[dict[str, Any]]:
    for part in _parts(path):
        if not isinstance(value, dict) or part not in value:
            there = (
                ", ".join(f"`{key}`" for key in value) if isinstance(value, dict) else type(value).__name__
            )
            raise node.bad_option(f"the answer has no `{part}`", "params.records", f"there is {there}")
        value = value[part]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise StepError(
            "the answer holds no rows: an array of objects is needed",
            step=node.step.name,
            field="value",
            help="`params.records` names where in the answer they are, such as `data.items`",
        )
    return value


def _parts(path: Any) -> Iterator[str]:
    if path:
        yield from str(path).split(".")


def _sniffed(answer: Answer) -> str:
    kind = answer.content_type.split(";")[0].strip().lower()
    if "ndjson" in kind or "jsonl" in kind or "json-lines" in kind:
        return "jsonl"
    if "json" in kind:
        return "json"
    if "csv" in kind:
        return "csv"
    return "json" if answer.body.lstrip()[:1] in (b"[", b"{") else "csv"
