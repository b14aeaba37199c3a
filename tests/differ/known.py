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

WINDOW_MAX = 65535          # that of a SYN-ACK, about
SMALL = 1000                # bytes: a peer's window or MSS below it cuts the send queue small
SIOCOUTQ, SIOCOUTQNSD = 0x5411, 0x894b
POLLOUT, POLLERR = 4, 8
SO_RCVBUF, SO_ERROR, TCP_WINDOW_CLAMP, TCP_DEFER_ACCEPT = (1, 8), (1, 4), (6, 10), (6, 9)
PAUSE_US = 150_000          # near the least RTO: a window is taken back then
FULL_SEGMENT = 1460
NO_ERROR = "4:00000000"
DELAYED_ACK_US = 50_000      # a delayed ACK is there by then
WHEEL_US = 300_000           # Linux rounds timeouts up by at most 256 ms
LINUX_TICK_US = 4000        # CONFIG_HZ=250
ACK_MAX_TICKS = 2           # a timer without a delay ends with the next tick, or with the one after it


# ---- what a predicate looks at ---------------------------------------------------------------------------

def words(answer):
    """An answer's words; of none: none."""
    return (answer or "").split()


def bare(word):
    """A word without its peer's number: 1:A5/6 is A5/6."""
    return re.sub(r"^\d:", "", word)


def of_peer(answer, number):
    """The words of one peer, without its number."""
    return [bare(w) for w in words(answer) if re.match(r"\d:", w) and int(w[0]) == number or
            not number and not re.match(r"\d:", w)]


def without(answer, *first_letters):
    """The words that do not begin so."""
    return [w for w in words(answer) if not bare(w).startswith(first_letters)]


def only(answer, *first_letters):
    """The words that begin so."""
    return [w for w in words(answer) if bare(w).startswith(first_letters)]


def steps_before(difference):
    """(words, Linux's answer) of the steps before the one that differs."""
    return zip((w for _, w in difference.scenario.steps), difference.before)


def steps_up_to(difference):
    """The words of those, and of the one that differs."""
    return [w for w, _ in steps_before(difference)] + [difference.words]


def extra(answer):
    """The text in [...], or ""."""
    return answer.split("[", 1)[1].split("]")[0] if answer and "[" in answer else ""


def result(answer):
    """A call's number, or None."""
    found = re.match(r"=(\d+)\b", answer or "")
    return int(found[1]) if found else None


def events(d):
    """The result of poll(), here and on Linux; None if it failed."""
    return [int(extra(a), 16) if extra(a) else None for a in (d.ours, d.linux)]


def lasts(d):
    """How long the step lasts, in microseconds."""
    at = d.scenario.at[d.index:d.index + 2]
    return at[1] - at[0] if len(at) == 2 else 0


def is_frag_needed(w):
    """Is the step this ICMP error?"""
    return w[0] == "icmp" and w[2:4] == (3, 4)


def sets(difference, *options):
    """Was one of these options set?"""
    return any(w[0] == "set" and w[2:4] in options for w in steps_up_to(difference))


# ---- the handshake -------------------------------------------------------------------------------------------

class Request:
    """The state of a peer's half-open connection, judged by Linux's answers."""

    def __init__(self, deferred):
        self.deferred = deferred    # TCP_DEFER_ACCEPT: a bare ACK makes no connection
        self.ack = None             # that of its SYN-ACK; None: there is none
        self.syn_ts = "-"
        self.challenged = False     # the last segment to the peer was an ACK, younger than the SYN-ACK
        self.refused = False        # and an ACK that echoes it came: a connection here, none on Linux

    def segment(self, w):
        """A segment of the peer's comes: (.., flags, seq, length, ack, window, timestamp, options)."""
        flags, seq, length, ack, ts = w[2], w[3], w[4], w[5], w[7]
        if self.ack is None and "S" in flags and "." not in flags:
            self.syn_ts = ts        # the one that it goes on echoing
        if self.ack is None or "." not in flags or ack != 1:
            return
        older = "-" not in (ts, self.syn_ts) and ts < self.syn_ts
        end = seq + length + ("F" in flags)
        if older or seq != self.ack and not (end > self.ack and seq < self.ack + WINDOW_MAX):
            return                  # not acceptable: it is answered, and changes nothing
        if self.challenged and ts != "-":
            self.refused = True
        elif "R" in flags and seq != self.ack:
            return                  # in the window, but not exact: it is answered, and the request stays
        elif set(flags) & {"S", "R"} or length or not self.deferred:
            self.ack = None         # a connection on both, or the end of the request

    def answer(self, said):
        """Words to the peer."""
        for w in said:
            if w.startswith("S/") and not w.startswith("S/-"):
                self.ack, self.challenged = int(re.match(r"S/(\d+)", w)[1]), False
            elif self.ack is not None and w == f"A1/{self.ack}":
                self.challenged = True


def echo_of_a_challenge(d):
    """A request that answers a segment outside its window sends a timestamp younger than its SYN-ACK's. When the peer
    echoes that one, Linux (since 6.15) finds it younger than any it sent in a SYN-ACK and refuses the handshake's
    ACK. The echo is right by RFC 7323 4.3, so it is believed here, and all that follows is that of a connection.
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
    """After two SYNs crossed, Linux answers with all options of its own SYN. "an option may be sent in a SYN,ACK only if
    it was in the SYN" (RFC 7323 2.2, 3.2): ours carries what the peer offered.
    Script: options/of-a-crossing-synack.pkt"""
    return d.scenario.kind == "act" and d.words[0] == "seg" and d.words[2] == "S" and \
        "S/" in (d.ours or "") and "S/" in (d.linux or "")


def shutdown_in_syn_received(d):
    """shutdown() before a simultaneous open is over: Linux (since 6.9) sends the FIN when it is, ours at once: "If no SENDs
    have been issued and there is no pending data to send, then form a FIN segment and send it" (RFC 9293 3.10.4). A
    shutdown() before connect() to itself counts on Linux, too, and not here.
    Script: handshake/shutdown-in-a-simultaneous-open.pkt"""
    if d.scenario.kind == "call":
        mine = [w for w, _ in steps_before(d) if w[:2] == (w[0], d.words[1])]
        bound = [w[2:4] for w in mine if w[0] == "bind"]
        return any(w[0] == "shutdown" for w in mine) and any(w[0] == "connect" and w[2:4] in bound for w in mine)
    return d.words[0] == "shutdown" and d.scenario.kind == "act" and "F" in (d.ours or "") and d.linux == "=0" and \
        any(w[0] == "seg" and w[2] == "S" for w, _ in steps_before(d))


# ---- calls ---------------------------------------------------------------------------------------------------

def urgent_data(d):
    """Urgent data is read in its place in the stream, never beside it, and none is sent (RFC 6093 5: new
    applications SHOULD NOT use it). Linux takes the urgent byte out of the stream and out of FIONREAD.
    Script: calls/urgent-data-in-its-place.pkt"""
    if d.words[0] == "send" and d.words[3] & 1:
        return d.ours == "=ENOTSUP"
    seen = any(w[0] == "seg" and "U" in w[2] for w in steps_up_to(d))
    return seen and d.words[0] in ("ioctl", "recv", "poll")


def no_datagrams(d):
    """There is no UDP socket yet, so a datagram socket of any protocol is an unknown type and not a wrong protocol.
    Script: calls/no-datagrams.pkt"""
    return d.words[0] == "socket" and d.words[3] & 15 == 2 and d.ours == "=ESOCKTNOSUPPORT"


def error_queue(d):
    """Linux leaves the ICMP error that ended connect() on the socket's error queue too, although IP_RECVERR is off,
    and poll() says POLLERR until it is fetched. There is no error queue here.
    Script: icmp/no-error-queue.pkt"""
    return d.words[0] == "poll" and any(w[0] == "icmp" for w, _ in steps_before(d)) and \
        None not in events(d) and events(d)[0] != events(d)[1] == events(d)[0] | POLLERR


def numbers_of_a_dissolved_connection(d):
    """connect(AF_UNSPEC), shutdown() before the SYN was answered, or a refusal leaves Linux's socket with numbers from which
    SIOCOUTQ and SIOCOUTQNSD count two bytes that were never written, each time, and one for a SYN without an answer;
    here a dissolved connection leaves none, and the next ISN is chosen anew.
    Script: calls/dissolved-counts-nothing.pkt"""
    dissolved = sum(w[0] in ("connect", "shutdown") for w, _ in steps_before(d))
    return d.words[0] == "ioctl" and d.words[2] in (SIOCOUTQ, SIOCOUTQNSD) and d.ours == "=0 [0]" and \
        0 < int(extra(d.linux) or 0) <= 3 * dissolved


# ---- receiving -----------------------------------------------------------------------------------------------

def old_ack_with_data(d):
    """"any ACK value that is not in the range [SND.UNA - MAX.SND.WND, SND.NXT] MUST be discarded" (RFC 5961 5.2), the
    segment with it. Linux does so on its slow path only: data that header prediction foretold is taken, and the timestamp of
    such a segment is noted, so that it is echoed and PAWS compares with it.
    Script: ack/old-with-foretold-data.pkt"""
    if d.words[0] == "seg" and d.words[5] != "-" and d.words[5] < 1:
        return True
    noted = [w[7] for w, _ in steps_before(d) if w[0] == "seg" and w[5] != "-" and w[5] < 1 and w[7] != "-"]
    if without(d.ours, "e") == without(d.linux, "e"):
        return bool(noted)
    return bool(noted) and d.words[0] == "seg" and d.words[7] != "-" and d.words[7] < max(noted)


def fast_path_by_memory(d):
    """Linux's fast path takes data only within memory that the socket has in hand, so the first data and each page's worth
    takes the slow path; ours takes it where the buffer has room. The paths differ in small things: a soft error of ICMP's is cleared
    or not, an old ACK's timestamp or a lower SEG.SEQ's window (SND.WL1) is noted or not, retransmissions go before or after the data is
    queued and carry its ACK or not. RFC 9293 and 7323 4.3 know one path only.
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
    if d.words[0] == "send" and d.ours == f"={result(d.ours)}":
        closed = [i for i, w in enumerate(earlier) if w[6] == 0]
        return bool(closed) and any(w[3] > earlier[closed[-1]][3] for w in earlier[:closed[-1]])
    return d.words[0] == "seg" and d.words[4] and only(d.ours, "D") == only(d.linux, "D") != [] and \
        without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")


def two_ends(d):
    """A peer that names two ends of its stream, both beyond a hole: Linux joins the two segments, with the first FIN's number
    in the middle, and loses the byte behind it. Here nothing is joined to a FIN.
    Script: close/two-ends.pkt"""
    ends = {w[3] + w[4] for w in steps_up_to(d) if w[0] == "seg" and "F" in w[2]}
    if d.words[0] not in ("recv", "ioctl") or len(ends) < 2 or None in (result(d.ours), result(d.linux)):
        return False
    read = [result(a) if d.words[0] == "recv" else int(extra(a) or 0) for a in (d.ours, d.linux)]
    return 0 < read[0] - read[1] < len(ends)


def ack_that_waits_for_room(d):
    """The ACK of more than a full segment, with a FIN or as the second: Linux sends it at once, as its window would not shrink
    by the data; ours, whose buffer is charged by what is allocated, has less room and delays the ACK (RFC 9293 3.8.6.3).
    Script: ack/fin-with-a-full-segment.pkt"""
    return d.words[0] == "seg" and d.words[4] >= SMALL and lasts(d) < DELAYED_ACK_US and not d.ours and \
        only(d.linux, "A") != [] and not without(d.linux, "A", "a", "e")


def other_window(d):
    """Does the difference come from windows that differ: a window update, or a segment beyond what one of them offers?"""
    if d.words[0] == "recv":
        return without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")
    given = [int(a) for _, answer in steps_before(d) for a in re.findall(r"\ba(\d+)", answer)]
    return any(w[0] == "seg" and w[3] + w[4] > SMALL + max(given, default=1) for w in steps_up_to(d))


def window_by_cost(d):
    """Linux (since 6.6) computes the window from what the last packets cost, ours from tcp_adv_win_scale. So the windows differ,
    most with a small SO_RCVBUF: a segment at the edge, or beyond 64 KiB, is inside one and outside the other, and reading
    moves them at different times.
    Script: window/of-ours-closes.pkt"""
    far = [w for w in steps_up_to(d) if w[0] == "seg" and WINDOW_MAX < w[3] + w[4] < 2 * WINDOW_MAX]
    return sets(d, SO_RCVBUF) and other_window(d) or d.words in far or bool(far) and d.words[0] == "info"


def window_clamp_is_kept(d):
    """Linux (since 6.6) sets the clamp anew from the buffer when it learns what a packet costs, and forgets the application's
    TCP_WINDOW_CLAMP. Here it bounds the window for the whole connection, as tcp(7) says.
    Script: window/clamp-is-kept.pkt"""
    return sets(d, TCP_WINDOW_CLAMP) and other_window(d)


def reset_of_a_fin_wait_2(d):
    """A closed socket in FIN_WAIT2 answers a reset out of its window with an ACK on Linux. "if the RST bit is set, drop
    the segment" (RFC 9293 3.10.7.4, first): a reset is not answered here.
    Script: close/reset-of-an-orphan-is-not-answered.pkt"""
    return d.words[0] == "seg" and "R" in d.words[2] and not d.ours and words(d.linux)[:1] and words(d.linux)[0][0] == "A"


# ---- the path ------------------------------------------------------------------------------------------------

def mss_of_the_link(d):
    """Linux takes the path MTU that ICMP told of this peer for the MSS that it offers, too. A path that is narrow on the
    way out says nothing of the way in (RFC 6691 3): ours offers the link's.
    Script: icmp/path-mtu-and-the-offered-mss.pkt"""
    def mss(answer):
        return [re.sub(r"<mss\d+", "<mss", w) for w in words(answer)]
    return any(is_frag_needed(w) for w in steps_up_to(d)) and "<mss" in (d.ours or "") and mss(d.ours) == mss(d.linux)


def frag_needed_without_mtu(d):
    """A router that names no MTU: Linux goes to its least path MTU (552) at once and lets routers cut; ours tries the next
    plateau below (RFC 1191 5 and 7.1). So segments have other lengths, and other ones go again.
    Script: icmp/fragmentation-needed-without-an-mtu.pkt"""
    return any(is_frag_needed(w) and w[4] == 0 for w in steps_up_to(d)) and \
        without(d.ours, "D", "a", "e") == without(d.linux, "D", "a", "e")


def route_of_another_connection(d):
    """A path MTU that one connection learned reaches another to the same host with its next segments: Linux has cut them before
    it looks its route up again, drops them (EMSGSIZE), and sends them after a timeout. Here the route's MTU is looked at first.
    Script: icmp/fragmentation-needed-of-another.pkt"""
    return d.scenario.kind == "half" and any(is_frag_needed(w) for w, _ in steps_before(d)) and d.words[0] == "send" and \
        only(d.ours, "D") != [] == only(d.linux, "D") and words(d.ours)[:1] == words(d.linux)


# ---- sending -------------------------------------------------------------------------------------------------

def had_small_window(d):
    """Was the peer's window small, so far?"""
    return any(w[0] == "seg" and isinstance(w[6], int) and w[6] < SMALL for w in steps_up_to(d))


def has_small_mss(d):
    """Is the peer's MSS?"""
    return any(w[0] == "seg" and int((re.search(r"mss(\d+)", str(w[8])) or [0, SMALL])[1]) < SMALL for w in steps_up_to(d))


def room_in_the_send_buffer(d):
    """How many bytes of small segments a send buffer takes depends on what each segment's memory counts for: a write is
    taken in part, or poll() shows room, at other fill levels.
    Script: window/of-one-byte-and-the-send-buffer.pkt"""
    if not had_small_window(d) and not has_small_mss(d):
        return False
    if d.words[0] == "poll":
        return None not in events(d) and events(d)[0] ^ events(d)[1] == POLLOUT
    got = result(d.ours), result(d.linux)
    return d.words[0] == "send" and None not in got and min(got) < d.words[2] and words(d.ours)[1:] == words(d.linux)[1:]


def ranges(answer):
    """The data that was sent: (from, to)."""
    return [tuple(map(int, re.match(r"D(\d+)-(\d+)", bare(w)).groups())) for w in only(answer, "D")]


def bursts_of_the_window_now(d):
    """Linux sizes a burst by the pacing rate that the last ACK left, ours by the window that there is now. After a pause, which
    takes the window back, ours sends smaller bursts, and the odd segment at the end waits for the next ACK.
    Script: cwnd/bursts-of-the-window-now.pkt"""
    ours, linux, at = ranges(d.ours), ranges(d.linux), d.scenario.at
    last = max((at[i] for i, (w, _) in enumerate(steps_before(d)) if w[0] == "seg"), default=0)
    return d.words[0] == "send" and at[d.index] - last > PAUSE_US and without(d.ours, "D") == without(d.linux, "D") and \
        len(ours) == len(linux) and all(a[0] == b[0] and 0 <= b[1] - a[1] <= FULL_SEGMENT for a, b in zip(ours, linux))


def queued_segments_grow(d):
    """Where a small window has cut the queue small and opens, Linux (since 6.10, tcp_grow_skb()) moves bytes from the next
    queued segment into the one that is to go. Ours sends each as it was cut: the congestion window carries other numbers of
    bytes, and Nagle's rule or the wait for the next ACK holds others back.
    Script: window/opens-behind-small-segments.pkt"""
    ours, linux = ranges(d.ours), ranges(d.linux)
    return had_small_window(d) and without(d.ours, "D") == without(d.linux, "D") and len(ours) == len(linux) > 0 and \
        all(a[0] == b[0] for a, b in zip(ours, linux))


def unit_of_the_window(d):
    """An ACK behind a window that shrank stands at the window's end, if more than rounding moved that. Linux
    (tcp_acceptable_seq()) takes its own window scale for the unit of rounding; ours the peer's, which the window came with.
    Script: window/unit-of-the-peers.pkt"""
    def kept(answer):
        return [re.sub(r"A\d+/", "A/", w) for w in words(answer)]
    seen = only(d.ours, "A"), only(d.linux, "A")
    return d.ours != d.linux and kept(d.ours) == kept(d.linux) and len(seen[0]) == 1 and \
        had_small_window(d)


# ---- time ----------------------------------------------------------------------------------------------------

def ack_on_the_next_tick(d):
    """The delayed ACK of a FIN that no data came before has no time to wait yet: ours leaves within a millisecond, Linux's
    with its next tick of 4 ms or the one after it, which the step does not last.
    Script: ack/on-the-next-tick.pkt"""
    return d.words[0] == "seg" and "F" in d.words[2] and lasts(d) < (ACK_MAX_TICKS + 1) * LINUX_TICK_US and \
        only(d.ours, "A") != [] == only(d.linux, "A") and without(d.ours, "A", "a", "e") == without(d.linux, "A", "a", "e")


def start(word):
    """The part of a retransmission that is equal to the first transmission: D5-9 is D5."""
    return re.sub(r"(D\d+)-.*", r"\1", word)


def timer_edge(d):
    """Linux's wheel rounds timeouts up: to 4 ms below 252 ms, to 32 ms below 2 s, to 256 ms beyond. A retransmission that is
    due at a step's end is in that step here, and there in the next one, or a segment that comes first makes it needless.
    Script: rto/on-the-next-tick.pkt"""
    sent = {start(w) for _, answer in steps_before(d) for w in words(answer)}

    def once_less(more, less):
        return [i for i, w in enumerate(more) if more[:i] + more[i + 1:] == less and (start(w) in sent | {
            start(v) for v in more[:i]} if bare(w)[0] in "DS" else bare(w)[0] == "A")]
    ours, linux = without(d.ours, "a", "e", "z"), without(d.linux, "a", "e", "z")
    early = once_less(ours, linux)      # ours has it in this step: Linux in the next one
    steps = d.scenario.steps
    late = once_less(linux, ours)
    ends = d.scenario.at[-1] - d.scenario.at[d.index] - lasts(d) < WHEEL_US     # too soon to see it later
    probes = only(" ".join(ours + linux), "A")          # or other ACKs: only what is seen later counts
    if not probes and (ends or steps[d.index + 1][1][0] == "seg"):
        return bool(early or late)
    return any(ours[i] in words(d.following[1]) for i in early) or any(linux[i] in words(d.following[0]) for i in late)


ROWS = [echo_of_a_challenge, options_of_a_crossed_syn, shutdown_in_syn_received,
        urgent_data, no_datagrams, error_queue, numbers_of_a_dissolved_connection,
        old_ack_with_data, two_ends, ack_that_waits_for_room, window_by_cost, window_clamp_is_kept,
        reset_of_a_fin_wait_2, ack_on_the_next_tick, fast_path_by_memory,
        mss_of_the_link, frag_needed_without_mtu, route_of_another_connection,
        unit_of_the_window, room_in_the_send_buffer, timer_edge, queued_segments_grow, bursts_of_the_window_now]


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
    """The arguments of document(), read back from its text."""
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
