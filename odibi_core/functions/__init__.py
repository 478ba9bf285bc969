"""What `type: "function"` can name, how it is called, and how users add theirs (docs/functions.md)."""

from odibi_core.functions.calling import STEP_OPTIONS, call
from odibi_core.functions.declaration import Returns
from odibi_core.functions.registry import FunctionSpec, odibi_function, result_of, spec_of
from odibi_core.functions.resolution import importable, resolve
from odibi_core.functions.results import hold_to, outputs_of

__all__ = [
    "STEP_OPTIONS",
    "FunctionSpec",
    "Returns",
    "call",
    "hold_to",
    "importable",
    "odibi_function",
    "outputs_of",
    "resolve",
    "result_of",
    "spec_of",
]
