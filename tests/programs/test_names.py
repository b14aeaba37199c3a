# SPDX-License-Identifier: MIT
"""Names of users, hosts and the machine, which C libraries read from files that a pack need not have."""
import re

import pytest

from program import boot, built, pack, reports

KINDS = ("musl-static", "glibc-static", "glibc-dynamic")
# passwd(5), group(5), hosts(5): the answers for the kernel's own files.
USERS = "uid 0 root / /bin/sh\nnobody 65534 65534\ngid 0 root\nnogroup 65534\n"
DIRECTORIES = ("/etc 40755\n/tmp 41777\n/run 40755\n/var/log 40755\n/var/tmp 41777\n/var/run 40755\n/dev/shm 41777\n")


def names(initrd, **options):
    with boot(initrd, **options) as guest:
        assert guest.end() == 0
        guest.reader.join()
    assert "is missing" not in guest.console    # rseq of glibc is not reported
    assert not reports(guest.console), guest.console
    return re.search(r"^BEGIN\n(.*?)^END\n", guest.console.replace("\r", ""), re.M | re.S).group(1)


@pytest.mark.parametrize("kind", KINDS)
def test_names_without_files_in_the_pack(kind, tmp_path):
    said = names(pack(tmp_path, built(f"names-{kind}")))
    assert said.splitlines()[0] == "host softnet, node softnet, domain (none)"
    assert USERS in said
    assert "\nlocalhost 127.0.0.1\nsoftnet 127.0.1.1\n" in said
    assert re.search(r"^1970-01-01 12:00:00 (UTC|GMT)$", said, re.M)
    assert DIRECTORIES in said
    assert "\nprocessors 1 of 1\n15 files read\n" in said
    assert "transparent_hugepage/enabled:\nalways madvise [never]\n" in said
    # 10.0.2.3 is the name server of QEMU's user network, whose addresses are the default.
    assert said.endswith("/etc/hostname:\nsoftnet\n/etc/resolv.conf:\n#MANUAL\nnameserver 10.0.2.3\n")


def test_names_from_the_command_line(tmp_path):
    """The host name ends at the first dot, and /proc/net/pnp has the same format, as in Linux's net/ipv4/ipconfig.c."""
    said = names(pack(tmp_path, built("names-musl-static")),
                 append="ip=10.0.2.15:10.0.2.4:10.0.2.2:255.255.255.0:www.example.org::off:10.0.2.3:10.0.2.9")
    assert said.splitlines()[0] == "host www, node www, domain example.org"
    assert "\nwww 127.0.1.1\n" in said
    assert said.endswith("/etc/hostname:\nwww\n/etc/resolv.conf:\n"
                         "#MANUAL\nnameserver 10.0.2.3\nnameserver 10.0.2.9\nbootserver 10.0.2.4\n")


def test_files_of_the_pack_have_priority(tmp_path):
    passwd = tmp_path / "passwd"
    passwd.write_text("admin:x:0:0:admin:/home:/bin/none\n")
    said = names(pack(tmp_path, built("names-musl-static"), "--file", f"{passwd}=/etc/passwd"))
    assert "uid 0 admin /home /bin/none\nnobody -1 -1\n" in said
    assert "gid 0 root\n" in said
