# SPDX-License-Identifier: MIT
"""Reads the file of QEMU's filter-dump: a pcap file, whose frames have a virtio_net_hdr before them where the netdev
has one (QEMU 7.2 writes it as if it were of the frame)."""
import struct

FILE_HEADER, RECORD = 24, struct.Struct("<IIII")
VNET_HDR = 12


def records(path, mac):
    """[(header, frame, length on the wire)], the virtio_net_hdr taken off; @mac is one of the wire's stations."""
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
    """A copy that any reader of pcap files understands."""
    head, found = records(path, mac)
    with open(to, "wb") as f:
        f.write(head)
        for (seconds, micros), data, length in found:
            f.write(RECORD.pack(seconds, micros, len(data), length) + data)


def longest(path, mac):
    """The longest frame (that the station sent, that was sent to it)."""
    out, into = 0, 0
    for _, data, length in records(path, mac)[1]:
        if data[6:12] == mac:
            out = max(out, length)
        elif data[:6] == mac:
            into = max(into, length)
    return out, into
