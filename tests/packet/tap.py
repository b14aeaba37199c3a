# SPDX-License-Identifier: MIT
"""Results in the Test Anything Protocol, on standard output.

suite.py makes Results, `run` prints them.
"""
from dataclasses import dataclass, field


@dataclass
class Result:
    """Of one file."""
    path: str
    status: str = "ok"      # ok, not ok, skip
    reason: str = ""
    lines: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    isn: int | None = None  # what the kernel chose first

    def failed(self):
        """Neither ok nor skipped."""
        return self.status == "not ok"


def one_line(text):
    """A name or a reason must not break its line, nor begin a directive."""
    return " ".join(str(text).splitlines()).replace("\\", "\\\\").replace("#", "\\#")


class Tap:
    """The plan first, then a line for each."""

    def __init__(self, out, count, verbose=False):
        self.out, self.number, self.verbose = out, 0, verbose
        self._say(f"1..{count}")

    def _say(self, line):
        self.out.write(line + "\n")
        self.out.flush()

    def comment(self, text):
        """Lines for a person."""
        for line in str(text).splitlines() or [""]:
            self._say("# " + line)

    def result(self, result):
        """One file's."""
        self.number += 1
        if result.status == "skip":
            self._say(f"ok {self.number} - {one_line(result.path)} # SKIP {one_line(result.reason)}")
        else:
            self._say(f"{result.status} {self.number} - {one_line(result.path)}")
        if result.failed():
            self.comment(result.reason)
            for line in result.lines:
                self.comment("  " + line)
        if self.verbose or result.failed():
            for note in result.notes:
                self.comment("note: " + note)
