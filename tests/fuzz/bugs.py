#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bugs that the fuzzers must find, one for each harness.  A bug is planted by replacing a text in a copy of a source.

  tests/fuzz/bugs.py                 prints the names of the harnesses
  tests/fuzz/bugs.py NAME FOLDER     writes the source with the bug to FOLDER, prints its path in the tree

fuzz.mk builds a harness with each bug; `tests/fuzz/run canary` plays it and searches the output for SHOWS.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sim"))

import canary  # noqa: E402  pylint: disable=wrong-import-position

BUGS = {
    # harness: (file, the text to replace, the replacement)
    "frame": ("net/ipv4/ip_input.c", "if (len < hdrlen)", "if (len < hdrlen && false)"),
    "session": ("net/tcp/tcp_retransmit.c", "\t\tsk_wmem_queued_add(sk, -(int)freed);\n", ""),
    "options": ("net/tcp/tcp_options.c", "if (size < 2 || size >", "if (size >"),
    "icmp_arp": ("net/tcp/tcp_ipv4_err.c", "\tbh_unlock_sock(sk);\n\tsock_put(sk);", "\tbh_unlock_sock(sk);"),
    "virtio": ("drivers/virtio/virtqueue.c", "else if (id >= vq->num)", "else if (id > vq->num)"),
    "calls": ("net/socket_msg.c", "ulen < 0 || ulen > sizeof(*kaddr)", "ulen < 0"),
    "proc": ("kernel/fs/proc.c", "if (*pos >= len)", "if (*pos >= 2 * len)"),
    "udp": ("net/ipv4/udp.c", "iph->ihl * 4 + sizeof(*uh));\n\tsock_put(sk);", "iph->ihl * 4 + sizeof(*uh));"),
    "cmdline": ("net/ipv4/ipconfig.c", " || prefix_len > 32", ""),
    "fragments": ("net/ipv4/ip_fragment.c", "start >= FRAG_CB(run)->start && end <= FRAG_CB(run)->run_end",
                  "start >= FRAG_CB(run)->start"),
    "igmp": ("net/ipv4/igmp_rcv.c", "if (answered && time_before(when, earliest))", "if (!answered)"),
}
# harness: a regular expression that the output matches if the bug was found
SHOWS = {
    "frame": "heap-buffer-overflow",
    "session": "sk->sk_wmem_queued",
    "options": "libFuzzer: timeout",
    "icmp_arp": r"TCP: \d+ objects alive",
    "virtio": "heap-buffer-overflow",
    "calls": "stack-buffer-overflow",
    "proc": "buffer-overflow",
    "udp": r"UDP: \d+ objects alive",
    "cmdline": "shift exponent",
    "fragments": r"failed \d+, incomplete \d+; expected",
    "igmp": "answers about group . come too often|more messages about changes",
}

if __name__ == "__main__":
    sys.exit(canary.main(BUGS))
