#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs flows of the host's own Linux through relay.c, to compare them with those of the laboratory (docs/tcp-recovery.md).

  linux_flows.py --rate 100 --rtt 50 --queue 1 --seconds 60 bbr cubic
  linux_flows.py --rate 50 --rtt 10 --queue 16 --loss 1 cubic

--rate is in Mbit/s, --rtt in ms, --queue in bandwidth-delay products, --loss in percent of the frames of each
direction.
Each name is the congestion control of a flow; all flows begin at once.  Prints a line of JSON: Mbit/s of each flow, the
first flow's share, retransmitted segments, the relay's counters (`late_us`: whether it was fast enough).  Sender and
receiver are two network namespaces with a tap device each, so frames have at most 1,514 bytes.  Needs root, and
`make bench-tools`.
"""
import argparse
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from guest import BUILD
from lossy import PER_PERCENT, real_time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x2, 0x1000
CLONE_NEWNET = 0x40000000
PORT, CHUNK = 5001, 1 << 18
# INFO_SIZE: bytes of struct tcp_info; INFO_TOTAL_RETRANS: offset of tcpi_total_retrans
INFO_SIZE, INFO_TOTAL_RETRANS = 232, 100
SYSCTLS = ("net.ipv4.tcp_no_metrics_save=1", "net.ipv4.tcp_rmem=4096 131072 67108864", "net.ipv4.tcp_wmem=4096 65536 67108864")


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True)


def tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def inside(ns, function):
    """Returns the result of @function, called by a thread in the namespace @ns."""
    result = []

    def enter():
        fd = os.open(f"/run/netns/{ns}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)
        result.append(function())
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return result[0]


@contextlib.contextmanager
def namespaces():
    """Makes both namespaces; yields their names and the descriptors of their taps."""
    names, fds = [], []
    try:
        for number in (1, 2):
            name, dev = f"flows{os.getpid()}-{number}", f"f{os.getpid() % 10 ** 8}.{number}"
            fds.append(tap(dev))
            ip("netns", "add", name)
            names.append(name)
            ip("link", "set", dev, "netns", name)
            ip("-n", name, "addr", "add", f"10.9.0.{number}/24", "dev", dev)
            ip("-n", name, "link", "set", dev, "up")
            for setting in SYSCTLS:
                subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", setting], check=True)
        yield names, fds
    finally:
        for name in names:
            ip("netns", "del", name)
        for fd in fds:
            os.close(fd)


def connect(sender, receiver, controls):
    """Returns the sending and the receiving sockets of the flows."""
    listener = inside(receiver, lambda: socket.create_server(("10.9.0.2", PORT)))
    pairs = []
    for control in controls:
        s = inside(sender, socket.socket)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        s.connect(("10.9.0.2", PORT))
        pairs.append((s, listener.accept()[0]))
    listener.close()
    return [a for a, _ in pairs], [b for _, b in pairs]


def transfer(sending, receiving, seconds):
    """Sends for @seconds. Returns the number of bytes that each flow's reader got, the time, and the number of
    segments that each flow's sender retransmitted."""
    got, buffer = [0] * len(sending), bytes(CHUNK)

    def send(s):
        with contextlib.suppress(OSError):
            while True:
                s.sendall(buffer)

    def receive(number, s):
        room = bytearray(CHUNK)
        with contextlib.suppress(OSError):
            while n := s.recv_into(room):
                got[number] += n
    threads = [threading.Thread(target=receive, args=pair) for pair in enumerate(receiving)]
    threads += [threading.Thread(target=send, args=(s,)) for s in sending]
    began = time.monotonic()
    for t in threads:
        t.start()
    time.sleep(seconds)
    counts, took = list(got), time.monotonic() - began
    again = [struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_SIZE), INFO_TOTAL_RETRANS)[0]
             for s in sending]
    for s in sending + receiving:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)
    for t in threads:
        t.join()
    return counts, took, again


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rate", 100), ("rtt", 50), ("queue", 1), ("loss", 0), ("seconds", 60)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("controls", nargs="+")
    args = parser.parse_args()
    queue = args.rate * 1e6 / 8 * args.rtt / 1000 * args.queue
    with namespaces() as ((sender, receiver), fds):
        words = [os.path.join(BUILD, "relay"), "-f", f"{fds[0]},{fds[1]}", "-r", int(args.rate * 1000), "-q", int(queue),
                 "-d", int(args.rtt * 500), "-l", int(args.loss * PER_PERCENT), "-s", args.seed]
        with subprocess.Popen(list(map(str, words)), pass_fds=fds, stdout=subprocess.PIPE, text=True) as relay:
            real_time(relay.pid)
            sending, receiving = connect(sender, receiver, args.controls)
            counts, took, again = transfer(sending, receiving, args.seconds)
            relay.send_signal(signal.SIGTERM)
            counters = json.loads(relay.communicate()[0])
        for s in sending + receiving:
            s.close()
    print(json.dumps({"controls": args.controls, "mbit_per_s": [round(n * 8 / took / 1e6, 2) for n in counts],
                      "share": round(counts[0] / sum(counts), 3), "retransmitted": again, "relay": counters}))


if __name__ == "__main__":
    main()
