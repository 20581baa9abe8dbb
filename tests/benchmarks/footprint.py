"""Measure by hand what a server costs: start to ready, memory after its first voice note, size on disk.

    .venv/bin/python tests/benchmarks/footprint.py CLIP

Run it with the environment that serves, after `make run` has filled the catalog. Memory is the proportional set size of
the server's processes and its worker's, as Linux counts it.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import re
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

MIB = 1024 * 1024


def find_free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_ready(base_url: str, *, timeout_s: float = 60.0) -> None:
    """Ask until the server answers that everything is ready."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            with urllib.request.urlopen(f"{base_url}/ready", timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"the server was not ready after {timeout_s:.0f} s")


def send_note(base_url: str, clip: Path) -> None:
    """Upload a voice note as the page does."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(base_url, timeout=10).read().decode()
    token = re.search(r'X-CSRFToken": "([^"]+)"', page)
    if token is None:
        raise SystemExit("the page holds no token")
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="clip"; filename="{clip.name}"\r\n\r\n'.encode()
    body = head + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "X-CSRFToken": token[1]}
    request = urllib.request.Request(f"{base_url}/listenings", body, headers)  # noqa: S310 - our own server
    opener.open(request, timeout=30).read()


def list_tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(each for child in children for each in list_tree(int(child)))]


def measure_memory_mib(pid: int) -> float:
    """Sum the proportional set size over a process tree."""
    rollups = [Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii") for each in list_tree(pid)]
    sizes_kib = [int(match[1]) for rollup in rollups if (match := re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE))]
    return sum(sizes_kib) / 1024


def measure_size_mib(folder: Path) -> float:
    """Sum the files of a folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / MIB


def main() -> None:
    """Start a server, use it once, and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="a voice note")
    options = parser.parse_args()
    port = find_free_port()
    base_url = f"http://127.0.0.1:{port}"
    start_s = time.monotonic()
    server = subprocess.Popen([sys.executable, "-m", "app", "serve", "--port", str(port)])
    try:
        wait_until_ready(base_url)
        print(f"start to ready: {time.monotonic() - start_s:.1f} s")
        send_note(base_url, options.clip)
        time.sleep(3)
        print(f"memory after the first voice note, server and worker: {measure_memory_mib(server.pid):.0f} MiB")
    finally:
        server.terminate()
        server.wait(timeout=60)
    print(f"size of the environment: {measure_size_mib(Path(sys.prefix)):.0f} MiB")


if __name__ == "__main__":
    main()
