"""From a function's name in a config to the function: dotted names, short names, plugins."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from odibi_core.errors import FunctionNotFoundError
from odibi_core.functions.registry import BUILTINS, REGISTRY
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENTRY_POINTS = "odibi.functions"
BESIDE = (
    "odibi_functions"  # the module beside a config whose registered names are known without a dotted name
)

_log = logging.getLogger(__name__)


def resolve(name: str, base_dir: str | Path | None = None) -> Callable[..., Any]:
    """Returns the function that a step's `value` names.

    Args:
        name: `package.module.function` (also an attribute of a class in there), or a short name
            registered with `@odibi_function`, by a plugin, or by Odibi itself.
        base_dir: Directory whose modules can be named; the current one if not given.

    Raises:
        FunctionNotFoundError: There is no such function; the message says what was tried.
    """
    base = Path.cwd() if base_dir is None else Path(base_dir).resolve()
    name = name.strip()
    if not all(part.isidentifier() for part in name.split(".")):
        dotted = name.replace(":", ".")
        raise FunctionNotFoundError(
            f"`{one_line(name)}` is not a function's name",
            field="value",
            help=f"write `{dotted}`"
            if all(part.isidentifier() for part in dotted.split("."))
            else "write `module.function` or a registered name",
        )
    with importable(base):
        _forget_namesakes(base)
        found = _registered(name, base) if "." not in name else _dotted(name, base)
    if not callable(found):
        kind = type(found).__name__
        raise FunctionNotFoundError(f"`{name}` is not a function but of type `{kind}`", field="value")
    function: Callable[..., Any] = found
    return function


class _SearchPath:
    """Directories that function steps may import from, on `sys.path` while somebody needs them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users: dict[str, int] = {}
        self.bases: set[str] = set()  # every directory that was ever importable this way

    def enter(self, directory: str) -> None:
        with self.lock:
            self.bases.add(directory)
            if directory in self.users:
                self.users[directory] += 1
            elif directory not in sys.path:
                sys.path.insert(0, directory)
                self.users[directory] = 1

    def leave(self, directory: str) -> None:
        with self.lock:
            if directory not in self.users:
                return  # it stood on sys.path before us
            self.users[directory] -= 1
            if self.users[directory] == 0:
                del self.users[directory]
                if directory in sys.path:
                    sys.path.remove(directory)


_SEARCH_PATH = _SearchPath()  # guards sys.path, which belongs to the process


@contextmanager
def importable(base_dir: str | Path | None) -> Iterator[None]:
    """Makes the modules in `base_dir` (None: the current directory) importable inside the `with`."""
    directory = str(Path.cwd() if base_dir is None else Path(base_dir).resolve())
    _SEARCH_PATH.enter(directory)
    try:
        yield
    finally:
        _SEARCH_PATH.leave(directory)


# -- short names ------------------------------------------------------------------------------------


def _registered(name: str, base: Path) -> Any:
    tried = ["the functions registered so far"]
    if _stands_in(base, BESIDE):
        _import(BESIDE, base, name)
        tried.append(f"`{BESIDE}` beside the config")
    spec = REGISTRY.get(name)
    if spec is None:
        importlib.import_module("odibi_core.functions.builtin")
        spec = BUILTINS.get(name)
        tried.append("the built-in ones")
    if spec is not None:
        return spec.function
    function, plugins = _from_plugins(name)
    if function is not None:
        return function
    tried.append(
        f"entry points `{ENTRY_POINTS}` ({', '.join(plugins)})" if plugins else "no plugins installed"
    )
    close = nearest(name, [*REGISTRY.names(), *BUILTINS.names(), *plugins])
    raise FunctionNotFoundError(
        f"no function is registered as `{name}`; looked in: {', '.join(tried)}",
        field="value",
        help=f"`{close}` exists" if close else "write `module.function` for a function in a module",
    )


def _from_plugins(name: str) -> tuple[Any, list[str]]:
    """Returns the plugin function of that name or None, and the names of all plugins."""
    from importlib.metadata import entry_points

    found = list(entry_points(group=ENTRY_POINTS))
    # The plugin of that very name first: the others need not be loaded for it, and may be broken.
    for point in sorted(found, key=lambda point: point.name != name):
        if point.name != name and point.attr:
            continue
        try:
            loaded = point.load()
        except Exception as error:
            if point.name == name:
                raise FunctionNotFoundError(
                    f"plugin `{name}` ({point.value}) cannot be loaded: {_describe(error)}", field="value"
                ) from error
            _log.warning("plugin %s (%s) cannot be loaded", point.name, point.value, exc_info=True)
            continue
        if not isinstance(loaded, ModuleType):
            return loaded, []
        spec = REGISTRY.get(name)
        if spec is not None:
            return spec.function, []
    return None, sorted(point.name for point in found)


# -- dotted names -----------------------------------------------------------------------------------


def _dotted(name: str, base: Path) -> Any:
    spec = REGISTRY.get(name)
    if spec is not None:
        return spec.function
    parts = name.split(".")
    found: Any = _import(parts[0], base, name)
    path = parts[0]
    for part in parts[1:]:
        owner, owner_path = found, path
        path = f"{owner_path}.{part}"
        found = getattr(owner, part, _MISSING)
        if found is _MISSING and isinstance(owner, ModuleType) and hasattr(owner, "__path__"):
            found = _import(path, base, name, required=False)
        if found is _MISSING:
            close = nearest(part, _members(owner))
            kind = (
                "module"
                if isinstance(owner, ModuleType)
                else "class"
                if isinstance(owner, type)
                else "object"
            )
            where = f" ({owner.__file__})" if getattr(owner, "__file__", None) else ""
            raise FunctionNotFoundError(
                f"no function `{name}`: {kind} `{owner_path}`{where} has no `{part}`",
                field="value",
                help=f"`{'.'.join([owner_path, close, *parts[path.count('.') + 1 :]])}` exists"
                if close
                else None,
            )
    return found


_MISSING: Any = object()


def _import(module: str, base: Path, wanted: str, *, required: bool = True) -> Any:
    """Imports a module; what it raises while it is imported is told apart from its not being there."""
    if module not in sys.modules:
        importlib.invalidate_caches()  # it may have been written a moment ago
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise FunctionNotFoundError(
                f"no function `{wanted}`: importing `{module}` failed: {_describe(error)}", field="value"
            ) from error
        if not required:
            return _MISSING
        close = nearest(module, _modules_in(base))
        raise FunctionNotFoundError(
            f"no function `{wanted}`: there is no module `{module}`, neither in {base} nor installed",
            field="value",
            help=f"a module `{close}` is in {base}" if close else None,
        ) from None
    except Exception as error:
        raise FunctionNotFoundError(
            f"no function `{wanted}`: importing `{module}` failed: {_describe(error)}", field="value"
        ) from error


def _forget_namesakes(base: Path) -> None:
    """Unloads modules that came from the directory of another pipeline and have the name of one in `base`."""
    with _SEARCH_PATH.lock:
        others = _SEARCH_PATH.bases - {str(base)}
        if not others:
            return
        tops = [
            name
            for name in _modules_in(base)
            if name in sys.modules and (home := _home(sys.modules[name])) is not None and str(home) in others
        ]
        gone = [name for name in sys.modules if name.partition(".")[0] in tops]
        for name in gone:
            del sys.modules[name]
        REGISTRY.forget_modules(gone)


def _home(module: ModuleType) -> Path | None:
    """Returns the directory that a top-level module was imported from."""
    if getattr(module, "__file__", None):
        file = Path(str(module.__file__)).resolve()
        return file.parent.parent if hasattr(module, "__path__") else file.parent
    places = list(getattr(module, "__path__", []))
    return Path(places[0]).resolve().parent if places else None


def _stands_in(base: Path, module: str) -> bool:
    return (base / f"{module}.py").is_file() or (base / module).is_dir()


def _modules_in(base: Path) -> list[str]:
    return [found.name for found in pkgutil.iter_modules([str(base)])]


def _members(owner: Any) -> list[str]:
    names = [name for name in dir(owner) if not name.startswith("_")]
    if isinstance(owner, ModuleType) and hasattr(owner, "__path__"):
        names += [found.name for found in pkgutil.iter_modules(owner.__path__)]
    return names


def _describe(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")
