#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mkcpio.py OUT name=file ... writes an uncompressed newc cpio archive (an initramfs) without a cpio program.

A file that is executable here is stored with mode 0755, any other with 0644;
parent directories and /dev/console are added."""
import os
import sys


def main():
    out, items = sys.argv[1], sys.argv[2:]
    data, ino = bytearray(), 1

    def entry(name, mode, body=b"", rdev=(0, 0)):
        nonlocal ino
        n = name.encode() + b"\0"
        f = [ino, mode, 0, 0, 2 if mode & 0o40000 else 1, 0, len(body), 0, 0, rdev[0], rdev[1], len(n), 0]
        ino += 1
        data.extend(b"070701" + b"".join(b"%08X" % v for v in f) + n)
        data.extend(b"\0" * (-len(data) % 4))
        data.extend(body)
        data.extend(b"\0" * (-len(data) % 4))

    seen = {""}

    def parents(name):
        parts = name.split("/")[:-1]
        for i in range(len(parts)):
            d = "/".join(parts[: i + 1])
            if d not in seen:
                seen.add(d)
                entry(d, 0o40755)

    parents("dev/console")
    entry("dev/console", 0o20600, rdev=(5, 1))
    for item in items:
        name, path = item.split("=", 1)
        parents(name)
        with open(path, "rb") as f:
            entry(name, 0o100755 if os.access(path, os.X_OK) else 0o100644, f.read())
    entry("TRAILER!!!", 0)
    with open(out + ".tmp", "wb") as f:
        f.write(data)
    os.replace(out + ".tmp", out)


main()
