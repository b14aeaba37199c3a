# SPDX-License-Identifier: MIT
"""The environment of a measurement: a network namespace with a tap, a guest booted on that tap, the client in the same
namespace, and a time limit for all of that."""
import contextlib
import faulthandler
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

from guest import BUILD, HOST_IP, MAC, ROOT, TAP

sys.path.insert(0, os.path.join(ROOT, "tools"))
from netns import die_with_parent, enter, make_tap, new_network, open_tap, prepare, sh  # noqa: E402

EXTRA_IP = "10.77.0.101"      # first of N_SRC consecutive client addresses
N_SRC = 16
SECS_MAX = 120                # longest measurement that the client accepts (netbench/main.c)


def say(*a):
    print(*a, file=sys.stderr, flush=True)


def need_root():
    if os.geteuid() != 0:
        sys.exit("bench: a network namespace and a tap device need root:  sudo make bench  (or as root)")
    if not os.path.exists("/dev/net/tun"):
        sys.exit("bench: no /dev/net/tun here: load the module tun (modprobe tun), or give it to the container")


def build_tools():
    subprocess.run(["make", "-s", "-C", ROOT, "bench-tools"], check=True, stdout=sys.stderr)


class Namespace:
    """A network namespace with tap0.  Within the `with` statement this process is in it; child processes inherit it.  It
    has no name, so it ends with the last of these processes, even if they are killed."""

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        new_network(user=False)
        try:
            prepare()
            make_tap("tap0", HOST_IP + "/24")
            head, last = EXTRA_IP.rsplit(".", 1)
            for i in range(N_SRC):
                sh("ip", "addr", "add", f"{head}.{int(last) + i}/24", "dev", "tap0")
            sh("ip", "link", "set", "tap0", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def neigh(self, ip):
        sh("ip", "neigh", "replace", ip, "lladdr", MAC, "nud", "permanent", "dev", "tap0")

    def queue(self, n):
        sh("ip", "link", "set", "tap0", "txqueuelen", str(n))

    def __exit__(self, *_):
        enter(self.home)
        os.close(self.home)


def netbench(guest, args, qemu=None, insn=None, limit=100, paused=None):
    """Runs the client once; returns its JSON, or {"error": ...}.  @paused: called when the client, with its option -p, has
    printed a first line and waits."""
    a = [os.path.join(BUILD, "netbench"), args[0], "-h", guest.ip, "-b", str(guest.base), *args[1:]]
    if qemu:
        a += ["-P", str(qemu.pid)]
    if insn:
        a += ["-I", insn]
    try:
        with subprocess.Popen(a, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            try:
                if paused and p.stdout.readline():
                    paused()
                out = p.communicate("\n" if paused else None, timeout=limit)[0]
            except BaseException:
                p.kill()
                raise
        return json.loads(out.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError) as e:
        return {"mode": args[0], "error": str(e)[:200]}


class Boot:
    """One run of QEMU.  boot_ms is the time from its exec to the first echoed byte, or None if no byte came in
    time.  @path: what is between the guest and the tap (lossy.py); without a path, QEMU opens the tap."""

    def __init__(self, ns, guest, tmp, mem=None, plugin=None, timeout=None, path=None):
        self.ns, self.guest, self.tmp, self.mem, self.path = ns, guest, tmp, mem, path
        self.counts = os.path.join(tmp, "counts") if plugin else None
        self.plugin = f"{plugin},out={self.counts}" if plugin else None
        self.timeout = timeout or guest.boot_timeout * (3 if plugin else 1)

    def __enter__(self):
        self.ns.neigh(self.guest.ip)     # so that SYNs reach the tap without ARP's one-second pauses
        self.ns.queue(32)                # SYNs sent before the guest answers must not pile up
        cmd = self.guest.qemu(self.tmp, self.mem, self.plugin, self.path.netdev if self.path else TAP)
        self.log = open(os.path.join(self.tmp, "qemu.log"), "w+b")
        t0 = time.monotonic_ns()
        self.q = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                  pass_fds=self.path.for_qemu if self.path else (), preexec_fn=die_with_parent)
        try:
            r = netbench(self.guest, ["firstbyte", "-t", str(self.timeout), "-z", str(t0)], limit=self.timeout + 10)
            self.boot_ms = r.get("ms")
            self.ns.queue(1000)
        except BaseException:
            self.__exit__()
            raise
        return self

    def alive(self):
        return self.q.poll() is None

    def serial(self, last=1500):
        with contextlib.suppress(OSError), open(os.path.join(self.tmp, "serial.log"), errors="replace") as f:
            return f.read()[-last:]
        return ""

    def explain(self):
        self.log.seek(0)
        out = self.log.read()[-500:].decode(errors="replace")
        state = "running" if self.alive() else f"exit {self.q.poll()}"
        return f"QEMU: {state} {out}\nserial: {self.serial()}"

    def __exit__(self, *_):
        if self.alive():
            self.q.terminate()
            try:
                self.q.wait(3)
            except subprocess.TimeoutExpired:
                self.q.kill()
                self.q.wait()
        self.log.close()


class Stuck(Exception):
    """Raised when one boot and its measurements take longer than the limit of bounded()."""


@contextlib.contextmanager
def bounded(seconds, lock=None, shared=False):
    """Limits the time that the body of the `with` statement may take: raises Stuck after @seconds. Holds the lock file,
    if one is given, because other measurements share the machine."""
    def stuck(*_):
        faulthandler.dump_traceback()
        raise Stuck(f"more than {seconds:.0f} s in one boot and its measurements: given up")

    with open(lock or os.devnull, "a") as f:
        if lock:
            fcntl.flock(f, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        signal.signal(signal.SIGALRM, stuck)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
