"""ConnectNode: opens and checks a named connection that later steps use by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext


class ConnectNode(Node):
    """Opens the connection that `value` and `params` describe, under the step's name.

    A later step names it in `params.connection`.
    """

    layer: ClassVar[str] = "connect"

    def work(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Opens and checks the connection; a declared output is the connection's name."""
        from odibi_core.engine.connections import open_connection

        if self.step.metadata.get("expect") is not None:
            raise self.bad_option("a connect step has no data to expect anything of", "metadata.expect")
        value = self.text() if self.step.value.strip() else ""
        params = self.params()
        database = open_connection(value, params, resolve=scope.resolve)
        self.runtime.connections[self.step.name] = (value, params)
        scope.connections.add(self.step.name, database)
        return dict.fromkeys(self.step.outputs, self.step.name)
