"""What a use case can refuse, apart from what the core packages refuse themselves."""

from __future__ import annotations


class ServiceError(Exception):
    """Anything a use case refuses on purpose."""


class NotReadyError(ServiceError):
    """Something needed is missing; the message says how to get it."""


class ForbiddenPathError(ServiceError):
    """A path lies outside the folders that imports may read."""


class AccountError(ServiceError):
    """An account cannot be made or used as asked."""


class JobNotFoundError(ServiceError):
    """No job bears this id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"no job {job_id!r}")
        self.job_id = job_id


class JobStateError(ServiceError):
    """A job cannot be treated so as it stands."""

    def __init__(self, job_id: int, reason: str) -> None:
        super().__init__(reason)
        self.job_id = job_id


class ChangeUnderWayError(ServiceError):
    """A change cannot be taken back while a job still writes it."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"job {job_id} still writes this change; cancel it or let it end, then take it back")
        self.job_id = job_id


class QueueUnavailableError(ServiceError):
    """The queue's address, its library or its server cannot be used; the message says how to mend it."""


class WorkerRunningError(ServiceError):
    """Another worker looks after this data folder."""


class ListeningNotFoundError(ServiceError):
    """No listening bears this id."""

    def __init__(self, listening_id: str) -> None:
        super().__init__(f"no listening {listening_id!r}")
        self.listening_id = listening_id


class ListenerNotFoundError(ServiceError):
    """No listener bears this id; they may have been deleted."""

    def __init__(self, listener_id: str) -> None:
        super().__init__(f"no listener {listener_id!r}")
        self.listener_id = listener_id


class PlaylistNotFoundError(ServiceError):
    """No playlist bears this id."""

    def __init__(self, playlist_id: str) -> None:
        super().__init__(f"no playlist {playlist_id!r}")
        self.playlist_id = playlist_id
