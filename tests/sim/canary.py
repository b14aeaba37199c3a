#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Canaries: bugs that the simulator must find.  Each changes one line in a copy of a source.

  tests/sim/canary.py                 prints their names
  tests/sim/canary.py NAME FOLDER     writes the source with the bug to FOLDER, prints its path in the tree

tests/sim/sim.mk builds a library for each, with the object of the changed source in place of the ordinary
one.  The program checks that the line occurs exactly once in the source, so that each bug is really planted.
"""
import pathlib
import sys

CANARIES = {
    # name: (file, line of the source, line with the bug)
    "wrap": ("net/tcp/tcp_data.c", "if (!after(cb->seq, tp->rcv_nxt))",
             "if (cb->seq <= tp->rcv_nxt)"),
    "rto": ("net/tcp/tcp_output.c", "if (!prior_packets || inet_csk(sk)->icsk_pending == ICSK_TIME_PROBE0 ||",
            "if (!prior_packets && inet_csk(sk)->icsk_pending == ICSK_TIME_PROBE0 &&"),
    "ofo": ("net/tcp/tcp_data.c", "if (TCP_SKB_CB(from)->seq != cb->end_seq ||",
            "if (TCP_SKB_CB(from)->seq - cb->end_seq > 1 ||"),
    "wmem": ("net/tcp/tcp_retransmit.c", "\t\tsk_wmem_queued_add(sk, -(int)freed);\n", ""),
    "dsack": ("net/tcp/tcp_sack_gen.c", "\ttp->duplicate_sack[0] = (struct tcp_sack_block){seq, end_seq};",
              "\ttp->duplicate_sack[0] = (struct tcp_sack_block){seq, end_seq + 1};"),
    "window": ("net/tcp/tcp_window.c", "new_win = ALIGN_UP(cur_win, 1u << wscale);",
               "new_win = ALIGN_DOWN(cur_win, 1u << wscale);"),
    "reneging": ("net/tcp/tcp_recovery.c", "bool reneged = head && (TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED);",
                 "bool reneged = head && tcp_is_sack(tp);"),
    "level": ("kernel/fs/eventpoll.c", "again = epi;", "again = NULL;"),
    "oneshot": ("kernel/fs/eventpoll.c", "\tep_look(ep, epi, &pt);", "\t(void)pt;"),
    "futex": ("kernel/process/futex.c", "\twake_up_process(task);", "\t(void)task;"),
    "ect": ("net/tcp/tcp_ecn.c", "if (bytes && !before(tcb->seq, tp->snd_nxt)) {", "if (bytes) {"),
}


def main(canaries):
    """Plants the canary that the arguments name, or prints all names.  tests/differ/bugs.py uses it too."""
    if len(sys.argv) == 1:
        print(*canaries)
        return 0
    if sys.argv[1] not in canaries:
        print(f"canary {sys.argv[1]}: there are {', '.join(canaries)}", file=sys.stderr)
        return 1
    path, line, planted = canaries[sys.argv[1]]
    text = pathlib.Path(path).read_text()
    if text.count(line) != 1:
        print(f"canary {sys.argv[1]}: {path} has its line {text.count(line)} times", file=sys.stderr)
        return 1
    out = pathlib.Path(sys.argv[2], path)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text.replace(line, planted))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(CANARIES))
