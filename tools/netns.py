# SPDX-License-Identifier: MIT
"""Network namespaces of our own, with the devices that a guest hangs on.  The bench (tools/bench/stage.py) and the
tests (tests/qemu/agent.py) build on it; everything here acts on the namespace that the caller is in.
"""
import array
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM, ETHTOOL_SGSO, ETHTOOL_SGRO = 0x17, 0x24, 0x2c
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454ca, 2, 0x1000, 0x4000
NOBODY = 65534
# Settings for a client of many short connections.  tcp_tw_reuse: they leave their TIME_WAIT on its side.
SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1, "ipv4/ip_local_port_range": "1024 65535",
    "ipv4/tcp_tw_reuse": 1, "ipv4/tcp_no_metrics_save": 1, "ipv4/tcp_max_tw_buckets": 1000000,
}

libc = ctypes.CDLL(None, use_errno=True)


def sh(*a, check=True):
    """Runs a command, which an ordinary user's PATH need not have; what it said."""
    env = dict(os.environ, PATH=os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin")
    return subprocess.run(a, check=check, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def call(name, *args):
    if getattr(libc, name)(*args):
        raise OSError(ctypes.get_errno(), name)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter(fd):
    call("setns", fd, CLONE_NEWNET)


def become_user():
    """From root to an unprivileged user, with the rights of any user (and /proc/self its own again, for its uid_map)."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    libc.prctl(PR_SET_DUMPABLE, 1)


def new_network(user):
    """A new network namespace for this process, which has one thread; @user: in a new user namespace, where it is
    root.  OSError where that is not permitted."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWNET | (CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)


def prepare():
    """The loopback is up, and the client may make many connections."""
    for k, v in SYSCTLS.items():
        with contextlib.suppress(OSError), open("/proc/sys/net/" + k, "w") as f:    # read-only in some containers
            f.write(str(v))
    sh("ip", "link", "set", "lo", "up")


def make_tap(name, address):
    """A tap whose frames carry a virtio_net_hdr; it stays down until its addresses are all there."""
    sh("ip", "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
    sh("ip", "addr", "add", address, "dev", name)


def open_tap(name):
    """The tap's other end: what QEMU takes as fd=."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    return fd


def make_veth(near, far, address):
    """A pair of devices; what leaves @near has its checksums and is no longer than the MTU, as on a cable."""
    sh("ip", "link", "add", near, "type", "veth", "peer", "name", far)
    sh("ip", "addr", "add", address, "dev", near)
    for dev in (near, far):
        for what in (ETHTOOL_STXCSUM, ETHTOOL_SGSO, ETHTOOL_SGRO):
            ethtool(dev, what, 0)
        sh("ip", "link", "set", dev, "up")


def ethtool(dev, what, value):
    data = array.array("I", [what, value])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", dev.encode(), data.buffer_info()[0]))
