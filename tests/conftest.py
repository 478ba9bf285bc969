"""How all tests run: properties without a clock, seeded for `make test` and random for `make verify`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.counts import VERIFY

if TYPE_CHECKING:
    from collections.abc import Iterator

# A machine under load is slow, not wrong: no deadlines. `make test` finds the same examples each time.
settings.register_profile(
    "test", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("verify", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("verify" if VERIFY else "test")


# readline, which pytest imports, sets them: no terminal that is started later would have a size of its own.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True, scope="session")
def _a_home_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the person's settings and recent files out of the tests, and the tests' out of theirs."""
    home = tmp_path_factory.mktemp("home")
    kept = {
        name: os.environ.get(name)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    }
    for name in kept:
        os.environ[name] = str(home / name.removeprefix("XDG_").removesuffix("_HOME").lower())
    yield
    for name, value in kept.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
