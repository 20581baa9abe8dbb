"""How the voices of listeners who agreed usually are: learned note by note, without keeping any recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import structlog

from app.services.errors import ListenerNotFoundError
from catalog.models import Listener
from recognizer.errors import VoiceBaselineError
from recognizer.inference import Recognition
from recognizer.voice_baseline import VoiceBaseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from app.services.recognition import RecognitionService
    from catalog.database import SessionFactory
    from recognizer.labels import Label

_LOG = structlog.get_logger(__name__)

# Beside the baseline: the last note's statistics, so that it can be learned anew when its mood is corrected.
_LAST: Final = "last"


class VoiceService:
    """Learn voices, hand them to the recognizer, and forget them.

    Args:
        session_factory: where listeners are stored.
        recognition: learns from what it heard.
    """

    def __init__(self, session_factory: SessionFactory, recognition: RecognitionService) -> None:
        self._session_factory = session_factory
        self._recognition = recognition

    def find(self, listener_id: str) -> VoiceBaseline | None:
        """Return how a voice usually is; None where nothing is known, or what was kept is damaged.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory() as session:
            kept = _get_listener(session, listener_id).voice_baseline
        return _read(kept)

    def learn(self, listener_id: str, listening_id: str, recognition: Recognition) -> None:
        """Add a note to how a voice usually is; one whose mood is unclear waits for the listener to name it.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """

        def add(kept: dict[str, Any] | None) -> dict[str, Any]:
            before = _read(kept)
            if before is not None and before.model != recognition.model:
                _LOG.warning("voice learned anew", known=before.model, serving=recognition.model)
                before = None
            after = before if recognition.abstained else self._recognition.learn_voice(recognition, before)
            return _write(after, before, listening_id, recognition)

        self._change(listener_id, add)

    def learn_again(self, listener_id: str, listening_id: str, label: Label) -> None:
        """Take the listener's word for the mood of their last note; an earlier one has become part of the rest.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """

        def add_by_label(kept: dict[str, Any] | None) -> dict[str, Any] | None:
            last = (kept or {}).get(_LAST) or {}
            if last.get("listening_id") != listening_id:
                return kept
            recognition, before = _read_note(last), _read(last["before"])
            try:
                after = self._recognition.learn_voice(recognition, before, label=label)
            except VoiceBaselineError:
                return kept  # of another model by now; the next note begins anew
            return _write(after, before, listening_id, recognition)

        self._change(listener_id, add_by_label)

    def forget(self, listener_id: str) -> None:
        """Forget how a voice is.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        self._change(listener_id, lambda _kept: None)

    def _change(self, listener_id: str, change: Callable[[dict[str, Any] | None], dict[str, Any] | None]) -> None:
        with self._session_factory.begin() as session:
            listener = _get_listener(session, listener_id, is_locked=True)
            listener.voice_baseline = change(listener.voice_baseline)


def _get_listener(session: Session, listener_id: str, *, is_locked: bool = False) -> Listener:
    listener = session.get(Listener, listener_id, with_for_update=is_locked or None)
    if listener is None:
        raise ListenerNotFoundError(listener_id)
    return listener


def _read(kept: object) -> VoiceBaseline | None:
    if not kept:
        return None
    try:
        return VoiceBaseline.from_json(kept)
    except VoiceBaselineError as error:
        _LOG.warning("voice learned anew", reason=str(error))
        return None


def _write(
    after: VoiceBaseline | None, before: VoiceBaseline | None, listening_id: str, heard: Recognition
) -> dict[str, Any]:
    baseline = after or VoiceBaseline.empty(heard.model, len(heard.statistics))
    last = {
        "listening_id": listening_id,
        "model": heard.model,
        "posterior": heard.posterior,
        "statistics": heard.statistics.tolist(),
        "before": before.to_json() if before else None,
    }
    return {**baseline.to_json(), _LAST: last}


def _read_note(last: dict[str, Any]) -> Recognition:
    """Make of the last note what learning needs: model, mood and statistics."""
    posterior = last["posterior"]
    label = max(posterior, key=posterior.__getitem__)
    statistics = np.array(last["statistics"], dtype=np.float32)
    model = str(last["model"])
    return Recognition(0.0, posterior, label, posterior[label], False, None, (), model, statistics=statistics)  # noqa: FBT003
