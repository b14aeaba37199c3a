# SPDX-License-Identifier: MIT
"""Compares the table of socket options with the kernel, the tests, the system's headers and docs/socket-options.md."""
import errno
import os
import re

import hosted
import option_table
import pytest
from option_table import OPTIONS
from symbols import NUMBERS, SYMBOLS
from syscalls import buffer

CONFIG = {"local_ip": hosted.LOCAL_IP, "remote_ip": hosted.REMOTE_IP, "mtu": 1500, "gso": True, "cmdline": ""}
KINDS = {"tcp": (1, 0), "udp": (2, 0), "ping": (2, 1)}   # name: (type, protocol)
# Names in the headers that are no options: values, flags, other names of an option.
NO_OPTION = re.compile(r"IP_(ORIGDSTADDR|PMTUDISC_\w+|DEFAULT_\w+)|MCAST_(IN|EX)CLUDE|TCP_(MSS_\w+|REPAIR_O\w+|MD5SIG_\w*(LEN|FLAG)\w*|ENCAP\w*)"
                       r"|UDP_ENCAP_\w+|TCP_MD5SIG_MAXKEYLEN")
HEADERS = {"asm-generic/socket.h": ("SOL_SOCKET", "SO_"), "linux/in.h": ("SOL_IP", "IP_|MCAST_"),
           "linux/tcp.h": ("SOL_TCP", "TCP_"), "linux/udp.h": ("SOL_UDP", "UDP_")}


@pytest.fixture(scope="module", name="machine")
def booted():
    """A booted kernel."""
    return hosted.Machine(hosted.load(), CONFIG)


def answers(machine, kind, option):
    """Returns the results of setsockopt() and getsockopt() with a buffer of zeros."""
    fd = machine.call(NUMBERS["socket"], SYMBOLS["AF_INET"], *KINDS[kind])
    assert fd >= 0
    value, size = buffer(bytes(128)), buffer((128).to_bytes(4, "little"))
    level = SYMBOLS[option.level]
    results = [machine.call(NUMBERS["setsockopt"], fd, level, option.number, value, 128),
               machine.call(NUMBERS["getsockopt"], fd, level, option.number, value, size)]
    machine.call(NUMBERS["close"], fd)
    return results


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: o.name)
def test_each_option(machine, option):
    """Sockets that the table does not name refuse the option; the others know it."""
    for kind in KINDS:
        if option.level in ("SOL_TCP", "SOL_UDP") and kind != option.level[4:].lower():
            continue
        refused = [r == -errno.ENOPROTOOPT for r in answers(machine, kind, option)]
        if kind in option.sockets.split():
            assert not all(refused), kind
        else:
            assert all(refused), kind


def test_each_option_has_a_test():
    """The named test has the option's name."""
    for option in OPTIONS:
        if option.test:
            with open(os.path.join(hosted.ROOT, "tests", option.test), encoding="utf-8") as f:
                assert re.search(rf"\b{option.name}\b", f.read()), (option.name, option.test)
        else:
            assert option.text, f"{option.name}: the reason is missing"


def of_header(text, prefix):
    """Yields (name, number) of the options that a header defines."""
    for name, number in re.findall(rf"^#\s*define\s+((?:{prefix})\w+)\s+(\d+)\b", text, re.M):
        if not NO_OPTION.fullmatch(name):
            yield name.removesuffix("_OLD"), int(number)


@pytest.mark.parametrize("path", HEADERS)
def test_no_option_is_missing(path):
    """Each option of the system's header is in the table. Headers of a later Linux may have options with larger numbers."""
    level, prefix = HEADERS[path]
    table = {o.name: o.number for o in OPTIONS if o.level == level}
    with open(os.path.join("/usr/include", path), encoding="utf-8") as f:
        found = dict(of_header(f.read(), prefix))
    assert len(found) > 5
    for name, number in found.items():
        assert number > max(table.values()) or table.get(name) == number, name


def test_a_missing_option_is_noticed():
    """of_header() finds an option, and leaves out flags."""
    text = "#define SO_ONE\t1\n#define IP_PMTUDISC_DO 2\n# define SO_THREE_OLD 3 /* */\n#define SO_ALIAS SO_ONE\n"
    assert list(of_header(text, "SO_|IP_")) == [("SO_ONE", 1), ("SO_THREE", 3)]


def test_document():
    """docs/socket-options.md is up to date."""
    with open(os.path.join(hosted.ROOT, "docs/socket-options.md"), encoding="utf-8") as f:
        assert f.read() == option_table.document(), "/usr/bin/python3 tests/packet/option_table.py >docs/socket-options.md"
