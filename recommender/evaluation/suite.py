"""Every protocol by name, and where each finds its data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from recommender.evaluation.alternatives import load_alternatives
from recommender.evaluation.ceilings import measure_ceiling
from recommender.evaluation.datasets import load_demo, load_emotify
from recommender.evaluation.errors import MissingMaterialError
from recommender.evaluation.jamendo import evaluate_jamendo
from recommender.evaluation.journeys import measure_journeys
from recommender.evaluation.logged import evaluate_logs
from recommender.evaluation.logs import LOGS_FILE, RATINGS_FILE, evaluate_ratings
from recommender.evaluation.replay import evaluate_situnes
from recommender.evaluation.retrieval import MIXED_QUERIES, PURE_QUERIES, measure_retrieval
from recommender.evaluation.speech import measure_speech_to_music
from recommender.evaluation.trompa import evaluate_trompa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from catalog.queries import TrackFacts
    from recommender.evaluation.baselines import Ranker
    from recommender.evaluation.datasets import RatedTracks
    from recommender.evaluation.results import ProtocolResult, Query
    from recommender.evaluation.speech import HeardMood

EMOTIFY_RETRIEVAL: Final = "emotify-retrieval"
DEMO: Final = "demo"
_EMOTIFY_NOTE: Final = (
    "Every prediction comes from a model that saw none of the track's artist. Relevance is the posterior-weighted mean "
    "rating. Popularity knows the ratings of the tracks it ranks, which a new track has not. The affect model's "
    "descriptors and the query's constants were settled while looking at these tracks; the tests do not know that."
)
_DEMO_NOTE: Final = (
    "A sanity check: relevance is the one mood our own composer meant, not what people hear. It shows that the parts "
    "fit together, not that the music pleases. Four moods are too few for a p below .125."
)


@dataclass(frozen=True)
class Material:
    """What protocols may draw on.

    Attributes:
        folder: holds ratings and catalogs, as `data/music/ratings/...` below it, `ratings/...`, or the files.
        predictions_path: out-of-fold affect of Emotify's tracks.
        scores_path: out-of-fold scores of Emotify's tracks by other query models, None where there are none.
        load_heard_moods: reads what a recognizer heard in unseen voices.
        load_catalog: reads the user's own tracks; raises MissingMaterialError where there is no catalog.
        n_resamples: of every bootstrap.
        seed: of all chance.
    """

    folder: Path | None = None
    predictions_path: Path | None = None
    scores_path: Path | None = None
    load_heard_moods: Callable[[], Sequence[HeardMood]] | None = None
    load_catalog: Callable[[], Sequence[TrackFacts]] = field(default=tuple)
    n_resamples: int = 500
    seed: int = 0

    def find(self, protocol: str, name: str) -> Path:
        """Find a file or folder by its path below the music, such as `ratings/situnes`.

        Raises:
            MissingMaterialError: it is nowhere.
        """
        found = self._find(name)
        if found is None:
            where = f"under {str(self.folder)!r}" if self.folder else "as no folder was given (--data)"
            raise MissingMaterialError(f"protocol {protocol} needs {name}, found none {where}")
        return found

    def has(self, name: str) -> bool:
        """Tell whether `find` would find it."""
        return self._find(name) is not None

    def _find(self, name: str) -> Path | None:
        if self.folder is None:
            return None
        places = (self.folder / "data" / "music" / name, self.folder / name, self.folder / name.rpartition("/")[2])
        return next((place for place in places if place.exists()), None)

    def load_emotify(self, protocol: str) -> RatedTracks:
        """Load Emotify with our out-of-fold predictions.

        Raises:
            MissingMaterialError: one of the tables is missing.
            EvaluationDataError: one of them is not what it should be.
        """
        ratings_path = self.find(protocol, "ratings/emotify_tracks.csv")
        if self.predictions_path is None or not self.predictions_path.is_file():
            raise MissingMaterialError(f"protocol {protocol} needs out-of-fold affect: give --predictions")
        return load_emotify(ratings_path, self.predictions_path)


def run_demo(material: Material) -> list[ProtocolResult]:
    """Ask the demo library for the four moods it was composed for.

    Raises:
        MissingMaterialError: the demo library is missing or not analyzed.
    """
    tracks = load_demo(material.load_catalog())
    return [
        _measure_retrieval(DEMO, tracks, PURE_QUERIES, _DEMO_NOTE, material),
        measure_journeys("demo-journeys", tracks, seed=material.seed, n_resamples=material.n_resamples),
    ]


def run_emotify(material: Material) -> list[ProtocolResult]:
    """Ask Emotify for four pure and twelve mixed moods; and measure the ceiling where single ratings are there.

    Raises:
        EvaluationDataError: ratings or predictions are missing or not what they should be.
    """
    tracks = material.load_emotify("emotify")
    queries = PURE_QUERIES + MIXED_QUERIES
    others = load_alternatives(material.scores_path, tracks) if material.scores_path else {}
    results = [_measure_retrieval(EMOTIFY_RETRIEVAL, tracks, queries, _EMOTIFY_NOTE, material, others)]
    if material.has("ratings/emotify_annotations.csv.gz"):
        path = material.find("emotify", "ratings/emotify_annotations.csv.gz")
        results.append(measure_ceiling(tracks, path, seed=material.seed, n_resamples=material.n_resamples))
    return results


def run_speech_to_music(material: Material) -> list[ProtocolResult]:
    """Turn what was heard in unseen voices into playlists of out-of-fold tracks.

    Raises:
        EvaluationDataError: see `measure_speech_to_music`.
    """
    if material.load_heard_moods is None:
        raise MissingMaterialError("protocol speech-to-music needs posteriors of unseen voices: give --heard")
    tracks = material.load_emotify("speech-to-music")
    moods = material.load_heard_moods()
    return [measure_speech_to_music(tracks, moods, seed=material.seed, n_resamples=material.n_resamples)]


def run_situnes(material: Material) -> list[ProtocolResult]:
    """Replay policies on SiTunes.

    Raises:
        EvaluationDataError: see `load_situnes`.
    """
    folder = material.find("situnes", "ratings/situnes")
    return [evaluate_situnes(folder, seed=material.seed, n_resamples=material.n_resamples)]


def run_trompa(material: Material) -> list[ProtocolResult]:
    """Measure the map from moods to the plane on TROMPA.

    Raises:
        EvaluationDataError: see `load_trompa`.
    """
    annotations = material.find("trompa", "ratings/trompa_mer_annotations.csv.gz")
    tracks = material.find("trompa", "catalogs/trompa_mer_tracks.csv.gz")
    return [evaluate_trompa(annotations, tracks, seed=material.seed, n_resamples=material.n_resamples)]


def run_jamendo(material: Material) -> list[ProtocolResult]:
    """Rank MTG-Jamendo's test part by mood tags, with our recommender where its audio is in the catalog.

    Raises:
        EvaluationDataError: see `evaluate_jamendo`.
    """
    tags = material.find("jamendo", "catalogs/mtg_jamendo_tags.csv.gz")
    try:
        catalog = material.load_catalog()
    except MissingMaterialError:
        catalog = ()
    return [evaluate_jamendo(tags, catalog, seed=material.seed, n_resamples=material.n_resamples)]


def run_journeys(material: Material) -> list[ProtocolResult]:
    """Travel between all pairs of moods over Emotify's tracks.

    Raises:
        EvaluationDataError: ratings or predictions are missing or not what they should be.
    """
    tracks = material.load_emotify("journeys")
    return [measure_journeys("journeys", tracks, seed=material.seed, n_resamples=material.n_resamples)]


def run_logs(material: Material) -> list[ProtocolResult]:
    """Judge by a user's own ratings and logs, whichever are there.

    Raises:
        EvaluationDataError: see `evaluate_ratings` and `evaluate_logs`.
    """
    results = []
    if material.has(RATINGS_FILE):
        path = material.find("logs", RATINGS_FILE)
        catalog = material.load_catalog()
        results.append(evaluate_ratings(path, catalog, seed=material.seed, n_resamples=material.n_resamples))
    if material.has(LOGS_FILE):
        path = material.find("logs", LOGS_FILE)
        results.append(evaluate_logs(path, seed=material.seed, n_resamples=material.n_resamples))
    if not results:
        raise MissingMaterialError(f"protocol logs needs {RATINGS_FILE} or {LOGS_FILE} in the folder of --data")
    return results


PROTOCOLS: Final[Mapping[str, Callable[[Material], list[ProtocolResult]]]] = {
    "emotify": run_emotify,
    "speech-to-music": run_speech_to_music,
    "situnes": run_situnes,
    "trompa": run_trompa,
    "jamendo": run_jamendo,
    "journeys": run_journeys,
    "logs": run_logs,
    "demo": run_demo,
}


def _measure_retrieval(  # noqa: PLR0913, PLR0917 (what to measure, with what)
    name: str,
    tracks: RatedTracks,
    queries: Sequence[Query],
    note: str,
    material: Material,
    alternatives: Mapping[str, Ranker] | None = None,
) -> ProtocolResult:
    return measure_retrieval(
        name,
        tracks,
        queries,
        note=note,
        alternatives=alternatives,
        seed=material.seed,
        n_resamples=material.n_resamples,
    )
