# SPDX-License-Identifier: MIT
"""The normal form: a machine's behaviour in one step, as words that must be equal on both machines.

play.py calls answer(). The words come in this order; those of a peer other than 0 begin with its number and a
colon:

    =N  =EAGAIN           the call's result; a descriptor is =fd; `=blocked`: it did not return at once
    [..]                  data that the call returned, where both kernels must agree on it
    S/ACK<mss..>          a SYN or SYN-ACK with its options, timestamps without their values
    R SEQ  R. SEQ/ACK     a reset
    D FROM-TO             data that was sent; contiguous segments make one word.  An F at the end: a FIN was sent, too,
                          and counts as the last byte
    A SEQ/ACK:FROM-TO,..  an acknowledgement without data, with its SACK blocks; several equal ones make one word
    a ACK                 the acknowledgement number of the last segment
    z                     the last segment closed the window
    e N                   the timestamp that the last segment echoed
    s FROM-TO,..          the SACK blocks of the last segment, if it had data
    !..                   a malformed packet

Not compared: the size of open windows, how data is cut into segments, times within a step, PSH.
"""
import errno

MASK = 2**32 - 1


def signed(number):
    """Returns a number modulo 2^32 as a signed distance."""
    return (number + 2**31) % 2**32 - 2**31


def result_word(result, is_fd=False):
    """Returns the word for a call's result."""
    if result is None:
        return "=blocked"
    if result < 0:
        return "=" + errno.errorcode.get(-result, str(result))
    return "=fd" if is_fd else f"={result}"


def _options(seen):
    names = [o.kind if o.kind == "TS" else str(o).replace(" ", "") for o in seen.options if o.kind != "nop"]
    return "<" + ",".join(names) + ">"


def _blocks(seen, irs, before):
    """Returns the SACK blocks of a packet as text, after the text @before; "" if there are none."""
    blocks = next((o.data for o in seen.options if o.kind == "sack"), [])
    return before + ",".join(f"{signed(a - irs)}-{signed(b - irs)}" for a, b in blocks) if blocks else ""


def _segment(seen, iss, irs):
    """Returns (kind, word, from, to) of one packet."""
    seq = signed(seen.seq - iss) if seen.seq else 0     # SEQ is 0 in a reset that answers a segment that has no ACK
    ack = signed(seen.ack - irs) if "." in seen.flags else None
    end = seq + len(seen.payload) + ("F" in seen.flags)
    if "R" in seen.flags:
        return "R", f"R{seq}" if ack is None else f"R.{seq}/{ack}", seq, end
    if "S" in seen.flags:
        return "S", f"S/{'-' if ack is None else ack}{_options(seen)}", seq, end
    if seen.payload or "F" in seen.flags:
        return "D", "F" if "F" in seen.flags else "", seq, end
    return "A", f"A{seq}/{ack}{_blocks(seen, irs, ':')}" if "." in seen.flags else f"?{''.join(sorted(seen.flags))}{seq}", seq, end


def packets_words(seen_packets, iss, irs, ts_base):
    """Returns the words of one peer's packets."""
    control, data, acks, wrong, last = [], [], [], [], None
    for seen in seen_packets:
        wrong += ["!" + w.replace(" ", "_") for w in seen.wrong]
        kind, word, start, end = _segment(seen, iss, irs)
        if kind in "RS":
            if not control or control[-1] != word:
                control.append(word)
        elif kind == "D":
            if data and data[-1][1] == start and not data[-1][2]:
                data[-1] = [data[-1][0], end, word]
            else:
                data.append([start, end, word])
        elif word not in acks:
            acks.append(word)
        if kind != "R":
            last = seen
    words = control + [f"D{start}-{end}{fin}" for start, end, fin in data] + acks + wrong
    if last is not None:
        if "." in last.flags:
            words.append(f"a{signed(last.ack - irs)}")
        if not last.window and "S" not in last.flags:
            words.append("z")
        if last.payload or "F" in last.flags:
            words += [_blocks(last, irs, "s")] if _blocks(last, irs, "s") else []
        words += [f"e{signed(o.data[1] - ts_base)}" for o in last.options if o.kind == "TS" and "." in last.flags]
    return words


def answer(result, extra, by_peer):
    """Returns all words of a step as one text.  by_peer: {number: words}."""
    words = ([result] if result else []) + ([f"[{extra}]"] if extra not in (None, "") else [])
    for peer in sorted(by_peer):
        words += [w if peer == 0 else f"{peer}:{w}" for w in by_peer[peer]]
    return " ".join(words)


def first_difference(ours, linux):
    """Returns the index of the first step whose answers differ, or None."""
    for i, (a, b) in enumerate(zip(ours, linux)):
        if a != b:
            return i
    return None if len(ours) == len(linux) else min(len(ours), len(linux))
