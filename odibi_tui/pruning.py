"""Pruning as the settings ask for: once, when the application has come up, and told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from odibi_core.runs.prune import PrunePolicy


@dataclass(frozen=True)
class Pruning:
    """What the settings say of past runs; nothing goes where they say nothing.

    Attributes:
        keep_last: The newest so many of each pipeline stay.
        older_than: Runs that began longer ago go, such as `30d`.
        max_size: The oldest go until the rest takes no more, such as `5GB`.
        kept_only: Only kept results go.
    """

    keep_last: int | None = None
    older_than: str | None = None
    max_size: str | None = None
    kept_only: bool = False

    @classmethod
    def of(cls, table: Mapping[str, object]) -> Pruning:
        """Returns what a table of the settings says.

        Raises:
            OdibiError: A value is not what it should be.
        """
        keep_last, kept_only = table.get("keep_last"), table.get("kept_only", False)
        if keep_last is not None and (isinstance(keep_last, bool) or not isinstance(keep_last, int)):
            raise OdibiError("`keep_last` is not a whole number")
        if not isinstance(kept_only, bool):
            raise OdibiError("`kept_only` is neither true nor false")
        texts = {name: table.get(name) for name in ("older_than", "max_size")}
        for name, text in texts.items():
            if text is not None and not isinstance(text, str):
                raise OdibiError(f"`{name}` is not a text")
        found = cls(keep_last, kept_only=kept_only, **texts)  # type: ignore[arg-type]  # checked above
        found.policy()
        return found

    def policy(self) -> PrunePolicy:
        """Returns the same as the pruner takes it.

        Raises:
            OdibiError: A length of time or a size is not one.
        """
        from odibi_core.runs.prune import PrunePolicy, parse_age, parse_size

        return PrunePolicy(
            self.keep_last,
            None if self.older_than is None else parse_age(self.older_than),
            None if self.max_size is None else parse_size(self.max_size),
            self.kept_only,
        )

    def __bool__(self) -> bool:
        return self != Pruning()


def prune_runs(log_dir: Path, pruning: Pruning) -> str | None:
    """Prunes and returns what went, in a sentence; None if nothing did.

    Raises:
        OdibiError: A run cannot be removed, or the directory cannot be listed.
    """
    from odibi_core.runs.prune import plan_prune, prune, told_size
    from odibi_core.runs.store import open_store

    store = open_store(log_dir)
    policy = pruning.policy()
    items = plan_prune(store, policy, datetime.now(UTC))
    for item in items:
        prune(store, item, kept_only=policy.kept_only)
    if not items:
        return None
    what = "kept results of " if policy.kept_only else ""
    runs = f"{len(items):,} run" + "s" * (len(items) != 1)
    return f"pruned {what}{runs}, {told_size(sum(item.bytes for item in items))}, as the settings ask for"
