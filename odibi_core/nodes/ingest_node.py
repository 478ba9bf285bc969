"""IngestNode: reads a file, a glob, a table or query, an HTTP endpoint, or what a function returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.base import Node
from odibi_core.plan.reading import what_is_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext


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
        reading = what_is_read(self.step)
        if reading == "endpoint":
            from odibi_core.nodes.http import fetch

            return fetch(self, scope)
        if reading == "engine":
            return scope.execute_sql(self.query(scope))
        params = self.params(scope)
        if reading == "place":
            return self.read(scope, self.text(), params)
        if reading == "query":
            params |= {"query": self.query(scope, params)}
        elif reading == "table":
            params |= {"table": self.text()}
        return self.read(scope, "", params)
