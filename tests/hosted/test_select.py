# SPDX-License-Identifier: MIT
"""A test program refuses a scene, seed or cell that does not exist, and does not report success."""
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def play(program, *words, **variables):
    """Returns the program's exit status and all that it printed."""
    env = dict(os.environ, ASAN_OPTIONS="detect_stack_use_after_return=0:detect_leaks=0", **variables)
    done = subprocess.run([f"build/hosted/{program}", *words], cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("program, words, variables, said", [
    ("test_handshake", ["no_such_scene"], {}, "no scene has no_such_scene in its name; there are "),
    ("test_loss", ["first_data"], {"SEED": "seven"}, "SEED=seven: a whole number from 0"),
    ("test_matrix", ["CLOSE_WAIT_in"], {"CELL": "NO_SUCH"}, "CELL=NO_SUCH: no event of EVENTS"),
])
def test_a_missing_name_is_refused(program, words, variables, said):
    status, text = play(program, *words, **variables)
    assert status and said in text


def test_existing_scenes_are_played():
    for program, words, variables in (("test_loss", ["first_data"], {"SEED": "7"}),
                                      ("test_matrix", ["CLOSE_WAIT"], {"CELL": "RST_WINDOW"})):
        status, text = play(program, *words, **variables)
        assert status == 0 and "[       OK ]" in text
