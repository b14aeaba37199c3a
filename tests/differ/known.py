# SPDX-License-Identifier: MIT
"""Known and intended differences from Linux, with a predicate for each.

judge.py and recorded.py call row().  `run --doc` writes docs/linux-differences.md from ROWS and texts.py, and a
test compares the two.  A predicate gets a judge.Difference; the name of the first predicate that is
true is the difference's name.
"""
import os
import pathlib
import re

from texts import ARP, CALLS, GROUPS, HEAD, OTHERS, SETTINGS, SOCKETS

ROWS_MAX = 30
SHARE_MAX = .01             # share of all seeds: a row that covers more may hide faults
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "packet" / "scripts"
DIFFERS = "// linux: differs, because "
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "linux-differences.md")

WINDOW_MAX = 65535          # about the window in a SYN-ACK
SMALL = 1000                # bytes: a peer's window or MSS below it makes small segments in the send queue
SIOCOUTQ, SIOCOUTQNSD = 0x5411, 0x894b
POLLOUT = 4
SO_RCVBUF, SO_ERROR, TCP_WINDOW_CLAMP, TCP_DEFER_ACCEPT = (1, 8), (1, 4), (6, 10), (6, 9)
NO_ERROR = "4:00000000"
DELAYED_ACK_US = 50_000      # a delayed ACK has been sent after this time
WHEEL_US = 300_000           # Linux rounds timeouts up by at most 256 ms
QUIET = ("wait", "info", "poll", "get", "ioctl", "recv")    # steps in which a kernel normally sends nothing
LINUX_TICK_US = 4000        # CONFIG_HZ=250
ACK_MAX_TICKS = 2           # a timer without a delay ends with the next tick, or with the one after it


# ---- helpers of the predicates -----------------------------------------------------------------------------

def words(answer):
    """Returns the words of an answer. An answer of None has no words."""
    return (answer or "").split()


def bare(word):
    """Returns a word without its peer's number: for 1:A5/6 it is A5/6."""
    return re.sub(r"^\d:", "", word)


def of_peer(answer, number):
    """Returns the words of one peer, without its number."""
    return [bare(w) for w in words(answer) if re.match(r"\d:", w) and int(w[0]) == number or
            not number and not re.match(r"\d:", w)]


def without(answer, *first_letters):
    """Returns the words that do not begin with one of these letters."""
    return [w for w in words(answer) if not bare(w).startswith(first_letters)]


def only(answer, *first_letters):
    """Returns the words that begin with one of these letters."""
    return [w for w in words(answer) if bare(w).startswith(first_letters)]


def steps_before(difference):
    """Yields (words, Linux's answer) for each step before the one that differs."""
    return zip((w for _, w in difference.scenario.steps), difference.before)


def steps_up_to(difference):
    """Returns the words of each step up to the one that differs, including it."""
    return [w for w, _ in steps_before(difference)] + [difference.words]


def extra(answer):
    """Returns the text in [...], or ""."""
    return answer.split("[", 1)[1].split("]")[0] if answer and "[" in answer else ""


def result(answer):
    """Returns the number that a call returned, or None if it failed."""
    found = re.match(r"=(\d+)\b", answer or "")
    return int(found[1]) if found else None


def events(d):
    """Returns the events that poll() reported here and on Linux; None where it failed."""
    return [int(extra(a), 16) if extra(a) else None for a in (d.ours, d.linux)]


def lasts(d):
    """Returns the duration of the step in microseconds."""
    at = d.scenario.at[d.index:d.index + 2]
    return at[1] - at[0] if len(at) == 2 else 0


def is_frag_needed(w):
    """Returns true if the step is the ICMP error "fragmentation needed"."""
    return w[0] == "icmp" and w[2:4] == (3, 4)


def sets(difference, *options):
    """Returns true if one of these socket options was set."""
    return any(w[0] == "set" and w[2:4] in options for w in steps_up_to(difference))


# ---- the handshake -------------------------------------------------------------------------------------------

class Request:
    """Follows the state of a peer's half-open connection on Linux, from Linux's answers."""

    def __init__(self, deferred):
        self.deferred = deferred    # TCP_DEFER_ACCEPT: a bare ACK makes no connection
        self.ack = None             # the SYN-ACK's acknowledgement number; None: no request
        self.syn_ts = "-"
        self.challenged = False     # the last segment to the peer was an ACK, newer than the SYN-ACK
        self.refused = False        # the peer echoed that ACK's timestamp: only this kernel made the connection

    def segment(self, w):
        """Handles a segment from the peer; its words are (.., flags, seq, length, ack, window, timestamp, options)."""
        flags, seq, length, ack, ts = w[2], w[3], w[4], w[5], w[7]
        if self.ack is None and "S" in flags and "." not in flags:
            self.syn_ts = ts        # the timestamp that the SYN-ACK echoes
        if self.ack is None or "." not in flags or ack != 1:
            return
        older = "-" not in (ts, self.syn_ts) and ts < self.syn_ts
        end = seq + length + ("F" in flags)
        if older or seq != self.ack and not (end > self.ack and seq < self.ack + WINDOW_MAX):
            return                  # an unacceptable segment is answered, and does not change the request
        if self.challenged and ts != "-":
            self.refused = True
        elif "R" in flags and seq != self.ack:
            return                  # a reset in the window, but not at RCV.NXT, is answered; the request stays
        elif set(flags) & {"S", "R"} or length or not self.deferred:
            self.ack = None         # both kernels make a connection, or the request ends

    def answer(self, said):
        """Handles the words of the kernel's answer to the peer's last segment."""
        for w in said:
            if w.startswith("S/") and not w.startswith("S/-"):
                self.ack, self.challenged = int(re.match(r"S/(\d+)", w)[1]), False
            elif self.ack is not None and w == f"A1/{self.ack}":
                self.challenged = True


def echo_of_a_challenge(d):
    """A half-open connection answers a segment outside its window with an ACK, whose timestamp is newer than its
    SYN-ACK's. If the peer then echoes that timestamp in the handshake's last ACK, Linux (since 6.15) refuses
    this ACK, because it sent no such timestamp in a SYN-ACK. The echo is right by RFC 7323 4.3, so the ACK is
    accepted here: the connection is complete, and later segments are answered accordingly.
    Script: handshake/echo-of-a-challenge.pkt"""
    if d.scenario.kind == "act":
        return False
    requests = {}
    for w, answer in (*steps_before(d), (d.words, "")):
        if w[0] == "seg":
            requests.setdefault(w[1], Request(sets(d, TCP_DEFER_ACCEPT))).segment(w)
        for number, request in requests.items():
            request.answer(of_peer(answer, number))
    return any(r.refused for n, r in requests.items() if d.words[0] not in ("seg", "icmp") or d.words[1] == n)


def options_of_a_crossed_syn(d):
    """After two SYNs crossed, Linux's SYN-ACK has all options of its own SYN. RFC 7323 2.2, 3.2: "an option may be
    sent in a SYN,ACK only if it was in the SYN". So the SYN-ACK here has only the options that the peer's SYN
    had.
    Script: options/of-a-crossing-synack.pkt"""
    return d.scenario.kind == "act" and d.words[0] == "seg" and d.words[2] == "S" and \
        "S/" in (d.ours or "") and "S/" in (d.linux or "")


def shutdown_in_syn_received(d):
    """If shutdown() is called before a simultaneous open is complete, Linux (since 6.9) sends the FIN when it is
    complete. Here the FIN is sent at once: "If no SENDs have been issued and there is no pending data to send,
    then form a FIN segment and send it" (RFC 9293 3.10.4). If a socket connects to itself, a shutdown() before
    its connect() has an effect on Linux, but none here.
    Script: handshake/shutdown-in-a-simultaneous-open.pkt"""
    if d.scenario.kind in ("call", "bind"):
        steps = [w for w, _ in steps_before(d)]
        shut = {w[1] for w in steps if w[0] == "shutdown"}
        bound = {(w[1], w[3]) for w in steps if w[0] == "bind" and w[1] in shut}
        return any(w[0] == "connect" and (w[1], w[3]) in bound for w in steps)
    return d.words[0] == "shutdown" and d.scenario.kind == "act" and "F" in (d.ours or "") and d.linux == "=0" and \
        any(w[0] == "seg" and w[2] == "S" for w, _ in steps_before(d))


# ---- calls ---------------------------------------------------------------------------------------------------

def numbers_of_a_dissolved_connection(d):
    """A connection is dissolved by connect(AF_UNSPEC), by a refusal, or by shutdown() before its SYN was answered.
    Linux's socket then keeps the old sequence numbers. So SIOCOUTQ and SIOCOUTQNSD count bytes that were never
    written: two for each dissolved connection, and one more if its SYN was not answered. Here the socket keeps no
    numbers, and the next connection gets a new ISN.
    Script: calls/dissolved-counts-nothing.pkt"""
    dissolved = sum(w[0] in ("connect", "shutdown") for w, _ in steps_before(d))
    return d.words[0] == "ioctl" and d.words[2] in (SIOCOUTQ, SIOCOUTQNSD) and d.ours == "=0 [0]" and \
        0 < int(extra(d.linux) or 0) <= 3 * dissolved


def changes_sides(d):
    """A socket listened, and shutdown() or connect(AF_UNSPEC) ended that; or its connect() failed. Such a socket may
    connect or listen here, as on Linux 4.11 to 6.18; POSIX has no rule against it. The newest 6.18.44 keeps a socket on
    the side of its first call: the other call fails with EINVAL.
    Script: calls/changes-sides.pkt"""
    before = {"listen": "connect", "connect": "listen"}.get(d.words[0])
    return d.linux == "=EINVAL" and any(w[0] == before and w[1] == d.words[1] for w, _ in steps_before(d))


# ---- receiving -----------------------------------------------------------------------------------------------

def old_ack_with_data(d):
    """RFC 5961 5.2: "any ACK value that is not in the range [SND.UNA - MAX.SND.WND, SND.NXT] MUST be discarded",
    and the segment with it. Linux does so on its slow path only. On its fast path (header prediction) it accepts
    the data of such a segment and records the segment's timestamp, so that it echoes this timestamp and PAWS
    compares with it.
    Script: ack/old-with-foretold-data.pkt"""
    if d.words[0] == "seg" and d.words[5] != "-" and d.words[5] < 1:
        return True
    noted = [w[7] for w, _ in steps_before(d) if w[0] == "seg" and w[5] != "-" and w[5] < 1 and w[7] != "-"]
    if without(d.ours, "e") == without(d.linux, "e"):
        return bool(noted)
    return bool(noted) and d.words[0] == "seg" and d.words[7] != "-" and d.words[7] < max(noted)


def acknowledged(d):
    """Returns the highest acknowledgement number up to this step."""
    return max((w[5] for w in steps_up_to(d) if w[0] == "seg" and w[5] != "-"), default=1)


def is_probe_only_here(d):
    """Returns true if data came with a zero window, and only this kernel sent a window probe; all else is equal."""
    closed = [w[5] for w in steps_up_to(d) if w[0] == "seg" and w[4] and w[6] == 0 and w[5] != "-"]
    return any(words(d.linux) == [w for w in words(d.ours) if not w.startswith(f"A{ack - 1}/")] != words(d.ours) for ack in closed)


def is_burst_of_linux_only(d):
    """Returns true if an ACK that acknowledges no new data lets Linux send new data, and here causes only ACKs."""
    return d.words[5] == acknowledged(d) and without(d.ours, "A", "a", "e") == [] and len(new_ranges(d, d.linux)) == 1 and \
        without(d.linux, "D", "a", "e", "s") == [] and any("D" in answer for answer in d.before)


def fast_path_by_memory(d):
    """Linux's fast path accepts data only if the socket has already reserved memory for it, so the first data, and
    some data in each further page, takes the slow path. The fast path here accepts data if the buffer has room.
    The two paths differ in details: whether a soft error from ICMP is cleared; whether the timestamp of an old
    ACK is recorded; whether the window of a segment with a lower SEG.SEQ (SND.WL1) is recorded; whether the timer
    of the window probe starts again; whether data that waited for a larger burst is sent; and whether the received
    data is queued before retransmissions are sent, which then acknowledge it. RFC 9293 and 7323 4.3 describe one path only.
    Script: icmp/soft-until-the-next-segment.pkt"""
    earlier = [w for w in steps_up_to(d) if w[0] == "seg"]
    if d.words[0] == "get" and d.words[2:4] == SO_ERROR:
        return any(w[0] == "icmp" for w, _ in steps_before(d)) and any(w[4] for w in earlier) and \
            (extra(d.ours) == NO_ERROR) != (extra(d.linux) == NO_ERROR) and result(d.ours) == result(d.linux) == 0
    if without(d.ours, "e") == without(d.linux, "e"):
        una = 1
        for w in earlier:
            if w[5] != "-" and w[5] < una and w[7] != "-":
                return True
            una = max(una, w[5] if w[5] != "-" else 1)
        return False
    if d.words[0] in ("send", "shutdown", "close") and f"={result(d.ours)}" in (d.ours, d.linux):
        closed = [i for i, w in enumerate(earlier) if w[6] < SMALL]
        return bool(closed) and any(w[3] > earlier[closed[-1]][3] for w in earlier[:closed[-1]])
    if is_probe_only_here(d):
        return True
    if d.words[0] != "seg" or not d.words[4]:
        return False
    if is_burst_of_linux_only(d):
        return True
    return only(d.ours, "D") == only(d.linux, "D") != [] and without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")


def blocks_beyond_a_fin(d):
    """Two cases in which the ACK of a FIN has SACK blocks on Linux. First, a peer sent data beyond its FIN, which no
    conforming peer does, and the data arrived before the FIN: Linux's ACK has SACK blocks of this data, although Linux
    then drops the data. Second, the FIN arrived before the data in front of the FIN: Linux's ACK that ends FIN_WAIT2
    has a SACK block of the FIN. Here such blocks are removed first, so the ACK has at most a D-SACK.
    Script: close/data-beyond-the-fin.pkt"""
    def without_blocks(answer):
        return re.sub(r"(A\d+/\d+):\S+", r"\1", answer or "")
    if d.words[0] != "seg" or d.ours == d.linux or without_blocks(d.ours) != without_blocks(d.linux):
        return False
    blocks = [re.search(r"A\d+/(\d+):?(\S*)", answer or "") for answer in (d.ours, d.linux)]
    ends = [w[3] + w[4] + 1 for w in steps_up_to(d) if w[0] == "seg" and "F" in w[2]]
    return None not in blocks and int(blocks[0][1]) in ends and blocks[1][2].startswith(blocks[0][2])


def two_ends(d):
    """A peer sends two FINs with different sequence numbers, both after a hole. Linux joins the two segments. The
    sequence number of the first FIN is then in the middle of the data, and Linux loses the byte after it. Here
    no segment is joined to one with a FIN.
    Script: close/two-ends.pkt"""
    ends = {w[3] + w[4] for w in steps_up_to(d) if w[0] == "seg" and "F" in w[2]}
    if d.words[0] not in ("recv", "ioctl") or len(ends) < 2 or None in (result(d.ours), result(d.linux)):
        return False
    read = [result(a) if d.words[0] == "recv" else int(extra(a) or 0) for a in (d.ours, d.linux)]
    return 0 < read[0] - read[1] < len(ends)


def ack_that_waits_for_room(d):
    """A full segment with a FIN, or a second full segment, was received. The ACK is sent at once if the window that can be
    offered now is as large as the last one, else it is delayed (RFC 9293 3.8.6.3). The two kernels charge the buffer
    for different amounts of memory, and Linux rounds a window without a scale to whole segments. So one kernel may
    delay the ACK and the other send it at once.
    Script: ack/fin-with-a-full-segment.pkt"""
    taken = [int(number) for answer in d.before for number in re.findall(r"\ba(\d+)", answer)]
    return is_quick_on_one(d) and (d.words[4] >= SMALL or "F" in d.words[2] or 0 < max(taken, default=0) < d.words[3])


def other_window(d):
    """Returns true if different windows may cause the difference: a window update, or a segment beyond a window
    that one of the kernels offers."""
    if d.words[0] == "recv":
        return without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")
    given = [int(a) for _, answer in steps_before(d) for a in re.findall(r"\ba(\d+)", answer)]
    return any(w[0] == "seg" and w[3] + w[4] > SMALL + max(given, default=1) for w in steps_up_to(d))


def is_quick_on_one(d):
    """Returns true if one kernel acknowledges data at once, and the other only after this step."""
    return d.words[0] == "seg" and d.words[4] and lasts(d) < DELAYED_ACK_US and "" in (d.ours, d.linux) and \
        not without(d.ours, "A", "a", "e") and not without(d.linux, "A", "a", "e")


def window_by_cost(d):
    """Linux (since 6.6) computes the window from the memory that the last packets took, this kernel from
    tcp_adv_win_scale. So the windows differ, most with a small SO_RCVBUF. A segment at the edge of a window, or
    beyond the first 64 KiB of the stream, may be inside one kernel's window and outside the other's. When the
    application reads, the two windows move at different times. The window also decides how many ACKs are sent without
    delay after a duplicate.
    Script: window/of-ours-closes.pkt"""
    far = [w for w in steps_up_to(d) if w[0] == "seg" and WINDOW_MAX < w[3] + w[4] < 2 * WINDOW_MAX]
    return sets(d, SO_RCVBUF) and (other_window(d) or is_quick_on_one(d)) or d.words in far or bool(far) and d.words[0] == "info"


def window_clamp_is_kept(d):
    """Linux (since 6.6) computes the clamp anew from the buffer's size when it learns how much memory a packet
    takes, and so forgets the application's TCP_WINDOW_CLAMP. Here that option limits the window for the whole
    connection, as tcp(7) says.
    Script: window/clamp-is-kept.pkt"""
    return sets(d, TCP_WINDOW_CLAMP) and other_window(d)


def reset_of_a_fin_wait_2(d):
    """A closed socket in FIN_WAIT2 receives a reset outside its window. Linux answers with an ACK. Here a reset is
    not answered: "if the RST bit is set, drop the segment" (RFC 9293 3.10.7.4, first).
    Script: close/reset-of-an-orphan-is-not-answered.pkt"""
    return d.words[0] == "seg" and "R" in d.words[2] and not d.ours and words(d.linux)[:1] and words(d.linux)[0][0] == "A"


# ---- the path ------------------------------------------------------------------------------------------------

def mss_of_the_link(d):
    """If an ICMP error reported a path MTU for this peer, Linux also computes from that MTU the MSS that it
    offers. A path that is narrow on the way to the peer says nothing about the way back (RFC 6691 3), so the MSS offered
    here is that of the link.
    Script: icmp/path-mtu-and-the-offered-mss.pkt"""
    def mss(answer):
        return [re.sub(r"<mss\d+", "<mss", w) for w in words(answer)]
    return any(is_frag_needed(w) for w in steps_up_to(d)) and "<mss" in (d.ours or "") and mss(d.ours) == mss(d.linux)


def frag_needed_without_mtu(d):
    """If a router reports "fragmentation needed" without an MTU, Linux goes to its least path MTU (552) at once and
    lets routers fragment. Here the next lower plateau is tried (RFC 1191 5 and 7.1). So the two kernels send
    segments of different lengths, and retransmit different ones.
    Script: icmp/fragmentation-needed-without-an-mtu.pkt"""
    return any(is_frag_needed(w) and w[4] == 0 for w in steps_up_to(d)) and \
        (d.words[0] == "info" or without(d.ours, "D", "a", "e", "s") == without(d.linux, "D", "a", "e", "s"))


def route_of_another_connection(d):
    """One connection has learned a path MTU, and another connection to the same host sends its next segments. Linux
    cuts these segments for the old MTU, then looks up its route again, drops the segments (EMSGSIZE), and sends
    them after a timeout. Here the route's MTU is checked before segments are cut.
    Script: icmp/fragmentation-needed-of-another.pkt"""
    return d.scenario.kind == "half" and any(is_frag_needed(w) for w, _ in steps_before(d)) and d.words[0] == "send" and \
        only(d.ours, "D") != [] == only(d.linux, "D") and words(d.ours)[:1] == words(d.linux)


# ---- sending -------------------------------------------------------------------------------------------------

def had_small_window(d):
    """Returns true if the peer's window was small in a step so far."""
    return any(w[0] == "seg" and isinstance(w[6], int) and w[6] < SMALL for w in steps_up_to(d))


def has_small_mss(d):
    """Returns true if the peer offered a small MSS."""
    return any(w[0] == "seg" and int((re.search(r"mss(\d+)", str(w[8])) or [0, SMALL])[1]) < SMALL for w in steps_up_to(d))


def room_in_the_send_buffer(d):
    """The two kernels count different amounts of memory for a small segment. So their send buffers are full at
    different numbers of bytes: one accepts more of a write, or poll() still reports room on one and not on the
    other.
    Script: window/of-one-byte-and-the-send-buffer.pkt"""
    if not had_small_window(d) and not has_small_mss(d) and d.scenario.kind != "flow":
        return False
    if d.words[0] == "poll":
        return None not in events(d) and events(d)[0] ^ events(d)[1] == POLLOUT
    got = result(d.ours), result(d.linux)
    if d.words[0] == "send" and {None, d.words[2]} == set(got):
        return "=EAGAIN" in (d.ours, d.linux)
    return d.words[0] == "send" and None not in got and min(got) < d.words[2] and without(d.ours, "D", "a", "e", "s")[1:] == without(d.linux, "D", "a", "e", "s")[1:]


def ranges(answer):
    """Returns the ranges of data that were sent: [(from, to)]."""
    return [tuple(map(int, re.match(r"D(\d+)-(\d+)", bare(w)).groups())) for w in only(answer, "D")]


def queued_segments_grow(d):
    """A small window has cut the data in the send queue into small segments, and then opens. Linux (since 6.10,
    tcp_grow_skb()) moves bytes from the next queued segment into the one that it sends. Here each segment is
    sent as it was cut. The congestion window counts segments, so it allows a different number of bytes, and
    Nagle's rule makes different bytes wait for the next ACK.
    Script: window/opens-behind-small-segments.pkt"""
    ours, linux = ranges(d.ours), ranges(d.linux)
    return had_small_window(d) and without(d.ours, "D") == without(d.linux, "D") and len(ours) == len(linux) > 0 and \
        all(a[0] == b[0] for a, b in zip(ours, linux))


def unit_of_the_window(d):
    """If the peer shrinks its window so that SND.NXT is beyond the window's end, an ACK has the sequence number of
    the end, not SND.NXT. A difference of less than one unit of the window scale does not count, because it can be
    a rounding. Linux (tcp_acceptable_seq()) takes its own scale for that unit; here it is the peer's scale, with
    which the window was sent.
    Script: window/unit-of-the-peers.pkt"""
    def kept(answer):
        return [re.sub(r"A\d+/", "A/", w) for w in words(answer)]
    seen = only(d.ours, "A"), only(d.linux, "A")
    return d.ours != d.linux and kept(d.ours) == kept(d.linux) and len(seen[0]) == 1 and \
        had_small_window(d)


# ---- the repair of losses --------------------------------------------------------------------------------------

TCP_CONGESTION = (6, 13)
UNACKED, CWND, REORDERING, REORD_SEEN, DELIVERED = 3, 7, 9, 10, 13      # numbers of play.py's DELIVERED_NAMES
MSS_MIN = 48                # both kernels take no smaller MSS from a SYN
CUBIC_SEGMENTS = 3          # largest difference of the windows of the two kernels' CUBIC


def uses_reno(d):
    """Returns true if the scenario chose reno."""
    return sets(d, TCP_CONGESTION)


def has_sack(d):
    """Returns true if both SYNs permitted SACK."""
    return any("S/" in answer and "sackOK" in answer for _, answer in steps_before(d))


def blocks_before(d):
    """Yields (the words of a segment from the peer, its SACK blocks) for each step up to the one that differs."""
    for w in steps_up_to(d):
        found = re.search(r"\bsack([-\d:]+)", str(w[8])) if w[0] == "seg" else None
        if found:
            edges = list(map(int, found[1].split(":")))
            yield w, list(zip(edges[::2], edges[1::2]))


def other_counters(d):
    """Returns the indexes of the counters of loss recovery that differ; an empty set for other differences."""
    ours, linux = extra(d.ours).split(","), extra(d.linux).split(",")
    if d.words[0] != "info" or not len(ours) == len(linux) > CWND:
        return set()
    return {i for i, (a, b) in enumerate(zip(ours, linux)) if a != b}


def only_data_differs(d):
    """Returns true if the two kernels sent different data, and all else is equal."""
    return without(d.ours, "D", "a", "e", "s") == without(d.linux, "D", "a", "e", "s") and \
        only(d.ours, "D") != only(d.linux, "D")


def resent(d):
    """Returns true if data was retransmitted up to this step."""
    top = 0
    for answer in (*d.before, d.linux, d.ours):
        for low, high in ranges(answer):
            if low < top:
                return True
            top = max(top, high)
    return False


def early_on_linux(d):
    """Returns true if Linux retransmits data in this step that is not retransmitted here."""
    top = max((high for answer in d.before for _, high in ranges(answer)), default=1)
    return any(low < top for low, _ in set(ranges(d.linux)) - set(ranges(d.ours)))


def mss_of_peer(d):
    """Returns the number of bytes in a full segment to the peer, from the MSS in the peer's SYN; 0 without an
    MSS."""
    syn = next((w for w in steps_up_to(d) if w[0] == "seg" and "S" in w[2]), None)
    found = syn and re.search(r"mss(\d+)", str(syn[8]))
    return max(int(found[1]), MSS_MIN) - (12 if syn[7] != "-" else 0) if found else 0


def early_here(d):
    """Returns true if data is retransmitted in this step that Linux retransmits later or not at all."""
    before = 0      # bytes that both kernels retransmit first
    ours, linux = ([byte for low, high in old_ranges(d, a) for byte in range(low, high)] for a in (d.ours, d.linux))
    while before < min(len(ours), len(linux)) and ours[before] == linux[before]:
        before += 1
    return before < len(ours) and ours[before] not in linux[before:] or \
        old_ranges(d, d.ours) != old_ranges(d, d.linux) and sorted(ours) == sorted(linux)


def odd_edges(d):
    """Returns the ACKs and edges of SACK blocks that are inside a segment, as far as the MSS tells."""
    size = mss_of_peer(d)
    edges = {edge for _, b in blocks_before(d) for pair in b for edge in pair}
    edges |= {w[5] for w in steps_up_to(d) if w[0] == "seg" and w[5] != "-"}
    return {edge for edge in edges if size and (edge - 1) % size}


def is_about_odd_edges(d):
    """Returns true if one of odd_edges() is within a segment's length of what the last segment acknowledges or SACKs, or
    if a range of data that only one kernel sends begins or ends at such an edge."""
    odd, size = odd_edges(d), mss_of_peer(d)
    present = next((w for w in reversed(steps_up_to(d)) if w[0] == "seg"), d.words)
    new = [pair for w, b in blocks_before(d) if w is present for pair in b]
    new += [(present[5], present[5])] if present[0] == "seg" and present[5] != "-" else []
    touched = any(low - size < edge < high + size for low, high in new for edge in odd)
    return touched or any(edge in odd for pair in set(ranges(d.ours)) ^ set(ranges(d.linux)) for edge in pair)


def has_dsack(d):
    """Returns true if a segment had a D-SACK (RFC 2883 4): a first block below the ACK, or inside the second block."""
    return any(b[0][0] < w[5] or len(b) > 1 and b[1][0] <= b[0][0] and b[0][1] <= b[1][1] for w, b in blocks_before(d))


def new_ranges(d, answer):
    """Returns the ranges of data in the answer that were not sent before this step."""
    top = max((high for before in d.before for _, high in ranges(before)), default=1)
    return [(max(low, top), high) for low, high in ranges(answer) if high > top]


def old_ranges(d, answer):
    """Returns the ranges of data in the answer that were sent before this step."""
    top = max((high for before in d.before for _, high in ranges(before)), default=1)
    return [(low, min(high, top)) for low, high in ranges(answer) if low < top]


def repaired(d):
    """Returns true if the difference is in what was sent after a loss, or in cwnd."""
    return resent(d) and (only_data_differs(d) or other_counters(d) == {CWND})


def cubic_by_the_rfc(d):
    """CUBIC's window here grows by RFC 9438; Linux's has other constants near the last maximum, and raises cwnd twice for
    one segment of Reno's window. So in congestion avoidance after a reduction the window is a few segments larger on one
    kernel.
    Script: cubic/grows-by-the-rfc.pkt"""
    if uses_reno(d) or not resent(d):
        return False
    if d.words[0] == "info":
        return bool(other_counters(d)) and other_counters(d) <= {UNACKED, CWND} and abs(
            int(extra(d.ours).split(",")[CWND]) - int(extra(d.linux).split(",")[CWND])) <= CUBIC_SEGMENTS
    new = new_ranges(d, d.ours), new_ranges(d, d.linux)
    if not only_data_differs(d) or max(map(len, new)) != 1 or old_ranges(d, d.ours) != old_ranges(d, d.linux):
        return False
    ends = [ranges[0][1] if ranges else (new[0] or new[1])[0][0] for ranges in new]
    return abs(ends[0] - ends[1]) <= CUBIC_SEGMENTS * mss_of_peer(d)


def delivered_by_an_old_ack(d):
    """An ACK below SND.UNA came late, and its SACK blocks report segments that no earlier ACK reported. Linux marks
    the segments, but does not count them as delivered (tcpi_delivered).
    Script: info/delivered-by-an-old-ack.pkt"""
    una = 1
    for w in steps_up_to(d):
        if w[0] == "seg" and w[5] != "-":
            if w[5] < una and "sack" in str(w[8]):
                return other_counters(d) == {DELIVERED}
            una = max(una, w[5])
    return False


def reordering_by_a_dsack(d):
    """A D-SACK counts as reordering on Linux in two cases: if the same ACK also reports the first copy of the segment,
    and if the D-SACK is for a part of merged segments, and another part was retransmitted. In the second case Linux also
    takes the D-SACK as the answer to the retransmission, and may undo a reduction. By RFC 8985 6.2 step 3 only a segment
    that was sent once shows reordering. Linux's RACK then waits longer before it marks a segment lost.
    Script: rack/dsack-is-no-reordering.pkt"""
    if not has_dsack(d):
        return False
    sent, (low, high) = [r for a in d.before for r in ranges(a)], (list(blocks_before(d))[-1][1] or [(0, 0)])[0]
    if only_data_differs(d) and not ranges(d.ours) and sum(a < high and low < b for a, b in sent) == 1:
        return bool(new_ranges(d, d.linux))
    return bool(other_counters(d)) and other_counters(d) <= {REORDERING, REORD_SEEN} or only_data_differs(d) and \
        early_here(d)


def duplicates_lower_reordering(d):
    """More duplicate ACKs arrive than segments are in flight, without SACK. Linux then sets its threshold of duplicates
    to the number of segments in flight, even if that is lower than 3. Here such ACKs only raise the threshold (RFC
    5681 3.2: three duplicates).
    Script: recovery/duplicates-do-not-lower-the-threshold.pkt"""
    acks = [w[5] for w in steps_up_to(d) if w[0] == "seg" and w[5] != "-" and not w[4]]
    return not has_sack(d) and any(a == b for a, b in zip(acks, acks[1:])) and (
        REORDERING in other_counters(d) and int(extra(d.linux).split(",")[REORDERING]) < 3 or only_data_differs(d) and (
            early_on_linux(d) or bool(old_ranges(d, d.linux)) and new_ranges(d, d.ours) != new_ranges(d, d.linux)))


def lost_segments_after_an_undo(d):
    """After an undo Linux misses some losses. A segment that RACK marked before the undo has left RACK's list for
    ever. While more retransmissions are in flight than segments are lost, Linux retransmits no segment, although these
    retransmissions may be of segments that are not lost. Linux may also begin to look for lost segments above
    the lowest one. Here each lost segment is retransmitted when cwnd permits, the lowest first (RFC 8985 6.2
    step 5, 6675 4).
    Script: rack/losses-after-an-undo.pkt"""
    return has_sack(d) and repaired(d) and d.undone


def is_behind_a_cut(d):
    """Returns true if only one kernel sends a range that begins at the end of a segment which SACK blocks of our own had
    made shorter."""
    cuts = {high for answer in (*d.before, d.ours, d.linux) if only(answer, "s") for low, high in ranges(answer)
            if high - low < mss_of_peer(d)}
    return any(low in cuts for low, _ in set(ranges(d.ours)) ^ set(ranges(d.linux)))


def cut_inside_a_segment(d):
    """An ACK or a SACK block ends inside a segment, or SACK blocks of our own leave less room for data in a segment that is
    sent again. Linux cuts the rest of a large packet anew from there, merges SACKed packets, and does not look again at
    bytes that a block reported before; here the segments keep their first limits, and each block is looked at. So a
    retransmission has another length, and other segments count as reported.
    Script: recovery/an-ack-inside-a-segment.pkt"""
    ours, linux = ranges(d.ours), ranges(d.linux)
    same = len(ours) == len(linux) and all(a[0] == b[0] for a, b in zip(ours, linux))
    if not resent(d) or not odd_edges(d):
        return resent(d) and only_data_differs(d) and (same and only(d.linux, "s") != [] or is_behind_a_cut(d))
    return bool(other_counters(d)) or only_data_differs(d) and (same or is_about_odd_edges(d))


def dsack_in_a_part_of_a_burst(d):
    """A D-SACK in a segment leaves less room for data. Here a burst may be sent in two parts, because the second part waits
    until packets have left the device, and only the first part has the D-SACK. Linux's TUN device holds no packets, so
    all segments of the burst have the D-SACK and are shorter. So the last segment, which is sent again later, begins at
    another byte.
    Script: sack/dsack-in-a-part-of-a-burst.pkt"""
    if not has_sack(d):
        return False
    ours, linux = ranges(d.ours), ranges(d.linux)
    twice = list(duplicates(d))
    if only_data_differs(d) and len(ours) == len(linux) == 1 and 0 < abs(ours[0][0] - linux[0][0]) < SMALL:
        return ours[0][1] == linux[0][1] and any("D" in d.before[i] for i in twice if i < d.index)
    # One kernel sent more segments, or more bytes in the window, than the other.
    last = max((i for i, w in enumerate(steps_up_to(d)) if w[0] == "seg"), default=None)
    if last not in twice:
        return False
    if only_data_differs(d) and len(ours) == len(linux) == 2 and ours[0] == linux[0]:
        return True     # both kernels send the same new data; the tail loss probes of its end begin at different bytes
    if d.words[0] == "info":
        fields = list(zip(extra(d.ours).split(","), extra(d.linux).split(",")))
        return len(fields) > UNACKED and all(a == b for k, (a, b) in enumerate(fields) if k != UNACKED)
    return only_data_differs(d) and len(ours) == len(linux) == 1 and ours[0][0] == linux[0][0]


def duplicates(d):
    """Yields the number of each step in which a segment of the peer had a byte that the kernel had acknowledged."""
    taken = 0
    for i, (w, answer) in enumerate((*steps_before(d), (d.words, ""))):
        if w[0] == "seg" and "S" not in w[2] and (w[4] or "F" in w[2]) and w[3] < taken:
            yield i
        taken = max([taken] + [int(number) for number in re.findall(r"\ba(\d+)", answer)])


def dsack_of_a_delayed_ack(d):
    """A duplicate arrived, and its ACK was delayed, or compressed with others (Linux: tcp_comp_sack_delay_ns). Here
    the D-SACK is in the next ACK. Linux's next ACK has none.
    Script: sack/dsack-of-a-delayed-ack.pkt"""
    def first_block_less(answer):
        return re.sub(r"(A\d+/\d+:)\d+-\d+,", r"\1", answer or "")
    return d.ours != d.linux and "A" in (d.ours or "") and first_block_less(d.ours) == (d.linux or "")


# ---- time ----------------------------------------------------------------------------------------------------

def ack_on_the_next_tick(d):
    """A FIN is received before any data, so the delay of its ACK is still zero. Here the ACK is sent within a
    millisecond. Linux sends it at its next tick of 4 ms or at the tick after that, when the step has ended. If
    data beyond the FIN came before, Linux's delay is 40 ms.
    Script: ack/on-the-next-tick.pkt"""
    early = any(w[0] == "seg" and w[4] and w[3] > d.words[3] for w in steps_up_to(d)) if d.words[0] == "seg" else False
    longest = DELAYED_ACK_US if early else (ACK_MAX_TICKS + 1) * LINUX_TICK_US
    return d.words[0] == "seg" and "F" in d.words[2] and lasts(d) < longest and \
        only(d.ours, "A") != [] == only(d.linux, "A") and without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")


def timer_edge(d):
    """Linux's timer wheel rounds timeouts up: to 4 ms below 252 ms, to 32 ms below 2 s, to 256 ms above. A
    retransmission or a probe that is due at the end of a step is sent in that step here. Linux sends it in the next
    step, or not at all, if a segment that arrives first makes it needless.
    Script: rto/on-the-next-tick.pkt"""
    if d.ours == d.prompt or d.prompt != d.linux:
        return False
    ends = d.scenario.at[-1] - d.scenario.at[d.index] - lasts(d) < WHEEL_US
    if ends or d.scenario.steps[d.index + 1][1][0] not in QUIET:
        return True                 # the scenario ends too soon, or the next step may prevent the timer's packet
    moved = [w for w in words(d.ours) if w not in words(d.prompt) and bare(w)[0] in "DSA"]
    return any(w in words(d.following[1]) for w in moved)


ROWS = [echo_of_a_challenge, options_of_a_crossed_syn, shutdown_in_syn_received,
        numbers_of_a_dissolved_connection, changes_sides,
        old_ack_with_data, blocks_beyond_a_fin, two_ends, ack_that_waits_for_room, window_by_cost, window_clamp_is_kept,
        reset_of_a_fin_wait_2, ack_on_the_next_tick, fast_path_by_memory,
        mss_of_the_link, frag_needed_without_mtu, route_of_another_connection,
        unit_of_the_window, room_in_the_send_buffer, timer_edge, queued_segments_grow,
        cubic_by_the_rfc, delivered_by_an_old_ack, duplicates_lower_reordering, cut_inside_a_segment,
        lost_segments_after_an_undo, reordering_by_a_dsack, dsack_of_a_delayed_ack,
        dsack_in_a_part_of_a_burst]


def row(difference):
    """Returns the name of the first row whose predicate is true for @difference, or None."""
    return next((predicate.__name__ for predicate in ROWS if predicate(difference)), None)


def document(hits):
    """Returns the text of docs/linux-differences.md. @hits is a dictionary about the last long run, with the keys
    seeds, from, commit, linux and rows (how often each row was hit)."""
    lines = [HEAD.format(**hits).strip(), "", "| difference | reason | script | hits |", "|---|---|---|---|"]
    for predicate in ROWS:
        reason, script = (re.sub(r"\s+", " ", part).strip() for part in predicate.__doc__.split("Script:"))
        lines.append(f"| `tests/differ/known.py:/^def {predicate.__name__}/` | {reason} | `{script}` | "
                     f"{hits['rows'].get(predicate.__name__, 0)} |")
    lines += ["", OTHERS.strip(), "", "| difference on Linux | script |", "|---|---|"]
    lines += [f"| {reason} | `{script}` |" for script, reason in other_scripts()]
    texts = [SETTINGS, ARP, GROUPS, SOCKETS, CALLS]
    return "\n".join(lines + [line for text in texts for line in ("", text.strip())]) + "\n"


def other_scripts():
    """Returns (script, Linux's difference) for each packet script that Linux plays differently and that has no row."""
    rows = {predicate.__doc__.split("Script:")[1].strip() for predicate in ROWS}
    found = []
    for path in sorted(SCRIPTS.glob("*/*.pkt")):
        said, name = path.read_text(encoding="utf-8").split("\n", 1)[0], str(path.relative_to(SCRIPTS))
        if said.startswith(DIFFERS) and name not in rows:
            found.append((name, said[len(DIFFERS):].replace("|", "\\|") + "."))
    return found


def hits_of(text):
    """Returns the argument of document(), read back from its text."""
    seeds, start, commit, linux = re.search(r"(\d+) seeds from (\d+) at commit (\w+) beside Linux (\S+):", text).groups()
    return {"seeds": int(seeds), "from": int(start), "commit": commit, "linux": linux,
            "rows": {name: int(count) for name, count in re.findall(r":/\^def (\w+)/`.*\| (\d+) \|$", text, re.M)}}
