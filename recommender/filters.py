"""Which tracks a listener allows: a filter as a value, and the few attributes of tracks that it looks at."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Code of a genre or licence, and the year, that nobody knows.
_UNKNOWN: Final = -1
# Selections kept per index: a page offers few filters, and a million tracks cost a megabyte each.
_MAX_KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class PlaylistFilter:
    """What tracks must be like; a track of which nobody knows it does not pass.

    Attributes:
        genres: names, however capitalized; None for all.
        licences: names, however capitalized; None for all.
        first_year: earliest year, None for no bound.
        last_year: latest year, None for no bound.
    """

    genres: frozenset[str] | None = None
    licences: frozenset[str] | None = None
    first_year: int | None = None
    last_year: int | None = None

    def __post_init__(self) -> None:
        if self.first_year is not None and self.last_year is not None and self.first_year > self.last_year:
            raise ValueError(f"years must run forward, got {self.first_year} to {self.last_year}")

    @property
    def is_open(self) -> bool:
        """Whether every track passes."""
        return self == PlaylistFilter()


@dataclass(frozen=True, slots=True)
class NamedCodes:
    """One attribute of many tracks, each name stored once.

    Attributes:
        names: in the order of their codes, in lower case.
        codes: shape (n_tracks,), int32; -1 where nobody knows.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def build(cls, values: Sequence[str | None]) -> NamedCodes:
        """Number the names."""
        keys = [_key(value) for value in values]
        names = tuple(sorted({key for key in keys if key}))
        code_by_name = {name: code for code, name in enumerate(names)}
        codes = np.array([code_by_name.get(key, _UNKNOWN) for key in keys], dtype=np.int32)
        return cls(names, codes)

    def to_values(self) -> list[str | None]:
        """Return the name of each track, None where nobody knows."""
        return [None if code == _UNKNOWN else self.names[code] for code in self.codes.tolist()]

    def select(self, wanted: frozenset[str]) -> np.ndarray:
        """Mark the tracks that bear one of the names, shape (n_tracks,), bool."""
        keys = {_key(name) for name in wanted}
        is_wanted = np.array([*(name in keys for name in self.names), False])
        return np.asarray(is_wanted[self.codes])  # the code -1 finds the False at the end


class TrackAttributes:
    """What filters need to know of the tracks of one index, row by row, so that a search asks no database.

    Args:
        genres: of each track.
        licences: of each track.
        years: shape (n_tracks,), int32; -1 where nobody knows.
    """

    def __init__(self, genres: NamedCodes, licences: NamedCodes, years: np.ndarray) -> None:
        self.genres = genres
        self.licences = licences
        self.years = years
        self._kept: dict[PlaylistFilter, np.ndarray] = {}
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls, genres: Sequence[str | None], licences: Sequence[str | None], years: Sequence[int | None]
    ) -> TrackAttributes:
        """Number what is known of tracks; the sequences have one value per track, None where nobody knows."""
        known = np.array([_UNKNOWN if year is None else year for year in years], dtype=np.int32)
        if not len(genres) == len(licences) == len(known):
            raise ValueError(f"attributes differ in length: {len(genres)}, {len(licences)}, {len(known)}")
        return cls(NamedCodes.build(genres), NamedCodes.build(licences), known)

    @classmethod
    def build_unknown(cls, n_tracks: int) -> TrackAttributes:
        """Build the attributes of tracks of which nothing is known."""
        return cls.build([None] * n_tracks, [None] * n_tracks, [None] * n_tracks)

    def __len__(self) -> int:
        return len(self.years)

    def take(self, rows: np.ndarray) -> TrackAttributes:
        """Return the attributes of some rows, in the order given."""
        genres = NamedCodes(self.genres.names, self.genres.codes[rows])
        licences = NamedCodes(self.licences.names, self.licences.codes[rows])
        return TrackAttributes(genres, licences, self.years[rows])

    def join(self, more: TrackAttributes) -> TrackAttributes:
        """Return the attributes of these tracks and of more, in this order."""
        genres = NamedCodes.build([*self.genres.to_values(), *more.genres.to_values()])
        licences = NamedCodes.build([*self.licences.to_values(), *more.licences.to_values()])
        return TrackAttributes(genres, licences, np.concatenate([self.years, more.years]))

    def select(self, wanted: PlaylistFilter) -> np.ndarray:
        """Mark the tracks that pass a filter, shape (n_tracks,), bool, read-only; asked again, it costs nothing."""
        with self._lock:
            kept = self._kept.get(wanted)
        if kept is not None:
            return kept
        passing = self._compute(wanted)
        passing.flags.writeable = False
        with self._lock:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[wanted] = passing
        return passing

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the columns by name, as a file keeps them."""
        return {"genre": self.genres.codes, "licence": self.licences.codes, "year": self.years}

    def to_names(self) -> dict[str, list[str]]:
        """Return the names that the codes stand for."""
        return {"genre": list(self.genres.names), "licence": list(self.licences.names)}

    @classmethod
    def from_parts(cls, arrays: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> TrackAttributes:
        """Put together what `to_arrays` and `to_names` took apart.

        Raises:
            KeyError: a column is missing.
        """
        genres = NamedCodes(tuple(names["genre"]), arrays["genre"])
        return cls(genres, NamedCodes(tuple(names["licence"]), arrays["licence"]), arrays["year"])

    def _compute(self, wanted: PlaylistFilter) -> np.ndarray:
        passing = np.ones(len(self), dtype=bool)
        if wanted.genres is not None:
            passing &= self.genres.select(wanted.genres)
        if wanted.licences is not None:
            passing &= self.licences.select(wanted.licences)
        if wanted.first_year is not None:
            passing &= self.years >= wanted.first_year
        if wanted.last_year is not None:
            passing &= self.years <= wanted.last_year
        if wanted.first_year is not None or wanted.last_year is not None:
            passing &= self.years != _UNKNOWN
        return passing


def _key(name: str | None) -> str:
    return (name or "").casefold().strip()
