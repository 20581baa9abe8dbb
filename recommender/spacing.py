"""Rules that keep what belongs together apart: artists, albums, and the same piece twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from recommender.ranking import RankingOptions

# Codes of a name that was not looked up yet, and of one that nobody knows.
_UNREAD: Final = -2
_NAMELESS: Final = -1
# A graver rule outweighs all lighter ones together.
_DUPLICATE, _SAME_ARTIST_AGAIN, _ARTIST_TOO_OFTEN, _SAME_ALBUM = 8.0, 4.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class TrackKeys:
    """What tells that two tracks belong together, None where nobody knows; and how long a track plays."""

    artist: Hashable | None
    piece: Hashable | None
    album: Hashable | None = None
    duration_s: float | None = None


class Spacing:
    """Which candidates break which rules, given what was chosen so far."""

    def __init__(
        self,
        content: np.ndarray,
        load_keys: Callable[[Sequence[int]], Sequence[TrackKeys | None]],
        options: RankingOptions,
    ) -> None:
        n = len(content)
        self._content = content
        self._squares = np.square(content).sum(axis=1)
        self._load_keys = load_keys
        self._options = options
        self._is_duplicate = np.zeros(n, dtype=bool)
        self._artists, self._pieces, self._albums = (np.full(n, _UNREAD) for _ in range(3))
        self._codes: dict[Hashable, int] = {}
        # Nobody knows, until read; a track of unknown length plays no time.
        self.durations_s = np.zeros(n)
        self._chosen: list[int] = []

    def is_read(self, positions: np.ndarray) -> np.ndarray:
        """Tell of candidates whether their names are known yet, shape (n_positions,), bool."""
        return np.asarray(self._artists[positions] != _UNREAD)

    def find_unread(self) -> np.ndarray:
        """Return which candidates were not read yet, shape (n_candidates,), bool."""
        return np.asarray(self._artists == _UNREAD)

    def read(self, positions: np.ndarray) -> list[int]:
        """Look names up; returns the candidates that turn out to be gone."""
        gone = []
        for position, keys in zip(positions.tolist(), self._load_keys(positions.tolist()), strict=True):
            if keys is None:
                gone.append(position)
                continue
            self._artists[position] = self._code("artist", keys.artist)
            self._pieces[position] = self._code("piece", keys.piece)
            self._albums[position] = self._code("album", keys.album)
            self.durations_s[position] = keys.duration_s or 0.0
        known = [piece for piece in self._pieces[self._chosen] if piece >= 0]
        self._is_duplicate |= np.isin(self._pieces, known)
        return gone

    def weigh_broken_rules(self) -> np.ndarray:
        """Weigh the rules that each candidate would break as the next track, shape (n_candidates,); 0 for none."""
        broken = np.where(self._is_duplicate, _DUPLICATE, 0.0)
        artists = self._artists[self._chosen].tolist()
        if artists and artists[-1] >= 0:
            broken[self._artists == artists[-1]] += _SAME_ARTIST_AGAIN
        recent = _last(artists, self._options.window - 1)
        for artist in set(recent):
            if artist >= 0 and recent.count(artist) >= self._options.max_per_window:
                broken[self._artists == artist] += _ARTIST_TOO_OFTEN
        for album in set(_last(self._albums[self._chosen].tolist(), self._options.album_window - 1)):
            if album >= 0:
                broken[self._albums == album] += _SAME_ALBUM
        return broken

    def take(self, position: int, products: np.ndarray) -> None:
        """Note that a candidate was chosen.

        Args:
            position: which.
            products: inner products of all candidates' content with its own, shape (n_candidates,).
        """
        self._chosen.append(position)
        squares = self._squares + self._squares[position]
        self._is_duplicate |= squares - 2 * products <= self._options.duplicate_distance**2 * squares / 2
        if self._pieces[position] >= 0:
            self._is_duplicate |= self._pieces == self._pieces[position]

    def _code(self, kind: str, key: Hashable | None) -> int:
        return _NAMELESS if key is None else self._codes.setdefault((kind, key), len(self._codes))


def _last(values: list[int], n: int) -> list[int]:
    return values[max(0, len(values) - n) :]
