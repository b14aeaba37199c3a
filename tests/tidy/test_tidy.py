# SPDX-License-Identifier: MIT
"""Runs each rule of tidy.py on the tree and on a planted breach, which the rule must find."""
import pytest
import tidy

LONG = "int f(void)\n{\n" + "\tx();\n" * 101 + "}\n"
# rule: (files with exactly one breach, similar files without a breach).
PLANTED = {
    "include_direction": ({"kernel/a.c": '#include "net/core/skbuff.h"\n'}, {"net/tcp/a.c": '#include "net/ipv4/ip.h"\n'}),
    "no_libc": ({"net/core/a.c": "#include <stdio.h>\n"}, {"net/core/a.c": "#include <stdint.h>\n", "boot/efi_a.c": "#include <efi.h>\n"}),
    "file_length": ({"net/a.c": "\n" * 801}, {"net/a.c": "\n" * 800}),
    "function_length": ({"net/a.c": LONG}, {"net/a.c": LONG.replace("\tx();\n", "", 1)}),
    "addresses": ({"net/tcp/tcp_make.c": "len = sizeof(struct iphdr);\n"},
                  {"net/tcp/tcp_ipv4.c": "struct rtable *rt;\n", "net/tcp/tcp.c": "/* ip_hdr() */\n"}),
    "packet_contract": ({"net/ipv4/a.c": "static int ip_rcv_finish(struct sk_buff *skb, struct net_device *dev)\n{\n}\n"},
                        {"net/tcp/a.c": "enum skb_drop_reason tcp_data_queue(struct sock *sk,\n\t\tstruct sk_buff *skb)\n{\n\treturn 0;\n}\n"
                                        "static void drop(struct sk_buff *skb)\n{\n\tkfree_skb_reason(skb, 1);\n}\n"}),
    "sequence_compare": ({"net/tcp/a.c": "if (tp->snd_una < end_seq) return;\n"},
                         {"net/tcp/a.c": "if (before(tp->snd_una, end_seq) && n < m) return a >> seq_shift; /* seq < x */\n"}),
    "test_ifdef": ({"net/a.c": "#ifdef UNIT_TEST\n"}, {"net/a.h": "#ifndef NET_A_H\n"}),
    "irq_exclusion": ({"net/core/a.c": "flags = hal_irq_save();\n"}, {"kernel/sched/a.c": "flags = hal_irq_save();\n"}),
    "build_unknown": ({"net/core/a.c": "#ifdef SHIPPED\n"}, {"net/core/a.c": "spin_lock(lock); /* variant */\n"}),
    "debug_source": ({"net/a.c": "\tif (pr_debug_on())\n"}, {"net/a.c": "#define LOG_SOURCE a_log\npr_debug(1);\n", "net/b.c": "pr_info(1);\n"}),
    "leftovers": ({"net/a.c": "/* TO" + "DO */\n"}, {"net/a.c": "/* to do */\n", "a.md": "TO" + "DO\n"}),
    "plain_words": ({"net/a.c": "/* What comes is dropped. */\n"},
                    {"net/a.c": "/* A packet without a handler is dropped. */\n", "net/b.c": "puts(\"/* nobody */\");\n",
                     "a.py": "x = 1  # of whatever size\n"}),
    "whitespace": ({"Makefile": "all: \n"}, {"a.md": "a\n\n", "a.c": ""}),
    "spdx": ({"net/a.c": "int x;\n"}, {"net/a.c": "/* SPDX-License-Identifier: MIT */\n"}),
    "docs_reference": ({"docs/a.md": "see `net/a.c:/^int g/`\n", "net/a.c": "int f;\n"},
                       {"docs/a.md": "see `net/a.c:/^int f/`\n", "net/a.c": "int f;\n"}),
    "docs_command": ({"docs/a.md": "`make sim-build; make all` or\n    make rnu X=1\n", "Makefile": "all sim-build:\n"},
                     {"docs/a.md": "`make -j2 all X=1` and `make build/softnet.elf` make\n", "Makefile": "all sim:\n"}),
    "limits_tested": ({"net/limits.h": "/* B: full */\n#define A_MAX 1\n", "net/a.c": "a(A_MAX);\n", "tests/a.c": "A_MAX\n"},
                      {"net/limits.h": "#ifndef NET_H\n/* B: full */\n#define A_MAX 1\n#define A_MAX_RANGE 1, 2\n", "net/a.c": "A_MAX, A_MAX_RANGE\n",
                       "tests/a.c": "/* LIMIT(A_MAX) */\n"}),
    "limits_page": ({"docs/limits.md": "# Limits\n"}, {"docs/limits.md": tidy.limits.page({})}),
    "ca_states_page": ({"docs/tcp-recovery.md": "\n".join(["a", *tidy.ca_states.MARKS]), "net/tcp/tcp_recovery.c": '[TCP_CA_A][TCP_CA_B] = "x",\n'},
                       {"docs/tcp-recovery.md": tidy.ca_states.page("a\n" + "".join(tidy.ca_states.MARKS), '[TCP_CA_A][TCP_CA_B] = "x"'),
                        "net/tcp/tcp_recovery.c": '[TCP_CA_A][TCP_CA_B] = "x",\n'}),
    "declarations_used": ({"net/a.h": "struct a {\n\tint b; /* c */\n\tint c;\n};\n", "net/a.c": "a->b = 1;\n", "tests/a.c": "a->c\n"},
                          {"net/a.h": "#define A 1\nint f(int a);\nstatic inline int g(void)\n{\n}\n", "net/a.c": "int f(int a)\n{\n\tf(A) + g();\n}\n",
                           "include/a.h": "#define B 1\n"}),
    "counters_move": ({"net/core/snmp.h": "X(Tcp, InSegs) X(Tcp, OutSegs)\n", "net/a.c": "snmp_inc(SNMP_TcpInSegs);\n"},
                      {"net/core/snmp.h": "/* X(group, Name) */ X(Tcp, InSegs) X(Ip, ForwDatagrams)\n", "net/a.c": "snmp_inc(SNMP_TcpInSegs);\n"}),
    "canaries": ({"tests/sim/canary.py": 'CANARIES = {"a": ("net/a.c", "f(x);", "")}\n', "net/a.c": "f(x);\nf(x);\n"},
                 {"tests/sim/canary.py": 'CANARIES = {"a": ("net/a.c", "f(x);", "")}\n', "net/a.c": "f(x);\n"}),
    "changelog": ({"VERSION": "0.2.0\n", "CHANGELOG.md": "## [Unreleased]\n## [0.2.0] - 2026-01-01\n"},
                  {"VERSION": "0.2.0\n", "CHANGELOG.md": "## [0.2.0] - 2026-02-01\n### Fixed\n## [0.1.9] - 2026-02-01\n"}),
}
SEQ_BAD = ["x = tp->rcv_nxt > seq;", "if (TCP_SKB_CB(skb)->end_seq <= tp->snd_una)", "if (th_seq >= limit)",
           "while (a > TCP_SKB_CB(skb)->seq)", "ok = (tp->copied_seq) < tp->rcv_nxt"]
SEQ_GOOD = ["for (i = 0; i < n; i++)", "x = a - tp->snd_una;", "u32 v = win >> wscale;", "#include <seq.h>",
            "if (len > tp->rcv_wnd)", "skb->seq = seq;",
            "if (room < cb->end_seq - cb->seq)", "if (tp->snd_nxt - tp->snd_una > wnd)", "if (seq_rtt_us < 0)"]


@pytest.fixture(scope="module")
def files():
    found = tidy.tree()
    assert "kernel/hal.h" in found
    return found


@pytest.mark.parametrize("rule", tidy.RULES, ids=lambda r: r.__name__)
def test_tree(rule, files):
    assert [f"{p}:{n}: {w}" for p, n, w in rule(files)] == []


@pytest.mark.parametrize("name", PLANTED)
def test_rule_can_fail(name):
    bad, good = PLANTED[name]
    rule = getattr(tidy, name)
    assert len(list(rule(bad))) == 1
    assert list(rule(good)) == []


@pytest.mark.parametrize("line", SEQ_BAD)
def test_sequence_compare_finds(line):
    assert list(tidy.sequence_compare({"net/tcp/a.c": line + "\n"}))


@pytest.mark.parametrize("line", SEQ_GOOD)
def test_sequence_compare_leaves_alone(line):
    assert not list(tidy.sequence_compare({"net/tcp/a.c": line + "\n"}))


@pytest.mark.parametrize("files", [
    {"net/a.c": "/* A_MAX */\n", "tests/a.c": "/* LIMIT(A_MAX) */\n"},               # named only in a comment
    {"net/a.c": "A_MAX\n", "tests/a.c": "/* LIMIT(A_MAX) LIMIT(B_MAX) */\n"},       # no such name
    {"net/a.c": "A_MAX\n", "tests/a.c": "/* LIMIT(A_MAXIMUM) */\n"},
    {"net/a.c": "A_MAX\n", "tests/a.c": "/* LIMIT(A_MAX) */\n", "net/limits.h": "#define A_MAX 1 /* bytes: full */\n"},
])
def test_limits_tested_finds(files):
    assert list(tidy.limits_tested({"net/limits.h": "/* bytes: full */\n#define A_MAX 1\n", **files}))


def test_limits_page_agrees_with_the_headers():
    text = tidy.limits.page({"net/limits.h": "/*\n * Of a.\n */\n/* ---- b ---- */\n/*\n * bytes: cut\n * off. Why.\n */\n#define A_MAX (1 + 2)\n"
                                             "#define A_MAX_RANGE 1, 9\n", "tests/a.c": "/* LIMIT(A_MAX) */\nstatic void test_a(void)\n{\n"})
    assert "| `A_MAX` | (1 + 2), range 1, 9 | bytes | cut off. Why. | [test_a](../tests/a.c) |" in text


@pytest.mark.parametrize("line", ("<" * 7 + " HEAD", ">" * 7 + " 0123456 (a commit)"))
def test_conflict_markers(line):
    assert [n for _, n, _ in tidy.leftovers({"a.md": f"text\n{line}\n"})] == [2]


@pytest.mark.parametrize("header", ["#define a 1\n", "int a(void);\n", "void *a(int b,\n\t\tint b) __must_check;\n",
                                    "static inline bool a(int b)\n{\n}\n", "\tu8 b : 1, a : 2;\n", "\tint a[4];\n"])
def test_declarations_used_finds(header):
    files = {"net/a.h": header, "net/a.c": "b b b\n" + ("int a(void)\n{\n}\n" if "(" in header and "inline" not in header else "")}
    assert [what for _, _, what in tidy.declarations_used(files)] == ["a has no user outside the tests"]


@pytest.mark.parametrize("version, text", [
    ("0.2", "## [Unreleased]\n"), ("0.2.0", ""), ("0.2.0", "## [0.3.0] - 2026-01-01\n"), ("0.2.0", "## [Unreleased]\n## 0.1.0\n"),
    ("0.2.0", "## [Unreleased]\n### Repaired\n"),
    ("0.2.0", "## [Unreleased]\n## [0.1.0] - 2026-01-01\n## [0.0.1] - 2026-01-02\n")])
def test_changelog_finds(version, text):
    assert len(list(tidy.changelog({"VERSION": f"{version}\n", "CHANGELOG.md": text}))) == 1


@pytest.mark.parametrize("text", ["a\r\nb\n", "a\t\n", "a\nb"])
def test_whitespace_finds(text):
    assert len(list(tidy.whitespace({"a": text}))) == 1


def test_both_images_can_fail():
    mistake, trial, lost = (tidy.TEST_APPS + name for name in ("mistake.c", "trial.c", "lost.c"))
    alone = f"only applications of tests, and all of them, are in {tidy.TEST_APPS} and in the tests' image"
    sources = {"machine": {"net/a.c", "kernel/x86/b.c", mistake}, "test": {trial, mistake, "kernel/d.c"},
               "hosted": {"tests/host/c.c"}}
    files = dict.fromkeys(["net/a.c", "kernel/x86/b.c", "tests/host/c.c", "net/dead.c", "kernel/d.c", trial, mistake, lost], "")
    assert [(p, w) for p, _, w in tidy.both_images(files, sources)] == [
        ("kernel/d.c", alone), ("net/a.c", "is in the machine image and not in the hosted one"), ("net/dead.c", "is in no image"),
        (lost, "is not in the tests' image"), (mistake, alone)]


def test_header_alone_can_fail():
    bad = {"net/a.h": "struct a { u32 x; };\n"}
    assert len(list(tidy.header_alone(bad, bad))) == 1


def test_every_rule_has_a_planted_breach():
    assert {r.__name__ for r in tidy.RULES} == set(PLANTED) | {"both_images", "header_alone"}


def test_a_handler_does_not_free_the_packet_it_drops():
    """The second part of the contract in net/core/dropreason.h: a function that returns a reason must not free the
    packet."""
    freed = ("static enum skb_drop_reason tcp_data_in_order(struct sock *sk, struct sk_buff *skb)\n{\n"
             "\tkfree_skb_reason(skb, 1);\n\treturn 1;\n}\n")
    assert [line for _, line, _ in tidy.packet_contract({"net/tcp/a.c": freed})] == [1]
    assert not list(tidy.packet_contract({"net/tcp/a.c": freed.replace("(skb, 1)", "(other, 1)")}))


@pytest.mark.parametrize("line, found", [
    ("[`f()`](../net/a.c#L1 \"/^int f/\")", False), ("[`f()`](../net/a.c#L22 \"/^int f/\")", True),
    ("[`f()`](../net/a.c#L1 \"/^int g/\")", True), ("[`f()`](../net/b.c#L1 \"/^int f/\")", True)])
def test_docs_reference_finds(line, found):
    """tools/doclinks makes a link of a line number and a pattern. The link is a breach if its line is far from the line
    that the pattern matches, or if the pattern matches no line, or if the file does not exist."""
    assert bool(list(tidy.docs_reference({"docs/a.md": line + "\n", "net/a.c": "int f;\n"}))) == found


def test_line_of_a_name_is_its_definition():
    assert tidy.line_of("/* f() and g() */\nint f(void);\nint f(void)\n{\n\tg(f());\n}\n", "f") == 3
    assert tidy.line_of("/* f() */\nint f(void)\n", r"\* f") == 1


@pytest.mark.parametrize("path, text", [
    ("net/a.h", "int x; /* what follows */\n"), ("net/a.c", "/*\n * Who asks first wins.\n */\n"), ("net/a.S", "/* a port that nobody has */\n"),
    ("tests/a.py", '    """What was sent."""\n'), ("tests/a.py", "x()    # for somebody else\n"), ("a.mk", "# What takes long.\n"),
    ("docs/a.md", "for everybody\n"), ("a.pkt", "// Nobody reads.\n")])
def test_plain_words_finds(path, text):
    assert list(tidy.plain_words({path: text}))
