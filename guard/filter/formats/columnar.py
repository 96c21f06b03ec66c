"""Parquet, Arrow files and data set folders as Hugging Face saves them: types, nesting and order stay as they are.

A verdict is one nested column at the end; a piece is an Arrow stream, so that joining decodes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from ....models.errors import ConfigError
from ....models.taxonomy import SLUGS
from ...files import open_bytes
from ..note import COLUMN, Note, nested
from .block import Block, Row, Size, Wanted
from .pieces import UNALIKE, Unalike

_FACES: Final = ("unsafe", "severity", *SLUGS)


class Columnar:
    """Tables of Arrow: `.parquet`, `.arrow` and `.feather` files, and `.dataset` folders."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self._arrow = _pyarrow()

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """Record batches of at most `size.rows` rows."""
        number = 0
        held: list[Any] = []
        numbers: list[int] = []
        try:
            for batch in self._batches(name, size):
                for start in range(0, batch.num_rows, size.rows):
                    piece = batch.slice(start, size.rows)
                    own = range(number + 1, number + 1 + piece.num_rows)
                    number += piece.num_rows
                    if wanted is not None:
                        picks = [at for at, one in enumerate(own) if wanted(one)]
                        piece, own_list = piece.take(picks), [own[at] for at in picks]
                    else:
                        own_list = list(own)
                    held.append(piece)
                    numbers += own_list
                    if len(numbers) >= size.rows or sum(one.nbytes for one in held) >= size.bytes:
                        yield self._block(numbers, held)
                        held, numbers = [], []
        except (self._arrow.ArrowException, OSError) as error:
            yield Block(numbers=numbers, records=self._table(held), fault=f"damaged after row {number}: {error}")
            return
        if numbers:
            yield self._block(numbers, held)

    def rows(self, block: Block) -> list[Row | None]:
        """Each row as a dictionary."""
        if block.records is None:
            return []
        every = block.records.to_pylist()
        pairs = zip(block.numbers, every, strict=True)
        return [Row(number=number, fields=fields, raw=_shown(fields)) for number, fields in pairs]

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return records.slice(0, count)

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """The rows as an Arrow stream, with the column of notes where they have one."""
        table = block.records.take(list(picks))
        if notes[0] is not None:
            if COLUMN in table.column_names:
                table = table.drop_columns([COLUMN])
            column = self._arrow.array([_values(note) for note in notes], type=_note_type(self._arrow))
            table = table.append_column(COLUMN, column)
        with self._arrow.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """One file or data set folder with the schema of the first piece; Unalike where another has other columns."""
        schema = _schema(self._arrow, pieces[0])
        draft = target.with_name(target.name + ".new")
        if self.suffix == ".dataset":
            _write_dataset(self._arrow, pieces, schema, target)
            return
        if self.suffix == ".parquet":
            import pyarrow.parquet as parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

            opened = parquet.ParquetWriter(str(draft), schema, compression="zstd")
        else:
            opened = self._arrow.ipc.new_file(str(draft), schema)
        with opened as writer:
            for table in _tables(self._arrow, pieces, schema):
                writer.write_table(table)
        draft.replace(target)

    def _batches(self, name: str, size: Size) -> Iterator[Any]:
        if self.suffix == ".dataset":
            for file in _data_files(Path(name)):
                yield from _arrow_batches(self._arrow, str(file))
        elif self.suffix == ".parquet":
            import pyarrow.parquet as parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]

            with open_bytes(name) as raw:
                opened = parquet.ParquetFile(raw)
                yield from opened.iter_batches(batch_size=_rows_of(opened.metadata, size))
        else:
            yield from _arrow_batches(self._arrow, name)

    def _block(self, numbers: list[int], held: list[Any]) -> Block:
        table = self._table(held)
        return Block(numbers=numbers, records=table, offset=0)

    def _table(self, held: list[Any]) -> Any:
        return self._arrow.Table.from_batches(held).combine_chunks() if held else None


def _rows_of(metadata: Any, size: Size) -> int:
    """Rows of a batch, fewer where they are large: a table of images must fit as well."""
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    heaviest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=1.0)
    return max(1, min(size.rows, int(size.bytes / max(1.0, heaviest))))


def _pyarrow() -> Any:
    try:
        import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]
        import pyarrow.ipc  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ConfigError("Parquet and Arrow need pyarrow: pip install 'headgate[batch]'") from error
    return pyarrow


def _arrow_batches(arrow: Any, name: str) -> Iterator[Any]:
    """Batches of an Arrow file, or of an Arrow stream as data set folders hold it."""
    with open_bytes(name) as raw:
        try:
            reader = arrow.ipc.open_file(raw)
        except arrow.ArrowInvalid:
            raw.seek(0)
            yield from arrow.ipc.open_stream(raw)
            return
        for at in range(reader.num_record_batches):
            yield reader.get_batch(at)


def _data_files(folder: Path) -> list[Path]:
    state = msgspec.json.decode((folder / "state.json").read_bytes())
    return [folder / one["filename"] for one in state["_data_files"]]


def _write_dataset(arrow: Any, pieces: Sequence[Path], schema: Any, target: Path) -> None:
    """A folder that `datasets.load_from_disk` opens; the features are those of the schema."""
    # Its own note of features would miss the new column; without it they are read from the types.
    target.mkdir(exist_ok=True)
    name = "data-00000-of-00001.arrow"
    with arrow.ipc.new_stream(str(target / name), schema) as writer:
        for table in _tables(arrow, pieces, schema):
            writer.write_table(table)
    state: dict[str, Any] = {
        "_data_files": [{"filename": name}],
        "_fingerprint": "headgate",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (target / "state.json").write_bytes(msgspec.json.encode(state))
    (target / "dataset_info.json").write_bytes(b"{}")


def _schema(arrow: Any, piece: Path) -> Any:
    with arrow.ipc.open_stream(str(piece)) as reader:
        return reader.schema


def _tables(arrow: Any, pieces: Sequence[Path], schema: Any) -> Iterator[Any]:
    for piece in pieces:
        with arrow.ipc.open_stream(str(piece)) as reader:
            table = reader.read_all()
        if not table.schema.equals(schema):
            try:
                table = table.select(schema.names).cast(schema)
            except (arrow.ArrowException, KeyError) as error:
                raise Unalike(UNALIKE) from error
        yield table


def _values(note: Note | None) -> dict[str, Any] | None:
    if note is None:
        return None
    found = nested(note)
    found["scores"] = {face: note.scores.get(face) for face in _FACES}
    return found


def _note_type(arrow: Any) -> Any:
    text, number = arrow.string(), arrow.float64()
    finding = {"category": text, "severity": arrow.int64(), "confidence": number, "threshold": number}
    finding |= dict.fromkeys(("part", "rule", "action"), text)
    missed = dict.fromkeys(("part", "reason", "action", "model"), text)
    return arrow.struct(
        {
            "action": text,
            "severity": text,
            "categories": arrow.list_(text),
            "scores": arrow.struct(dict.fromkeys(_FACES, number)),
            "rule": text,
            "reason": text,
            "findings": arrow.list_(arrow.struct(finding)),
            "unjudged": arrow.list_(arrow.struct(missed)),
            "policy": text,
            "policy_hash": text,
            "models": arrow.list_(text),
            "answer": text,
            "rounds": arrow.list_(arrow.struct({"round": arrow.int64(), "strategy": text, "action": text})),
        }
    )


def _shown(fields: dict[str, Any]) -> bytes:
    """What errors.jsonl says of a row that has no text of its own."""
    return ", ".join(fields).encode()
