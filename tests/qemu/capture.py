# SPDX-License-Identifier: MIT
"""Reads the pcap file that QEMU's filter-dump writes.  With a netdev that uses virtio_net_hdr, QEMU 7.2 writes that
header in front of each frame, as if it were a part of the frame; the functions here remove it."""
import struct

FILE_HEADER, RECORD = 24, struct.Struct("<IIII")
VNET_HDR = 12


def records(path, mac):
    """Returns (file header, [((seconds, microseconds), frame, length on the wire)]), without virtio_net_hdr.  @mac is
    the source or destination of each frame: it shows where the frame begins."""
    with open(path, "rb") as f:
        raw = f.read()
    found, at = [], FILE_HEADER
    while at + RECORD.size <= len(raw):
        seconds, micros, kept, length = RECORD.unpack_from(raw, at)
        data = raw[at + RECORD.size:at + RECORD.size + kept]
        skip = 0 if mac in data[:12] else VNET_HDR if mac in data[VNET_HDR:VNET_HDR + 12] else 0
        found.append(((seconds, micros), data[skip:], length - skip))
        at += RECORD.size + kept
    return raw[:FILE_HEADER], found


def keep(path, mac, to):
    """Writes a copy of the capture to @to, without virtio_net_hdr: an ordinary pcap file."""
    head, found = records(path, mac)
    with open(to, "wb") as f:
        f.write(head)
        for (seconds, micros), data, length in found:
            f.write(RECORD.pack(seconds, micros, len(data), length) + data)


def longest(path, mac):
    """Returns the lengths of the longest frame from @mac and of the longest frame to @mac."""
    out, into = 0, 0
    for _, data, length in records(path, mac)[1]:
        if data[6:12] == mac:
            out = max(out, length)
        elif data[:6] == mac:
            into = max(into, length)
    return out, into
