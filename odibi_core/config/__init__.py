"""Sources -> documents: steps that know where they stand, and what is wrong with text and shape."""

from __future__ import annotations

from odibi_core.config.document import Document, Gaps
from odibi_core.config.reader import read_document

__all__ = ["Document", "Gaps", "read_document"]
