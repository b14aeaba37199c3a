# SPDX-License-Identifier: MIT
"""The initrd with each method of booting and on each machine: the guest has its files, byte for byte; a damaged initrd
is reported."""
import os
import random
import re
import stat
import subprocess
import zlib

import pytest
from guest import ROOT, TEST_APPS, Guest, kernel, make_image

PACK = os.path.join(ROOT, "tools", "pack")


def script(path, rng, size):
    """Returns @size bytes that tools/pack accepts as the first program: a script whose interpreter is @path, then
    random bytes."""
    line = f"#!{path}\n".encode()
    return line + rng.randbytes(size - len(line))


@pytest.fixture(name="tree", scope="module")
def fixture_tree(tmp_path_factory):
    """A folder with files of sizes around those of a page."""
    top = tmp_path_factory.mktemp("tree")
    rng = random.Random(1)
    (top / "sub" / "deeper").mkdir(parents=True)
    for n, size in enumerate((0, 1, 4095, 4096, 4097, 12288)):
        (top / "sub" / f"file{n}").write_bytes(rng.randbytes(size))
    (top / "sub" / "file6").write_bytes(script("/tree/sub/file6", rng, 70000))
    (top / "sub" / "deeper" / "link").symlink_to("../file1")
    os.chmod(top / "sub" / "file1", 0o755)
    return top


def pack(tree, out):
    subprocess.run([PACK, f"{tree}/sub/file6=/program", "--dir", f"{tree}=/tree", "--init", "/tree/sub/file6", "-o", out],
                   check=True)
    return out


def gnu_cpio(tree, out):
    with open(out, "wb") as f:
        subprocess.run("find . | cpio -o -H newc --quiet", shell=True, cwd=tree, stdout=f, check=True)
    return out


def lines_of(tree, prefix):
    """Returns the lines that app=tree prints for @tree."""
    lines = set()
    for folder, dirs, files in os.walk(tree):
        for name in dirs + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            guest = prefix + "/" + os.path.relpath(path, tree)
            if stat.S_ISDIR(st.st_mode):
                lines.add(f"TREE {guest} {st.st_mode:o}")
            else:
                with open(path, "rb") as f:
                    lines.add(f"TREE {guest} {st.st_mode:o} {st.st_size} {zlib.adler32(f.read()):08x}")
    return lines


def there(g):
    return set(re.findall(r"^TREE /[^:\n]*$", g.console.replace("\r", ""), re.M))


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine", ("q35", "pc", "microvm"))
def test_initrd_of_qemu(machine, tree, tmp_path):
    initrd = pack(tree, tmp_path / "initrd")
    with Guest("app=tree", machine=machine, kernel=kernel(TEST_APPS), extra=["-initrd", initrd]) as g:
        assert lines_of(tree, "/tree") <= there(g)
        assert re.search(r"initrd: \d+ KiB, 13 files and directories", g.console)
        assert "TREE full after " in g.console and "ENOSPC" in g.console and "TREE again: 4096" in g.console


def test_archive_of_gnu_cpio(tree, tmp_path):
    with Guest("app=tree", kernel=kernel(TEST_APPS), extra=["-initrd", gnu_cpio(tree, tmp_path / "initrd")]) as g:
        assert there(g) == lines_of(tree, "")


@pytest.mark.parametrize("mem", (4, 5))
def test_small_machine(mem, tree, tmp_path):
    """Files use the pages of the initrd, without a copy: a file of a quarter of the memory still leaves free memory."""
    (tmp_path / "big").write_bytes(script("/big", random.Random(2), mem << 18))
    initrd = tmp_path / "initrd"
    subprocess.run([PACK, tree / "sub" / "file6", "--file", f"{tmp_path}/big=/big", "--init", "/big", "-o", initrd], check=True)
    with Guest("app=tree", machine="microvm", mem=mem, net="", kernel=kernel(TEST_APPS), extra=["-initrd", initrd]) as g:
        sum32 = zlib.adler32((tmp_path / "big").read_bytes())
        assert f"TREE /big 100644 {mem << 18} {sum32:08x}" in there(g)
        assert "TREE again: 4096" in g.console


@pytest.mark.parametrize("disk", ("sata", "virtio"))
def test_initrd_on_the_disk_of_uefi(disk, tree, tmp_path):
    """softnet.efi reads \\EFI\\BOOT\\initrd.img; the log has the number of files."""
    initrd = pack(tree, tmp_path / "initrd")
    words = "panic=poweroff loglevel=info"
    path = make_image(tmp_path / "disk", words.encode(), initrd=initrd)
    with Guest(firmware="uefi", disk=disk, image=path, ready="initrd: ") as g:
        g.wait(r"initrd: \d+ KiB, 13 files and directories")


@pytest.mark.parametrize("content,words", (
    (b"\x1f\x8b\x08\x00" + bytes(100), r"initrd: compressed \(gzip\): only plain cpio archives can be read"),
    (b"070701" + b"Z" * 200, r"initrd: byte 0: a header field that is not hexadecimal"),
    (b"\x7fELF" + bytes(5000), r"initrd: byte 0: no cpio header \(070701\): the rest is left out"),
    (bytes(10000), r"initrd: 9 KiB, 0 files and directories"),
), ids=("gzip", "digits", "elf", "zeros"))
def test_a_damaged_initrd_is_reported(content, words, tmp_path):
    (tmp_path / "initrd").write_bytes(content)
    with Guest("app=tree", machine="microvm", kernel=kernel(TEST_APPS), extra=["-initrd", tmp_path / "initrd"]) as g:
        g.wait(words)
        assert there(g) == set()


def test_an_initrd_that_is_cut_short(tree, tmp_path):
    whole = pack(tree, tmp_path / "initrd").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:len(whole) // 2])
    with Guest("app=tree", machine="microvm", kernel=kernel(TEST_APPS), extra=["-initrd", tmp_path / "cut"]) as g:
        g.wait(r"initrd: byte \d+: cut in the data of a file: the rest is left out")
        assert there(g) < lines_of(tree, "/tree") | there(g)
