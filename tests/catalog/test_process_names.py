from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from catalog.process_names import is_known_dead, name_this_process


def test_a_process_that_runs_is_not_dead():
    assert not is_known_dead(name_this_process())


def test_a_process_that_ended_is_dead():
    program = "from catalog.process_names import name_this_process; print(name_this_process())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert is_known_dead(ended.stdout.strip())


def test_a_process_id_given_again_is_another_process():
    assert is_known_dead(f"{socket.gethostname()}:{os.getpid()}:1")


@pytest.mark.parametrize("name", ["", "me", "elsewhere:1:1", "elsewhere:x:1"])
def test_nothing_is_known_of_other_machines(name):
    assert not is_known_dead(name)
