# SPDX-License-Identifier: MIT
"""Compares the table of unsupported features with the kernel: a feature that the kernel has must not be listed."""
import errno
import os
import re

import hosted
import pytest
import shell
import unsupported
from symbols import NUMBERS, SYMBOLS
from syscalls import buffer

CONFIG = {"local_ip": hosted.LOCAL_IP, "remote_ip": hosted.REMOTE_IP, "mtu": 1500, "gso": True,
          "cmdline": ""}


@pytest.fixture(scope="module", name="machine")
def booted():
    """A booted kernel."""
    return hosted.Machine(hosted.load(), CONFIG)


@pytest.mark.parametrize("level,name", [(level, name) for level, names in unsupported.OPTIONS.items()
                                        for name in names])
def test_option(machine, level, name):
    """The kernel does not have the socket option, neither to set nor to read."""
    fd = machine.call(NUMBERS["socket"], SYMBOLS["AF_INET"], SYMBOLS["SOCK_STREAM"], 0)
    value, size = buffer(bytes(128)), buffer((128).to_bytes(4, "little"))
    assert machine.call(NUMBERS["setsockopt"], fd, SYMBOLS[level], SYMBOLS[name], value, 128) == \
        -errno.ENOPROTOOPT
    assert machine.call(NUMBERS["getsockopt"], fd, SYMBOLS[level], SYMBOLS[name], value, size) == \
        -errno.ENOPROTOOPT
    machine.call(NUMBERS["close"], fd)


@pytest.mark.parametrize("family,kind,protocol", [
    ("AF_INET6", "SOCK_STREAM", "IPPROTO_TCP"),
    ("AF_INET", "SOCK_STREAM", "IPPROTO_SCTP"),
    ("AF_INET", "SOCK_STREAM", "IPPROTO_MPTCP")])
def test_family(machine, family, kind, protocol):
    """The kernel does not have this kind of socket."""
    assert machine.call(NUMBERS["socket"], SYMBOLS[family], SYMBOLS[kind], SYMBOLS[protocol]) < 0


def test_the_models_features():
    """hosted.FEATURES equals the device model's MODEL_FEATURES_DEFAULT."""
    with open(os.path.join(hosted.ROOT, "tests/host/virtio_model.h"), encoding="utf-8") as f:
        text = f.read()
    every = sum(1 << int(bit) for bit in re.findall(
        r"1ULL << (\d+)", text.split("MODEL_FEATURES_ALL")[1].split("#define")[0]))
    # MODEL_FEATURES_CTRL has no "1ULL << bit" in MODEL_FEATURES_ALL, so @every is without it, as the default is.
    default = re.search(
        r"MODEL_FEATURES_DEFAULT \(MODEL_FEATURES_ALL & ~\(\(1ULL << (\d+)\) \| MODEL_FEATURES_CTRL\)\)", text)
    assert hosted.FEATURES == every & ~(1 << int(default.group(1)))


@pytest.mark.parametrize("name", sorted(shell.FIXED))
def test_fixed_setting(machine, name):
    """A setting in shell.FIXED is one that the kernel does not have."""
    assert machine.sysctl(name) is None
