"""TransformNode: makes frames from frames, with SQL, a function, built-in operations or an HTTP endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext


class TransformNode(Node):
    """Changes data, by the step's type.

    `sql`: `value` is a query over the inputs' local names.
    `function`: `value` names a function that gets the inputs and `params`.
    `config_op`: `params` name operations (docs/execution.md); without any the input passes through.
    `api`: the input's rows are sent to the URL in `value`, its answer is the result.
    """

    layer: ClassVar[str] = "transform"

    def work(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Records the first input, works, and records what came out."""
        frames = self.inputs(data_map, scope)
        if frames:
            local, frame = next(iter(frames.items()))
            self.snapshot("before", self.step.inputs[local], frame, scope)
        results = self._results(frames, scope)
        self.snapshot_after(results, scope)
        # A function has no SQL that could name its inputs, and may have names of its own.
        self.expect(results, scope, None if self.step.type == "function" else frames)
        return results

    def _results(self, frames: dict[str, Any], scope: EngineContext) -> dict[str, Any]:
        if self.step.type == "function":
            return self.call_function(frames, scope)
        if self.step.type == "sql":
            return self.to_outputs(self._sql(frames, scope), scope)
        if self.step.type == "api":
            from odibi_core.nodes.http import exchange

            return self.to_outputs(exchange(self, frames, scope), scope)
        from odibi_core.nodes.config_ops import apply_operations

        return self.to_outputs(apply_operations(self, frames, scope), scope)

    def _sql(self, frames: dict[str, Any], scope: EngineContext) -> Any:
        params = self.params(scope)
        if "connection" in params or "connection_string" in params:
            return self.read(scope, "", params | {"query": self.query(scope, params)})
        for local, frame in frames.items():
            scope.register_temp(local, frame)
        return scope.execute_sql(self.query(scope))
