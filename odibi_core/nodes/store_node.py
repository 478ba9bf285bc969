"""StoreNode: writes a frame to a file or a database table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.base import Node
from odibi_core.plan.reading import TABLE, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext


class StoreNode(Node):
    """Writes its input to the file in `value`, or to a table where `params` name a connection.

    With `type: "function"` the function in `value` gets the input and does the writing. A declared output
    is the input, so that a step can wait for the write.
    """

    layer: ClassVar[str] = "store"

    def work(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Records what is to be written, and writes it."""
        key, frame = self.the_input(data_map, scope)
        self.snapshot("before", key, frame, scope)
        self.expect_of_input(key, frame, scope)
        self.deliver(frame, scope)
        return self.to_outputs(frame, scope)

    def deliver(self, frame: Any, scope: EngineContext) -> None:
        """Writes the frame."""
        if self.step.type == "function":
            self.call_for_effect({next(iter(self.step.inputs)): frame}, scope)
            return
        params = self.params(scope)
        target = self.text() if self.step.value.strip() or spelled(params, TABLE) is None else ""
        self.write(scope, frame, target, params)
