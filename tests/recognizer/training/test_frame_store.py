from __future__ import annotations

import numpy as np
import pytest

from recognizer.training.errors import TrainingError
from recognizer.training.frame_store import PART_SIZE, Frames, fill_store
from tests.recognizer.training.made_up import full_disk

N_CLIPS = PART_SIZE + 5


def compute(row: int) -> Frames:
    if row == 3:
        return Frames((), "no speech")
    return Frames((np.full((row + 1, 2), row, np.float16), np.full((2, 2), -row, np.float16)))


def test_a_store_gives_back_every_view(tmp_path):
    store = fill_store(tmp_path, N_CLIPS, compute)

    assert len(store) == N_CLIPS
    assert store.refused == {3: "no speech"}
    assert store.count_views(3) == 0
    for row in (0, 2, 4, PART_SIZE - 1, PART_SIZE, N_CLIPS - 1):
        assert store.count_views(row) == 2
        assert store.count_frames(row) == row + 1
        np.testing.assert_array_equal(store.get(row), compute(row).views[0])
        np.testing.assert_array_equal(store.get(row, 1), compute(row).views[1])


def test_a_full_disk_is_named_and_what_was_kept_before_stays(tmp_path):
    fill_store(tmp_path, PART_SIZE, compute)

    with full_disk(), pytest.raises(TrainingError, match=rf"^cannot write what was computed to '{tmp_path}': "):
        fill_store(tmp_path, N_CLIPS, compute)

    assert len(fill_store(tmp_path, N_CLIPS, compute)) == N_CLIPS


def test_what_was_kept_before_a_failure_is_not_computed_again(tmp_path):
    computed = []

    def fail_late(row: int) -> Frames:
        computed.append(row)
        if row == PART_SIZE:
            raise OSError("no space left on device")
        return compute(row)

    with pytest.raises(OSError, match="no space left"):
        fill_store(tmp_path, N_CLIPS, fail_late)
    computed.clear()
    fill_store(tmp_path, N_CLIPS, lambda row: computed.append(row) or compute(row))

    assert computed == list(range(PART_SIZE, N_CLIPS))


def test_a_part_that_another_process_works_on_is_left_to_it(tmp_path, monkeypatch):
    import fcntl

    lock = (tmp_path / "000000.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    computed = []
    # Waiting is where the other process ends.
    monkeypatch.setattr("recognizer.training.frame_store.time.sleep", lambda _seconds: lock.close())

    store = fill_store(tmp_path, N_CLIPS, lambda row: computed.append(row) or compute(row))

    assert computed[0] == PART_SIZE
    assert sorted(computed) == list(range(N_CLIPS))
    assert len(store) == N_CLIPS
