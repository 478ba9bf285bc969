"""A `config_op` transform: its operations as one query (`odibi_core.engine.operations`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.engine.operations import SOURCE, Builder, operations_in
from odibi_core.errors import ParamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.nodes.base import Node


def apply_operations(node: Node, frames: Mapping[str, Any], scope: EngineContext) -> Any:
    """Returns the input with the operations in `params` applied, in the order they are written.

    Without any the input passes through.
    """
    if len(frames) != 1:
        raise node.bad_option(
            f"a config_op transform takes one input, this one has {len(frames) or 'none'}",
            "inputs",
            "join with a step of type `sql`" if frames else None,
        )
    if node.step.value.strip():
        node.tracker.log("`value` is not used by a config_op transform", level="warning", step=node.step.name)
    ((local, frame),) = frames.items()
    columns = [column.name for column in scope.columns(frame)]
    builder = Builder(
        scope.name, columns, node.fill, lambda text: node.fill_sql(text, scope.name), name=local
    )
    written = list(operations_in(node.step.params, node.step_options))
    try:
        for operation in written:
            if isinstance(operation, ParamError):
                raise operation
            builder.apply(operation)
    except ParamError as error:
        error.step = node.step.name
        raise
    if not written:
        return frame
    scope.register_temp(SOURCE, frame)
    return scope.execute_sql(builder.sql)
