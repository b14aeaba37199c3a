# SPDX-License-Identifier: MIT
"""The start of a program: what it finds, and how a start fails."""
import os
import re
import subprocess

import pytest

from program import ROOT, boot, built, pack, reports

KINDS = ("glibc-static", "glibc-static-pie", *(pytest.param(k, marks=pytest.mark.smoke) for k in ("musl-static", "glibc-dynamic")))
DEFAULTS = {"HOME": "/", "TERM": "linux", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
ARGS = ["3", "two words", "", "--", "x=1", "ip=9.9.9.9"]


def between(text):
    return re.search(r"^BEGIN\n(.*?)^END\n", text.replace("\r", ""), re.M | re.S).group(1)


def code(status):
    """Returns the guest's exit code, which isa-debug-exit encodes in QEMU's exit status as 2 * code + 1."""
    return status >> 1 if status & 1 else status


@pytest.mark.parametrize("kind", KINDS)
def test_start_is_like_linux(kind, tmp_path):
    program = built(f"start-{kind}")
    linux = subprocess.run(["/init", *ARGS], executable=program, env={**DEFAULTS, "A": "b c", "EMPTY": ""},
                           capture_output=True, text=True, check=False)
    with boot(pack(tmp_path, program), ARGS, append='A="b c" EMPTY=', net="") as guest:
        status = guest.end()
        guest.reader.join()
    # On Linux the test runs the program with an argv[0] that is not its path.
    expected = between(linux.stdout).replace("execfn other", "execfn same")
    assert between(guest.console) == expected
    assert code(status) == linux.returncode == 3
    assert not reports(guest.console), guest.console


@pytest.mark.parametrize("status, reported", [(0, 0), (3, 3), (128, 1)])
def test_the_end_is_logged_and_tools_run_has_the_exit_code(status, reported):
    """isa-debug-exit passes on 7 bits of the code: 128, whose lower 7 bits are 0, becomes 1 and stays a failure."""
    env = {"PATH": os.environ["PATH"], "APP": built("start-musl-static"), "ARGS": str(status), "CMDLINE": "ip=off", "PORT": "46000"}
    ran = subprocess.run(["tools/run"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60,
                         check=False)
    assert re.search(rf"'start-musl-\w+' ended with code {status}: power off\r?$", ran.stdout, re.M)
    assert ran.returncode == reported


def test_a_program_with_arguments_has_the_card_of_microvm():
    """QEMU appends the virtio-mmio slots to the command line, behind the program's arguments, unless ACPI describes them."""
    env = {"PATH": os.environ["PATH"], "APP": built("start-musl-static"), "ARGS": "3", "MACHINE": "microvm", "PORT": "46000"}
    ran = subprocess.run(["tools/run"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60,
                         check=False)
    assert "eth0: link up" in ran.stdout and "argc 2," in ran.stdout
    assert ran.returncode == 3


def start(initrd, init="/init", append=""):
    with boot(initrd, init=init, append=append, net="") as guest:
        status = guest.end()
        guest.reader.join()
    return code(status), guest.console


def test_a_program_that_is_missing(tmp_path):
    status, console = start(pack(tmp_path, built("start-musl-static")), "/bin/none")
    assert "/bin/none: cannot be opened (-2, no such file)" in console
    assert status == 127


def test_a_file_that_is_no_program(tmp_path):
    text = tmp_path / "text"
    text.write_text("just text\n")
    status, console = start(pack(tmp_path, built("start-musl-static"), "--file", f"{text}=/text"), "/text")
    assert "/text: not a program that can run: neither an ELF file nor a script" in console
    assert status == 126


def test_a_script(tmp_path):
    script = tmp_path / "script"
    script.write_text(f"#!{built('start-musl-static')} 5\n")
    status, console = start(pack(tmp_path, built("start-musl-static"), "--file", f"{script}=/script"), "/script")
    assert "argv[1]=<5>\nargv[2]=</script>\n" in between(console)
    assert status == 5


def test_unknown_words_of_the_command_line(tmp_path):
    _, console = start(pack(tmp_path, built("start-musl-static")), append="colour=blue mtu wrong.name=1")
    assert "<colour=blue>" in between(console)
    assert 'unknown option "mtu"' in console and 'unknown option "wrong.name=1"' in console
