# SPDX-License-Identifier: MIT
"""Snippets of a script, `%{ ... }%`: Python code over the fields of struct tcp_info.

runner.py calls Snippets.add() at the time of a snippet, with the struct tcp_info of that moment, and Snippets.run()
at the end of the script, which runs all snippets in order, in one namespace.  The layout is that of
Linux 6.7 (include/uapi/linux/tcp.h).
"""
import contextlib
import io
import re
import struct
import textwrap
import traceback

from symbols import TCP_CA_STATES, TCP_STATES, TCPI_OPTIONS

_BYTES = ("state", "ca_state", "retransmits", "probes", "backoff", "options", "_scales", "_bits")
_WORDS = ("rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent "
          "last_data_recv last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss "
          "reordering rcv_rtt rcv_space total_retrans").split()
_REST = ("Q:pacing_rate Q:max_pacing_rate Q:bytes_acked Q:bytes_received I:segs_out I:segs_in "
         "I:notsent_bytes I:min_rtt I:data_segs_in I:data_segs_out Q:delivery_rate Q:busy_time "
         "Q:rwnd_limited Q:sndbuf_limited I:delivered I:delivered_ce Q:bytes_sent Q:bytes_retrans "
         "I:dsack_dups I:reord_seen I:rcv_ooopack I:snd_wnd I:rcv_wnd I:rehash H:total_rto "
         "H:total_rto_recoveries I:total_rto_time").split()
LAYOUT = struct.Struct(f"<8B{len(_WORDS)}I" + "".join(item[0] for item in _REST))
NAMES = _BYTES + tuple(_WORDS) + tuple(item[2:] for item in _REST)


CONTINUES_NOTHING = re.compile(r"(?<!\\)(?:\\\\)*\\\s*\Z")


def decode(data):
    """Returns struct tcp_info as {tcpi_name: number}; fields beyond the end of @data are 0."""
    values = dict(zip(NAMES, LAYOUT.unpack(bytes(data[:LAYOUT.size]).ljust(LAYOUT.size, b"\0"))))
    scales, bits = values.pop("_scales"), values.pop("_bits")
    values.update(snd_wscale=scales & 15, rcv_wscale=scales >> 4,
                  delivery_rate_app_limited=bits & 1, fastopen_client_fail=bits >> 1 & 3)
    return {"tcpi_" + name: number for name, number in values.items()}


def tidy(text):
    """Returns the text of a snippet without its common indentation."""
    text = text.expandtabs().rstrip()
    first, _, rest = text.lstrip("\n").partition("\n")
    return first.strip() + "\n" + textwrap.dedent(rest) if first.strip() else textwrap.dedent(rest)


def compiled(text, path, line):
    """Compiles a snippet that begins in line @line of the file @path; raises SyntaxError."""
    # Remove a backslash in front of the closing `}%`: no line follows that it could continue.
    text = CONTINUES_NOTHING.sub("", text)
    stripped = textwrap.dedent(text.strip("\n")).strip()
    above = "\n" * (line - 1 + text[:len(text) - len(text.lstrip())].count("\n"))
    try:
        return compile(above + stripped, path, "exec")
    except IndentationError:
        return compile(above + tidy(text), path, "exec")


class Snippets:
    """The snippets of one script; printed: their output."""

    def __init__(self, path):
        self.path, self.taken, self.printed = path, [], ""

    def add(self, line, text, info):
        """Adds a snippet, with the connection's struct tcp_info at this moment (from decode())."""
        self.taken.append((line, compiled(text, self.path, line), text, info))

    def run(self):
        """Runs all snippets in order; returns "" or the text of the first failure."""
        space = {"__name__": "__packet__"}
        for table in (TCP_STATES, TCP_CA_STATES, TCPI_OPTIONS):
            space.update(table)
        out = io.StringIO()
        for line, code, text, info in self.taken:
            space.update(info)
            try:
                with contextlib.redirect_stdout(out):
                    exec(code, space)  # pylint: disable=exec-used
            except Exception as error:  # pylint: disable=broad-except
                self.printed = out.getvalue()
                frames = traceback.extract_tb(error.__traceback__)
                where = next((f.lineno for f in reversed(frames) if f.filename == self.path), line)
                said = f": {error}" if str(error) else ""
                used = ", ".join(f"{name} = {number}" for name, number in info.items() if name in text)
                return f"{self.path}:{where}: {type(error).__name__}{said} in %{{{text.strip()}}}%" + \
                    (f" with {used}" if used else "")
        self.printed = out.getvalue()
        return ""
