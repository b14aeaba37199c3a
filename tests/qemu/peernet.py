# SPDX-License-Identifier: MIT
"""Linux's TCP as the peer of a guest: a network namespace with a cable to the guest.

Network(user) is such a namespace, with agent.py in it. If @user is true, an ordinary user creates it (the user nobody
if root runs the tests), otherwise root does.  Its methods socket(), sockets() and connect() return sockets of the
namespace.

LinuxGuest is a guest that is connected to such a namespace: with wire="relay" by QEMU's dgram or stream netdev, the
relay (relay.py) and a veth pair; with wire="tap" by a tap with offloads.
"""
import contextlib
import json
import os
import socket
import subprocess
import sys

from guest import PATIENCE, Guest

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST_ADDRESS = "10.0.2.15"
BATCH = 64                     # maximum number of sockets in one request; a message carries at most 253 descriptors
# Offloads of a virtio network card: each level includes the levels before it.
OFFLOADS = {"none": 0, "csum": 1, "csum+tso": 2}
OFFLOADS_OUT = (("csum",), ("host_tso4", "host_tso6", "host_ecn", "host_ufo"))
OFFLOADS_IN = (("guest_csum",), ("guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"))
TRIED = {}                     # results of lacking()


def lacking(user):
    """Returns the reason why this machine can't create such a namespace, or None.  It tries with util-linux's commands,
    so that an error in our own code does not look like a missing feature."""
    if user not in TRIED:
        words = ["unshare", "-Urn" if user else "-n", "true"]
        if user and os.getuid() == 0:
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + words
        p = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        TRIED[user] = "network namespaces are not permitted here" if p.returncode else None
    return TRIED[user]


def lacking_tap():
    if os.getuid() != 0:
        return "a tap needs root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun here"
    return lacking(False)


class Network:
    def __init__(self, user):
        self.user = user

    def __enter__(self):
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.agent = subprocess.Popen([sys.executable, os.path.join(HERE, "agent.py"), str(theirs.fileno()),
                                       "user" if self.user else "root"], pass_fds=[theirs.fileno()])
        theirs.close()
        self.control.settimeout(PATIENCE)
        try:
            self.answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.control.close()
        self.agent.wait()

    def answer(self):
        text, fds, _, _ = socket.recv_fds(self.control, 65536, BATCH)
        assert text, "the namespace's agent ended; its error output is above"
        said = json.loads(text)
        assert "error" not in said, said["error"]
        return said["ok"], fds

    def ask(self, op, fds=(), **more):
        socket.send_fds(self.control, [json.dumps(dict(more, op=op)).encode()], fds)
        return self.answer()

    def sh(self, *words):
        return self.ask("sh", words=words)[0]

    @contextlib.contextmanager
    def setting(self, name, value):
        """A context manager that changes a setting of the namespace's /proc/sys/net/ipv4; yields None, or the reason if
        the setting can't be changed."""
        old = self.ask("sysctl", name=name, value=value)[0]
        try:
            yield "/proc/sys is read-only here" if old is None else None
        finally:
            if old is not None:
                self.ask("sysctl", name=name, value=old)

    def sockets(self, n, family=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0):
        made = []
        while len(made) < n:
            fds = self.ask("sockets", n=min(BATCH, n - len(made)), family=family, kind=kind, proto=proto)[1]
            made += [socket.socket(fileno=fd) for fd in fds]
        for s in made:
            s.settimeout(PATIENCE)
        return made

    def socket(self, *args):
        return self.sockets(1, *args)[0]

    def connect(self, port):
        s = self.socket()
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.connect((GUEST_ADDRESS, port))
        except BaseException:
            s.close()
            raise
        return s


class LinuxGuest(Guest):
    """A guest whose peer is the namespace @net.

    With wire="relay", @harm maps kinds of harm (relay.KINDS) to their probabilities for an IPv4 packet, and @seed is
    the seed of the random numbers; with @stream QEMU's netdev is stream instead of dgram.  With wire="tap", @offloads
    is a pair of keys of OFFLOADS: the first for packets that the guest sends, the second for packets that it receives.
    """

    def __init__(self, net, wire="relay", seed=0, harm=None, offloads=("csum+tso", "csum+tso"), device="", stream=False,
                 **kw):
        self.stream = stream
        self.network, self.wiring, self.seed, self.harm = net, wire, seed, harm or {}
        if wire == "tap":
            for word, families in zip(offloads, (OFFLOADS_OUT, OFFLOADS_IN)):
                for level, names in enumerate(families):
                    device += "".join(f",{n}={'on' if level < OFFLOADS[word] else 'off'}" for n in names)
        super().__init__(net="dgram" if wire == "relay" else "tap", device=device, **kw)

    def start(self):
        super().start()
        if self.stream:
            self.listener.settimeout(self.patience)
            self.wire = self.listener.accept()[0]
            self.listener.close()
        elif self.wiring == "relay":
            self.wire.connect(self.wire_to)
        if self.wiring == "relay":
            self.network.ask("attach", [self.wire.fileno()], seed=self.seed, harm=self.harm, stream=self.stream)
            self.wire.close()

    def heal(self):
        """From now on the relay forwards all frames unchanged."""
        self.network.ask("heal")

    def netdev(self):
        if self.stream:
            # QEMU connects: 7.2 leaves an accepted socket blocking, and stands still while its peer does not read.
            self.listener, path = socket.socket(socket.AF_UNIX), os.path.join(self.dir.name, "peer")
            self.listener.bind(path)
            self.listener.listen(1)
            return f"stream,id=n0,server=off,addr.type=unix,addr.path={path}"
        if self.wiring == "relay":
            return super().netdev()
        self.keep_fds = (self.network.tap,)
        return f"tap,id=n0,fd={self.network.tap}"

    def connect(self, port):
        return self.network.connect(port)

    def explain(self):
        if self.wiring != "relay":
            return ""
        try:
            counts = self.network.ask("counts")[0]
        except (OSError, AssertionError) as e:
            counts = f"does not answer ({e})"
        return f"seed {self.seed}, harm {self.harm}, relay (to, from the guest) {counts}"
