"""Publish an index and be killed at a moment of it: `publishing_program.py PATH MOMENT`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np

from recommender import index as index_module
from recommender import index_publishing
from recommender.index import TrackIndex
from recommender.index_check import CatalogSnapshot


def die(*_arguments, **_keywords):
    os.kill(os.getpid(), signal.SIGKILL)


def main(path, moment):
    vectors = np.eye(8, dtype=np.float32)
    catalog = CatalogSnapshot(np.arange(8), vectors, "m-1", 2)
    index = TrackIndex.build(catalog.track_ids, vectors, model="m-1", revision=2)
    if moment == "before the columns are written":
        index_module.complete_file = die
    if moment == "before the check":
        index_publishing.check_index = die
    if moment == "between check and swap":
        rewrite = index_publishing.rewrite_metadata
        index_publishing.rewrite_metadata = lambda *arguments: (rewrite(*arguments), die())
    if moment == "after the swap":
        index_publishing.sync_folder = die
    index_publishing.publish_index(index, path, catalog, vectors)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
