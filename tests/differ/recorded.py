# SPDX-License-Identifier: MIT
"""A file of scenarios with Linux's answers, so that `make test` needs neither root nor the time to run them on
Linux.

tests/differ/run and test_differ.py call read() and write().  The first line of recorded.txt names the kernel that
answered; then comes for each scenario

    seed SEED KIND irs IRS ts TS_BASE
    MICROSECONDS WORDS | ANSWER         a step: its time, its words, and Linux's answer
    MICROSECONDS                        the end

Positions are resolved to numbers, so the file does not depend on generate.py.
"""
import os

from scenario import Scenario, words_of, words_text

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded.txt")


def write(out, kernel, plays):
    """Writes @plays: [(resolved Scenario, Linux's answers)]."""
    out.write(f"# {len(plays)} scenarios, and what {kernel} answered.  Made by tests/differ/run --record.\n")
    for s, answers in plays:
        out.write(f"\nseed {s.seed} {s.kind} irs {s.irs} ts {s.ts_base}\n")
        for at, (_, words), answer in zip(s.at, s.steps, answers):
            out.write(f"{at} {words_text(words)} | {answer}".rstrip() + "\n")
        out.write(f"{s.at[-1]}\n")


def read(text):
    """Returns [(resolved Scenario, Linux's answers)] from the file's text."""
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
    """Reads the tree's recorded.txt."""
    with open(FILE, encoding="utf-8") as f:
        return read(f.read())


def differences(kernel, plays):
    """Yields the Differences between the answers in @plays and those that @kernel gives now."""
    import judge  # pylint: disable=import-outside-toplevel
    ours = kernel.play([scenario for scenario, _ in plays])
    for (scenario, answers), our_answers in zip(plays, ours):
        found = judge.compare(scenario, our_answers, answers)
        if found:
            yield found
