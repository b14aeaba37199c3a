#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the size of the shipped image.

  tests/count/size.py IMAGE      exit status 1 when IMAGE, stripped and without its pack, is larger than LIMIT

The pack (boot/pack.S) is left out, because its size depends on the program in it.
"""
import os
import subprocess
import sys
import tempfile

# 600 KiB are for TCP and the code that runs a program in ring 3 (606,848 bytes when that part was complete).  UDP,
# fragments, multicast groups, netlink, AF_UNIX and DHCP may add 120 KiB.
LIMIT = 737280     # 720 KiB


def kernel_size(image):
    """Returns the bytes of @image after strip, without the pages of its pack."""
    out = subprocess.run(["nm", image], check=True, stdout=subprocess.PIPE, text=True).stdout
    symbols = {name: int(address, 16) for address, _, name in (line.split() for line in out.splitlines() if line[0] != " ")}
    pack = -(-symbols["pack_end"] // 4096) * 4096 - symbols["pack_start"]
    with tempfile.TemporaryDirectory() as tmp:
        stripped = os.path.join(tmp, "image")
        subprocess.run(["strip", "-o", stripped, image], check=True)
        return os.path.getsize(stripped) - pack


def verdict(size):
    """Returns the message about an image of @size bytes that is too large, or None."""
    return f"{size:,} bytes without the pack: {size - LIMIT:,} more than the limit of {LIMIT:,}" if size > LIMIT else None


def main():
    size = kernel_size(sys.argv[1])
    wrong = verdict(size)
    print(f"  FAIL  {sys.argv[1]}: {wrong}" if wrong else f"  ok    {sys.argv[1]}: {size:,} bytes without the pack, at most {LIMIT:,}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
