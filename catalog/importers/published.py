"""What importers of published catalogs share: a table that is known by its header, or refused."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from catalog.errors import ImportSourceError
from catalog.importers.csv_rows import open_table
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.tag_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


class PublishedImporter(ListImporter):
    """Bring in a catalog as its publisher lays it out."""

    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read_row(self, where: str, text: Mapping[str, str | None]) -> ListedTrack:
        """Read one row.

        Args:
            where: file and row.
            text: cleaned text by column, None where empty.

        Raises:
            ValueError: a value is not what its column must hold.
        """

    @classmethod
    def recognizes(cls, header: Sequence[str]) -> bool:
        """Tell whether a table with this header is of the catalog's layout."""
        return set(cls.columns) <= set(header)

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the rows; see `ListImporter.iter_listed`."""
        with open_table(source, lambda column: column in self.columns, self.columns) as table:
            if not self.recognizes(table.header):
                missing = ", ".join(column for column in self.columns if column not in table.header)
                raise ImportSourceError(f"{source.name}: expected {self.expected}, but it lacks the columns {missing}")
            for row in table.rows:
                where = f"{source.name}, row {row.number}"
                fields = [clean_text(field) for field in row.fields]
                yield (
                    ListedTrack(where, reason=row.reason)
                    if row.reason
                    else self._read(where, dict(zip(table.header, fields, strict=True)))
                )

    def _read(self, where: str, text: Mapping[str, str | None]) -> ListedTrack:
        try:
            return self.read_row(where, text)
        except ValueError as error:
            return ListedTrack(where, reason=str(error))


def require(text: Mapping[str, str | None], column: str) -> str:
    """Return the text of a column that no row may lack.

    Raises:
        ValueError: it is empty.
    """
    value = text.get(column)
    if value is None:
        raise ValueError(f"{column}: expected one, got nothing")
    return value


def nonzero(text: str | None) -> str | None:
    """Return None for a zero, which says nothing in published tables."""
    return None if text is not None and text.strip("0.") == "" else text
