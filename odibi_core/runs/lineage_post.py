"""Sends OpenLineage events to a service that collects them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from odibi_core.errors import RunError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TIMEOUT_S = 10.0
_ENDPOINT = "api/v1/lineage"


class Collector(NamedTuple):
    """Where events go.

    Attributes:
        url: Of the endpoint that takes an event a request.
        api_key: Sent as a bearer token, where there is one.
    """

    url: str
    api_key: str | None = None


def collector_of(environ: Mapping[str, str], url: str | None = None) -> Collector | None:
    """Returns the collector that is named, else the one that the environment names, or None.

    The variables are those of OpenLineage's own clients: OPENLINEAGE_URL, OPENLINEAGE_ENDPOINT (by default
    api/v1/lineage) and OPENLINEAGE_API_KEY.

    Raises:
        RunError: The URL is not one of HTTP.
    """
    base = url or environ.get("OPENLINEAGE_URL")
    if not base:
        return None
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).hostname:
        raise RunError(
            f"`{one_line(base)}` is not a URL of a collector", help="such as http://localhost:5000"
        )
    endpoint = environ.get("OPENLINEAGE_ENDPOINT") or _ENDPOINT
    return Collector(f"{base.rstrip('/')}/{endpoint.lstrip('/')}", environ.get("OPENLINEAGE_API_KEY") or None)


def post(events: Iterable[Mapping[str, Any]], collector: Collector) -> int:
    """Sends the events one after the other and returns how many there were.

    Raises:
        RunError: The collector cannot be reached, or refuses an event; those before it have been sent.
    """
    sent = 0
    headers = {"Content-Type": "application/json"}
    if collector.api_key is not None:
        headers["Authorization"] = f"Bearer {collector.api_key}"
    where = urlsplit(collector.url).netloc.rpartition("@")[2]
    for event in events:
        request = Request(collector.url, json.dumps(event).encode(), headers, method="POST")
        try:
            with urlopen(request, timeout=TIMEOUT_S):
                sent += 1
        except HTTPError as error:
            said = one_line(error.read(300).decode("utf-8", "replace"))
            raise RunError(
                f"the collector at `{where}` refused event {sent + 1} with HTTP {error.code}: {said}",
                help=f"{sent} events were sent before it",
            ) from error
        except (URLError, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise RunError(
                f"the collector at `{where}` cannot be reached: {one_line(str(reason))}",
                help=f"{sent} events were sent; the run itself is untouched",
            ) from error
    return sent
