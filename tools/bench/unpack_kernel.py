#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""unpack_kernel.py BZIMAGE OUT writes the ELF vmlinux that an LZ4, gzip or xz bzImage contains.

qemu -kernel boots an ELF kernel with a PVH note directly.  A bzImage unpacks itself in the guest, which is slow
under TCG."""
import lzma
import os
import struct
import sys
import zlib


def lz4_block(src, out):
    i, n = 0, len(src)
    while i < n:
        tok = src[i]
        i += 1
        lit = tok >> 4
        if lit == 15:
            while True:
                b = src[i]
                i += 1
                lit += b
                if b != 255:
                    break
        out += src[i:i + lit]
        i += lit
        if i >= n:
            break
        off = src[i] | src[i + 1] << 8
        i += 2
        ml = (tok & 15) + 4
        if ml == 19:
            while True:
                b = src[i]
                i += 1
                ml += b
                if b != 255:
                    break
        p = len(out) - off
        if off >= ml:
            out += out[p:p + ml]
        else:
            pat = bytes(out[p:])
            out += (pat * (ml // off + 1))[:ml]


def lz4_legacy(src):
    out, i = bytearray(), 4
    while i + 4 <= len(src):
        (size,) = struct.unpack_from("<I", src, i)
        i += 4
        if size == 0 or i + size > len(src):
            break
        part = bytearray()
        lz4_block(src[i:i + size], part)
        out += part
        i += size
    return bytes(out)


def main():
    with open(sys.argv[1], "rb") as f:
        img = f.read()
    setup = (img[0x1F1] or 4) + 1
    off, length = struct.unpack_from("<II", img, 0x248)
    payload = img[setup * 512 + off: setup * 512 + off + length]
    if payload[:4] == b"\x02\x21\x4c\x18":
        elf = lz4_legacy(payload[:-4])
    elif payload[:2] == b"\x1f\x8b":
        elf = zlib.decompressobj(31).decompress(payload)
    elif payload[:6] == b"\xfd7zXZ\0":
        elf = lzma.LZMADecompressor().decompress(payload)
    else:
        sys.exit("unpack_kernel: compression not known: " + payload[:6].hex())
    if elf[:4] != b"\x7fELF":
        sys.exit("unpack_kernel: no ELF inside")
    with open(sys.argv[2] + ".tmp", "wb") as f:
        f.write(elf)
    os.replace(sys.argv[2] + ".tmp", sys.argv[2])


main()
