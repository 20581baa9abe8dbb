"""Find tracks that may be one piece: by the same sound, the same name, or sound as alike as one piece in two codecs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import func, select

from catalog.distinctions import read_distinctions
from catalog.models import Artist, Track
from catalog.queries import load_embeddings
from catalog.sorting import split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

# Codecs pad the beginning and the end.
DURATION_TOLERANCE_S: Final = 2.0
# Inner product of unit embeddings. Measured on 32 files: one piece as MP3 and as Vorbis has .9989, the nearest of all
# other pairs, two themes of one composer, .9890.
MIN_SIMILARITY: Final = 0.995
_BLOCK_SIZE: Final = 256

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Tracks that may be one piece.

    Attributes:
        track_ids: ascending, two at least.
        reasons: why, of `content` (the same sound), `name` (the same artist and title, of like duration) and `sound`
            (near in the embedding, of like duration).
    """

    track_ids: tuple[int, ...]
    reasons: tuple[str, ...]


def find_duplicates(session: Session, model: str) -> list[DuplicateGroup]:
    """Find candidates in the whole catalog; those with most reasons first, then by id.

    Pairs that a curator told apart count for nothing; see `catalog.distinctions`.

    Args:
        session: where to read.
        model: whose embeddings tell likeness.
    """
    distinct = read_distinctions(session)
    reasons_by_pair: dict[Pair, set[str]] = defaultdict(set)
    for reason, pairs in (
        ("content", _same_content(session, distinct)),
        ("name", _same_name(session, distinct)),
        ("sound", _same_sound(session, model)),
    ):
        for pair in pairs:
            if pair not in distinct:
                reasons_by_pair[pair].add(reason)
    groups = [_to_group(track_ids, reasons_by_pair) for track_ids in _join(reasons_by_pair)]
    return sorted(groups, key=lambda group: (-len(group.reasons), group.track_ids))


def _to_group(track_ids: set[int], reasons_by_pair: dict[Pair, set[str]]) -> DuplicateGroup:
    reasons = {reason for pair, named in reasons_by_pair.items() if pair[0] in track_ids for reason in named}
    return DuplicateGroup(tuple(sorted(track_ids)), tuple(sorted(reasons)))


def _same_content(session: Session, distinct: set[Pair]) -> Iterator[Pair]:
    repeated = select(Track.content_hash).where(Track.content_hash.is_not(None)).group_by(Track.content_hash)
    query = select(Track.content_hash, Track.id).where(Track.content_hash.in_(repeated.having(func.count() > 1)))
    rows = session.execute(query.order_by(Track.content_hash, Track.id)).all()
    for _hash, some in groupby(rows, key=lambda row: row[0]):
        yield from _link([(0.0, row[1]) for row in some], distinct)


def _link(tracks: Sequence[tuple[float, int]], distinct: set[Pair]) -> Iterator[Pair]:
    """Pair each track with the one before it, of like length, from which nobody told it apart; lengths ascend."""
    for place, (duration_s, track_id) in enumerate(tracks):
        for other_s, other_id in reversed(tracks[:place]):
            if duration_s - other_s > DURATION_TOLERANCE_S:
                break
            if _pair(track_id, other_id) not in distinct:
                yield _pair(track_id, other_id)
                break


def _same_name(session: Session, distinct: set[Pair]) -> Iterator[Pair]:
    """Compare words: `Song (Live)` is not `Song`, `SONG!` is."""
    query = select(Track.id, Artist.name_key, Track.title_key, Track.duration_s)
    by_name: dict[tuple[str, tuple[str, ...]], list[tuple[float, int]]] = defaultdict(list)
    rows = session.execute(query.join(Artist, Artist.id == Track.artist_id).where(Track.duration_s.is_not(None)))
    for track_id, artist_key, title_key, duration_s in rows:
        words = split_words(title_key)
        if words and duration_s is not None:
            by_name[artist_key, tuple(words)].append((duration_s, track_id))
    for tracks in by_name.values():
        yield from _link(sorted(tracks), distinct)


def _same_sound(session: Session, model: str) -> Iterator[Pair]:
    track_ids, embeddings = load_embeddings(session, model)
    duration_by_id = dict(
        session.execute(select(Track.id, Track.duration_s).where(Track.duration_s.is_not(None))).all()
    )
    has_duration = np.array([track_id in duration_by_id for track_id in track_ids.tolist()], dtype=bool)
    track_ids, embeddings = track_ids[has_duration], embeddings[has_duration]
    durations_s = np.array([duration_by_id[track_id] for track_id in track_ids.tolist()], dtype=np.float64)
    order = np.argsort(durations_s, kind="stable")
    yield from _near(track_ids[order], embeddings[order], durations_s[order])


def _near(track_ids: np.ndarray, embeddings: np.ndarray, durations_s: np.ndarray) -> Iterator[Pair]:
    """Compare each track with those that are at most so much longer; durations ascend."""
    ends = np.searchsorted(durations_s, durations_s + DURATION_TOLERANCE_S, side="right")
    for start in range(0, len(track_ids), _BLOCK_SIZE):
        stop = min(start + _BLOCK_SIZE, len(track_ids))
        near = embeddings[start:stop] @ embeddings[start : ends[stop - 1]].T >= MIN_SIMILARITY
        for row, column in np.argwhere(near).tolist():
            first, second = start + row, start + column
            if first < second < ends[first]:
                yield _pair(int(track_ids[first]), int(track_ids[second]))


def _pair(first_id: int, second_id: int) -> Pair:
    return min(first_id, second_id), max(first_id, second_id)


def _join(pairs: Iterable[Pair]) -> list[set[int]]:
    """Join pairs that share a track."""
    group_by_id: dict[int, set[int]] = {}
    for first_id, second_id in pairs:
        group = group_by_id.get(first_id, {first_id}) | group_by_id.get(second_id, {second_id})
        group_by_id.update(dict.fromkeys(group, group))
    return list({id(group): group for group in group_by_id.values()}.values())
