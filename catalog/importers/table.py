"""What importers of tables share: columns with rules, rows as drafts, files joined."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from catalog.errors import ImportSourceError
from catalog.importers.column_map import ColumnMap, find_open_units, guess_column_map, normalize, parse_column_map
from catalog.importers.drafts import make_draft
from catalog.importers.listed_files import join_file
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.walking import RefusedEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.importers.column_map import ColumnRule

N_SHOWN_ROWS: Final = 20
_LEFT_OUT: Final = "-"
_DURATIONS: Final = ("duration", "length", "time", "duration_s")


@dataclass(frozen=True, slots=True)
class TableLayout:
    """What a table looks like, before anything is imported.

    Attributes:
        header: its columns.
        column_map: as it would be read: what was asked for, and what the names of the other columns tell.
        open_units: rules for columns that say nothing until their unit is known.
        rows: the first rows, as they stand.
    """

    header: tuple[str, ...]
    column_map: ColumnMap
    open_units: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its text by column, None where empty or missing; or why it cannot be used."""

    where: str
    text_by_column: Mapping[str, str | None]
    reason: str = ""


class TableImporter(ListImporter):
    """Bring in what a table lists: a title, and a path or url, and what else `column_map.FIELDS` has.

    A path is relative to the list. What a row is silent about is taken from the file's tags, or stays as it was.
    """

    n_layout_rows: ClassVar[int] = N_SHOWN_ROWS

    @abstractmethod
    def read_head(self, source: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the columns and the first rows.

        Raises:
            ImportSourceError: the file cannot be read, or is not of the expected layout.
        """

    @abstractmethod
    def iter_table(self, source: Path) -> Iterator[TableRow]:
        """Read the rows one at a time.

        Raises:
            ImportSourceError: the file cannot be read, or is not of the expected layout.
        """

    def describe(self, source: Path) -> TableLayout:
        """Show the columns, the first rows, and how they would be read.

        Raises:
            ImportSourceError: the file cannot be read, or the column map does not fit it.
        """
        header, rows = self.read_head(source)
        column_map = resolve_map(self.options.column_map, header, rows, source)
        return TableLayout(header, column_map, tuple(find_open_units(header, column_map)), rows)

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the rows as entries; see `ListImporter.iter_listed`."""
        layout = self.describe(source)
        _check_layout(layout, source)
        for row in self.iter_table(source):
            yield self._read_row(row, layout.column_map.rules, source.parent)

    def _read_row(self, row: TableRow, rules: Sequence[ColumnRule], folder: Path) -> ListedTrack:
        if row.reason:
            return ListedTrack(row.where, reason=row.reason)
        try:
            draft, path = make_draft({rule: row.text_by_column.get(rule.column) for rule in rules})
        except ValueError as error:
            return ListedTrack(row.where, reason=str(error))
        if path is None:
            is_usable = draft.url is not None
            return ListedTrack(row.where, draft if is_usable else None, "" if is_usable else _NO_ADDRESS)
        joined = join_file(draft, folder / path, self.roots)
        if isinstance(joined, RefusedEntry):
            return ListedTrack(row.where, reason=joined.reason)
        return ListedTrack(row.where, joined[0], note=joined[1])


_NO_ADDRESS: Final = "expected a path or a url, got neither"


def resolve_map(asked: str, header: Sequence[str], rows: Sequence[Sequence[str]], source: Path) -> ColumnMap:
    """Join what was asked for with what the names of the other columns tell; `field=-` leaves a field out.

    Raises:
        ImportSourceError: the map cannot be read, or names a column that the table has not.
    """
    wanted = parse_column_map(asked)
    for rule in wanted.rules:
        if rule.column not in header and rule.column != _LEFT_OUT:
            raise ImportSourceError(
                f"{source.name}: expected a column among {', '.join(header)}, got {rule.column!r} for {rule.field}"
            )
    fields = {rule.field for rule in wanted.rules}
    columns = {rule.column for rule in wanted.rules}
    free = [position for position, name in enumerate(header) if name not in columns]
    free_rows = [[row[position] for position in free if position < len(row)] for row in rows]
    guessed = guess_column_map([header[position] for position in free], free_rows)
    rules = [rule for rule in wanted.rules if rule.column != _LEFT_OUT]
    return ColumnMap((*rules, *(rule for rule in guessed.rules if rule.field not in fields)))


def _check_layout(layout: TableLayout, source: Path) -> None:
    fields = {rule.field for rule in layout.column_map.rules}
    open_duration = next((hint for hint in layout.open_units if hint.startswith("duration_s=")), None)
    if open_duration and "duration_s" not in fields:
        column = open_duration.removeprefix("duration_s=").rpartition(":")[0]
        raise ImportSourceError(
            f"{source.name}: expected durations in seconds as duration_s, got the column {column!r}; "
            f"say its unit (s, ms, min or mm:ss), as in {open_duration}"
        )
    if "title" not in fields or not {"path", "url"} & fields:
        raise ImportSourceError(
            f"{source.name}: expected the columns title and path or url, got {', '.join(layout.header)!r}; "
            "say which they are with a column map"
        )


def is_named(column: str) -> bool:
    """Tell whether a column's name says which field it holds."""
    return bool(guess_column_map([column]).rules) or normalize(column) in _DURATIONS
