# SPDX-License-Identifier: MIT
"""The results of socket calls with wrong states, arguments and pointers are Linux's.

errnos.c makes the calls. errnos.linux has its output on Linux; as root, `/usr/bin/python3 tests/programs/test_errnos.py linux`
makes it anew, on the host's kernel in a network namespace of its own. A line that differs in the machine has a reason: the
option is absent (option_table.py), or a row of DIFFERENCES. errnos.here has the lines of the second kind; `... test_errnos.py
here` makes it anew, and prints the lines that have no reason.
"""
import os
import re
import subprocess
import sys

import pytest

from program import KERNELS, ROOT, boot, built, pack, reports

sys.path.insert(0, os.path.join(ROOT, "tests/packet"))
import option_table  # noqa: E402  pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
LINUX_FILE, HERE_FILE = os.path.join(HERE, "errnos.linux"), os.path.join(HERE, "errnos.here")
LEAST = 5000   # lines
LEVELS = {"SOL_SOCKET": 1, "SOL_IP": 0, "SOL_TCP": 6, "SOL_UDP": 17}
REFUSALS = {"set", "get", "ENOPROTOOPT", "EINVAL", "EFAULT", "EOPNOTSUPP"}

# Differences: a pattern of whole lines "KEY -> LINUX'S RESULT / RESULT HERE", and the reason.
DIFFERENCES = (
    (r"(send|write|recv|read) kernel .* -> EFAULT / .*",
     "Linux checks that a buffer is in the program's part of the address space before the call's other errors; here a buffer is "
     "checked when bytes are copied."),
    (r"send (null|nowhere) unix-dgram .* -> EFAULT / ENOTCONN",
     "Linux copies the datagram before it looks for the peer."),
    (r"sendmsg (odd|cut)-control tcp .* -> (EPIPE|ECONNRESET) / EINVAL",
     "Linux's TCP reports the state of the connection before malformed control messages."),
    (r"recvmmsg null .* -> (ECONNREFUSED|ECONNRESET) / EFAULT",
     "Linux reports a pending error before the first message is read."),
    (r"(send|sendmsg|write) (0|null-0|empty|no-iov) netlink .* -> ENODATA / 0",
     "Linux since 6.1 refuses an empty request."),
    (r"listen (0|minus-1) tcp dissolved -> EINVAL / 0",
     "A socket whose connection was dissolved by connect(AF_UNSPEC) is closed, so it may listen (RFC 9293 3.10.1)."),
    (r"(connect|sendto) broadcast (udp|ping) \w+ -> (EACCES|ENETUNREACH) / (EACCES|ENETUNREACH)",
     "Linux's namespace has only lo: without a bound address it has no route for broadcasts, and with one it takes lo's. The "
     "machine has a card, which does not have the bound address 127.0.0.1."),
    (r"(ioctl SIOCATMARK|send oob) unix-.* / (ENOTTY|EOPNOTSUPP)",
     "AF_UNIX has no urgent data, as on Linux before 5.15."),
    (r"send 66000 unix-dgram .* / EMSGSIZE",
     "A datagram of AF_UNIX has at most UNIX_DGRAM_BYTES (limits.md)."),
    (r"option 1,42 tcp .*", "SO_PEEK_OFF: Linux has it for TCP since 6.9."),
    (r"option 1,60 udp .*", "SO_ZEROCOPY: Linux has it for UDP since 5.0."),
    (r"option 0,(3[7-9]|4[0-8]) tcp .* / .*(EPROTO|EADDRNOTAVAIL).*",
     "A stream socket joins no group: each such option fails with EPROTO before its value is read. Linux refuses only two of them."),
    (r"option 6,26 tcp .*", "TCP_CC_INFO: the default congestion control of the recorded Linux has data, this one has none."),
)


def parse(text):
    """Returns {key: result} of a program's output, in its order."""
    return dict(re.findall(r"^(\S+ \S+ \S+ \S+) -> (.+?)\s*$", text.replace("\r", ""), re.M))


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def refused(key, here):
    """Returns True if @key is about an option that the table of options has as absent on this kind of socket, and the kernel
    refuses it."""
    m = re.fullmatch(r"option (\d+),(\d+) (\S+) \S+", key)
    if not m or not set(here.split()) <= REFUSALS:
        return False
    level, number, kind = int(m[1]), int(m[2]), m[3]
    for o in option_table.OPTIONS:
        if (LEVELS[o.level], o.number) == (level, number):
            return kind not in o.sockets.split()
    return number > max(o.number for o in option_table.OPTIONS if LEVELS[o.level] == level)


def unexplained(linux, here):
    """Returns the lines that differ without a reason, and the rows of DIFFERENCES that no line needs."""
    stale, lines = {pattern for pattern, _ in DIFFERENCES}, []
    for key in {**linux, **here}:
        ours = here.get(key, "(no line)")
        if linux.get(key, "(no line)") == ours or refused(key, ours):
            continue
        line = f"{key} -> {linux.get(key, '(no line)')} / {ours}"
        rows = [pattern for pattern, _ in DIFFERENCES if re.fullmatch(pattern, line)]
        stale -= set(rows)
        if not rows:
            lines.append(line)
    return lines, sorted(stale)


def differing(linux, here):
    """Returns the text of errnos.here."""
    return "".join(f"{key} -> {result}\n" for key, result in here.items()
                   if linux.get(key) != result and not refused(key, result))


def on_linux():
    play = "ip link set lo up; echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range; exec " + built("errnos")
    return subprocess.run(["unshare", "-n", "sh", "-c", play], capture_output=True, text=True, check=True).stdout


def in_the_machine(folder):
    with boot(pack(folder, built("errnos")), kernel=KERNELS["checked"]) as guest:
        guest.patience = 300
        guest.end()
    assert not reports(guest.console), guest.console[-4000:]
    assert "errnos: all calls were made" in guest.console, guest.console[-4000:]
    return guest.console


@pytest.mark.smoke
def test_same_errors(tmp_path):
    """The machine gives the recorded results."""
    linux, here = parse(read(LINUX_FILE)), parse(in_the_machine(tmp_path))
    assert len(linux) >= LEAST
    assert unexplained(linux, here) == ([], [])
    assert differing(linux, here) == read(HERE_FILE), "tests/programs/test_errnos.py here"


def test_a_difference_is_noticed():
    """unexplained() reports another result, a missing line, and an option that is accepted although the table says absent."""
    linux = {"a b c d": "0", "e f g h": "EINVAL", "option 1,1 tcp new": "set 0 get 4"}
    assert unexplained(linux, {"a b c d": "1", "option 1,1 tcp new": "set EINVAL get ENOPROTOOPT"})[0] == [
        "a b c d -> 0 / 1", "e f g h -> EINVAL / (no line)"]
    assert unexplained(linux, {**linux, "option 1,1 tcp new": "set 0 get ENOPROTOOPT"})[0] == [
        "option 1,1 tcp new -> set 0 get 4 / set 0 get ENOPROTOOPT"]


if __name__ == "__main__":
    if sys.argv[1:] == ["linux"]:
        output = on_linux()
        with open(LINUX_FILE, "w", encoding="utf-8") as file:
            file.writelines(f"{key} -> {result}\n" for key, result in parse(output).items())
    elif sys.argv[1:] == ["here"]:
        import tempfile
        with tempfile.TemporaryDirectory() as temporary:
            played = parse(in_the_machine(temporary))
        with open(HERE_FILE, "w", encoding="utf-8") as file:
            file.write(differing(parse(read(LINUX_FILE)), played))
        print(*unexplained(parse(read(LINUX_FILE)), played)[0], sep="\n")
    else:
        sys.exit(__doc__)
