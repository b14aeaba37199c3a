#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fuzzes the parser of packet scripts (tests/packet), which is Python: libFuzzer cannot instrument it.

  tests/fuzz/scripts.py test                 plays RUNS mutations from a fixed seed
  tests/fuzz/scripts.py fuzz MINUTES [SEED]
  tests/fuzz/scripts.py canary               must find a bug in a copy of the parser

Mutates scripts of tests/packet/scripts.  If a mutation reaches a line of the parser that no earlier one reached
(sys.settrace), it is mutated in turn.  The parser must return a script or raise ScriptError, which has line and column;
any other exception, or more than WORK_MAX executed lines, is a failure.  The random numbers come from the seed, so runs
with the same number of mutations are equal.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PACKET = os.environ.get("FUZZ_PARSER", os.path.join(HERE, "..", "packet"))
sys.path.insert(0, PACKET)
from lexer import ScriptError  # noqa: E402  pylint: disable=wrong-import-position
from parser import parse  # noqa: E402  pylint: disable=wrong-import-position

RUNS = 1000
CANARY_RUNS = 2000
SEEDS = 40                  # scripts, the shortest ones of each subject first
TEXT_MAX = 4000             # characters of a script
WORK_MAX = 2_000_000        # executed lines for one script
TOKENS = ("+0", "+.1~+.2", "0.1...0.2", "<", ">", "S.", "F.", "R", "1:1(0)", "1:1001(1000)", "ack 1", "win 0", "<mss 1460>",
          "<nop,nop,TS val 1 ecr 2>", "sack 1:2", "<...>", "icmp unreachable", "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3", "= -1 EAGAIN",
          "[0]", "{", "}", "(", ")", "\"", "\\x", "`true`", "%{ print(1) }%", "--mss=1", "/*", "//", "0x", "99999999999999999999", "|",
          "\n", ",", "*", "...", "@", "\0", "\u00e9")


class TooMuch(Exception):
    """The parser has executed more than WORK_MAX lines for one script."""


class Parser:
    """Parses texts and counts the lines of the parser that were reached."""

    def __init__(self):
        self.reached = set()
        self.new = self.work = 0

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(os.path.dirname(PACKET)):
            return None
        if event == "line":
            self.work += 1
            if self.work > WORK_MAX:
                raise TooMuch
            place = (frame.f_code.co_filename, frame.f_lineno)
            if place not in self.reached:
                self.reached.add(place)
                self.new += 1
        return self._trace

    def parse(self, text):
        """Returns whether @text reached a new line of the parser; raises an exception if the parser fails."""
        self.new = self.work = 0
        sys.settrace(self._trace)
        try:
            parse("fuzz.pkt", text, {})
        except ScriptError as error:
            if not str(error).startswith("fuzz.pkt:"):
                raise AssertionError(f"an error without its place: {error}") from error
        except RecursionError:      # no failure: Suite.parse() reports it as an error of the script
            pass
        finally:
            sys.settrace(None)
        return self.new > 0


def seeds():
    """Returns the texts of some scripts."""
    found = []
    for folder, _, names in sorted(os.walk(os.path.join(PACKET, "scripts"))):
        texts = []
        for name in sorted(names):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                texts.append(f.read())
        found += sorted(texts, key=len)[:3]
    return sorted(found, key=len)[:SEEDS]


def mutate(rng, corpus):
    """Returns a changed copy of a text of the corpus."""
    text = rng.choice(corpus)
    for _ in range(1 + rng.randrange(4)):
        at, kind = rng.randrange(len(text) + 1), rng.randrange(6)
        end = min(len(text), at + 1 + int(rng.expovariate(1 / 8)))
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:at] + rng.choice(TOKENS) + text[at:]
        elif kind == 2:
            text = text[:at] + rng.choice(TOKENS) + text[end:]
        elif kind == 3:
            text = text[:at] + text[at:end] * (1 + rng.randrange(4)) + text[end:]
        elif kind == 4:
            other = rng.choice(corpus)
            cut = rng.randrange(len(other) + 1)
            text = text[:at] + other[cut:]
        else:
            text = text[:at] + chr(rng.randrange(128)) + text[at + 1:]
    return text[:TEXT_MAX]


def fuzz(seed, enough):
    """Plays mutations until enough(number) is true; returns (number, reached lines, failing text or None)."""
    rng, corpus, parser, number = random.Random(seed), seeds(), Parser(), 0
    for text in corpus:
        parser.parse(text)
    while not enough(number):
        text = mutate(rng, corpus)
        number += 1
        try:
            if parser.parse(text):
                corpus.append(text)
        except Exception as error:  # pylint: disable=broad-except
            print(f"the parser raised {type(error).__name__}: {error}")
            return number, len(parser.reached), text
    return number, len(parser.reached), None


def canary():
    """Returns the exit status: 0 if the fuzzer finds a bug in a copy of the parser. The copy accepts a `+` without a
    number behind it, and then uses a time that it has not read."""
    check = "    if not found:\n        if relative:\n"
    wrong = "    if not found and not relative:\n        return None\n    if False:\n        if relative:\n"
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(PACKET):
            path = os.path.join(PACKET, name)
            if name.endswith(".py"):
                shutil.copy(path, folder)
        os.symlink(os.path.abspath(os.path.join(PACKET, "scripts")), os.path.join(folder, "scripts"))
        with open(os.path.join(folder, "parser.py"), "r+", encoding="utf-8") as f:
            text = f.read()
            if text.count(check) != 1:
                print("  FAIL  canary fuzz scripts: the parser has changed, the bug does not fit")
                return 1
            f.seek(0)
            f.write(text.replace(check, wrong))
            f.truncate()
        done = subprocess.run([sys.executable, __file__, "bug"], stdout=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "FUZZ_PARSER": folder})
    found = done.returncode == 1 and "the parser raised AttributeError" in done.stdout
    print(f"  {'ok   ' if found else 'FAIL '} canary fuzz scripts")
    return not found


def main(words):
    """Returns the exit status."""
    if words == ["canary"]:
        return canary()
    if words in (["test"], ["bug"]):
        runs = RUNS if words == ["test"] else CANARY_RUNS
        seed, enough = 1, lambda number: number >= runs
    elif words[:1] == ["fuzz"] and 2 <= len(words) <= 3:
        end = time.monotonic() + 60 * float(words[1])
        seed, enough = words[2] if words[2:] else 1, lambda _: time.monotonic() > end
    else:
        sys.stderr.write(__doc__)
        return 2
    start = time.monotonic()
    number, lines, failed = fuzz(seed, enough)
    if failed is not None:
        print(failed)
    print(f"  {'ok   ' if failed is None else 'FAIL '} fuzz scripts: {number} mutations, {lines} lines of the parser, "
          f"{time.monotonic() - start:.1f} s")
    return failed is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
