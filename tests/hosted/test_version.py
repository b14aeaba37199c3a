# SPDX-License-Identifier: MIT
"""A changed version, as after each commit, recompiles only one file."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = "build/host-asan/libsoftnet.so"      # make hosted has built it


def test_a_version_compiles_one_file():
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    said = subprocess.run(["make", "-n", "-W", "build/generated/version.h", LIBRARY], cwd=ROOT, env=env, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    assert re.findall(r" -c (\S+)", said) == ["kernel/version.c"]
