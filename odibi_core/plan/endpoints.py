"""What api and publish steps may say about an HTTP endpoint."""

from __future__ import annotations

OPTIONS = ("method", "headers", "query", "format", "records", "batch_size", "body")
FORMATS = ("json", "jsonl", "csv")
SENDING = ("POST", "PUT", "PATCH")
SCHEMES = ("http", "https")
