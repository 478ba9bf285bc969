"""A person's settings, `~/.config/odibi/config.toml`: the theme, other keys, and how runs go and stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ConfigError, OdibiError
from odibi_tui.pruning import Pruning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What the file says.

    Attributes:
        theme: Name of a theme.
        keys: Id of a binding (docs/screens.md) -> key or keys, comma-separated.
        reuse: Whether `r` reuses what has not changed.
        pruning: Which past runs go.
    """

    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    reuse: bool = False
    pruning: Pruning = field(default_factory=Pruning)


def settings_file() -> Path:
    """Returns where the settings stand."""
    from platformdirs import user_config_path

    return user_config_path("odibi", appauthor=False) / "config.toml"


def load_settings(file: Path | None = None) -> Settings:
    """Returns the settings; the defaults where there is no file.

    Raises:
        ConfigError: The file is damaged or says something that is not a setting.
    """
    file = settings_file() if file is None else file
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise ConfigError(f"cannot read `{file}`: {error.strerror}") from error
    import tomllib

    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"`{file}` is not TOML: {error}") from error
    theme, keys = values.get("theme"), values.get("keys", {})
    if theme is not None and not isinstance(theme, str):
        raise ConfigError(f"`theme` in `{file}` is not a text")
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise ConfigError(f"`keys` in `{file}` is not a table of texts", help='such as `run = "f5"`')
    runs = values.get("runs", {})
    if not isinstance(runs, dict) or not isinstance(runs.get("reuse", False), bool):
        raise ConfigError(f"`runs` in `{file}` is not a table of settings", help="such as `reuse = true`")
    try:
        return Settings(theme, keys, runs.get("reuse", False), Pruning.of(runs))
    except OdibiError as error:
        raise ConfigError(f"`runs` in `{file}`: {error.message}", help=error.help) from error
