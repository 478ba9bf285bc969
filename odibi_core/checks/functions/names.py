"""Which function a step's `value` names, found in the text of modules; none of the user's is imported."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import function_codes as codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.diagnostics import Related, Span
from odibi_core.functions.reading import (
    BrokenModule,
    FoundFunction,
    MissingMember,
    MissingModule,
    NotCallable,
    Reader,
)
from odibi_core.functions.reading.imports import FailingImport, failing_imports
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import CodeInfo, Diagnostic, Fix
    from odibi_core.functions.reading.registrations import Registrations
    from odibi_core.functions.registry import FunctionSpec


@dataclass
class Named:
    """What a step's `value` stands for.

    Attributes:
        function: A function read from text, or one of Odibi's own; None where that is not known.
        diagnostics: What is wrong with the name, or with the modules it leads through.
    """

    function: FoundFunction | FunctionSpec | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)


def find_function(step: Step, name: str, reader: Reader, tools: Tools) -> Named:
    """Returns what a name stands for.

    Args:
        step: The step whose `value` it is.
        name: The name, placeholders filled.
        reader: Reads modules.
        tools: What else a rule works with.
    """
    return _Search(step, name, reader, tools).found()


class _Search:
    def __init__(self, step: Step, name: str, reader: Reader, tools: Tools) -> None:
        self.step = step
        self.name = name.strip()
        self.reader = reader
        self.tools = tools
        # Where a placeholder was filled in, the parts of the name stand nowhere.
        self.offset = len(step.value) - len(step.value.lstrip()) if name == step.value else None

    def found(self) -> Named:
        parts = self.name.split(".")
        if not all(part.isidentifier() for part in parts):
            return Named(diagnostics=[self._no_name()])
        return self._dotted(parts) if len(parts) > 1 else self._short()

    # -- dotted names ---------------------------------------------------------------------------------

    def _dotted(self, parts: list[str]) -> Named:
        found = self.reader.resolve(self.name)
        named = Named()
        if self.reader.finder.is_hidden(parts[0]):
            named.diagnostics.append(self._hidden(parts[0]))
        if isinstance(found, MissingModule):
            if not self._is_registered_elsewhere():
                named.diagnostics.append(self._missing_module(parts, found))
            return named
        failing = [
            failure for module in self.reader.trail for failure in failing_imports(self.reader, module)
        ]
        if isinstance(found, BrokenModule) and found not in failing:
            failing.append(found)
        named.diagnostics += self._failing(failing, parts[0])
        if failing:
            return named
        if isinstance(found, MissingMember):
            if not self._is_registered_elsewhere():
                named.diagnostics.append(self._missing_member(parts, found))
        elif isinstance(found, NotCallable):
            named.diagnostics.append(self._not_callable(found.kind))
        elif isinstance(found, FoundFunction):
            named.function = found
        return named

    # -- short names ----------------------------------------------------------------------------------

    def _short(self) -> Named:
        from odibi_core.functions import builtin  # noqa: F401 - registers Odibi's own
        from odibi_core.functions.reading.registrations import Registrations, registrations_in
        from odibi_core.functions.registry import BUILTINS, REGISTRY
        from odibi_core.functions.resolution import BESIDE

        named = Named()
        known, seen = Registrations(), set[str]()
        beside = self.reader.finder.find(BESIDE)
        if beside is not None:
            failing = list(failing_imports(self.reader, BESIDE))
            named.diagnostics += self._failing(failing, BESIDE)
            if failing:
                return named
            registrations_in(self.reader, BESIDE, known, seen)
            named.diagnostics += self._twice(known)
        if self.name in known.functions:
            named.function = known.functions[self.name]
        elif REGISTRY.get(self.name) is not None:
            return named  # by somebody who runs pipelines from Python
        elif (spec := BUILTINS.get(self.name)) is not None:
            # Another step's module may register a function of that name, which then comes first.
            named.function = None if self._is_registered_elsewhere() or known.is_open else spec
        elif not self._is_registered_elsewhere() and not self._is_plugin(known, named):
            named.diagnostics.append(self._unregistered(known, BUILTINS.names()))
        return named

    def _is_registered_elsewhere(self) -> bool:
        """Whether the module of another step may register the name: whether it runs before, is not judged."""
        from odibi_core.functions.reading.registrations import Registrations, registrations_in
        from odibi_core.functions.registry import REGISTRY

        if REGISTRY.get(self.name) is not None:
            return True
        known, seen = Registrations(), set[str]()
        own = self.name.rpartition(".")[0]
        for module in self.tools.pipeline.function_modules:
            if module != own:
                registrations_in(self.reader, module, known, seen)
        return self.name in known.functions

    def _is_plugin(self, known: Registrations, named: Named) -> bool:
        """Whether an installed package brings the name; its function is read like any other."""
        from importlib.metadata import entry_points

        from odibi_core.functions.reading.registrations import registrations_in
        from odibi_core.functions.resolution import ENTRY_POINTS

        for point in entry_points(group=ENTRY_POINTS):
            if point.name == self.name:
                found = self.reader.resolve(f"{point.module}.{point.attr}" if point.attr else point.module)
                named.function = found if isinstance(found, FoundFunction) else None
                return True
            if not point.attr:  # a module whose decorators register functions
                registrations_in(self.reader, point.module, known, set())
                known.is_open = True
        return False

    # -- what is said ---------------------------------------------------------------------------------

    def _no_name(self) -> Diagnostic:
        dotted = self.name.replace(":", ".")
        right = all(part.isidentifier() for part in dotted.split("."))
        return self._say(
            codes.NOT_A_FUNCTION_NAME, f"`{one_line(self.name)}` is not a function's name",
            help=f"write `{dotted}`" if right else "write `module.function` or a registered name",
            meant=dotted if right else None, certain=True,
        )  # fmt: skip

    def _missing_module(self, parts: list[str], found: MissingModule) -> Diagnostic:
        meant, certain = best(found.name, found.candidates)
        help = f"a module `{meant}` exists" if meant else "it is neither in the base directory nor installed"
        message = f"there is no module `{found.name}`"
        return self._say(codes.MISSING_MODULE, message, parts, 0, help=help, meant=meant, certain=certain)

    def _missing_member(self, parts: list[str], found: MissingMember) -> Diagnostic:
        meant, certain = best(parts[found.index], found.candidates)
        where = f" ({self._path(found.path)})" if found.path is not None and self._is_own(found.path) else ""
        return self._say(
            codes.MISSING_FUNCTION, f"{found.kind} `{found.owner}`{where} has no `{parts[found.index]}`",
            parts, found.index, meant=meant, certain=certain,
            help=f"`{found.owner}.{meant}` exists" if meant else "write the name of a function that it has",
        )  # fmt: skip

    def _not_callable(self, kind: str) -> Diagnostic:
        message = f"`{self.name}` is not a function but of type `{kind}`"
        return self._say(codes.NOT_CALLABLE, message, help="name a function")

    def _hidden(self, module: str) -> Diagnostic:
        message = f"`{module}` is also the name of one of Python's own modules"
        return self._say(codes.HIDDEN_MODULE, message, [module], 0, help="give the module another name")

    def _unregistered(self, known: Registrations, builtins: list[str]) -> Diagnostic:
        from dataclasses import replace

        from odibi_core.functions.resolution import BESIDE

        meant, certain = best(self.name, [*known.functions, *builtins])
        help = f"`{meant}` exists" if meant else "write `module.function` for a function in a module"
        beside = self.reader.finder.find(BESIDE)
        if beside is not None and isinstance(
            self.reader.module_member(beside, self.name), FoundFunction
        ):  # it is there and not registered
            meant, certain = f"{BESIDE}.{self.name}", False
            help = f"write `{meant}`, or register it with `@odibi_function`"
        said = self._say(
            codes.UNREGISTERED_FUNCTION, f"no function is registered as `{self.name}`", help=help,
            meant=meant, certain=certain,
        )  # fmt: skip
        return replace(said, severity="warning") if known.is_open else said

    def _twice(self, known: Registrations) -> Iterator[Diagnostic]:
        for name, second in known.twice.items():
            first = known.functions[name]
            line = getattr(second.node, "lineno", None)
            yield self._say(
                codes.WRONG_DECLARATION,
                f"the function name `{name}` is taken by `{first.module.name}.{first.qualname}`",
                help=f'give `{second.module.name}.{second.qualname}` another with `@odibi_function("...")`',
                related=(self.related("declared again here", second.module.path, line),),
            )  # fmt: skip

    def _failing(self, failing: Iterable[FailingImport | BrokenModule], top: str) -> Iterator[Diagnostic]:
        parts = self.name.split(".")
        at = parts[:1] if len(parts) > 1 and parts[0] == top else None
        for failure in failing:
            if isinstance(failure, BrokenModule):
                problem = failure.problem
                yield self._say(
                    codes.BROKEN_MODULE, f"module `{failure.file.name}` has an error: {problem.message}",
                    at, 0, help=self._mend(failure.file.path, problem.line),
                    related=(self.related("here", failure.file.path, problem.line, problem.column),),
                )  # fmt: skip
                continue
            if failure.name is None:
                message = f"`{failure.file.name}` imports `{failure.module}`, which is not there"
                help = f"install it, or {self._mend(failure.file.path, failure.line)}"
            else:
                message = f"`{failure.module}` has no `{failure.name}`, which `{failure.file.name}` imports"
                meant, _ = best(failure.name, failure.candidates)
                help = (
                    f"`{failure.module}` has `{meant}`"
                    if meant
                    else self._mend(failure.file.path, failure.line)
                )
            yield self._say(
                codes.FAILING_IMPORT, message, at, 0, help=help,
                related=(self.related("imported here", failure.file.path, failure.line),),
            )  # fmt: skip

    def related(self, message: str, path: str | None, line: int | None, column: int | None = None) -> Related:
        """Returns a place in a module."""
        return module_place(self.tools, message, path, line, column)

    def _mend(self, path: str | None, line: int | None) -> str:
        return f"correct line {line} of {self._path(path)}" if line else f"correct {self._path(path)}"

    def _path(self, path: str | None) -> str:
        return shown_path(self.tools, path)

    def _is_own(self, path: str) -> bool:
        return Path(path).is_relative_to(self.reader.finder.base)

    def _say(
        self,
        info: CodeInfo,
        message: str,
        parts: list[str] | None = None,
        index: int = 0,
        *,
        help: str,
        meant: str | None = None,
        certain: bool = False,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """Returns a diagnostic about the name, or about one of its parts."""
        fix: Fix | None = None
        if self.offset is None:
            span = place(self.step, "value")
        else:
            start, end = self.offset, self.offset + len(self.name)
            if parts is not None:
                start += len(".".join(parts[:index])) + (index > 0)
                end = start + len(parts[index])
            span = place(self.step, "value", start=start, end=end)
            if meant is not None:
                fix = replacement(self.step.origin, meant, "value", start=start, end=end, safe=certain)
        return info.found(
            message, step=self.step.name, field="value", span=span, suggestion=meant, help=help,
            related=related, fix=fix,
        )  # fmt: skip


def shown_path(tools: Tools, path: str | None) -> str:
    """Returns a module's path for people: relative to the current directory if it is below that."""
    if path is None:
        return "the module"
    relative = os.path.relpath(path, tools.world.cwd)
    return path if relative.startswith("..") else Path(relative).as_posix()


def module_place(
    tools: Tools, message: str, path: str | None, line: int | None, column: int | None = None
) -> Related:
    """Returns a place in a module, for `related`."""
    if path is None:
        return Related(message)
    where: dict[str, Any] = {} if line is None else {"line": line, "column": column or 1}
    return Related(message, span=Span(shown_path(tools, path), **where))
