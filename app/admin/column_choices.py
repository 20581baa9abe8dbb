"""Which column of a table holds which field, as a form asks it: a field and a unit for each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.importers.column_map import FIELDS, ColumnMap, ColumnRule

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from catalog.importers.table import TableLayout

_N_SAMPLES: Final = 3
_LEFT_OUT: Final = "-"
# Their scale has to be said.
_NEVER_GUESSED: Final = ("valence", "arousal")
# What a unit says, for the fields that have one.
UNIT_HINT_BY_FIELD: Final = {
    "duration_s": "s, ms, min or mm:ss",
    "valence": "lowest..highest, such as 0..1",
    "arousal": "lowest..highest, such as 0..1",
}


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """One column of a table.

    Attributes:
        field: what it is read as; empty for nothing.
        samples: the first values.
        hint: what would have to be said for it to be read; empty where nothing is open.
    """

    column: str
    field: str
    unit: str
    samples: tuple[str, ...]
    hint: str


def list_choices(layout: TableLayout) -> list[ColumnChoice]:
    """Return how each column would be read."""
    rule_by_column = {rule.column: rule for rule in layout.column_map.rules}
    hint_by_column = {_column_of(hint): hint.partition("=")[0] for hint in layout.open_units}
    return [
        ColumnChoice(
            column=column,
            field=rule_by_column[column].field if column in rule_by_column else "",
            unit=rule_by_column[column].unit if column in rule_by_column else "",
            samples=tuple(row[position] for row in layout.rows[:_N_SAMPLES] if position < len(row)),
            hint=hint_by_column.get(column, ""),
        )
        for position, column in enumerate(layout.header)
    ]


def read_column_map(args: MultiDict[str, str]) -> str:
    """Read what the form says: `column`, `field` and `unit` once for each column; `map` where it was not shown.

    Fields that no column got are left out: what was a guess before is none any more.
    """
    columns, fields, units = (args.getlist(name) for name in ("column", "field", "unit"))
    if not columns:
        return args.get("map", "")
    rules = [
        ColumnRule(field, column, unit.strip())
        for column, field, unit in zip(columns, fields, units, strict=False)
        if field in FIELDS
    ]
    used = {rule.field for rule in rules}
    left_out = [ColumnRule(field, _LEFT_OUT) for field in FIELDS if field not in used and field not in _NEVER_GUESSED]
    return str(ColumnMap((*rules, *left_out)))


def _column_of(hint: str) -> str:
    return hint.partition("=")[2].rpartition(":")[0]
