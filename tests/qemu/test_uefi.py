# SPDX-License-Identifier: MIT
"""Boots through UEFI with OVMF: from disks and by QEMU's -kernel; the sources of the command line; error messages.  The
firmware takes some 5 s for a boot, so each test checks several things."""
import os
import subprocess

import pytest
from guest import ROOT, Guest, application, make_image, recv_exact

ESP = "@@1M"     # offset of the file system in an image of tools/mkimage, in mtools' notation


def echo(g):
    with g.connect(7) as s:
        s.sendall(b"through the firmware")
        assert recv_exact(s, 20) == b"through the firmware"


@pytest.mark.builds("checked", "shipped")
def test_sata_disk():
    """Boots from a SATA disk.  The firmware has a source of random numbers, and the kernel gets bytes of it."""
    with Guest(firmware="uefi", disk="sata", append="from-the-file", extra=["-device", "virtio-rng-pci"]) as g:
        assert "through the UEFI door" in g.console
        assert 'unknown option "from-the-file"' in g.console      # the image's cmdline.txt was read
        assert "64 bytes of seed from the firmware" in g.console
        assert "WARN" not in g.console
        echo(g)


def test_virtio_disk_and_cmdline_at_the_root(tmp_path):
    """cmdline.txt may also be in the root folder.  Here it has CR LF line ends, a character that is not ASCII, and is too
    long."""
    image = make_image(str(tmp_path / "disk"), b"")
    text = tmp_path / "cmdline.txt"
    text.write_bytes(b"loglevel=info\r\none-word\r\nb\xe9d-word " + b"x" * 3000)
    env = dict(os.environ, MTOOLS_SKIP_CHECK="1")
    subprocess.run(["mdel", "-i", image + ESP, "::/EFI/BOOT/cmdline.txt"], check=True, env=env)
    subprocess.run(["mcopy", "-i", image + ESP, str(text), "::/cmdline.txt"], check=True, env=env)
    with Guest(firmware="uefi", disk="virtio", image=image) as g:
        assert 'unknown option "one-word"' in g.console
        assert "U+00E9" in g.console, "the firmware's console was not told of the character"
        assert 'unknown option "b?d-word"' in g.console
        assert "command line longer than 2048 bytes" in g.console
        echo(g)


def test_disk_of_4096_byte_sectors(tmp_path):
    """On a disk with 4096-byte sectors, an image made for such sectors boots.  An image for 512-byte sectors does not: the
    firmware finds nothing to boot and starts its shell."""
    image = make_image(str(tmp_path / "disk"), b"from-4k", sector=4096)
    with Guest(firmware="uefi", disk="virtio-4k", image=image) as g:
        assert 'unknown option "from-4k"' in g.console
        echo(g)
    other = make_image(str(tmp_path / "other"), b"from-512")
    with Guest(firmware="uefi", disk="virtio-4k", image=other, net="", ready="UEFI Interactive Shell") as g:
        assert "build, through" not in g.console


def test_ide_disk_on_the_older_machine():
    with Guest(firmware="uefi", disk="ide", machine="pc", cpu="qemu64") as g:
        assert "through the UEFI door" in g.console
        echo(g)


def test_application_as_kernel():
    """softnet.efi boots by QEMU's -kernel, with -append as its load options, on a machine with memory above 4 GiB."""
    with Guest(firmware="uefi", append="from-the-options", mem=4096) as g:
        assert "through the UEFI door" in g.console
        assert 'unknown option "from-the-options"' in g.console
        assert "WARN" not in g.console
        echo(g)


def test_damaged_kernel_is_reported_on_the_firmware_console(tmp_path):
    damaged = bytearray(open(application(), "rb").read())
    at = damaged.index(b"\x7fELF\x02\x01\x01")     # the embedded ELF file, not the code that checks it
    damaged[at + 18:at + 20] = b"\x28\x00"      # e_machine: ARM
    bad = tmp_path / "bad.efi"
    bad.write_bytes(damaged)
    with Guest(firmware="uefi", kernel=str(bad), ready="softnet: the kernel inside this file is damaged") as g:
        assert "READY" not in g.console


def run_tool(**env):
    p = subprocess.run([os.path.join(ROOT, "tools", "run")], env=dict(os.environ, **env), text=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout


@pytest.mark.parametrize("env, word", [
    ({"MEM": "16"}, "BOOT=pvh MEM=16"),                    # the message suggests arguments that would work
    ({"MACHINE": "microvm", "BOOT": "uefi"}, "BOOT=pvh"),
    ({"BOOT": "bios"}, "uefi or pvh"),
])
def test_missing_firmware_features_are_reported(env, word):
    status, said = run_tool(**env)
    assert status == 2 and word in said, said


def test_image_is_reproducible_and_sparse(tmp_path):
    """Two images from copies of the application with different dates are equal.  An image is a sparse file."""
    copy = tmp_path / "copy.efi"
    copy.write_bytes(open(application(), "rb").read())
    os.utime(copy, (10 ** 9, 10 ** 9))
    one = make_image(str(tmp_path / "one"), b"app=inetd\n")
    two = make_image(str(tmp_path / "two"), b"app=inetd\n", str(copy))
    assert open(one, "rb").read() == open(two, "rb").read()
    assert os.stat(one).st_blocks * 512 < os.stat(application()).st_size + (1 << 20) < os.stat(one).st_size


def test_plain_console_removes_control_sequences():
    """tools/plain-console removes OVMF's control sequences, also if they arrive in pieces."""
    p = subprocess.Popen([os.path.join(ROOT, "tools", "plain-console")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for piece in (b"above\r\n\x1b[2J\x1b[0", b"1;01H\x1b[=3h\x1b", b"[2Jbelow\r\n", b"READY\r\n"):
        p.stdin.write(piece)
        p.stdin.flush()
    said, _ = p.communicate()
    assert said == b"above\r\nbelow\r\nREADY\r\n" and p.returncode == 0
