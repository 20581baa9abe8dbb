"""The main job: a voice note becomes a mood, and the mood a playlist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from app.services.recognition import RecognitionService, timed
from recognizer.labels import LABELS, Posterior
from recommender.space import Intent

if TYPE_CHECKING:
    from pathlib import Path

    from app.services.feedback import FeedbackService, StoredListening
    from app.services.playlists import PlaylistItem, PlaylistService
    from recognizer.inference import Recognition


@dataclass(frozen=True, slots=True)
class ListeningResult:
    """What one voice note gave.

    Attributes:
        listening_id: names the stored mood, so that a page can ask for another playlist; the audio is not stored.
        recognition: the mood and its doubt.
        playlist: empty when the recognizer abstained and asks first.
        timings_ms: wall-clock milliseconds by step.
    """

    listening_id: str
    recognition: Recognition
    playlist: tuple[PlaylistItem, ...]
    timings_ms: dict[str, float] = field(default_factory=dict)


class ListeningService:
    """Listen to voice notes and keep what was heard, never the recording.

    Args:
        recognition: hears the mood of a recording.
        playlists: turns a mood into tracks.
        feedback: stores moods and corrections.
    """

    def __init__(self, recognition: RecognitionService, playlists: PlaylistService, feedback: FeedbackService) -> None:
        self._recognition = recognition
        self._playlists = playlists
        self._feedback = feedback

    def listen(  # noqa: PLR0913 - what a caller may choose, each by name
        self,
        source: Path | BinaryIO,
        name: str,
        *,
        intent: Intent = Intent.STAY,
        k: int = 20,
        expected_s: float | None = None,
        asks_in_doubt: bool = True,
    ) -> ListeningResult:
        """Hear a recording, store its mood, and recommend music for it.

        Args:
            source: path, or binary file read from its start.
            name: what the person calls the recording, for messages.
            intent: stay with the mood or travel from it.
            k: how many tracks, 1 to 500.
            expected_s: how long the recorder says the recording is, in seconds.
            asks_in_doubt: whether the playlist stays empty when the recognizer abstains, so that the listener is asked
                first; otherwise it follows the whole doubtful distribution.

        Raises:
            UnreadableAudioError, UnusableClipError, BundleError: as `RecognitionService.recognize`.
            EmptyIndexError: there is no track to recommend.
        """
        timings_ms: dict[str, float] = {}
        recognition = self._recognition.recognize(source, name, expected_s=expected_s, timings_ms=timings_ms)
        with timed(timings_ms, "store"):
            listening_id = self._feedback.record_listening(recognition)
        playlist: tuple[PlaylistItem, ...] = ()
        with timed(timings_ms, "recommend"):
            if not (recognition.abstained and asks_in_doubt):
                playlist = self._playlists.recommend(recognition.posterior, intent=intent, k=k)
        timings_ms["total"] = sum(timings_ms.values())
        return ListeningResult(listening_id, recognition, playlist, timings_ms)

    def get(self, listening_id: str) -> StoredListening:
        """Return a stored mood.

        Raises:
            ListeningNotFoundError: no listening bears this id.
        """
        return self._feedback.get_listening(listening_id)

    def playlist_for(self, listening_id: str, *, intent: Intent = Intent.STAY, k: int = 20) -> tuple[PlaylistItem, ...]:
        """Recommend for a stored mood; what the listener said goes before what was heard.

        Raises:
            ListeningNotFoundError: no listening bears this id.
        """
        listening = self.get(listening_id)
        if listening.corrected_label is not None:
            return self.playlist_for_mood(listening.corrected_label, intent=intent, k=k)
        return self._playlists.recommend(listening.posterior, intent=intent, k=k)

    def playlist_for_mood(self, label: str, *, intent: Intent = Intent.STAY, k: int = 20) -> tuple[PlaylistItem, ...]:
        """Recommend for a mood that the listener named."""
        return self._playlists.recommend(pure_posterior(label), intent=intent, k=k)


def pure_posterior(label: str) -> Posterior:
    """Return the distribution that is sure of one label.

    Raises:
        ValueError: the label is none of the four.
    """
    if label not in LABELS:
        raise ValueError(f"mood must be one of {', '.join(LABELS)}, got {label!r}")
    return {each: float(each == label) for each in LABELS}
