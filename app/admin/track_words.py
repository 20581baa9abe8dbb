"""What happened to a track, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.history import ChangeAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.history import ChangeEntry

ACTION_WORDS: Final[Mapping[str, str]] = {
    ChangeAction.EDIT: "Edited",
    ChangeAction.CORRECT: "Placed by ear",
    ChangeAction.DELETE: "Deleted",
    ChangeAction.MERGE: "Merged",
    ChangeAction.DISTINGUISH: "Told apart",
    ChangeAction.IMPORT: "Changed by an import",
    ChangeAction.ROLLBACK: "Import rolled back",
    ChangeAction.UNDO: "Undone",
    ChangeAction.REDO: "Done again",
}
RATING_WORDS: Final[Mapping[str, str]] = {
    "like": "liked",
    "skip": "skipped",
    "never": "“never again”",
    "finished": "heard to the end",
    "undo": "taken back",
}
# Follows from the fields that were edited, and tells nobody anything.
_UNTOLD: Final = frozenset({"edited_fields"})
_MAX_LENGTH: Final = 60


def describe_change(entry: ChangeEntry) -> list[tuple[str, str, str]]:
    """List what an entry changed: field, before, after; nothing where the whole track came or went."""
    if entry.before is None or entry.after is None:
        return []
    names = [name for name in entry.after if name not in _UNTOLD]
    return [(name.replace("_", " "), _tell(entry.before.get(name)), _tell(entry.after[name])) for name in names]


def _tell(value: Any) -> str:  # noqa: ANN401 - whatever the log holds
    if value in (None, "", []):
        return "–"  # noqa: RUF001 - typographic
    if value is True:
        return "yes"
    if isinstance(value, dict):
        if "valence" in value and "arousal" in value:
            return f"valence {value['valence']:+.2f}, arousal {value['arousal']:+.2f}".replace("-", "−")  # noqa: RUF001 - typographic
        return f"{len(value)} values"
    if isinstance(value, list):
        text = ", ".join(f"{each[1]}" if isinstance(each, list) and len(each) > 1 else str(each) for each in value)
    else:
        text = str(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"
