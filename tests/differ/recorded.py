# SPDX-License-Identifier: MIT
"""Scenarios with Linux's answers as a file, so that `make test` needs neither root nor Linux's time.

read(), write() <- run, test_differ.py.  recorded.txt opens with the kernel that answered; then for each
scenario

    seed SEED KIND irs IRS ts TS_BASE
    MICROSECONDS WORDS | ANSWER         a step: when, what, and what Linux did
    MICROSECONDS                        the end

Positions are resolved: the file does not depend on generate.py.
"""
import os

from scenario import Scenario, words_of, words_text

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded.txt")


def write(out, kernel, plays):
    """@plays: (resolved Scenario, Linux's answers)."""
    out.write(f"# {len(plays)} scenarios, and what {kernel} answered.  Made by tests/differ/run --record.\n")
    for s, answers in plays:
        out.write(f"\nseed {s.seed} {s.kind} irs {s.irs} ts {s.ts_base}\n")
        for at, (_, words), answer in zip(s.at, s.steps, answers):
            out.write(f"{at} {words_text(words)} | {answer}".rstrip() + "\n")
        out.write(f"{s.at[-1]}\n")


def read(text):
    """[(resolved Scenario, Linux's answers)]"""
    plays = []
    for block in text.split("\n\n")[1:]:
        head, *lines = block.strip().split("\n")
        _, seed, kind, _, irs, _, ts_base = head.split()
        scenario, answers = Scenario(int(seed), kind, int(irs), int(ts_base), []), []
        for line in lines:
            at, _, rest = line.partition(" ")
            scenario.at.append(int(at))
            if rest:
                words, _, answer = rest.partition(" |")
                scenario.steps.append((0, words_of(words)))
                answers.append(answer.strip())
        plays.append((scenario, answers))
    return plays


def load():
    """The tree's own."""
    with open(FILE, encoding="utf-8") as f:
        return read(f.read())


def differences(kernel, plays):
    """The Differences of @plays from what @kernel does now."""
    import judge  # pylint: disable=import-outside-toplevel
    ours = kernel.play([scenario for scenario, _ in plays])
    for (scenario, answers), our_answers in zip(plays, ours):
        found = judge.compare(scenario, our_answers, answers)
        if found:
            yield found
