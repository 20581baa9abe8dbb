"""Measure the mood map and the what-if of a large catalog: frames in Chromium, bytes, and time to an answer.

    python tests/benchmarks/mood_map.py [--n-tracks 100000] [--frames 120] [--density 1]

Fills a database in a temporary folder with made-up tracks, their embeddings and an index, serves the admin page, and
zooms and moves the map in a headless browser without a graphics card, once every frame. Times are wall clock.
"""

from __future__ import annotations

import os

# Before numpy reads it: one thread each for the server and its index.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from app.factory import create_app
from catalog.analysis.embeddings import EMBEDDING_MODEL, MAX_RAW_NORM
from catalog.models import Artist, TrackEmbedding
from catalog.schema import upgrade
from catalog.sorting import sort_key
from tests.app.admin.admin_services import EMAIL, PASSWORD, make_admin_services
from tests.benchmarks.catalog_queries import BATCH_SIZE, TrackMaker, fill

if TYPE_CHECKING:
    from types import SimpleNamespace

    from playwright.sync_api import CDPSession, Page

    from app.bootstrap import Services

# Wheel or drag once a frame, and note when each frame came.
MEASURE = """([kind, nFrames]) => new Promise((resolve) => {
  const surface = document.querySelector(".map-marks");
  const box = surface.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  const times = [];
  const fire = (name, more) => surface.dispatchEvent(new PointerEvent(name, { ...at, pointerId: 1, ...more }));
  surface.setPointerCapture = () => undefined;
  if (kind === "pan") fire("pointerdown", { button: 0 });
  const step = (now) => {
    times.push(now);
    const i = times.length;
    if (kind === "zoom") surface.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: i % 60 < 30 ? -60 : 60 }));
    else if (kind === "pan") fire("pointermove", { clientX: at.clientX + 80 * Math.sin(i / 8), clientY: at.clientY });
    if (i <= nFrames) return requestAnimationFrame(step);
    if (kind === "pan") fire("pointerup", { button: 0 });
    resolve(times.slice(1).map((time, i) => time - times[i]));
  };
  requestAnimationFrame(step);
})"""


def build_library(folder: Path, n_tracks: int) -> SimpleNamespace:
    """Fill a database and build its index."""
    migrated = folder / "migrated.db"
    upgrade(f"sqlite:///{migrated}")
    (folder / "data").mkdir()
    services = make_admin_services(folder / "data", migrated)
    maker = TrackMaker(np.random.default_rng(0))
    with services.sessions.begin() as session:
        rows = [{"id": i + 1, "name": name, "name_key": sort_key(name)} for i, name in enumerate(maker.artists)]
        session.execute(insert(Artist), rows)
    for start in range(1, n_tracks + 1, BATCH_SIZE):
        stop = min(start + BATCH_SIZE, n_tracks + 1)
        with services.sessions.begin() as session:
            fill(session, maker, start, stop)
            vectors = make_embeddings(maker.rng, stop - start)
            named = zip(range(start, stop), vectors, strict=True)
            made = [{"track_id": i, "model": EMBEDDING_MODEL, "vector": vector.tobytes()} for i, vector in named]
            session.execute(insert(TrackEmbedding), made)
    services.library.rebuild_index()
    return services


def make_embeddings(rng: np.random.Generator, n: int) -> np.ndarray:
    """Make unit vectors as the analysis gives them: 32 raw axes, then what completes the length."""
    raw = np.clip(rng.normal(0, [1.0] * 6 + [0.3] * 26, size=(n, 32)), -3, 3) / MAX_RAW_NORM
    raw /= np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1.0)
    rest = np.sqrt(1.0 - np.square(raw).sum(axis=1, keepdims=True))
    return np.concatenate([raw, rest], axis=1).astype("<f4")


def summarize(times_ms: list[float]) -> dict[str, float]:
    """Return p50, p95 and the largest."""
    p50, p95 = np.percentile(times_ms, [50, 95]).tolist()
    return {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1), "max_ms": round(max(times_ms), 1)}


def time_what_if(services: SimpleNamespace, n_tracks: int) -> dict[str, float]:
    """Ask what corrections all over the catalog would change."""
    rng = np.random.default_rng(1)
    services.what_if.correct(1, 0.0, 0.0)
    times_ms, start_cpu_s = [], time.process_time()
    for track_id in rng.integers(1, n_tracks + 1, size=30).tolist():
        start_s = time.perf_counter()
        services.what_if.correct(track_id, *rng.uniform(-1, 1, size=2).tolist())
        times_ms.append(1000 * (time.perf_counter() - start_s))
    cpu_ms = 1000 * (time.process_time() - start_cpu_s) / len(times_ms)
    return {**summarize(times_ms), "cpu_mean_ms": round(cpu_ms, 1)}


def log_in(page: Page, url: str) -> None:
    """Open the map."""
    page.goto(f"{url}/admin/map")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("#mood-map[data-ready]").wait_for()


def time_frames(url: str, n_frames: int, density: float) -> dict[str, Any]:
    """Zoom and move in a browser; beside them, the frames of a page at rest say what the machine can do."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        viewport: Any = {"width": 1280, "height": 900}
        page = browser.new_page(viewport=viewport, device_scale_factor=density)
        page.set_default_timeout(60_000)
        log_in(page, url)
        session = page.context.new_cdp_session(page)
        # Its own time on the processor, which a busy machine does not stretch.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        found: dict[str, Any] = {}
        for kind in ("rest", "pan", "zoom"):
            start_s = read_busy_s(session)
            found[kind] = summarize(page.evaluate(MEASURE, [kind, n_frames]))
            found[kind]["cpu_per_frame_ms"] = round(1000 * (read_busy_s(session) - start_s) / n_frames, 1)
        start_s = time.perf_counter()
        page.reload()
        page.locator("#mood-map[data-ready]").wait_for()
        found["again_s"] = round(time.perf_counter() - start_s, 2)
        browser.close()
    return found


def read_busy_s(session: CDPSession) -> float:
    """Return how long the page's main thread has worked."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def main() -> None:
    """Build, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-tracks", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--density", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        services = build_library(Path(folder), options.n_tracks)
        what_if = time_what_if(services, options.n_tracks)
        n_bytes = len(services.curation.load_mood_map().to_bytes())
        server = make_server("127.0.0.1", 0, create_app(cast("Services", services)), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            frames = time_frames(f"http://127.0.0.1:{server.server_port}", options.frames, options.density)
        finally:
            server.shutdown()
            thread.join()
    print(
        json.dumps({"n_tracks": options.n_tracks, "n_bytes": n_bytes, "what_if": what_if, "frames": frames}, indent=2)
    )


if __name__ == "__main__":
    main()
