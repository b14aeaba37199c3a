# SPDX-License-Identifier: MIT
"""Checks the options of a lab's hosts, wires and transfers. If an option is invalid, raises a ValueError that names
it and its range. Called by lab.py before anything runs."""
import math
import os

MIB = 1 << 20
U64_MAX = 2**64 - 1
# Options of lab.host(): lowest value, highest value, unit.  sn_set() in tests/host/softnet_host.h and
# virtio_model.h describe them.
HOST_OPTIONS = {
    "ram": (2 * MIB, 1 << 34, "bytes"),     # below 2 MiB the kernel has no room for connections (README, Figures)
    "mtu": (68, 9000, "bytes"),             # RFC 791's least MTU; drivers/virtio/virtio_net.c reduces a larger one
    "mac": (1, 2**48 - 1, "the address as a number"),
    "features": (0, U64_MAX, "a mask of virtio's feature bits"),
    "queue_size": (4, 1024, "entries, a power of two"),
    "realtime": (0, 8277292035, "seconds since 1970"),
    "irq_chance": (0, 256, "of 256"),
    "race_chance": (0, 65536, "of 65536"),
    "iss": (0, U64_MAX, "a sequence number"),
    "fail_alloc": (0, U64_MAX, "allocations"),
    "fail_row": (1, U64_MAX, "allocations"),
    "keep_pages": (0, U64_MAX, "pages"),
    "race_edge": (0, U64_MAX, "places"),
    "legacy": (0, 2, "a kind of device"),
    "ctrl_refuse": (0, 15, "a mask of commands"),
    "ctrl_late": (0, U64_MAX, "enabled interrupts"),
    **{name: (0, 1, "off or on") for name in ("ctrl_early", "data_valid", "device", "dhcp", "echo", "hold_tx", "refuse",
                                              "separate_objects", "shuffle", "stack_pages", "stuck")},
}
BUFFER_MAX = 2**31 - 1              # an int, as setsockopt() takes it


def require(true, otherwise):
    """Raises a ValueError with the text @otherwise if the condition @true does not hold."""
    if not true:
        raise ValueError(otherwise)


def whole(name, value, low, high, unit):
    """Checks that @value is a whole number from @low to @high."""
    require(isinstance(value, int) and low <= value <= high,
            f"{name}={value!r}: a whole number from {low} to {high} ({unit})")


def number(name, value, unit, endless=False):
    """Checks that @value is a number of at least 0; math.inf is allowed if @endless."""
    require(isinstance(value, (int, float)) and (0 <= value < math.inf or endless and value == math.inf),
            f"{name}={value!r}: a number from 0 on ({unit})")


def share(name, value):
    """Checks that @value is a share of frames: at least 0 and below 1."""
    number(name, value, "a share of frames, below 1")
    require(value < 1, f"{name}={value}: a share, from 0 to below 1")


def folder_of(path):
    """Makes the folder in which the file @path will be written."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)


def host_options(options):
    """Checks the keyword arguments of lab.host()."""
    for name, value in options.items():
        require(name in HOST_OPTIONS, f"{name}={value!r}: no option of a host; there are {', '.join(sorted(HOST_OPTIONS))}")
        whole(name, value, *HOST_OPTIONS[name])
    size = options.get("queue_size", 4)
    require(size & (size - 1) == 0, f"queue_size={size}: a power of two from 4 to 1024 (entries)")
    mac = options.get("mac", 2)
    require(not mac >> 40 & 1, f"mac={mac:#014x}: an address of one card; the lowest bit of its first byte is 0")


def words(cmdline):
    """Checks @cmdline; returns the command line for the kernel. loglevel= is moved to its end, so that complaints
    about the other options are printed."""
    require(isinstance(cmdline, str), f"cmdline={cmdline!r}: a text")
    listed = cmdline.split()
    for word in listed:
        require(word.split("=")[0] != "ip", f"{word}: the lab numbers its hosts itself, 10.0.0.1/24, 10.0.0.2/24 ...")
    return sorted(listed, key=lambda word: word.startswith("loglevel="))


def complaints(console):
    """Returns the kernel's messages about its command line; "" if it accepted every option."""
    lines = [line.split("] ", 1)[-1] for line in console.splitlines()]
    wrong = [line for line in lines if line.startswith(("command line: invalid option", "command line: unknown option",
                                                        "command line: a word of", "gw="))]
    if any("unknown option" in line for line in wrong):
        wrong += [line for line in lines if line.startswith("command line: known:")]
    return "\n".join(wrong)


def transfer_options(options, controls):
    """Checks the keyword arguments of lab.transfer(). @controls has the names of the kernel's congestion controls."""
    for name, value in options.items():
        require(name in ("congestion", "sndbuf", "rcvbuf"),
                f"{name}={value!r}: no option of a transfer; there are congestion, sndbuf, rcvbuf")
        if name == "congestion":
            require(value in controls,
                    f"congestion={value!r}: the kernel has no such control; available: {', '.join(controls)}")
        else:
            whole(name, value, 1, BUFFER_MAX, "bytes")
