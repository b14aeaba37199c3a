# SPDX-License-Identifier: MIT
"""make compile_commands.json lists every source, with a command that compiles it."""
import json
import os
import subprocess
import pytest
import tidy

SAMPLES = ["net/tcp/tcp_input.c", "tests/host/app/libc/syscalls.c", "kernel/x86/shipped/unwind.c", "tests/host/conductor.c"]


@pytest.fixture(scope="module")
def database():
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "compile_commands.json"], cwd=tidy.ROOT, env=env, check=True)
    with open(os.path.join(tidy.ROOT, "compile_commands.json")) as f:
        entries = json.load(f)
    found = {e["file"]: e for e in entries}
    assert len(found) == len(entries)
    return found


def test_every_source_is_in_it(database):
    assert set(database) == {p for p in tidy.tree() if p.endswith((".c", ".S"))}


@pytest.mark.parametrize("source", SAMPLES)
def test_command_compiles(source, database):
    words = database[source]["arguments"]
    subprocess.run([*words[:words.index("-c")], "-MF", os.devnull, "-fsyntax-only", source], check=True,
                   cwd=database[source]["directory"])


def test_the_machine_comes_first(database):
    """A source that is in several images has the command of the machine's image."""
    assert "-mcmodel=kernel" in database["net/tcp/tcp_input.c"]["arguments"]
