"""IngestNode: reads a file, a glob, a table or query, an HTTP endpoint, or what a function returns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext

_QUERY = re.compile(r"\s*(?:\(|(?:select|with|from|values|show|describe|pragma|call|exec)\s)", re.IGNORECASE)


class IngestNode(Node):
    """Brings data in, by the step's type.

    `config_op`: `value` is a path or glob, or a table or query where `params` name a connection.
    `sql`: `value` is a query, over `params.connection` or on the engine itself.
    `api`: `value` is a URL that answers JSON, JSON lines or CSV.
    `function`: `value` names a function that returns frames.
    """

    layer: ClassVar[str] = "ingest"

    def work(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Reads, then records what came out."""
        if self.step.type == "function":
            results = self.call_function(self.inputs(data_map, scope), scope)
        else:
            results = self.to_outputs(self._read(scope), scope)
        self.snapshot_after(results, scope)
        self.expect(results, scope)
        return results

    def _read(self, scope: EngineContext) -> Any:
        if self.step.type == "api":
            from odibi_core.nodes.http import fetch

            return fetch(self, scope)
        params = self.params(scope)
        remote = "connection" in params or "connection_string" in params
        if self.step.type == "sql":
            if not remote:
                return scope.execute_sql(self.query(scope))
            return self.read(scope, "", params | {"query": self.query(scope, params)})
        if not remote:
            return self.read(scope, self.text(), params)
        if "table" in params or "query" in params:
            return self.read(scope, "", params)
        if _QUERY.match(self.step.value):
            return self.read(scope, "", params | {"query": self.query(scope, params)})
        return self.read(scope, "", params | {"table": self.text()})
