# SPDX-License-Identifier: MIT
"""A program in C on a host of the lab: the commands and the experiment of docs/lab.md run as they stand."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
ROUND_TRIPS = 2 * 0.04 * 1000   # ms: the handshake, then request and answer
SYN_TIMEOUT = 1000              # ms, RFC 6298 2.1


def only(pattern, text):
    """Returns the group of the only match of @pattern in @text."""
    found, = re.findall(pattern, text, re.S | re.M)
    return found


def shell(command, status=0):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, shell=True, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def build(source):
    """Builds the kernel with the program @source with the page's command."""
    command = only(r"^    (make lab-app .*?)$", (ROOT / "docs/lab.md").read_text())
    return shell(command.replace("APP=hello.c", f"APP={source}"))


def test_the_pages_server(tmp_path):
    """The server of docs/writing-an-app.md answers each request over a lossy link; a second run takes the same
    times."""
    (tmp_path / "hello.c").write_text(only("```c\n(.*?)```", (ROOT / "docs/writing-an-app.md").read_text()))
    page = (ROOT / "docs/lab.md").read_text()
    experiment = tmp_path / "experiment.py"
    experiment.write_text(only("```python\n(from softnet import NR.*?)```", page))
    assert "build/lab/hello.so" in build(tmp_path / "hello.c")
    command = only("^    (PYTHONPATH=.*?)$", page).replace("experiment.py", str(experiment))
    said = shell(command)
    times = [float(ms) for ms in re.findall(r"^Hello\. after ([\d.]+) ms$", said, re.M)]
    assert len(times) == len(said.splitlines()) == 5
    assert min(times) >= ROUND_TRIPS
    assert max(times) >= ROUND_TRIPS + SYN_TIMEOUT, "the lossy link lost nothing that mattered"
    assert shell(command) == said
    experiment.write_text(experiment.read_text().replace(", loss=0.2", ""))
    # A new neighbour costs no time: ARP crosses the links at once.
    assert shell(command) == f"Hello. after {ROUND_TRIPS:.1f} ms\n" * 5


@pytest.mark.parametrize("name, ready", [("inetd", "READY echo 7 discard 9 netstat 15 chargen 19"), ("chat", "READY chat 23"),
                                         ("hello", "READY hello 7")])
def test_each_program_of_apps(tmp_path, name, ready):
    """Each program of apps/ starts on a host of the lab, from its unchanged source."""
    shutil.copy(ROOT / f"apps/{name}.c", tmp_path / f"own_{name}.c")
    build(tmp_path / f"own_{name}.c")
    said = shell(f"PYTHONPATH=tools/lab /usr/bin/python3 -c 'from softnet import Lab; l = Lab(library=\"build/lab/own_{name}.so\"); "
                 f"print(l.host(\"app=own_{name}\").console()); l.close()'")
    assert ready in said


def test_a_missing_source_is_reported():
    assert "there is no /nowhere.c" in shell("make -s lab-app APP=/nowhere.c", status=2)
