"""RunSettings: how a run is to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.journal.profile import ProfileMode

Keep = Literal["auto", "all", "none"]
KEEPS: tuple[Keep, ...] = ("auto", "all", "none")
PROFILES: tuple[ProfileMode, ...] = ("sample", "full", "off")


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
    keep: str = "auto"
    resume: Path | None = None
    only: frozenset[str] | None = None
    pipeline: str | None = None
    source: str | None = None
    digest: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Returns what the journal keeps of them."""
        names = ("max_workers", "max_retries", "retry_delay", "keep_going", "use_cache", "previews")
        told = {name: getattr(self, name) for name in (*names, "profile", "keep")}
        if self.resume is not None:
            told["resume"] = self.resume.name
        return told if self.only is None else told | {"only": sorted(self.only)}
