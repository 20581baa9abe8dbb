"""What a curator does with many tracks: edit in bulk, correct moods, merge, take back, roll back, export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.services.curation_facts import ChangePage, ChangeResult, FilteredPage, TrackDetails, TrackStory
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.changes import correct_affect, delete_tracks, edit_tracks, withdraw_correction
from catalog.corrections import find_correction, find_prediction
from catalog.distinctions import distinguish_tracks
from catalog.duplicates import DuplicateGroup, find_duplicates
from catalog.exporting import EXPORTERS
from catalog.facets import Facet, count_values
from catalog.filters import EVERY_TRACK, TrackFilter
from catalog.history import EVERY_CHANGE, ChangeFilter, ChangeOrigin, count_changes, list_changes
from catalog.importers.batch_log import close_interrupted
from catalog.imports import ImportFacts, get_import, list_imports
from catalog.listening_rows import read_listening_history
from catalog.merging import merge_tracks
from catalog.models import Cover, Track
from catalog.mood_map import MoodMap, load_mood_map
from catalog.outdated import choose_indexed_model
from catalog.queries import TrackFacts, TrackSort, count_tracks, get_track, get_tracks, list_track_ids, list_tracks
from catalog.rollback import RollbackReport, roll_back_import
from catalog.tags import count_tags, read_tags
from catalog.undoing import UndoReport, check_undo, undo_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.database import SessionFactory
    from catalog.edit_values import TrackEdit


class CurationService:
    """Everything a curator does with tracks; every change is logged with who made it.

    Args:
        session_factory: where the catalog is.
        embedding_model: whose embeddings tell likeness, once most tracks have them.
    """

    def __init__(self, session_factory: SessionFactory, *, embedding_model: str = EMBEDDING_MODEL) -> None:
        self._session_factory = session_factory
        self._embedding_model = embedding_model

    def list_tracks(
        self,
        wanted: TrackFilter = EVERY_TRACK,
        *,
        sort: TrackSort = "title",
        descending: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> FilteredPage:
        """List one page of the tracks that a filter means."""
        with self._session_factory() as session:
            tracks = list_tracks(session, wanted, sort=sort, descending=descending, limit=limit, offset=offset)
            return FilteredPage(tuple(tracks), count_tracks(session, wanted))

    def list_track_ids(self, wanted: TrackFilter) -> list[int]:
        """List the ids of all tracks that a filter means."""
        with self._session_factory() as session:
            return list_track_ids(session, wanted)

    def count_tags(self) -> list[tuple[str, str, int]]:
        """List the most used tags: kind, name, number of tracks."""
        with self._session_factory() as session:
            return count_tags(session)

    def count_values(self, facet: Facet) -> list[tuple[str, int]]:
        """List the most used values of a column: value, number of tracks."""
        with self._session_factory() as session:
            return count_values(session, facet)

    def find_cover(self, cover_hash: str) -> tuple[str, bytes] | None:
        """Return the kind and the content of a cover picture; None where there is none of this hash."""
        with self._session_factory() as session:
            cover = session.get(Cover, cover_hash)
            return None if cover is None else (cover.mime, cover.data)

    def tell(self, track_id: int) -> TrackStory:
        """Return all that a track's own page tells.

        Raises:
            TrackNotFoundError: no track bears this id.
        """
        with self._session_factory() as session:
            return TrackStory(
                track=get_track(session, track_id),
                prediction=find_prediction(session, track_id),
                correction=find_correction(session, track_id),
                tags=tuple(read_tags(session, [track_id]).get(track_id, [])),
                listening=read_listening_history(session, track_id),
                changes=tuple(list_changes(session, ChangeFilter(track_id=track_id))),
            )

    def read_details(self, track_ids: Sequence[int]) -> dict[int, TrackDetails]:
        """Return what lists leave out of some tracks, by id, at most ten thousand; deleted ones are left out."""
        with self._session_factory() as session:
            tags = read_tags(session, track_ids)
            rows = session.execute(
                select(Track.id, Track.size_bytes, Track.edited_fields).where(Track.id.in_(track_ids))
            )
            return {
                track_id: TrackDetails(size_bytes, tuple(edited), tuple(tags.get(track_id, ())))
                for track_id, size_bytes, edited in rows
            }

    def edit(self, which: TrackFilter | Sequence[int], edit: TrackEdit, *, who: str) -> ChangeResult:
        """Change the tracks of a filter, or of these ids, alike, in one transaction.

        Raises:
            InvalidEditError: a field cannot be changed, or not to this value; then nothing is.
        """
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            track_ids = list_track_ids(session, which) if isinstance(which, TrackFilter) else which
            return ChangeResult(origin.group_id, edit_tracks(session, track_ids, edit, origin))

    def delete(self, which: TrackFilter | Sequence[int], *, who: str) -> ChangeResult:
        """Delete the tracks of a filter, or of these ids, never their files."""
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            track_ids = list_track_ids(session, which) if isinstance(which, TrackFilter) else which
            return ChangeResult(origin.group_id, delete_tracks(session, track_ids, origin))

    def correct(self, track_id: int, valence: float, arousal: float, *, who: str) -> ChangeResult:
        """Put a track where a curator hears it; both within [-1, 1].

        Raises:
            TrackNotFoundError: no track bears this id.
            InvalidEditError: the place lies outside the plane.
        """
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            correct_affect(session, track_id, valence, arousal, origin)
        return ChangeResult(origin.group_id, 1)

    def withdraw_correction(self, track_id: int, *, who: str) -> ChangeResult:
        """Let the prediction count again.

        Raises:
            TrackNotFoundError: no track bears this id.
        """
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            withdraw_correction(session, track_id, origin)
        return ChangeResult(origin.group_id, 1)

    def load_mood_map(self, wanted: TrackFilter = EVERY_TRACK) -> MoodMap:
        """Return every track that the filter means as a point; see `MoodMap.to_bytes` for a page."""
        with self._session_factory() as session:
            return load_mood_map(session, wanted)

    def find_duplicates(self) -> list[tuple[DuplicateGroup, tuple[TrackFacts, ...]]]:
        """Find tracks that may be one piece, each group with its tracks."""
        with self._session_factory() as session:
            groups = find_duplicates(session, choose_indexed_model(session, self._embedding_model))
            return [(group, tuple(get_tracks(session, group.track_ids))) for group in groups]

    def merge(self, keep_id: int, drop_ids: Sequence[int], *, who: str) -> ChangeResult:
        """Make one track of several; see `catalog.merging`.

        Raises:
            TrackNotFoundError: a track is not there.
            ValueError: nothing is to be dropped, or the track that is to be kept.
        """
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            merge_tracks(session, keep_id, drop_ids, origin)
        return ChangeResult(origin.group_id, len(drop_ids) + 1)

    def distinguish(self, track_ids: Sequence[int], *, who: str) -> ChangeResult:
        """Note that some tracks are different pieces, though they look like copies.

        Raises:
            TrackNotFoundError: a track is not there.
            ValueError: there are not two of them.
        """
        origin = ChangeOrigin(who)
        with self._session_factory.begin() as session:
            n_pairs = distinguish_tracks(session, track_ids, origin)
        return ChangeResult(origin.group_id, len(set(track_ids)) if n_pairs else 0)

    def list_changes(self, wanted: ChangeFilter = EVERY_CHANGE, *, limit: int = 50, offset: int = 0) -> ChangePage:
        """List one page of the log, the newest first."""
        with self._session_factory() as session:
            changes = list_changes(session, wanted, limit=limit, offset=offset)
            return ChangePage(tuple(changes), count_changes(session, wanted))

    def check_undo(self, group_id: str) -> int:
        """Make sure that a change can be taken back; return how many of its entries stand.

        Raises:
            UnknownChangeError: no such group stands.
            UndoBlockedError: a later change stands in the way.
        """
        with self._session_factory() as session:
            return check_undo(session, group_id)

    def undo(self, group_id: str, *, who: str) -> UndoReport:
        """Take back a change; undo the undo to have it again.

        Raises:
            UnknownChangeError: no such group stands.
            UndoBlockedError: a later change stands in the way, or another track has the file by now.
        """
        with self._session_factory.begin() as session:
            return undo_group(session, group_id, who=who)

    def list_imports(self, *, limit: int = 50, offset: int = 0) -> list[ImportFacts]:
        """List imports, the newest first."""
        with self._session_factory.begin() as session:
            close_interrupted(session)
            return list_imports(session, limit=limit, offset=offset)

    def get_import(self, import_id: int) -> ImportFacts:
        """Return one import.

        Raises:
            ImportNotFoundError: no import bears this id.
        """
        with self._session_factory.begin() as session:
            close_interrupted(session)
            return get_import(session, import_id)

    def roll_back_import(self, import_id: int, *, who: str) -> RollbackReport:
        """Take back a whole import; see `catalog.rollback`.

        Raises:
            ImportNotFoundError: no import bears this id.
            ImportStandsError: it still runs, or was rolled back already.
        """
        with self._session_factory.begin() as session:
            close_interrupted(session)
            return roll_back_import(session, import_id, who=who)

    def export(self, kind: str, wanted: TrackFilter = EVERY_TRACK) -> Iterator[str]:
        """Yield the tracks that a filter means as text, in pieces.

        Args:
            kind: `csv`, `jsonl` or `m3u8`.
            wanted: which tracks.

        Raises:
            ValueError: the kind is unknown.
        """
        if kind not in EXPORTERS:
            raise ValueError(f"expected a kind among {', '.join(EXPORTERS)}, got {kind!r}")
        return self._stream(kind, wanted)

    def _stream(self, kind: str, wanted: TrackFilter) -> Iterator[str]:
        with self._session_factory() as session:
            yield from EXPORTERS[kind](session, wanted)
