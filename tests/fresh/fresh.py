#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the README's two commands on a minimal Debian with only git, make and ca-certificates added.

Builds a minimal system with debootstrap (once, kept in build/fresh), clones this tree into a copy of it, and runs
the commands of the README there, in a chroot with its own namespaces: `make run` as an ordinary user with sudo, and
both commands as root.  `make run` passes if its console prints READY, the echo service at the address of the README's
`nc` line returns the bytes sent, Ctrl-C ends it, and `nc` is installed.  `make test` passes if it exits with 0.

  tests/fresh/fresh.py [root] [user]      default: both.  Exit status 1 if a command failed, else 0; also 0 if this
                                          machine cannot run the test: then the last line says why.
  tests/fresh/fresh.py --possible         exit status 0 if this machine can run the test, else 1
"""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(ROOT, "build", "fresh")
BASE = os.path.join(WORK, "base.tar")
SUITE = "bookworm"
HOURS = 3600
PATIENCE = {"run": HOURS // 2, "test": HOURS}     # timeouts in s; long enough to install packages and to build


TESTED_BY = "root"     # only this user also runs `make test`, because it takes minutes


def skip(why):
    print(f"test-fresh: skipped: {why}")
    sys.exit(1 if sys.argv[1:] == ["--possible"] else 0)


def readme():
    """Returns the README's two commands, and the host and port in its nc line."""
    with open(os.path.join(ROOT, "README.md")) as f:
        text = f.read()
    block = re.search(r"^((?:    make [^\n]*\n)+)", text, re.M).group(1)
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    assert commands == ["make run", "make test"], f"the README's commands are {commands}"
    host, port = re.search(r"nc ([\d.]+) (\d+)", block).groups()
    return commands, host, int(port)


def mirror():
    """Returns the URL from which this machine's apt gets its packages."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)"], stdout=subprocess.PIPE, text=True)
    for line in out.stdout.splitlines():
        site, _, release = line.partition(" ")
        if release == SUITE:
            return site
    skip(f"apt on this machine knows no {SUITE}")


def base():
    if os.path.exists(BASE):
        return
    os.makedirs(WORK, exist_ok=True)
    site = mirror()
    with tempfile.TemporaryDirectory(prefix="softnet-base-") as d:
        log = os.path.join(WORK, "debootstrap.log")
        with open(log, "w") as f:
            p = subprocess.run(["debootstrap", "--variant=minbase", "--include=git,make,ca-certificates", SUITE, d, site],
                               stdout=f, stderr=subprocess.STDOUT)
        if p.returncode:
            print(open(log).read()[-2000:])
            sys.exit("test-fresh: debootstrap failed; its output is above")
        # Give the new system this machine's apt sources and apt configuration, for example proxies.
        shutil.rmtree(os.path.join(d, "etc/apt/sources.list.d"))
        shutil.copytree("/etc/apt/sources.list.d", os.path.join(d, "etc/apt/sources.list.d"))
        if os.path.exists("/etc/apt/sources.list"):
            shutil.copy("/etc/apt/sources.list", os.path.join(d, "etc/apt/sources.list"))
        elif os.listdir("/etc/apt/sources.list.d"):
            os.remove(os.path.join(d, "etc/apt/sources.list"))
        for name in os.listdir("/etc/apt/apt.conf.d"):
            if not name.startswith(("docker", "20packagekit", "50appstream", "02autoremove")):
                shutil.copy(os.path.join("/etc/apt/apt.conf.d", name), os.path.join(d, "etc/apt/apt.conf.d"))
        subprocess.run(["tar", "-C", d, "--numeric-owner", "-cf", BASE + ".part", "."], check=True)
        os.rename(BASE + ".part", BASE)


class System:
    """A copy of the minimal system with the tree cloned into it, used as @who ("root" or "user")."""

    def __init__(self, who):
        self.who = who

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="softnet-fresh-")
        subprocess.run(["tar", "-C", self.dir, "-xf", BASE], check=True)
        os.chmod(self.dir, 0o755)      # it is the root directory of the fresh system
        for f in ("resolv.conf", "hosts"):
            shutil.copy("/etc/" + f, os.path.join(self.dir, "etc", f))
        self.home = "/root"
        if self.who == "user":
            self.home = "/home/dev"
            self.inside("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq sudo >/dev/null && "
                        "useradd -m -s /bin/bash dev && echo 'dev ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/dev")
        clone = self.dir + self.home + "/softnet"
        subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", "--no-local", ROOT, clone], check=True)
        if self.who == "user":
            self.inside("chown -R dev:dev /home/dev/softnet")
        return self

    def command(self, words):
        """Returns a command that runs @words in the system; its processes and mounts end with it (new namespaces)."""
        # "exit" keeps bash from replacing itself with make: as process 1, make could not end itself with a signal.
        shell = f"cd {self.home}/softnet 2>/dev/null || cd /; {words}; exit $?"
        if self.who == "user":
            shell = f"exec su dev -c {sh(shell)}"
        mounts = (f"mount -t proc proc {self.dir}/proc; mount --rbind /dev {self.dir}/dev; "
                  f"mount -t tmpfs tmpfs {self.dir}/tmp; exec chroot {self.dir} /usr/bin/env -i "
                  f"HOME={self.home} TERM=dumb LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
                  f"bash -c {sh(shell)}")
        return ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "bash", "-c", mounts]

    def inside(self, words):
        who, self.who = self.who, "root"
        try:
            subprocess.run(self.command(words), check=True, stdin=subprocess.DEVNULL)
        finally:
            self.who = who

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)


def sh(s):
    return "'" + s.replace("'", "'\\''") + "'"


class Terminal:
    """A command on a new terminal: collects its output and sends it keys."""

    def __init__(self, cmd):
        self.text = ""
        self.pid, self.fd = os.forkpty()
        if not self.pid:
            os.execvp(cmd[0], cmd)

    def read_until(self, pattern, patience):
        """Returns the match of @pattern in the output; None if the command ends first, or after @patience seconds."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if m := re.search(pattern, self.text, re.M):
                return m
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:         # the other end is closed
                    data = b""
                if not data:
                    return None
                self.text += data.decode(errors="replace").replace("\r", "")
        return None

    def key(self, c):
        os.write(self.fd, c)

    def end(self, patience):
        """Returns the exit status; if the command does not end within @patience seconds, kills it and returns None."""
        deadline = time.monotonic() + patience
        self.read_until(r"(?!)", patience)      # a pattern that never matches, not even an empty text
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        while not pid and time.monotonic() < deadline:
            time.sleep(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            self.kill()
            return None
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def fail(who, command, why, text):
    print(text[-6000:])
    print(f"test-fresh: {who}: {command}: {why}")
    return False


def check_run(system, command, host, port):
    started = time.monotonic()
    t = Terminal(system.command(command))
    if not t.read_until(r"^READY", PATIENCE["run"]):
        t.kill()
        return fail(system.who, command, "did not print READY", t.text)
    with socket.create_connection((host, port), timeout=60) as s:
        s.sendall(b"hello from a fresh system\n")
        back = s.recv(100)
    if back != b"hello from a fresh system\n":
        t.kill()
        return fail(system.who, command, f"the echo service returned {back!r}", t.text)
    t.key(b"\x03")
    if t.end(60) is None:
        return fail(system.who, command, "did not end by Ctrl-C", t.text)
    if not os.path.lexists(os.path.join(system.dir, "usr/bin/nc")):
        return fail(system.who, command, "did not install nc", t.text)
    print(f"test-fresh: {system.who}: {command}: READY, echoed, ended by Ctrl-C: {time.monotonic() - started:.0f} s")
    return True


def check_test(system, command):
    started = time.monotonic()
    t = Terminal(system.command(command))
    status = t.end(PATIENCE["test"])
    print("".join(re.findall(r"^-- .*\n", t.text, re.M)), end="")
    if status != 0:
        return fail(system.who, command, f"ended with {status}", t.text)
    print(f"test-fresh: {system.who}: {command}: passed: {time.monotonic() - started:.0f} s")
    return True


def main():
    whos = [a for a in sys.argv[1:] if a != "--possible"] or ["user", "root"]
    if not {"user", "root"}.issuperset(whos):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    if os.geteuid():
        skip("needs root, for debootstrap and chroot")
    for tool in ("debootstrap", "unshare", "git", "apt-get"):
        if not shutil.which(tool):
            skip(f"no {tool} on this machine")
    (run, test), host, port = readme()
    if sys.argv[1:] == ["--possible"]:
        if not os.path.exists(BASE):
            mirror()
        return 0
    base()
    ok = True
    for who in whos:
        with System(who) as system:
            ok = check_run(system, run, host, port) and ok
            ok = (who != TESTED_BY or check_test(system, test)) and ok
    print(f"test-fresh: {'passed' if ok else 'FAILED'} ({', '.join(whos)})")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
