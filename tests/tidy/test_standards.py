# SPDX-License-Identifier: MIT
"""docs/standards.md keeps its promises: a row in the state "done" names code and a test, any other
row gives the reason, and each link leads to the definition that it names. The page has each RFC
that the sources of the network cite. tidy.py's rule docs_reference checks the line numbers of the
links.
"""
import os
import re

import pytest
import tidy

PAGE = "docs/standards.md"
LEVELS = {"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "-"}
# The first words of a state.  "done" needs code and a test; the others need the reason.
STATES = ("done", "partly", "differs", "left out", "not yet", "no code", "the application's")
LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+)(?:#L\d+ \"/((?:[^\"\\]|\\.)+)/\")?\)")


def rows(text):
    """Yields (line number, cells, code links, test links) of each row. A link is (name, path from the root, pattern)."""
    for n, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) < 5 or cells[-1] == "shown by" or set(cells[0]) == {"-"}:
            continue
        code, tests = ([(name, os.path.normpath(os.path.join(os.path.dirname(PAGE), path)), pattern)
                        for name, path, pattern in LINK.findall(cell)] for cell in cells[-2:])
        yield n, cells, code, tests


def is_defined(text, path, name):
    """Returns True if the file @path with @text defines the function @name."""
    if path.endswith(".py"):
        return re.search(rf"^def {name}\(", text, re.M) is not None
    return re.search(rf"^\w[^\n;]*\b{name}\([^;{{}}]*\)\s*\{{", tidy.strip_comments(text), re.M) is not None


def breaches_of_row(files, cells, code, tests):
    """Yields descriptions of what is wrong with a row."""
    state = cells[-3]
    if len(cells) == 6 and cells[2] not in LEVELS:
        yield f"no level: {cells[2]}"
    if not state.startswith(STATES):
        yield f"no state: {state}"
    elif state.startswith("done") and not (code and tests):
        yield "done, but without code or test"
    elif not state.startswith(("done", "not yet", "no code")) and len(state) < len("left out: why"):
        yield f"no reason: {state}"
    for name, path, pattern in code:
        name = name.strip("`()")
        if path.startswith("tests/") or name != pattern or not is_defined(files.get(path, ""), path, name):
            yield f"{path} does not define {name}()"
    for name, path, pattern in tests:
        if not path.startswith("tests/"):
            yield f"{path} is no test"
        elif path.endswith(".pkt"):
            if path not in files:
                yield f"{path} does not exist"
        elif path == "tests/unit/malformed.h":
            if f'{{"{name}"' not in files.get(path, "") or pattern != re.sub(r"([.()])", r"\\\1", name):
                yield f"{path} has no row {name}"
        elif name.strip("`") != pattern or not is_defined(files.get(path, ""), path, pattern):
            yield f"{path} does not define {name}"


def breaches(files):
    """Yields (line number, description)."""
    for n, cells, code, tests in rows(files[PAGE]):
        for what in breaches_of_row(files, cells, code, tests):
            yield n, what


def test_the_page():
    files = tidy.tree()
    assert len(list(rows(files[PAGE]))) > 250
    assert [f"{PAGE}:{n}: {what}" for n, what in breaches(files)] == []


def uncited(files):
    """Yields (path, RFC) for each RFC that a source cites and the page lacks."""
    known = set(re.findall(r"\b\d{3,4}\b", " ".join(cells[0] for _, cells, _, _ in rows(files[PAGE]) if len(cells) == 5)))
    for path, text in files.items():
        if path.startswith(("net/", "drivers/")) and tidy.is_c(path):
            yield from ((path, rfc) for rfc in re.findall(r"\bRFC (\d{3,4})\b", text) if rfc not in known)


def test_each_cited_rfc_has_a_line():
    assert list(uncited(tidy.tree())) == []
    wrong = page("768", "a", "done", CODE, TEST) | {"net/b.c": "/* RFC 768, RFC 769 */\n"}
    assert list(uncited(wrong)) == [("net/b.c", "769")]


FILES = {"net/a.c": "static int f(int a,\n\t     int b)\n{\n}\n", "tests/unit/a.c": "static void test_f(void)\n{\n}\n",
         "tests/packet/scripts/a/b.pkt": "", "tests/unit/malformed.h": '\t{"IP: to 8.0.2.15", PING}\n'}
CODE, TEST = '[`f()`](../net/a.c#L1 "/f/")', '[`test_f`](../tests/unit/a.c#L1 "/test_f/")'
SCRIPT = "[a/b.pkt](../tests/packet/scripts/a/b.pkt)"
FRAME = r'[IP: to 8.0.2.15](../tests/unit/malformed.h#L1 "/IP: to 8\.0\.2\.15/")'


def page(*cells):
    return {PAGE: f"| {' | '.join(cells)} |\n", **FILES}


@pytest.mark.parametrize("cells", [
    ("1", "a", "MUST", "done", CODE, TEST), ("1", "a", "MAY", "left out: no use", CODE, "-"),
    ("1", "a", "MUST", "done: so", CODE, f"{SCRIPT}, {FRAME}"), ("1", "a", "done", CODE, TEST)])
def test_a_right_row(cells):
    assert not list(breaches(page(*cells)))


@pytest.mark.parametrize("cells", [
    ("1", "a", "MUST", "done", CODE, "-"), ("1", "a", "MUST", "done", "-", TEST), ("1", "a", "OUGHT", "done", CODE, TEST),
    ("1", "a", "MUST", "works", CODE, TEST), ("1", "a", "MUST", "left out", CODE, "-"),
    ("1", "a", "MUST", "done", CODE.replace("f()", "g()"), TEST), ("1", "a", "MUST", "done", CODE, TEST.replace("test_f", "test_g")),
    ("1", "a", "MUST", "done", CODE, SCRIPT.replace("b.pkt", "c.pkt")), ("1", "a", "MUST", "done", CODE, FRAME.replace("8", "9")),
    ("1", "a", "MUST", "done", TEST, CODE)])
def test_a_wrong_row_is_noticed(cells):
    assert list(breaches(page(*cells)))
