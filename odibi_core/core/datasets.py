"""DatasetRecorder: the part of a tracker that knows a run's datasets and stores what can be seen of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.core.previews import write_preview
from odibi_core.core.profiles import profile_frame, write_profile
from odibi_core.core.recorder import Recorder
from odibi_core.journal import events as journal_events

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.core.facts import Facts
    from odibi_core.engine.base_context import EngineContext

PREVIEW_ROWS = 1_000


class DatasetRecorder(Recorder):
    """What is known of each dataset of a run, and the files of it beside the journal."""

    @abstractmethod
    def current_step(self) -> tuple[str, int] | None:
        """Returns the step and attempt that this thread or task is working on."""

    def forget_dataset(self, dataset: str) -> None:
        """Forgets what is known of a dataset, because other data takes its key."""
        with self._lock:
            self._facts.pop(dataset, None)
            self._previews.pop(dataset, None)
            self._profiled.discard(dataset)
            self._whole.pop(dataset, None)
            self._numbers.pop(dataset, None)

    def learn_rows(self, dataset: str, df: Any, context: EngineContext) -> None:
        """Records the number of rows of a dataset whose snapshot did not know it, if it is known by now."""
        facts = self._facts.get(dataset)
        if facts is None or facts.rows is not None:
            return
        rows = context.row_count(df)
        if rows is None:
            return
        with self._lock:
            self._facts[dataset] = replace(facts, rows=rows)
            self.record(journal_events.DatasetRows(dataset=dataset, rows=rows))

    def known_rows(self, dataset: str) -> int | None:
        """Returns the number of rows of a dataset, where a snapshot has told it."""
        facts = self._facts.get(dataset)
        return None if facts is None else facts.rows

    def store_preview(
        self, key: str, df: Any, context: EngineContext, step: str | None = None, *, rows: int = PREVIEW_ROWS
    ) -> Path | None:
        """Writes the first rows of a dataset as Parquet under the run's directory.

        Returns:
            The file, or None when the run has no directory or the dataset has a preview.

        Raises:
            odibi_core.errors.JournalError: The disk refuses.
        """
        with self._lock:
            if self._paths is None or self._journal is None or key in self._previews:
                return None
            self._previews[key] = None
            target, file = self._new_file("preview")
            self._numbers[key] = self._files
        table = context.to_arrow(df, limit=rows)
        masked = self.redactor.is_in(table)
        kept = write_preview(self.redactor.table(table) if masked else table, target)
        if step is None:
            current = self.current_step()
            step = current[0] if current is not None else None
        self.record(
            journal_events.DatasetStored(
                dataset=key,
                kind="preview",
                file=file,
                rows=kept,
                bytes=target.stat().st_size,
                step=step,
            )
        )
        self._previews[key] = kept
        if kept == table.num_rows and not masked and (kept < rows or kept == context.row_count(df)):
            self._whole[key] = (target, kept)
        return target

    def whole_preview(self, key: str) -> tuple[Path, int] | None:
        """Returns the file and the rows of a preview that has all rows of its dataset, nothing masked."""
        return self._whole.get(key)

    def number_of(self, key: str) -> int:
        """Returns the number that the files of a dataset have in their names."""
        with self._lock:
            if key not in self._numbers:
                self._files += 1
                self._numbers[key] = self._files
            return self._numbers[key]

    def adopt_dataset(self, dataset: str, facts: Facts, preview: int | None) -> None:
        """Takes in what an earlier run knew of a dataset: its facts, and how many rows its preview has."""
        with self._lock:
            self._facts[dataset] = facts
            self._previews[dataset] = preview
            self._profiled.add(dataset)

    def store_profile(
        self, key: str, df: Any, context: EngineContext, step: str | None = None, *, full: bool = False
    ) -> Path | None:
        """Writes the statistics of a dataset's columns under the run's directory.

        Where the preview has as many rows as can be looked at, there is nothing to write: whoever asks for
        the profile gets that of the preview.

        Args:
            key: The dataset.
            df: Its data.
            context: The engine whose frame it is.
            step: The step that made it.
            full: Whether all rows are looked at, however many there are.

        Returns:
            The file, or None when there is nothing to write.

        Raises:
            odibi_core.errors.JournalError: The disk refuses.
            odibi_core.errors.ProfileError: The statistics cannot be told of this data.
        """
        with self._lock:
            if self._paths is None or self._journal is None or key in self._profiled:
                return None
            self._profiled.add(key)
            shown = self._previews.get(key)
        if shown is not None and shown == context.row_count(df):
            return None
        profile = profile_frame(df, context, full=full, shown=shown)
        if profile is None:
            return None
        with self._lock:
            target, file = self._new_file("profile")
        size = write_profile(self.redactor, profile, target)
        rows = profile.looked_at
        self.record(
            journal_events.DatasetStored(
                dataset=key, kind="profile", file=file, rows=rows, bytes=size, step=step
            )
        )
        return target

    def _reset(self) -> None:
        super()._reset()
        self._facts: dict[str, Facts] = {}
        self._previews: dict[str, int | None] = {}  # and how many rows are in it
        self._profiled: set[str] = set()
        self._whole: dict[str, tuple[Path, int]] = {}  # previews that have all rows, nothing masked
        self._numbers: dict[str, int] = {}
        self._files = 0

    def _new_file(self, kind: str) -> tuple[Path, str]:
        """Returns a data file that is not there yet, and its name in the run's directory; under the lock."""
        assert self._paths is not None
        self._files += 1
        file = self._paths.data_file(self._files, kind)
        return self._paths.directory / file, file
