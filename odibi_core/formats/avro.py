"""Avro, read and written by fastavro (`pip install "odibi-tui[avro]"`)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats.avro_schema import avro_schema, avro_value, table_from_records
from odibi_core.formats.base import Format, Look, damaged, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from odibi_core.formats.base import Frame, Options
    from odibi_core.formats.sources import File

_LOOK_ROWS = 200
_NOTHING = {"type": "record", "name": "nothing", "fields": []}
_CODECS = ("null", "deflate", "bzip2", "xz", "snappy", "zstandard", "lz4")


class Avro(Format):
    """Rows on disk, with their schema."""

    name = "avro"
    suffixes: ClassVar[tuple[str, ...]] = (".avro",)
    spellings: ClassVar[Mapping[str, str]] = {"columns": "usecols", "compression": "codec"}

    def read_options(self) -> frozenset[str]:
        """Returns the options of reading."""
        return frozenset({"usecols", "nrows"})

    def write_options(self) -> frozenset[str]:
        """Returns the options of writing."""
        return frozenset({"codec", "codec_compression_level", "schema", "sync_interval", "metadata"})

    def read(self, file: File, options: Options) -> Frame:
        """Reads the records into an Arrow table whose types follow the file's schema."""
        require("fastavro", "avro", "reading Avro files")
        import itertools

        import fastavro

        if file.is_url:
            raise FormatError(f"avro is read from files, not from `{file.label}`")
        try:
            with open(file.path, "rb") as handle:  # noqa: PTH123  # `path` may not be a Path to mypy
                reader = fastavro.reader(handle)
                schema = reader.writer_schema
                records = list(itertools.islice(reader, options.get("nrows")))
        except (ValueError, EOFError, KeyError, IndexError, TypeError, StopIteration) as error:
            raise damaged(file, self.name, error) from error
        except fastavro.schema.SchemaParseException as error:
            raise damaged(file, self.name, error) from error
        return table_from_records(schema, records, options.get("usecols"), file.label)

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the first records; the types are the schema's."""
        wanted = options.get("nrows")
        rows = min(wanted, _LOOK_ROWS) if isinstance(wanted, int) else _LOOK_ROWS
        frame: Any = self.read(file, {**options, "nrows": rows})
        return Look(frame, whole=len(frame) < rows)

    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes with a schema made from the columns' types, unless `schema` gives one."""
        self._try_options(options)
        with path.open("wb") as handle:
            self._write(frame, handle, options)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes to memory."""
        self._try_options(options)
        self._write(frame, io.BytesIO(), options)

    def _write(self, frame: Frame, handle: Any, options: Options) -> None:
        import fastavro

        from odibi_core.formats.arrow import table_of

        table = table_of(frame)
        schema = options.pop("schema", None) or avro_schema(table.schema)
        codec = options.pop("codec", "deflate") or "null"
        try:
            fastavro.writer(handle, fastavro.parse_schema(schema), _records(table), codec=codec, **options)
        except (ValueError, TypeError) as error:
            raise FormatError(f"the frame does not fit an avro schema: {error}") from error

    def _try_options(self, options: Options) -> None:
        """Writes one empty record to memory.

        Raises:
            StepOptionError: fastavro refuses a value.
        """
        require("fastavro", "avro", "writing Avro files")
        import fastavro

        rest = {name: value for name, value in options.items() if name not in ("schema", "codec")}
        codec = options.get("codec", "deflate") or "null"
        if codec not in _CODECS:
            raise StepOptionError(
                f"unknown avro codec `{codec}`; known are {', '.join(_CODECS)}", field="params"
            )
        try:
            fastavro.writer(io.BytesIO(), dict(_NOTHING), [{}], codec=codec, **rest)
        except Exception as error:
            said = str(error) if isinstance(error, ValueError) else "a value is of the wrong kind"
            raise StepOptionError(f"the avro writer refuses its options: {said}", field="params") from error
        if not options.get("schema"):
            return
        try:
            fastavro.parse_schema(options["schema"])
        except Exception as error:
            raise StepOptionError(
                f"the avro writer refuses its `schema`: it is none: {error}", field="params"
            ) from error


def _records(table: Any) -> Iterator[dict[str, Any]]:
    types = {field.name: field.type for field in table.schema}
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield {name: avro_value(value, types[name]) for name, value in row.items()}
