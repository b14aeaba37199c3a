#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tree's own rules, checked on its text.

Each rule is a function from {path: text} to (path, line, description of a breach).  test_tidy.py runs each rule
on the tree, and on a planted breach, so that a rule that finds nothing any more is noticed.

  tests/tidy/tidy.py          prints every breach in the tree; exit status 1 if there is one
"""
import ast
import collections
import concurrent.futures
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import ca_states  # noqa: E402
import limits  # noqa: E402

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 100

# Permitted includes: {prefix of the including file: prefixes of the included files}; the longest prefix counts.
UAPI = ("include/uapi/",)
KERNEL = ("kernel/",) + UAPI
NETDEV = ("net/core/netdevice.h", "net/core/skbuff.h", "net/core/skb_queue.h", "net/core/limits.h", "net/core/eth.h", "net/core/dropreason.h",
          "net/core/checksum.h")
DIRECTION = {
    "init/": ("",),
    "boot/": ("boot/", "kernel/"),
    "kernel/": KERNEL + ("boot/boot_info.h",),
    "kernel/x86/": KERNEL + ("boot/boot_info.h",),
    "drivers/": KERNEL + ("drivers/",) + NETDEV,
    "net/wire/": KERNEL + ("net/wire/",),
    "net/core/": KERNEL + ("net/wire/", "net/core/"),
    "net/inet/": KERNEL + ("net/wire/", "net/core/", "net/inet/"),
    "net/netlink/": KERNEL + ("net/core/", "net/netlink/"),
    "net/ipv4/": KERNEL + ("net/wire/", "net/core/", "net/netlink/", "net/inet/", "net/ipv4/"),
    "net/tcp/": KERNEL + ("net/wire/", "net/core/", "net/inet/", "net/ipv4/", "net/tcp/"),
    "net/": KERNEL + ("net/",),
    "include/": UAPI,
    "apps/": (),
    "tests/": ("",),
    "tools/": ("",),
}
# Only the transports below the seam may include headers of the machine.
MACHINE_HEADERS = ("kernel/x86/",)
MAY_KNOW_MACHINE = ("kernel/x86/", "boot/", "tests/unit/test_memmap", "tests/unit/test_image_tables",
                    "tests/unit/test_acpi_devices", "tests/unit/test_cmos", "tests/unit/test_pci", "drivers/pci", "drivers/virtio/virtio_pci", "drivers/virtio/virtio_mmio",
                    "tests/qemu/kernel/inside/")
# The UEFI application is a separate program that includes the firmware's headers, as other programs include libc's.
FIRMWARE = "boot/efi_"
FIRMWARE_HEADERS = "/usr/include/efi"
# Only these files may disable interrupts: elsewhere it does not exclude other CPUs, so code must use a lock.
MAY_DISABLE_IRQS = ("kernel/x86/", "kernel/sched/", "kernel/time/softirq", "kernel/irq.c", "kernel/hal.h",
                    "kernel/panic.c", "boot/", "tests/", "init/")


def strip_comments(text):
    """Returns C text with comments and strings blanked; line numbers stay."""
    def blank(m):
        s = m.group(0)
        if s.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", s)
        return '""'
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", blank, text, flags=re.S)


def is_c(path):
    return path.endswith((".c", ".h"))


def longest(path, table):
    best = [p for p in table if path.startswith(p)]
    return max(best, key=len) if best else None


def include_direction(files):
    """Includes point one way: apps -> include; socket -> af_inet -> tcp, udp -> ipv4 -> core -> kernel."""
    for path, text in files.items():
        if not is_c(path):
            continue
        where = longest(path, DIRECTION)
        for n, line in enumerate(text.splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            inc = m.group(1)
            # a header here may name a header of its own folder, where a compiler finds that first
            if path.startswith("include/"):
                near = os.path.normpath(os.path.join(os.path.dirname(path), inc))
                if near.startswith("include/"):
                    continue
            if where is None:
                yield path, n, "is in a folder without a row in DIRECTION"
            elif not inc.startswith(DIRECTION[where]):
                yield path, n, f"includes {inc}, against the direction"
            elif inc.startswith(MACHINE_HEADERS) and not path.startswith(MAY_KNOW_MACHINE):
                yield path, n, f"includes {inc}: only kernel/x86, boot and the transports know the machine"


# (file, header) of headers that the include path chooses: the first seam's inline part, the headers that differ
# between the checked and the shipped build, and a generated one.
CHOSEN_BY_PATH = {("kernel/hal.h", "asm/hal.h"), ("kernel/sched/spinlock.h", "variant/lock.h"),
                  ("kernel/sched/variant.h", "variant/name.h"), ("kernel/version.c", "generated/version.h")}


def no_libc(files):
    """With <> the kernel includes only the compiler's own headers, and an application also those in include/."""
    ours = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "limits.h"}
    for path, text in files.items():
        if not is_c(path) or not path.startswith(("kernel/", "drivers/", "net/", "init/", "boot/")):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            m = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if m and m.group(1) not in ours and not (m.group(1) == "efi.h" and path.startswith(FIRMWARE)) \
                    and (path, m.group(1)) not in CHOSEN_BY_PATH:
                yield path, n, f"includes <{m.group(1)}>"


def file_length(files):
    for path, text in files.items():
        n = text.count("\n")
        if path.endswith((".c", ".h", ".S", ".py")) and n > FILE_LINES_MAX:
            yield path, 1, f"has {n} lines (limit {FILE_LINES_MAX}): split it by ideas"


def function_length(files):
    for path, text in files.items():
        if not is_c(path):
            continue
        start = None
        for n, line in enumerate(text.splitlines(), 1):
            if line.startswith("{"):
                start = n
            elif line.startswith("}") and start:
                if n - start - 1 > FUNCTION_LINES_MAX:
                    yield path, start, f"a function of {n - start - 1} lines (limit {FUNCTION_LINES_MAX})"
                start = None


# Names of handlers of received packets, which must keep the contract in net/core/dropreason.h.  Two are missing on
# purpose: a driver's side of netif_rx(), which passes the packet to the input queue, and
# tcp_timewait_state_process(), which decides about a packet and does not consume it.
PACKET_HANDLER = re.compile(r"\b(?:arp_rcv|icmp_rcv|ip_rcv\w*|ip_local_deliver\w*|tcp_v4_(?:rcv\w*|do_rcv|deliver|conn_request)|"
                            r"tcp_(?:rcv|conn|check|child|validate|data)_\w*(?:established|process|listen|synchronized|text|"
                            r"request|req|incoming|queue|queue_ofo|in_order))\s*\([^;{)]*struct sk_buff \*skb\b[^;{)]*\)\s*\{")
RETURNS_REASON = re.compile(r"^(?:static |noinline |inline )*enum skb_drop_reason \w+\([^;{)]*\bstruct sk_buff \*skb\b[^;{)]*\)\n\{(.*?)^\}",
                            re.S | re.M)


def packet_contract(files):
    """A handler of received packets returns an enum skb_drop_reason, and its caller frees (net/core/dropreason.h)."""
    for path, text in files.items():
        if not path.endswith(".c") or not path.startswith(("net/ipv4/", "net/tcp/")):
            continue
        text = strip_comments(text)
        for m in PACKET_HANDLER.finditer(text):
            start = text.rfind("\n", 0, m.start()) + 1
            if "enum skb_drop_reason" not in text[start:m.start()]:
                yield path, text.count("\n", 0, m.start()) + 1, "handles a packet and returns no enum skb_drop_reason"
        for m in RETURNS_REASON.finditer(text):
            if "kfree_skb_reason(skb," in m.group(1):
                yield path, text.count("\n", 0, m.start()) + 1, "frees the packet for which it returns a reason"


def addresses(files):
    """IPv4's headers and routes stay in net/tcp/tcp_ipv4*.c.  The rest of TCP uses icsk_af_ops, so that IPv6 can be
    added."""
    known = re.compile(r"\b(?:struct iphdr|ip_hdr|struct flowi4|struct rtable|skb_rtable|ip_route_\w+|struct icmphdr)\b"
                       r"|#include \"net/(?:ipv4/|wire/ip\.h|wire/icmp\.h)")
    for path, text in files.items():
        if not is_c(path) or not path.startswith("net/tcp/") or path.startswith("net/tcp/tcp_ipv4"):
            continue
        code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
        for n, line in enumerate(code.splitlines(), 1):
            if known.search(line):
                yield path, n, f"depends on IPv4: {line.strip()}"


SEQ = r"(?:\w*(?:seq|ack_seq|una|nxt|isn)|\bseq\d)\b"


def sequence_compare(files):
    """Sequence numbers wrap, so they are compared by before(), after(), between().  A difference (seq - seq) is a
    length and may be compared."""
    left = re.compile(r"(?<!- )(?<![\w.])(?:[\w.]+\.)?" + SEQ + r"\)?\s*(?:<=?|>=?)(?![<>=])\s*[\w(]")
    right = re.compile(r"[\w)]\s*(?<![<>-])(?:<=?|>=?)(?![<>])\s*\(?(?:[\w.]+\.)?" + SEQ + r"(?!\s*-)")
    for path, text in files.items():
        if not is_c(path) or not path.startswith("net/") or path == "net/tcp/tcp_seq.h":
            continue
        for n, line in enumerate(strip_comments(text).splitlines(), 1):
            flat = line.replace("->", ".").replace("<<", "@@").replace(">>", "@@")
            flat = re.sub(r"TCP_SKB_CB\(\w+\)", "cb", flat)
            if flat.lstrip().startswith("#"):
                continue
            if left.search(flat) or right.search(flat):
                yield path, n, "compares a sequence number with < or >"


def test_ifdef(files):
    for path, text in files.items():
        if not is_c(path) or path.startswith("tests/"):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            if re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b.*(TEST|HOSTED|UNIT|SANITIZE|MOCK)", line):
                yield path, n, "code that depends on being tested"


def irq_exclusion(files):
    for path, text in files.items():
        if not is_c(path) or path.startswith(MAY_DISABLE_IRQS):
            continue
        for n, line in enumerate(strip_comments(text).splitlines(), 1):
            if re.search(r"\bhal_irq_(save|disable)\s*\(", line) or re.search(r"\bcli\b", line):
                yield path, n, "disables interrupts: use a lock (spin_lock_irqsave)"


# Files that differ between the checked and the shipped build, and those that print its name.
KNOWS_THE_BUILD = ("kernel/sched/", "kernel/x86/", "kernel/version.c", "init/main.c")


def build_unknown(files):
    """Only kernel/sched and kernel/x86 may depend on the build, checked or shipped."""
    for path, text in files.items():
        if not is_c(path) or path.startswith(KNOWS_THE_BUILD + ("tests/", "tools/")):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            if re.search(r"\bVARIANT_|[</]variant[/.]|#\s*(if|ifdef|ifndef|elif)\b.*(CHECKED|SHIPPED)", line):
                yield path, n, "code that depends on the build, checked or shipped"


def debug_source(files):
    """A file with debug messages defines LOG_SOURCE. Otherwise its messages would belong to the source "kernel", and
    no test would notice that."""
    for path, text in files.items():
        if not path.endswith(".c") or path.startswith("tests/") or re.search(r"^#define LOG_SOURCE \w+$", text, re.M):
            continue
        for n, line in enumerate(strip_comments(text).splitlines(), 1):
            if re.search(r"\bpr_debug(_on)?\(", line):
                yield path, n, "a debug line in a file that defines no LOG_SOURCE"


def leftovers(files):
    word = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    conflict = re.compile("<" * 7 + " |" + ">" * 7 + " ")    # git's, around two versions
    for path, text in files.items():
        for n, line in enumerate(text.splitlines(), 1):
            if conflict.match(line) or word.search(line) and not path.endswith((".md", ".txt")):
                yield path, n, "a left-over marker"


# Words that hide a comment's subject.  CONTRIBUTING.md has the rule, and quotes bad examples.
RIDDLE_WORDS = re.compile(r"\b(?:nobody|somebody|anybody|everybody|whoever)\b", re.I)
RIDDLE_OPENING = re.compile(r"[\s*]*(?:what|who|whose|nobody)\b", re.I)


def plain_words(files):
    """A comment names its subject: it does not open with What or Who, and has none of RIDDLE_WORDS."""
    for path, text in files.items():
        if path.startswith("tests/tidy/") or path == "CONTRIBUTING.md":
            continue    # these files quote the words
        if path.endswith((".c", ".h", ".S")):
            for m in re.finditer(r"/\*(.*?)\*/|\"(?:\\.|[^\"\\\n])*\"", text, re.S):
                if m.group(1) is None:
                    continue
                at = text.count("\n", 0, m.start()) + 1
                if RIDDLE_OPENING.match(m.group(1)):
                    yield path, at, "a comment that opens with What, Who or Nobody: name its subject"
                for word in RIDDLE_WORDS.finditer(m.group(1)):
                    yield path, at + m.group(1).count("\n", 0, word.start()), f"\"{word.group()}\" in a comment: name the subject"
        elif path.endswith((".py", ".mk", "Makefile", ".md", ".pkt")):
            for n, line in enumerate(text.splitlines(), 1):
                remark = line if path.endswith(".md") else "".join(re.findall(r"(?:^|\s)(?:#|//) .*|\"\"\".*", line))
                if re.match(r"\s*(?:#|//|\"\"\")\s*(?:What|Who|Whose|Nobody)\b", remark) and not path.endswith(".md"):
                    yield path, n, "a comment that opens with What, Who or Nobody: name its subject"
                for word in RIDDLE_WORDS.finditer(remark):
                    yield path, n, f"\"{word.group()}\" in a comment: name the subject"


def whitespace(files):
    """The rules of .editorconfig: LF, no blank at a line's end, a newline at the end of the file."""
    for path, text in files.items():
        for n, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip(" \t\r"):
                yield path, n, "a blank or CR at the end of the line"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no newline at the end of the file"


def spdx(files):
    for path, text in files.items():
        if path.endswith((".c", ".h", ".S", ".ld")) and "SPDX-License-Identifier: MIT" not in text[:200]:
            yield path, 1, "no SPDX line"


LINK_SLACK = 20    # lines: if a change above moved the definition by no more, a reader still sees it on the screen


def line_of(text, pattern):
    """Returns the number of the first line in @text that matches @pattern, or 0.  If @pattern is the name of a
    function that @text defines, returns the line of the definition."""
    m = None
    if re.fullmatch(r"\w+", pattern):
        m = re.search(rf"^\w.*\b{pattern}\([^;]*$", text, re.M)
    m = m or re.search(pattern, text, re.M)
    return text.count("\n", 0, m.start()) + 1 if m else 0


def docs_reference(files):
    """A Markdown file refers to code by `path:/pattern/`, or by a link that tools/doclinks made of that. The pattern
    must match a line of the file `path`."""
    for path, text in files.items():
        if not path.endswith(".md"):
            continue
        for n, line in enumerate(text.splitlines(), 1):
            for target, pattern in re.findall(r"`([\w./-]+):/([^`]+)/`", line):
                if target not in files:
                    yield path, n, f"refers to {target}, which does not exist"
                elif not line_of(files[target], pattern):
                    yield path, n, f"refers to /{pattern}/ in {target}: no such line"
            for target, at, pattern in re.findall(r'\]\(([\w./-]+)#L(\d+) "/((?:[^"\\]|\\.)+)/"\)', line):
                found = line_of(files.get(os.path.normpath(os.path.join(os.path.dirname(path), target)), ""), pattern)
                if not found:
                    yield path, n, f"links to /{pattern}/ in {target}: no such line"
                elif abs(found - int(at)) > LINK_SLACK:
                    yield path, n, f"links to line {at} of {target}, /{pattern}/ is in line {found}: run tools/doclinks"
            for target in re.findall(r"\]\(((?!http)[^)#]+)", line):
                full = os.path.normpath(os.path.join(os.path.dirname(path), target))
                if full not in files and not any(f.startswith(full + "/") for f in files):
                    yield path, n, f"links to {target}, which does not exist"


BUILT = re.compile(r"build/(?:(?:checked|shipped)/)?softnet\.(?:elf|efi|img)|build/host[a-z-]*/libsoftnet\.so|"
                   r"build/(?:unit|hosted)/test_\w+")


def commands(text):
    """Yields (line number, command) in a Markdown file: the text in backticks, and that of indented lines."""
    for n, line in enumerate(text.splitlines(), 1):
        if re.match(r"    [a-z]", line):
            yield n, line.strip()
        yield from ((n, code) for code in re.findall(r"`([^`]+)`", line))


def docs_command(files):
    """A command in a Markdown file can be run as it is written: its make target and its program exist."""
    makefiles = "\n".join(text for path, text in files.items() if path == "Makefile" or path.endswith(".mk"))
    targets = {word for line in re.findall(r"^([\w. -]+):(?!=)", makefiles, re.M) for word in line.split()}
    for path, text in files.items():
        if not path.endswith(".md"):
            continue
        for n, command in commands(text):
            unquoted = re.sub(r"'[^']*'", "''", command)
            for words in re.findall(r"(?:^|[;&] ?)make((?: [^\s;&#|]+)+)", unquoted):
                goals = [w for w in words.split() if "=" not in w and w[0] not in "-\"'"]
                for goal in goals if '"' not in words else goals[:1]:
                    if goal not in targets and not BUILT.fullmatch(goal):
                        yield path, n, f"make has no target {goal}"
            program = re.match(r"(?:[A-Z]+=\S+ )*((?:tests|tools)/[\w./-]+)( .*)?$", command)
            if not program:
                continue
            name = program.group(1).rstrip("/")
            if re.search(r"SUBJECT|NAME", name):
                continue    # a placeholder
            if name not in files and not any(f.startswith(name + "/") for f in files):
                yield path, n, f"{name} does not exist"
            elif program.group(2) and os.path.isfile(os.path.join(ROOT, name)) and not os.access(os.path.join(ROOT, name), os.X_OK):
                yield path, n, f"{name} is shown with arguments but is not executable"


def limits_tested(files):
    """Each limit has its unit and its reason, is used, and is reached by a test with LIMIT(NAME) in a comment above
    it."""
    names = {limit.name: limit for limit in limits.limits(files)}
    tagged = limits.tests(files)
    used = set()
    for path, text in files.items():
        if is_c(path) and not limits.is_limits(path) and not path.startswith("tests/"):
            used.update(re.findall(r"\b[A-Z][A-Z0-9_]+\b", strip_comments(text)))
    for name, limit in names.items():
        at = limit.path, limit.line
        if name not in used:
            yield *at, f"{name} is used nowhere"
        elif not limit.reason and not limits.default_of(limit, names):
            yield *at, f"{name}: no comment \"unit: what happens at the limit, and why this value\""
        elif not limit.is_range and name not in tagged and name not in limits.WITHOUT_TEST:
            yield *at, f"{name}: no test says LIMIT({name})"
        elif name in tagged and name in limits.WITHOUT_TEST:
            yield *tagged[name][0][:2], f"{name} has a test: tools/limits.py says that it has none"
    for name, places in tagged.items():
        if names and name not in names:
            yield *places[0][:2], f"LIMIT({name}): no limits.h has such a name"


def limits_page(files):
    """docs/limits.md is the output of tools/limits.py."""
    if limits.PAGE in files and files[limits.PAGE] != limits.page(files):
        yield limits.PAGE, 1, "not current: run tools/limits.py"


def ca_states_page(files):
    """The diagram in docs/tcp-recovery.md is the table of transitions in net/tcp/tcp_recovery.c."""
    text, source = files.get(ca_states.PAGE), files.get(ca_states.SOURCE)
    if text and source and text != ca_states.page(text, source):
        yield ca_states.PAGE, 1, "another diagram than the table's: run tools/ca_states.py"


# Names declared in a header that only tests use, with the reason why they stay.
UNUSED = {
    **dict.fromkeys(("icsk_inet", "inet_conn", "tw_sk"), "a first member: the struct that a cast of the pointer gives"),
    "max_virtqueue_pairs": "a place in the device's configuration",
    "mm_min_free": "tests hold the reserve of pages against it",
    **dict.fromkeys(("timers_armed", "hrtimers_armed"), "tests end without an armed timer"),
    "raise_softirq": "raise_softirq_irqoff() with interrupts on",
    **dict.fromkeys(("put_unaligned_be32", "schedule_timeout_interruptible"), "the counterpart of one that is used"),
}
# The headers of the kernel's own code. Headers of a wire format, or of a table for hardware, may have unused names.
OWN_HEADERS = ("kernel/", "net/", "drivers/", "boot/", "init/")
COMPLETE_HEADERS = ("net/wire/", "kernel/x86/ptrace.h")
DECLARED = [    # pattern of a name, and its number of occurrences in the sources when nothing uses it
    (re.compile(r"^#define (\w+)", re.M), 1),
    (re.compile(r"^static inline [^;{=]*?\b(\w+)\([^;{]*\)\n?\{", re.M), 1),
    (re.compile(r"^(?!static|typedef|enum \w+ \{|\s|#|\})[\w *]*?\b(\w+)\([^;{]*\)[\w (),]*;", re.M), 2),
    (re.compile(r"^\t+(?!return|goto)[A-Za-z_][\w ]*[ *]((?:\w+[^;,(){}=]*,[ *]*)*\w+[^;,(){}=]*);", re.M), 1),    # fields
]


def declarations_used(files):
    """A macro, a function or a field of a header has a user outside the tests, or is in UNUSED with the reason."""
    sources = {path: re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
               for path, text in files.items() if path.endswith((".c", ".h", ".S", ".ld")) and not path.startswith("tests/")}
    count = collections.Counter(word for text in sources.values() for word in re.findall(r"\b[A-Za-z_]\w*\b", text))
    for path, text in sources.items():
        if not path.endswith(".h") or not path.startswith(OWN_HEADERS) or path.startswith(COMPLETE_HEADERS):
            continue
        for pattern, least in DECLARED:
            for m in pattern.finditer(text):
                line = text.count("\n", 0, m.start(1)) + 1
                for name in re.findall(r"(?:^|,[ *]*)([A-Za-z_]\w*)", m.group(1)):
                    if count[name] <= least and not name.endswith("_H") and name not in UNUSED:
                        yield path, line, f"{name} has no user outside the tests"
                    elif count[name] > least and name in UNUSED:
                        yield path, line, f"{name} has a user: tidy.py says that it has none"


COUNTERS = "net/core/snmp.h"
# Counters of the MIBs (RFC 4293, 4022, 4113) that are always zero in this kernel, with the reason.
COUNTERS_AT_REST = {
    "IpForwDatagrams": "a host forwards nothing",
}


def counters_move(files):
    """Each counter of /proc/net/snmp and netstat is incremented somewhere, or is in COUNTERS_AT_REST."""
    names = {g + name: n for n, line in enumerate(files.get(COUNTERS, "").splitlines(), 1)
             for g, name in re.findall(r"\bX\((\w+), (\w+)\)", line) if g != "group"}
    counted = set()
    for path, text in files.items():
        if is_c(path) and path != COUNTERS and not path.startswith("tests/"):
            counted.update(re.findall(r"\bSNMP_(\w+)\b", strip_comments(text)))
    for name, n in names.items():
        if name not in counted and name not in COUNTERS_AT_REST:
            yield COUNTERS, n, f"{name} is incremented nowhere"
        elif name in counted and name in COUNTERS_AT_REST:
            yield COUNTERS, n, f"{name} is incremented: tidy.py says that it is not"


CANARIES = ("tests/sim/canary.py", "tests/differ/bugs.py")


def canaries(files):
    """A line that a test replaces to plant a bug occurs exactly once in its source; otherwise that test would plant
    no bug."""
    for path in CANARIES:
        text = files.get(path, "")
        for node in ast.parse(text).body:
            if not isinstance(node, ast.Assign) or node.targets[0].id not in ("CANARIES", "BUGS"):
                continue
            for key, value in zip(node.value.keys, node.value.values):
                source, line, _ = ast.literal_eval(value)
                if files.get(source, "").count(line) != 1:
                    yield path, key.lineno, f"{key.value}: {source} has the line to replace {files.get(source, '').count(line)} times, not once"


TEST_APPS = "tests/qemu/kernel/"


def both_images(files, sources=None):
    """A source above the seams is in both images, a source below them in exactly one, and every source in at least
    one. The applications of tests are only in the machine's test image.

    sources: {"machine": set, "test": set, "hosted": set}, by default from the Makefile; "test" are the files that
    only softnet-test.elf has.
    """
    if sources is None:
        out = subprocess.run(["make", "-s", "-C", ROOT, "print-sources"], check=True, stdout=subprocess.PIPE, text=True)
        sources = {"machine": set(), "test": set(), "hosted": set()}
        for line in out.stdout.splitlines():
            image, path = line.split()
            sources[image].add(path)
    below = {"machine": ("kernel/x86/", "boot/", "drivers/pci", "drivers/virtio/virtio_pci", "drivers/virtio/virtio_mmio"), "hosted": ("tests/host/", "init/ring0/")}
    for path in sorted(set(files) | set().union(*sources.values())):
        if path.endswith(".c") and (path.startswith(TEST_APPS) or path in sources["test"]):
            if path not in sources["test"]:
                yield path, 1, "is not in the tests' image"
            if not path.startswith(TEST_APPS) or path in sources["machine"] | sources["hosted"]:
                yield path, 1, f"only applications of tests, and all of them, are in {TEST_APPS} and in the tests' image"
            continue
        if not path.endswith(".c") or (path.startswith(("tests/", "tools/", "apps/")) and not path.startswith("tests/host/")):
            continue
        for image, other in (("machine", "hosted"), ("hosted", "machine")):
            if path in sources[image] and path not in sources[other] and not path.startswith(below[image]):
                yield path, 1, f"is in the {image} image and not in the {other} one"
        if path == "tests/host/conductor.c":  # runs the kernels, and is in no image
            continue
        if path not in sources["machine"] and path not in sources["hosted"]:
            yield path, 1, "is in no image"


def header_alone(files, compile_all=None):
    """Every header compiles alone, freestanding, without the headers of a C library."""
    inc = subprocess.run(["gcc", "-print-file-name=include"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def compile_one(path):
        build = "shipped" if path.startswith("kernel/sched/shipped/") else "checked"
        flags = ["-I.", "-Ikernel/x86", f"-Ikernel/sched/{build}"]
        src = compile_all[path] if compile_all is not None else f'#include "{path}"\n'
        if path.startswith("include/"):
            flags = ["-I.", "-Iinclude"]
        if path.startswith(FIRMWARE):
            flags += ["-isystem", FIRMWARE_HEADERS]
        return subprocess.run(["gcc", "-std=gnu11", "-ffreestanding", "-nostdinc", "-isystem", inc, "-Wall", "-Werror",
                               "-Wno-unused-function", "-fsyntax-only", *flags, "-x", "c", "-"],
                              input=src, text=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    headers = [p for p in sorted(files) if p.endswith(".h") and not p.startswith(("tests/", "tools/"))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, p in zip(headers, pool.map(compile_one, headers)):
            if p.returncode:
                yield path, 1, "does not compile alone: " + p.stdout.strip().splitlines()[0][:160]


CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")    # Keep a Changelog's


def changelog(files):
    """In CHANGELOG.md numbers and dates of the sections decrease, and kinds are those of Keep a Changelog.  VERSION
    has the number of the next release."""
    if "VERSION" not in files:
        return
    ahead = files["VERSION"].split("\n")[0]
    if not re.fullmatch(r"\d+\.\d+\.\d+", ahead):
        yield "VERSION", 1, f"{ahead} is not MAJOR.MINOR.PATCH"
        return
    last, open_section = (tuple(map(int, ahead.split("."))), "9999-99-99"), False
    for n, line in enumerate(files.get("CHANGELOG.md", "").splitlines(), 1):
        if line == "## [Unreleased]":
            open_section = True
        elif line.startswith("## "):
            m = re.fullmatch(r"## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", line)
            here = (tuple(map(int, m.groups()[:3])), m[4]) if m else None
            # The newest section is below VERSION; in the commit of a release it has VERSION itself.
            first = last[1] == "9999-99-99"
            if not m or here[1] > last[1] or not (here[0] < last[0] or first and not open_section and here[0] == last[0]):
                yield "CHANGELOG.md", n, f"{line}: number and date must be below those of the section above, and below VERSION"
            last = here or last
        elif line.startswith("### ") and line[4:] not in CHANGES:
            yield "CHANGELOG.md", n, f"{line}: none of {', '.join(CHANGES)}"
    if not open_section and last[1] == "9999-99-99":
        yield "CHANGELOG.md", 1, "neither an Unreleased section nor a release"


RULES = [include_direction, no_libc, file_length, function_length, packet_contract, addresses, sequence_compare, test_ifdef,
         build_unknown, irq_exclusion, debug_source, leftovers, plain_words, whitespace, spdx, docs_reference, docs_command,
         limits_tested, limits_page, ca_states_page, declarations_used, counters_move, canaries,
         changelog, both_images, header_alone]


def tree():
    """Returns {path: text} of the files that git tracks or would track; in an export without git, of all files
    outside build/. Compressed files are left out, because the rules are about text."""
    p = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True)
    names = p.stdout.splitlines() if p.returncode == 0 else [
        os.path.relpath(os.path.join(d, f), ROOT) for d, dirs, fs in os.walk(ROOT)
        if not os.path.relpath(d, ROOT).startswith("build") for f in fs]
    files = {}
    for name in names:
        full = os.path.join(ROOT, name)
        if os.path.isfile(full) and not name.endswith(".xz"):
            with open(full, errors="replace", newline="") as f:
                files[name] = f.read()
    return files


def main():
    files = tree()
    bad = 0
    for rule in RULES:
        for path, line, what in rule(files):
            print(f"{path}:{line}: {what} [{rule.__name__}]")
            bad += 1
    print(f"tidy: {len(files)} files, {len(RULES)} rules, {bad} breaches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
