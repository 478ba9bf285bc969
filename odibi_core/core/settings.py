"""RunSettings: how a run is to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunSettings:
    """How a run is to go; `core.orchestrator` tells what each means."""

    max_workers: int = 4
    use_cache: bool = False
    max_retries: int = 0
    retry_delay: float = 1.0
    keep_going: bool = False
    keep_frames: bool = True
    previews: bool = True
    profile: str = "sample"
    pipeline: str | None = None
    source: str | None = None
    digest: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Returns what the journal keeps of them."""
        names = ("max_workers", "max_retries", "retry_delay", "keep_going", "use_cache", "previews")
        return {name: getattr(self, name) for name in (*names, "profile")}
