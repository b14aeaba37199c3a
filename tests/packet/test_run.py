# SPDX-License-Identifier: MIT
"""The command tests/packet/run: its TAP output, its exit status, and that a crash of one script does not affect the
next one."""
import os
import signal
import subprocess
import sys
import time

import pytest
import suite as suite_module
from conftest import SERVER

POWER, STOP = 1001, 2  # __NR_softnet_power, HAL_HALT_STOP
RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")


def command(*words, **kwargs):
    """Runs the command; returns its exit status, the lines on stdout, and stderr."""
    done = subprocess.run([RUN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **kwargs)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_tap(tmp_path):
    """The output is a plan, a line for each file, and comments about failures; the status is 1 if a file failed."""
    good, bad, other = tmp_path / "good.pkt", tmp_path / "bad.pkt", tmp_path / "other.pkt"
    good.write_text(SERVER)
    bad.write_text(SERVER + "+0 > . 1:1(0) ack 1\n")
    other.write_text("--ip_version=ipv6\n" + SERVER)
    status, lines, _ = command(str(good), str(bad), str(other), str(tmp_path / "none.pkt"))
    assert status == 1
    results = [line for line in lines if not line.startswith("#")]
    assert results == ["1..4", f"ok 1 - {good}", f"not ok 2 - {bad}", f"ok 3 - {other} # SKIP IPv6",
                       f"not ok 4 - {tmp_path / 'none.pkt'}"]
    comments = [line for line in lines if line.startswith("#")]
    assert "bad.pkt:8: no packet was sent" in comments[0]
    assert "expected" in comments[1] and "actual" in comments[2]
    assert "No such file or directory" in comments[3]
    assert command(str(good), str(other))[0] == 0
    assert command()[0] == 2


def test_a_folder_plays_its_scripts(tmp_path):
    """A folder plays its *.pkt files in order of their names, and no other files."""
    for name in ("b.pkt", "a.pkt", "c.txt"):
        (tmp_path / name).write_text(SERVER)
    assert [line[-5:] for line in command(str(tmp_path))[1][1:]] == ["a.pkt", "b.pkt"]


def test_options_of_the_command_line(tmp_path):
    """-D in both forms, an option of packetdrill and --parse are accepted; an unknown option is an error."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER.replace("listen(3, 1)", "listen(3, BACKLOG)"))
    assert command("-D", "BACKLOG=5", str(path))[0] == 0
    assert command("--define=BACKLOG=5", "--tolerance_usecs=100", str(path))[0] == 0
    assert command(str(path))[0] == 1
    assert command("--parse", "-DBACKLOG=5", str(path))[0] == 0
    assert command("--frobnicate=1", str(path))[0] == 2


def test_an_option_that_the_kernel_does_not_know_fails(tmp_path):
    """A wrong option in --cmdline fails the script, which would otherwise play without that option."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    assert command("--cmdline=sysctl.net.ipv4.tcp_retries2=8", str(path))[0] == 0
    status, lines = command("--cmdline=frob=1 sysctl.net.ipv4.tcp_retries2=x", str(path))[:2]
    assert status == 1
    told = "".join(lines)
    assert 'unknown option "frob=1"' in told
    assert 'invalid option "sysctl.net.ipv4.tcp_retries2=x": expected' in told


def test_a_file_that_is_not_utf_8(tmp_path):
    """A file that is not UTF-8 fails; the other files are still played."""
    path = tmp_path / "a.pkt"
    path.write_bytes(b"\xff\xfe\x00")
    status, lines, _ = command(str(path), str(path))
    assert status == 1 and lines[0] == "1..2" and "not a text" in lines[2]


class Story:
    """Replaces Suite._story(): the child process calls @what instead of playing a script."""

    def __init__(self, what):
        self.what = what

    def __call__(self, *_):
        self.what()


def test_a_script_that_crashes_hangs_or_raises_fails(suites, tmp_path, monkeypatch):
    """A script whose child crashes, hangs or raises an exception fails, and the next script still plays."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    s = suites()
    with monkeypatch.context() as m:
        m.setattr(s, "_story", Story(lambda: os.kill(os.getpid(), signal.SIGSEGV)))
        result = s.play(str(path))
        assert result.status == "not ok" and "SIGSEGV" in result.reason
        m.setattr(s, "_story", Story(lambda: 1 / 0))
        result = s.play(str(path))
        assert result.status == "not ok" and "ZeroDivisionError" in "".join(result.lines)
        m.setattr(s, "_story", Story(lambda: time.sleep(3600)))
        m.setattr(suite_module, "WALL_SECONDS", 0.2)
        result = s.play(str(path))
        assert result.status == "not ok" and "hangs" in result.reason
    assert s.play(str(path)).status == "ok"


def test_a_crash_leaves_no_trace_of_the_interpreter(tmp_path):
    """A crash of the child is only reported in its Result.  Python's faulthandler, which pytest enables, must not
    print a trace as well, not even in a run that passes."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    text = (f"import os, signal, sys; sys.path.insert(0, {os.path.dirname(RUN)!r}); from suite import Suite; s = Suite()\n"
            "s._story = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)\n"
            f"print(s.play({str(path)!r}).reason)")
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", text], capture_output=True, text=True, check=False)
    assert "SIGSEGV" in done.stdout and done.stderr == ""


def test_a_tree_that_is_not_built(tmp_path):
    """Without a built library the command prints which target builds it; --parse works without the library."""
    tree = tmp_path / "tests"
    tree.mkdir()
    for name in ("host", "wire"):
        (tree / name).symlink_to(os.path.join(os.path.dirname(os.path.dirname(RUN)), name))
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    # Run a copy of the command: it looks for the library relative to its own folder.
    copy = tree / "packet"
    copy.mkdir()
    for name in os.listdir(os.path.dirname(RUN)):
        if name == "run" or name.endswith(".py"):
            with open(os.path.join(os.path.dirname(RUN), name), "rb") as f:
                (copy / name).write_bytes(f.read())
    for words, status, said in (([], 2, "libsoftnet.so is not there: make build/host/libsoftnet.so"), (["--parse"], 0, "")):
        done = subprocess.run([sys.executable, str(copy / "run"), *words, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == status and said in done.stderr, done
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line, reason", [
    ("+0 setsockopt(3, SOL_TCP, TCP_FUNCTION_BLK, [1], 4) = 0", "TCP_FUNCTION_BLK, which is another system's"),
    ("+0 kqueue() = 4", "kqueue(), which is another system's or protocol's"),
    ("+0 < udp (10)", "udp packets"), ("+0 < icmp packet_too_big mtu 1280", "ICMPv6"),
    ("+0 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 4", "IPv6"),
])
def test_unsupported_syntax_is_a_skip_on_linux_too(suites, tmp_path, line, reason):
    """Syntax that the interpreter does not support skips the script, also with --versus-linux, before a namespace is
    created."""
    path = tmp_path / "a.pkt"
    path.write_text("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n" + line + "\n")
    for linux in (False, True):
        result = suites(linux=linux).play(str(path))
        assert (result.status, result.reason) == ("skip", reason)


def test_a_panic_and_a_warning(play, monkeypatch):
    """A kernel that halts or warns fails the script, even if all packets were as expected."""
    with monkeypatch.context() as m:
        m.setattr(suite_module.Play, "run", lambda self: self.machine.call(POWER, STOP, 1))
        result = play(SERVER)
        assert result.status == "not ok" and "the kernel ended" in result.reason
    with monkeypatch.context() as m:
        m.setattr(suite_module.hosted.Machine, "complaint", lambda self: "the kernel warned: no")
        result = play(SERVER)
        assert result.status == "not ok" and "the kernel warned" in result.reason


def test_a_script_does_not_affect_the_next_one(suites, tmp_path):
    """A script that is played five times has the same Result each time."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    assert len({repr(suites().play(str(path))) for _ in range(5)}) == 1


def test_a_name_is_no_directive(tmp_path):
    """A `# SKIP` in the name of a file that fails does not turn the failure into a skip."""
    odd = tmp_path / "fails # SKIP x\n.pkt"
    odd.write_text("0 nonsense\n")
    out = subprocess.run([RUN, str(odd)], stdout=subprocess.PIPE, text=True, check=False)
    verdicts = [line for line in out.stdout.splitlines() if line.startswith(("ok", "not ok"))]
    assert out.returncode == 1 and len(verdicts) == 1
    assert "\\# SKIP" in verdicts[0]


def test_help_and_an_empty_folder(tmp_path):
    """--help exits with status 0; a folder without scripts is an error."""
    status, lines, _ = command("--help")
    assert status == 0 and "Plays packet scripts" in lines[0]
    status, lines, _ = command(str(tmp_path))
    assert status == 1 and lines[:2] == ["1..1", f"not ok 1 - {tmp_path}"]
    assert "without scripts" in lines[2]


def test_a_folder_that_cannot_be_read(tmp_path):
    """A folder that can't be read counts as a failure; the scripts beside it are played.  The test gives the folder a
    path that is too long, because file permissions would not stop root."""
    (tmp_path / "a.pkt").write_text(SERVER)
    name = 250 * "d"
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(os.pathconf(tmp_path, "PC_PATH_MAX") // len(name) + 1):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    status, lines, _ = command("--parse", str(tmp_path))
    assert status == 1 and lines[0] == "1..2" and lines[1].startswith("ok 1 - ")
    assert lines[2].startswith("not ok 2 - ") and "File name too long" in lines[3]


def test_a_closed_output_pipe(tmp_path):
    """With `run | head` the command ends with the status of SIGPIPE and prints no error."""
    path = tmp_path / "a.pkt"
    path.write_text(SERVER)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([RUN, "--parse", str(path)], stdout=writer, stderr=subprocess.PIPE, text=True,
                          check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_snippet_without_end(play, monkeypatch):
    """A snippet that never returns fails the script when its time is over."""
    monkeypatch.setattr(suite_module, "WALL_SECONDS", 0.2)
    result = play(SERVER + "+0 %{ while True: pass }%\n")
    assert result.status == "not ok" and "hangs" in result.reason


@pytest.mark.parametrize("line", ["`false`", "`sysctl -q net.ipv4.tcp_frobnicate=1`", "`tc qdisc del`",
                                  "`sysctl -q net.ipv4.tcp_retries1=77777`"])
def test_a_skip_names_its_line(play, line):
    """The reason of a skip names the line of the shell command, before the first event and between events."""
    for text, number in ((f"\n{line}\n" + SERVER, 2), (f"`true\n{line[1:]}\n" + SERVER, 2),
                         (SERVER + f"+0\n{line}\n", 9)):
        result = play(text)
        assert result.status == "skip", result
        assert result.reason.startswith(f"{result.path}:{number}: "), result
