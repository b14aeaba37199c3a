# SPDX-License-Identifier: MIT
"""The table of all features that the kernel does not have.  A script that needs one of them is skipped.

When you add a feature to the kernel, remove its line here, or change its row of option_table.py: test_unsupported.py
fails for a feature that the kernel has.  A feature that the kernel has in part must not be in the table.

suite.py calls why() before a script runs.
"""
import option_table
from script import Call, Field, Struct, Unsupported, Word
from symbols import NUMBERS, SYMBOLS

# Socket options that a TCP socket refuses with ENOPROTOOPT: (level, name).
OPTIONS = {}
for _option in option_table.OPTIONS:
    if "tcp" not in _option.sockets.split() and _option.name in SYMBOLS and _option.level != "SOL_UDP":
        OPTIONS.setdefault(_option.level, []).append(_option.name)
_OPTION_NAMES = {name: name for names in OPTIONS.values() for name in names}

# Flags, address families and socket types that the kernel rejects or ignores.
WORDS = {
    "AF_INET6": "IPv6", "PF_INET6": "IPv6", "SOL_IPV6": "IPv6", "IPPROTO_IPV6": "IPv6",
    "IPPROTO_UDPLITE": "UDP",
    "IPPROTO_SCTP": "SCTP", "IPPROTO_MPTCP": "MPTCP", "SOL_SCTP": "SCTP", "SOL_UDP": "UDP",
}


def words(value):
    """Yields the names of all symbols in a value of the script."""
    if isinstance(value, Word):
        for text in value.text.split("|"):
            yield text, value.value
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from words(v)
    elif isinstance(value, Struct):
        yield from words(value.fields)
    elif isinstance(value, Field):
        yield from words(value.argument)
        yield from words(value.value)


def _call_reason(call, linux):
    if call.name not in NUMBERS:
        return f"{call.name}(), which is another system's or protocol's"
    for text, number in words(call.arguments):
        if text in _OPTION_NAMES and not linux:
            return _OPTION_NAMES[text]
        if text in WORDS and (WORDS[text] == "IPv6" or not linux):
            return WORDS[text]
        if number is None:
            return f"{text}, which is another system's"
    return None


def why(script, options, linux=False):
    """Returns the reason why @script can't run here, None if it can.  @linux: it would run on the host's own
    kernel, so only features that the interpreter lacks count.
    """
    if options["ip_version"] != "ipv4":
        return "IPv6"
    if options["wire_protocol"] not in (None, "ipv4"):
        return f"the wire protocol {options['wire_protocol']}"
    for event in script.events:
        reason = None
        if isinstance(event.what, Unsupported):
            reason = event.what.reason
        elif isinstance(event.what, Call):
            reason = _call_reason(event.what, linux)
        if reason:
            return reason
    return None
