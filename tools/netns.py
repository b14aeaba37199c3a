# SPDX-License-Identifier: MIT
"""Makes network namespaces and the devices to which a guest is connected.  Used by the bench (tools/bench/stage.py)
and the tests (tests/qemu/agent.py); every function acts on the caller's namespace.
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
# Settings for a client that makes many short connections. The client closes first, so the connections in TIME_WAIT
# are in its namespace, and tcp_tw_reuse lets the client use the ports of these connections again.
SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1, "ipv4/ip_local_port_range": "1024 65535",
    "ipv4/tcp_tw_reuse": 1, "ipv4/tcp_no_metrics_save": 1, "ipv4/tcp_max_tw_buckets": 1000000,
}

libc = ctypes.CDLL(None, use_errno=True)


def sh(*a, check=True):
    """Runs a command, also from the sbin directories, which an ordinary user's PATH may lack; returns its output."""
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
    """Changes from root to an unprivileged user. PR_SET_DUMPABLE makes /proc/self belong to that user again: only its
    owner may write its uid_map."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    libc.prctl(PR_SET_DUMPABLE, 1)


def new_network(user):
    """Moves this process, which must have one thread, into a new network namespace.  With @user, it also moves into a
    new user namespace, in which it is root.  Raises OSError if that is not permitted."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWNET | (CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)


def prepare():
    """Brings the loopback up and allows the client many connections."""
    for k, v in SYSCTLS.items():
        with contextlib.suppress(OSError), open("/proc/sys/net/" + k, "w") as f:    # read-only in some containers
            f.write(str(v))
    sh("ip", "link", "set", "lo", "up")


def make_tap(name, address):
    """Makes a tap whose frames carry a virtio_net_hdr.  It stays down until the caller has added all addresses."""
    sh("ip", "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
    sh("ip", "addr", "add", address, "dev", name)


def open_tap(name, vnet_hdr=True):
    """Returns the tap's file descriptor, for QEMU's fd= option or (without virtio_net_hdr) to move plain frames."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if vnet_hdr else 0)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return fd


def make_veth(near, far, address):
    """Makes a pair of devices. As on a cable, a packet that leaves @near has complete checksums and is no longer than
    the MTU."""
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
