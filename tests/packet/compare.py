# SPDX-License-Identifier: MIT
"""Compares a packet that the kernel sent with the packet that the script expects.

runner.py calls differences() and absorb(), and describe_*() for messages.  As in packetdrill, all fields are
compared, with these exceptions: the window, ECN bits, TOS and TTL only if the script names them; the
kernel's TS val only with --tcp_ts_tick_usecs; the kernel's TS ecr only with --check-ecr.
"""
from dataclasses import replace

from packets import ECN_BITS, ECN_NAMES, FLAG_ORDER
from script import US

GLUE_IGNORES = frozenset("FPW")


def flags_text(flags):
    """Returns the flags of a packet in a script's notation."""
    return "".join(f for f in FLAG_ORDER if f in flags) or "-"


def options_text(options):
    """Returns TCP options in a script's notation.  @options is None: any options."""
    if options is None:
        return " <...>"
    return f" <{','.join(map(str, options))}>" if options else ""


def describe(flags, seq, length, ack, window, urgent, options):
    """Returns a packet in a script's notation."""
    text = f"{flags_text(flags)} {seq}:{(seq + length) % 2**32}({length})"
    if ack is not None:
        text += f" ack {ack}"
    if window is not None:
        text += f" win {window}"
    if urgent:
        text += f" urg {urgent}"
    return text + options_text(options)


def describe_expected(packet):
    """Returns an expected packet in the script's notation."""
    return describe(packet.flags, packet.seq, packet.length, packet.ack, packet.window, packet.urgent,
                    packet.options)


def describe_seen(seen, flow):
    """Returns a packet that the kernel sent, in the script's notation and numbers."""
    seq, ack, options = flow.scripted(seen)
    return describe(seen.flags, seq, len(seen.payload), ack if "." in seen.flags or ack else None,
                    seen.window, seen.urgent, options)


# ---- joining of segments -----------------------------------------------------------------------------

def absorb(whole, piece, first_size):
    """Appends the segment @piece to @whole, the packet joined from the segments before it, and returns the result;
    returns None if the two do not fit together.

    They fit if their headers are equal except for FIN, PSH and CWR, and if all pieces but the last have
    the same payload size, @first_size.
    """
    size = len(piece.payload)
    if (piece.seq != (whole.seq + len(whole.payload)) % 2**32 or not size or size > first_size or
            len(whole.payload) % first_size or "F" in whole.flags):
        return None
    if (whole.flags - GLUE_IGNORES, whole.ack, whole.window, whole.urgent, whole.tos, whole.ttl,
            whole.options) != (piece.flags - GLUE_IGNORES, piece.ack, piece.window, piece.urgent,
                               piece.tos, piece.ttl, piece.options):
        return None
    return replace(piece, seq=whole.seq, flags=piece.flags - {"W"} | whole.flags & {"W"},
                   payload=whole.payload + piece.payload, wrong=whole.wrong + piece.wrong)


# ---- comparing ---------------------------------------------------------------------------------------

def _ip_differences(info, seen):
    out = []
    ecn = seen.tos & 3
    if info.ecn == "ect01":
        if ecn not in (1, 2):
            out.append(f"ECN is {ECN_NAMES[ecn]}, not ect0 or ect1")
    elif info.ecn is not None and ecn != ECN_BITS[info.ecn]:
        out.append(f"ECN is {ECN_NAMES[ecn]}, not {info.ecn}")
    if info.tos is not None and seen.tos != info.tos:
        out.append(f"tos is {seen.tos:#04x}, not {info.tos:#04x}")
    if info.ttl is not None and seen.ttl != info.ttl:
        out.append(f"ttl is {seen.ttl}, not {info.ttl}")
    return out


def _timestamp_differences(want, got, flow, rules):
    """Compares TS options; @want and @got are (val, ecr).  Also records which TS val of the
    kernel belongs to the script's TS val: later packets of the script echo it."""
    out = []
    if flow.ts_first is None:
        flow.ts_first = want[0], got[0]
    tick = rules["tcp_ts_tick_usecs"]
    if tick:
        expected = (want[0] - flow.ts_first[0]) * tick
        actual = ((got[0] - flow.ts_first[1] + 2**31) % 2**32 - 2**31) * tick
        if abs(expected - actual) > rules["tolerance_usecs"]:
            scaled = round(actual / tick) + flow.ts_first[0]
            out.append(f"TS val is {scaled} in the script's numbers, not {want[0]}")
    flow.ts_live[want[0]] = got[0]
    if rules.get("check_ecr") and want[1] != got[1]:
        out.append(f"TS ecr is {got[1]}, not {want[1]}")
    return out


def _option_differences(want, got, flow, rules):
    if [o.kind for o in want] != [o.kind for o in got]:
        return [f"options are{options_text(got) or ' none'}, not{options_text(want) or ' none'}"]
    out = []
    for w, g in zip(want, got):
        if w.kind == "TS":
            out += _timestamp_differences(w.data, g.data, flow, rules)
        elif w.kind == "sack":
            if list(w.data) != list(g.data):
                out.append(f"{g}, not {w}")
        elif w.data != g.data:
            out.append(f"option is {g}, not {w}")
    return out


def differences(packet, seen, flow, rules):
    """Returns a list of texts: the differences between the packet @seen and the expected @packet."""
    out = list(seen.wrong)
    seq, ack, options = flow.scripted(seen)
    length = len(seen.payload)
    if packet.flags != seen.flags:
        out.append(f"flags are {flags_text(seen.flags)}, not {flags_text(packet.flags)}")
    if packet.seq != seq:
        out.append(f"seq is {seq}, not {packet.seq}")
    if packet.length != length:
        out.append(f"{length} bytes of payload, not {packet.length}")
    if (packet.ack or 0) != ack:
        out.append(f"ack is {ack}, not {packet.ack or 0}")
    if packet.window is not None and packet.window != seen.window:
        out.append(f"window is {seen.window}, not {packet.window}")
    if (packet.urgent or 0) != seen.urgent:
        out.append(f"urgent pointer is {seen.urgent}, not {packet.urgent or 0}")
    if packet.options is not None:
        out += _option_differences(packet.options, options, flow, rules)
    if seen.payload.count(0) != length:
        out.append("the payload is not all zeros")
    return out + _ip_differences(packet.ip, seen)


# ---- times -------------------------------------------------------------------------------------------

def seconds(ns):
    """Returns a time in seconds, as text for a message."""
    return f"{ns / 1e9:.6f}"


def tolerance_ns(rules, gap):
    """Returns the tolerance in ns for the time of an event that is expected @gap ns after the event before it."""
    return max(rules["tolerance_usecs"] * US, int(max(gap, 0) * rules["tolerance_percent"] / 100))
