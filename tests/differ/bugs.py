#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bugs that the recorded answers must find: each replaces one line of a source in a copy of the tree.

tests/sim/canary.py has the same form.  No connection between two healthy hosts shows any of these bugs: only a
comparison with another TCP's answers does.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sim"))

import canary  # noqa: E402  pylint: disable=wrong-import-position

BUGS = {
    # name: (file, the text to replace, the replacement).
    "reset": ("net/tcp/tcp_input.c", "\tif (seq == tp->rcv_nxt)\n\t\treturn true;",
              "\tif (!before(seq, tp->rcv_nxt))\n\t\treturn true;"),
    "window": ("net/tcp/tcp_input.c", "before(end_seq, tp->rcv_wup) || after(seq, limit)",
               "before(end_seq, tp->rcv_wup) || after(seq, tp->rcv_nxt)"),
    "errno": ("net/tcp/tcp_recvmsg.c", "\t\tr.copied = -ENOTCONN;", "\t\tr.copied = -EINVAL;"),
    "poll": ("net/tcp/tcp_close.c", "tcp_done_with_error(sk, EPIPE);", "tcp_done_with_error(sk, ECONNRESET);"),
    "udp": ("net/ipv4/udp_recv.c", "err = flags & MSG_TRUNC ? ulen : copied;", "err = copied;"),
    "frag": ("net/ipv4/ip_fragment.c", "end > q->len || (last && end != q->len)", "end > q->len"),
    "ping": ("net/ipv4/ping.c", "icmph.type != ICMP_ECHO || icmph.code", "icmph.code"),
    "opts": ("net/core/sock_options.c", "\tif (optlen < sizeof(val))\n", "\tif (!optlen)\n"),
    "bind": ("net/inet/inet_ports.c", "other->skc_reuse && other->skc_state != TCP_LISTEN", "other->skc_reuse"),
}

if __name__ == "__main__":
    sys.exit(canary.main(BUGS))
