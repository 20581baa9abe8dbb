"""Names of processes, so told that one can see whether another on the same machine still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def name_this_process() -> str:
    """Name this process: machine, process id, and when the process began, for ids are given again."""
    return f"{socket.gethostname()}:{os.getpid()}:{_read_start(os.getpid())}"


def is_known_dead(name: str) -> bool:
    """Tell whether a process is gone for sure; False for one of another machine, or without a name."""
    host, _, process = name.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not process.isdigit():
        return False
    return _read_start(int(process)) != name.rpartition(":")[2]


def _read_start(process_id: int) -> str:
    """Read when a process began, in the machine's ticks; empty if there is none, or no /proc."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    # After the program's name, which may hold spaces and brackets; the state is the third field, the start the 22nd.
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
