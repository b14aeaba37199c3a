# SPDX-License-Identifier: MIT
"""Servers in several languages and ways of linking boot and serve; so do unmodified programs of Debian."""
import contextlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import urllib.request

import pytest

from program import ROOT, boot, built, pack, reports

PORT = 7777
KINDS = ("glibc-static", "glibc-static-pie", "glibc-dynamic-no-pie",
         *(pytest.param(k, marks=pytest.mark.smoke) for k in ("musl-static", "glibc-dynamic")))


def served(initrd, args=(), append="", port=PORT, **options):
    return boot(initrd, args, append, ready=options.pop("ready", r"^READY.*"), services=(port,), **options)


def check_echo(guest):
    with socket.create_connection(("127.0.0.1", guest.ports[PORT]), timeout=30) as s:
        for size in (1, 1000, 100000):
            data = os.urandom(size)
            s.sendall(data)
            got = b""
            while len(got) < size:
                part = s.recv(65536)
                assert part, "the connection was closed"
                got += part
            assert got == data


@pytest.mark.parametrize("kind", KINDS)
def test_c(kind, tmp_path):
    with served(pack(tmp_path, built(f"echo-{kind}")), ["two words"]) as guest:
        guest.wait(r"READY 2 arguments, two words, 3\.142")
        for _ in range(3):
            check_echo(guest)
    assert not reports(guest.console), guest.console


def test_rust(tmp_path):
    with served(pack(tmp_path, built("server-rust")), ["a"]) as guest:
        check_echo(guest)
    assert not reports(guest.console), guest.console


def test_go(tmp_path):
    with served(pack(tmp_path, built("server-go")), append="COLOUR=blue", mem=128) as guest:
        for i in range(20):
            with urllib.request.urlopen(f"http://127.0.0.1:{guest.ports[PORT]}/page{i}", timeout=30) as answer:
                assert answer.read().decode() == f"go /page{i} blue"
    assert not reports(guest.console), guest.console


def request(*words):
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words)


def redis(s, *words):
    s.sendall(request(*words))
    return s.recv(65536).decode()


def test_redis(tmp_path):
    """Debian's redis-server, linked dynamically.  The clients connect one after the other: QEMU's own listener has a backlog of
    one, so many at once would wait seconds for the host's second SYN."""
    program = shutil.which("redis-server")
    args = ["--save", "", "--protected-mode", "no"]
    with served(pack(tmp_path, program), args, port=6379, ready="Ready to accept connections", mem=256) as guest:
        with contextlib.ExitStack() as stack:
            clients = []
            for i in range(20):
                clients.append(stack.enter_context(socket.create_connection(("127.0.0.1", guest.ports[6379]), timeout=120)))
                assert redis(clients[i], "PING") == "+PONG\r\n"
            for i, s in enumerate(clients):
                s.sendall(request("SET", f"name{i}", f"value{i}") + request("RPUSH", "list", str(i)))
            for i, s in enumerate(clients):
                got = b""
                while got.count(b"\r\n") < 2:
                    got += s.recv(65536)
                assert got.startswith(b"+OK\r\n:")
            for i, s in enumerate(clients):
                assert redis(s, "GET", f"name{19 - i}").endswith(f"\r\nvalue{19 - i}\r\n")
            assert redis(clients[0], "LLEN", "list") == ":20\r\n"
        bench = subprocess.run(["redis-benchmark", "-p", str(guest.ports[6379]), "-n", "2000", "-c", "1", "-t", "ping,set,get,lpush", "-q"],
                               capture_output=True, text=True, timeout=300, check=False)
        assert bench.returncode == 0 and "GET" in bench.stdout, bench.stdout + bench.stderr
    assert not reports(guest.console), guest.console


def test_busybox_shell(tmp_path):
    """The shell of Debian's busybox-static runs its built-in commands, which need no fork."""
    script = "echo one; cd /tmp && pwd; x=$((6*7)); echo x=$x; read line < /etc/greeting; echo \"<$line>\"; test -d /proc && echo proc"
    (tmp_path / "greeting").write_text("good morning\n")
    (tmp_path / "empty").mkdir()
    initrd = pack(tmp_path, "/bin/busybox", "--file", f"{tmp_path}/greeting=/etc/greeting", "--dir", f"{tmp_path}/empty=/tmp")
    with boot(initrd, ["sh", "-c", script], init="/bin/busybox") as guest:
        assert guest.end() == 0
    lines = [line.strip() for line in guest.console.splitlines()]
    for wanted in ("one", "/tmp", "x=42", "<good morning>", "proc"):
        assert wanted in lines, guest.console
    assert not reports(guest.console), guest.console


def test_busybox_netcat(tmp_path):
    """nc connects to the host and prints what it gets until the host closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        initrd = pack(tmp_path, "/bin/busybox")
        with boot(initrd, ["nc", "10.0.2.2", str(server.getsockname()[1])], init="/bin/busybox") as guest:
            server.settimeout(30)
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"over the wire\n")
                guest.wait("over the wire")
            assert guest.end() == 0
    assert not reports(guest.console), guest.console


@pytest.fixture(name="web")
def web_server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"page of the host\n")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_busybox_wget(tmp_path, web):
    """wget in the guest fetches a page from the host, which is 10.0.2.2 in QEMU's user network."""
    with boot(pack(tmp_path, "/bin/busybox"), ["wget", "-q", "-O", "-", f"http://10.0.2.2:{web}/"], init="/bin/busybox") as guest:
        guest.wait("page of the host")
        assert guest.end() == 0
    assert not reports(guest.console), guest.console


def test_make_run_of_busybox():
    """busybox chooses its command by argv[0], which `make run` sets to the program's path."""
    ran = subprocess.run(["make", "run", "APP=/usr/bin/busybox", "ARGS=echo hi"], cwd=ROOT, capture_output=True, text=True, timeout=120,
                         stdin=subprocess.DEVNULL, check=False)
    assert re.search(r"^hi\r?$", ran.stdout, re.M), ran.stdout + ran.stderr
