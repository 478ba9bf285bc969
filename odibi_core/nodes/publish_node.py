"""PublishNode: delivers a result: to a file, a database table, or an HTTP endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.store_node import StoreNode

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext

_URL = re.compile(r"https?://", re.IGNORECASE)


class PublishNode(StoreNode):
    """Delivers its input: to the URL in `value`, else to a file or table as a store step does.

    For a URL, `params` are `method` (POST or PUT), `format` (json, jsonl or csv), `headers`, `batch_size`.
    """

    layer: ClassVar[str] = "publish"

    def deliver(self, frame: Any, scope: EngineContext) -> None:
        """Sends the frame, or writes it."""
        if self.step.type == "api" or self._is_url():
            from odibi_core.nodes.http import send

            send(self, frame, scope)
            return
        super().deliver(frame, scope)

    def _is_url(self) -> bool:
        is_place = self.step.type != "function" and bool(self.step.value.strip())
        return is_place and _URL.match(self.text()) is not None
