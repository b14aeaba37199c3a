# SPDX-License-Identifier: MIT
"""docs/writing-an-app.md: its program compiles and serves, and its commands run as they stand."""
import os
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from program import ROOT, built

PATIENCE = 60


@pytest.fixture(scope="module", name="page")
def text():
    with open(os.path.join(ROOT, "docs/writing-an-app.md")) as f:
        return f.read()


def commands(page):
    """Returns the indented commands of the page; a line that ends with a backslash continues."""
    return [c.strip() for c in re.findall(r"^    (\S(?:.*\\\n)*.*)$", page, re.M)]


def fetch(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        return answer.read().decode()


def serve(command, folder, ready):
    """Runs @command in a shell until its output has @ready; returns the process."""
    p = subprocess.Popen(command, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                         text=True, start_new_session=True)
    said = ""
    for line in p.stdout:
        said += line
        if ready in line:
            return p
    raise AssertionError(said)


def end(p):
    os.killpg(p.pid, signal.SIGTERM)
    p.wait(PATIENCE)


@pytest.fixture(name="booted")
def start_and_end():
    """A function that boots the page's command as serve() does; the guests end with the test."""
    started = []

    def boot(command, ready):
        started.append(serve(command, ROOT, ready))

    yield boot
    for p in started:
        end(p)


def only(page, start):
    """Returns the one command of the page that begins with @start."""
    command, = [c for c in commands(page) if c.startswith(start)]
    return command


def test_redis(page, booted):
    booted(only(page, "make run APP=/usr/bin/redis-server"), "Ready to accept connections")
    with socket.create_connection(("127.0.0.1", 16379), timeout=PATIENCE) as s:
        s.sendall(b"PING\r\n")
        assert s.recv(100) == b"+PONG\r\n"


def test_lighttpd(page, tmp_path, booted):
    """The page's command serves files, with the page's configuration file and a folder that has one file."""
    conf, = re.findall(r"```lighttpd\n(.*?)```", page, re.S)
    (tmp_path / "www.conf").write_text(conf)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("a page\n")
    command = only(page, "make run APP=/usr/sbin/lighttpd")
    booted(command.replace("FILES=www.conf=", f"FILES={tmp_path}/www.conf=").replace(",site=", f",{tmp_path}/site="), "server started")
    assert fetch(18081) == "a page\n"


def test_python(page, booted):
    """The page's command serves, with the library folder of the Python version that this machine has."""
    program = os.path.realpath("/usr/bin/python3")
    command = only(page, "make run APP=/usr/bin/python3")
    booted(re.sub(r"python3\.\d+", os.path.basename(program), command), "Serving HTTP on 0.0.0.0")
    assert "Directory listing" in fetch(18083)


def test_variables_of_the_environment(page, booted):
    booted(only(page, "make run APP=server").replace("APP=server", f"APP={built('server-go')}"), "READY")


def test_the_first_server(page, tmp_path):
    """The C program of the page serves on Linux, and then in the guest that `make run` boots."""
    source, = re.findall(r"```c\n(.*?)```", page, re.S)
    (tmp_path / "hello.c").write_text(source)
    on_linux, = [c for c in commands(page) if c.startswith("cc ")]
    p = serve(on_linux, tmp_path, "READY")
    try:
        assert fetch(8080) == "Hello.\n"
    finally:
        end(p)
    boot, = [c for c in commands(page) if c.startswith("make run APP=hello.c")]
    p = serve(boot.replace("APP=hello.c", f"APP={tmp_path}/hello.c"), ROOT, "READY")
    try:
        assert fetch(18080) == "Good morning.\n"
    finally:
        end(p)


def test_the_pack_by_hand(page, tmp_path):
    """The page's commands with tools/pack and QEMU run as they stand."""
    by_hand = [c for c in commands(page) if c.startswith(("tools/pack", "qemu-system"))]
    assert len(by_hand) == 2
    (tmp_path / "server.c").write_text(
        '#include <stdio.h>\n#include <string.h>\nint main(int n, char **v) { char t[9] = ""; FILE *f = fopen("/etc/server.conf", "r");\n'
        'if (!f || !fgets(t, 9, f)) return 1; printf("READY %s %s\\n", v[1], t); return 0; }\n')
    (tmp_path / "server.conf").write_text("setting")
    subprocess.run(["musl-gcc", "-static", tmp_path / "server.c", "-o", tmp_path / "server"], check=True)
    for name in ("tools", "build"):
        os.symlink(os.path.join(ROOT, name), tmp_path / name)
    said = ""
    for command in by_hand:
        said += subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert "READY -v setting" in said
