# SPDX-License-Identifier: MIT
"""Differences from Linux that are meant, or known: a predicate each.

row() <- judge.py, recorded.py.  ROWS is the one source: `run --doc` writes docs/linux-differences.md from it,
and a test compares the two.  A predicate gets a judge.Difference; the first that holds gives its name.
"""
import os
import re

ROWS_MAX = 30
SHARE_MAX = .01             # of all seeds: a row that takes more hides too much
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "linux-differences.md")



# ---- what a predicate looks at ---------------------------------------------------------------------------

def words(answer):
    """An answer's words; of none: none."""
    return (answer or "").split()


def without(answer, *first_letters):
    """The words that do not begin so."""
    return [w for w in words(answer) if not w.startswith(first_letters)]


def steps_before(difference):
    """(words, Linux's answer) of the steps before the one that differs."""
    return zip((w for _, w in difference.scenario.steps), difference.before)


def extra(answer):
    """What stands in [...], or "". """
    return answer.split("[", 1)[1].split("]")[0] if answer and "[" in answer else ""


# ---- the rows ----------------------------------------------------------------------------------------------

def urgent_data(d):
    """Urgent data is read in its place in the stream, never beside it, and none is sent (RFC 6093 5: new
    applications SHOULD NOT use it). Linux takes the urgent byte out of the stream and out of FIONREAD.
    Script: none"""
    if d.words[0] == "send" and d.words[3] & 1:
        return d.ours == "=ENOTSUP"
    seen = any(w[0] == "seg" and "U" in w[2] for w, _ in steps_before(d)) or d.words[0] == "seg" and "U" in d.words[2]
    return seen and d.words[0] in ("ioctl", "recv", "poll")


def no_datagrams(d):
    """There is no UDP socket yet, so a datagram socket of any protocol is an unknown type and not a wrong protocol.
    Script: none"""
    return d.words[0] == "socket" and d.words[3] & 15 == 2 and d.ours == "=ESOCKTNOSUPPORT"


def error_queue(d):
    """Linux leaves the ICMP error that ended connect() on the socket's error queue too, although IP_RECVERR is off,
    and poll() says POLLERR until it is fetched. There is no error queue here.
    Script: none"""
    return d.words[0] == "poll" and any(w[0] == "icmp" for w, _ in steps_before(d)) and \
        extra(d.linux) != extra(d.ours) and int(extra(d.linux), 16) == int(extra(d.ours), 16) | 8


def echo_of_a_challenge(d):
    """A request that answers a segment outside its window sends a timestamp younger than its SYN-ACK's. When the peer
    echoes that one, Linux (since 6.15) finds it younger than any it sent in a SYN-ACK and refuses the handshake's
    ACK. The echo is right by RFC 7323 4.3, so it is believed here.
    Script: none"""
    challenged = set()
    for w, answer in steps_before(d):
        if w[0] != "seg":
            continue
        mine = [a.split(":")[-1] for a in words(answer) if (":" in a) == (w[1] > 0) and (not w[1] or a.startswith(f"{w[1]}:"))]
        if "S" not in w[2] and any(a.startswith("A1/1") for a in mine):
            challenged.add(w[1])
    return d.scenario.kind != "act" and bool(challenged) and \
        (d.words[0] == "accept" or d.words[0] == "seg" and d.words[1] in challenged and d.words[7] != "-")


def old_ack_with_data(d):
    """"any ACK value that is not in the range [SND.UNA - MAX.SND.WND, SND.NXT] MUST be discarded" (RFC 5961 5.2), the
    segment with it. Linux does so on its slow path only: data that header prediction foretold is taken.
    Script: none"""
    return d.words[0] == "seg" and d.words[5] != "-" and d.words[5] < 1


def options_of_a_crossed_syn(d):
    """After two SYNs crossed, Linux answers with all options of its own SYN. "an option may be sent in a SYN,ACK only if
    it was in the SYN" (RFC 7323 2.2, 3.2): ours carries what the peer offered.
    Script: handshake/simultaneous-open.pkt"""
    return d.scenario.kind == "act" and d.words[0] == "seg" and d.words[2] == "S" and \
        "S/" in (d.ours or "") and "S/" in (d.linux or "")


def mss_of_the_link(d):
    """Linux takes the path MTU that ICMP told of this peer for the MSS that it offers, too. A path that is narrow on the
    way out says nothing of the way in (RFC 6691 3): ours offers the link's.
    Script: none"""
    def mss(answer):
        return [re.sub(r"<mss\d+", "<mss", w) for w in words(answer)]
    return any(w[:3:2] == ("icmp", 3) for w, _ in steps_before(d)) and "<mss" in (d.ours or "") and mss(d.ours) == mss(d.linux)


def ack_of_a_fin(d):
    """A FIN with data, one byte more than a full segment: Linux acknowledges at once, as its window would not shrink by
    the data; ours, whose buffer is charged by what is allocated, has less room and delays the ACK (RFC 9293 3.8.6.3).
    Script: none"""
    return d.words[0] == "seg" and "F" in d.words[2] and "A" in (d.linux or "") and not d.ours


def reset_of_a_fin_wait_2(d):
    """A closed socket in FIN_WAIT2 answers a reset out of its window with an ACK on Linux. "if the RST bit is set, drop
    the segment" (RFC 9293 3.10.7.4, first): a reset is not answered here.
    Script: none"""
    return d.words[0] == "seg" and "R" in d.words[2] and not d.ours and words(d.linux)[:1] and words(d.linux)[0][0] == "A"


def shutdown_in_syn_received(d):
    """shutdown() before a simultaneous open is over: Linux (since 6.9) sends the FIN when it is, ours at once: "If no SENDs
    have been issued and there is no pending data to send, then form a FIN segment and send it" (RFC 9293 3.10.4).
    Script: none"""
    return d.words[0] == "shutdown" and d.scenario.kind == "act" and "F" in (d.ours or "") and d.linux == "=0" and \
        any(w[0] == "seg" and w[2] == "S" for w, _ in steps_before(d))


def tiny_windows(d):
    """Where the peer's window was below two segments, each cuts its queue by the largest window it saw, and joins it again
    in its own way: other pieces and other room in the send buffer, the same bytes.
    Script: none"""
    small = any(w[0] == "seg" and isinstance(w[6], int) and w[6] < 1000 for w, _ in steps_before(d))
    starts = [[w.split("-")[0] for w in words(a) if w[0] == "D"] for a in (d.ours, d.linux)]
    if d.words[0] == "send" and words(d.ours)[1:] == words(d.linux)[1:]:
        return small and "=E" not in d.ours + d.linux
    return small and starts[0] == starts[1] != [] and without(d.ours, "D") == without(d.linux, "D")


def numbers_of_a_dissolved_connection(d):
    """connect(AF_UNSPEC), or shutdown() before the SYN was answered, leaves Linux's socket with numbers from which SIOCOUTQ
    and SIOCOUTQNSD count two bytes that were never written, and one for a SYN without an answer; here a dissolved
    connection leaves none, and the next ISN is chosen anew.
    Script: none"""
    return d.words[0] == "ioctl" and d.words[2] in (0x5411, 0x894b) and d.ours == "=0 [0]" and \
        d.linux in ("=0 [2]", "=0 [3]")


def frag_needed(d):
    """Which segments go again after "fragmentation needed", and how long segments are behind a router that names no MTU:
    Linux counts from its least path MTU (552), ours from RFC 1191's plateaus (5). Known, the rest is not decided.
    Script: none"""
    frag = any(w[:4:2] == ("icmp", 3) and w[3] == 4 for w, _ in (*steps_before(d), (d.words, "")))
    return frag and without(d.ours, "D", "a", "e") == without(d.linux, "D", "a", "e")


def timer_edge(d):
    """Linux's timers run on ticks of 4 ms, and later while the host is busy: a retransmission that is due at a step's end
    is in that step here and in the next one there. Known: no wait keeps clear of all of a scenario's timeouts.
    Script: none"""
    ours, linux = without(d.ours, "a", "e", "z"), without(d.linux, "a", "e", "z")
    more, less = (ours, linux) if len(ours) > len(linux) else (linux, ours)
    return len(more) == len(less) + 1 and any(more[:i] + more[i + 1:] == less and w[0] in "DS" for i, w in enumerate(more))


def closed_window_seq(d):
    """The sequence number of a pure ACK, and how much is sent, after a segment that closed the window while data was in
    flight. Known, not decided which is better: RFC 9293 3.8.6 leaves it open.
    Script: none"""
    closed = any(w[0] == "seg" and w[6] == 0 for w, _ in (*steps_before(d), (d.words, "")))
    return closed and len(words(d.ours)) == len(words(d.linux)) and \
        [w[0] for w in words(d.ours)] == [w[0] for w in words(d.linux)]


def ack_rides_on_data(d):
    """Data that comes during a recovery: whether its ACK rides on the segments that it lets go, or follows alone or later.
    RFC 9293 3.8.6.3 leaves the choice; the bytes are the same.
    Script: none"""
    return d.words[0] == "seg" and "D" in (d.ours or "") and without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")


ROWS = [numbers_of_a_dissolved_connection, urgent_data,
        no_datagrams, error_queue, echo_of_a_challenge, old_ack_with_data, options_of_a_crossed_syn,
        mss_of_the_link, ack_of_a_fin, reset_of_a_fin_wait_2, shutdown_in_syn_received, tiny_windows,
        frag_needed, closed_window_seq, ack_rides_on_data, timer_edge]


def row(difference):
    """The name of the row that knows @difference, or None."""
    return next((predicate.__name__ for predicate in ROWS if predicate(difference)), None)


def document(hits):
    """docs/linux-differences.md.  @hits: what the last long run left: seeds, commit, linux, rows."""
    lines = [HEAD.format(**hits).strip(), "", "| difference | reason | script | hits |", "|---|---|---|---|"]
    for predicate in ROWS:
        reason, script = (re.sub(r"\s+", " ", part).strip() for part in predicate.__doc__.split("Script:"))
        lines.append(f"| `tests/differ/known.py:/^def {predicate.__name__}/` | {reason} | `{script}` | "
                     f"{hits['rows'].get(predicate.__name__, 0)} |")
    return "\n".join(lines) + "\n"


def hits_of(text):
    """What document() was given, read back from its text."""
    seeds, start, commit, linux = re.search(r"(\d+) seeds from (\d+) at commit (\w+) beside Linux (\S+):", text).groups()
    return {"seeds": int(seeds), "from": int(start), "commit": commit, "linux": linux,
            "rows": {name: int(count) for name, count in re.findall(r":/\^def (\w+)/`.*\| (\d+) \|$", text, re.M)}}


HEAD = """
# Where it differs from Linux

`make differ` plays random scenarios on the hosted kernel and on the host's own Linux (docs/testing.md). What differs is a
fault, or a row here: a predicate on the scenario and both answers, why the difference is meant or known, and a packet
script that shows it. At most 30 rows, none above 1 % of the seeds: the run checks that. The table is made from the
predicates by `tests/differ/run --doc`.

The last long run, {seeds} seeds from {from} at commit {commit} beside Linux {linux}:
"""
