"""The main job: a voice note becomes a mood, and the mood a playlist."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from app.services.listeners import LoggedEntry, LoggedPlaylist
from app.services.mixing import derive_seed
from app.services.recognition import RecognitionService, timed
from app.services.wishes import PlaylistWishes
from recognizer.errors import VoiceBaselineError
from recognizer.labels import LABELS, Posterior

if TYPE_CHECKING:
    from pathlib import Path

    from app.services.feedback import FeedbackService, StoredListening
    from app.services.listeners import ListenerService
    from app.services.playlists import PlaylistItem, PlaylistService, ServedPlaylist
    from app.services.voices import VoiceService
    from recognizer.inference import Recognition
    from recognizer.labels import Label

VOICE_DROPPED: Final = "what we knew of your voice came from an earlier model, so we get to know it anew"
_ANYTHING: Final = PlaylistWishes()


@dataclass(frozen=True, slots=True)
class ListeningResult:
    """What one voice note gave.

    Attributes:
        listening_id: names the stored mood, so that a page can ask for another playlist; the audio is not stored.
        recognition: the mood and its doubt.
        served: the music; None when the recognizer abstained and asks first.
        timings_ms: wall-clock milliseconds by step.
    """

    listening_id: str
    recognition: Recognition
    served: ServedPlaylist | None
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def playlist(self) -> tuple[PlaylistItem, ...]:
        """The tracks; none when the recognizer asks first."""
        return self.served.items if self.served else ()


class ListeningService:
    """Listen to voice notes and keep what was heard, never the recording.

    Args:
        recognition: hears the mood of a recording.
        playlists: turns a mood into tracks.
        feedback: stores moods and corrections.
        listeners: knows the listeners who agreed to be learned from, and logs their playlists.
        voices: knows the voices of those listeners.
    """

    def __init__(
        self,
        recognition: RecognitionService,
        playlists: PlaylistService,
        feedback: FeedbackService,
        listeners: ListenerService,
        voices: VoiceService,
    ) -> None:
        self._recognition = recognition
        self._playlists = playlists
        self._feedback = feedback
        self._listeners = listeners
        self._voices = voices

    def listen(  # noqa: PLR0913 - what a caller may choose, each by name
        self,
        source: Path | BinaryIO,
        name: str,
        *,
        wishes: PlaylistWishes = _ANYTHING,
        expected_s: float | None = None,
        asks_in_doubt: bool = True,
        listener_id: str | None = None,
    ) -> ListeningResult:
        """Hear a recording, store its mood, and recommend music for it.

        Args:
            source: path, or binary file read from its start.
            name: what the person calls the recording, for messages.
            wishes: what the playlist should be like.
            expected_s: how long the recorder says the recording is, in seconds.
            asks_in_doubt: whether the playlist stays empty when the recognizer abstains, so that the listener is asked
                first; otherwise it follows the whole doubtful distribution.
            listener_id: who speaks, if they agreed to be learned from: their voice and taste are used, and learned.

        Raises:
            UnreadableAudioError, UnusableClipError, BundleError: as `RecognitionService.recognize`.
            EmptyIndexError: there is no track to recommend.
            ListenerNotFoundError: no listener bears this id.
        """
        timings_ms: dict[str, float] = {}
        recognition = self._recognize(source, name, expected_s, listener_id, timings_ms)
        with timed(timings_ms, "store"):
            listening_id = self._feedback.record_listening(recognition)
            if listener_id:
                self._voices.learn(listener_id, listening_id, recognition)
        served = None
        with timed(timings_ms, "recommend"):
            if not (recognition.abstained and asks_in_doubt):
                served = self._serve(
                    recognition.posterior,
                    wishes,
                    listener_id,
                    listening_id=listening_id,
                    has_abstained=recognition.abstained,
                )
        timings_ms["total"] = sum(timings_ms.values())
        return ListeningResult(listening_id, recognition, served, timings_ms)

    def get(self, listening_id: str) -> StoredListening:
        """Return a stored mood.

        Raises:
            ListeningNotFoundError: no listening bears this id.
        """
        return self._feedback.get_listening(listening_id)

    def correct(self, listening_id: str, label: Label, *, listener_id: str | None = None) -> None:
        """Take the listener's word for a mood, and learn from it who agreed to that: their moods and their voice.

        Raises:
            ValueError: the label is none of the four.
            ListeningNotFoundError: no listening bears this id.
            ListenerNotFoundError: no listener bears this id.
        """
        self._feedback.correct(listening_id, label, listener_id=listener_id)
        if listener_id:
            self._listeners.learn_moods(listener_id)
            self._voices.learn_again(listener_id, listening_id, label)

    def playlist_for(
        self, listening_id: str, wishes: PlaylistWishes = _ANYTHING, *, listener_id: str | None = None
    ) -> ServedPlaylist:
        """Recommend for a stored mood; what the listener said goes before what was heard.

        Raises:
            ListeningNotFoundError: no listening bears this id.
            ListenerNotFoundError: no listener bears this id.
        """
        heard = self.get(listening_id)
        is_corrected = heard.corrected_label is not None
        posterior = pure_posterior(heard.corrected_label) if heard.corrected_label else heard.posterior
        has_abstained = heard.abstained and not is_corrected
        return self._serve(
            posterior,
            wishes,
            listener_id,
            listening_id=listening_id,
            has_abstained=has_abstained,
            is_certain=is_corrected,
        )

    def playlist_for_mood(
        self, label: str, wishes: PlaylistWishes = _ANYTHING, *, listener_id: str | None = None
    ) -> ServedPlaylist:
        """Recommend for a mood that the listener named.

        Raises:
            ValueError: the label is none of the four.
            ListenerNotFoundError: no listener bears this id.
        """
        return self._serve(pure_posterior(label), wishes, listener_id, is_certain=True)

    def _recognize(
        self,
        source: Path | BinaryIO,
        name: str,
        expected_s: float | None,
        listener_id: str | None,
        timings_ms: dict[str, float],
    ) -> Recognition:
        baseline = self._voices.find(listener_id) if listener_id else None
        if baseline is None:
            return self._recognition.recognize(source, name, expected_s=expected_s, timings_ms=timings_ms)
        try:
            return self._recognition.recognize(
                source, name, expected_s=expected_s, baseline=baseline, timings_ms=timings_ms
            )
        except VoiceBaselineError:
            if hasattr(source, "seek"):
                source.seek(0)
        recognition = self._recognition.recognize(source, name, expected_s=expected_s, timings_ms=timings_ms)
        return replace(recognition, notes=(*recognition.notes, VOICE_DROPPED))

    def _serve(  # noqa: PLR0913 - keywords of one act
        self,
        posterior: Posterior,
        wishes: PlaylistWishes,
        listener_id: str | None,
        *,
        listening_id: str | None = None,
        has_abstained: bool = False,
        is_certain: bool = False,
    ) -> ServedPlaylist:
        """Recommend; for who agreed, by what was learned, in an order of known odds, and logged."""
        if listener_id is None:
            return self._playlists.serve(posterior, wishes, has_abstained=has_abstained)
        listener = self._listeners.get_model(listener_id)
        if is_certain:
            # The listener's own word needs no correction.
            listener = replace(listener, mood_model=type(listener.mood_model)())
        chance_seed = derive_seed(listener_id, listening_id, sorted(posterior.items()), wishes)
        served = self._playlists.serve(
            posterior, wishes, listener=listener, has_abstained=has_abstained, chance_seed=chance_seed
        )
        playlist_id = self._listeners.log_playlist(_to_logged(served, listener_id, listening_id))
        return replace(served, playlist_id=playlist_id)


def pure_posterior(label: str) -> Posterior:
    """Return the distribution that is sure of one label.

    Raises:
        ValueError: the label is none of the four.
    """
    if label not in LABELS:
        raise ValueError(f"mood must be one of {', '.join(LABELS)}, got {label!r}")
    return {each: float(each == label) for each in LABELS}


def _to_logged(served: ServedPlaylist, listener_id: str, listening_id: str | None) -> LoggedPlaylist:
    return LoggedPlaylist(
        posterior=served.posterior,
        intent=served.wishes.name,
        policy=served.policy,
        entries=[LoggedEntry(item.track_id, item.score, item.propensity) for item in served.items],
        listening_id=listening_id,
        listener_id=listener_id,
        seed=served.wishes.seed,
        context=served.wishes.to_json(),
    )
