# SPDX-License-Identifier: MIT
"""Prints results in the Test Anything Protocol (TAP) on standard output.

suite.py creates a Result for each script; tests/packet/run prints them.
"""
from dataclasses import dataclass, field


@dataclass
class Result:
    """The result of one file.  reason: why the file failed or was skipped; lines: details of a failure; notes: lines
    that --verbose prints."""
    path: str
    status: str = "ok"      # ok, not ok, skip
    reason: str = ""
    lines: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    isn: int | None = None  # the kernel's initial sequence number in the first connection

    def failed(self):
        """Returns whether the result is neither ok nor a skip."""
        return self.status == "not ok"


def one_line(text):
    """Returns @text for use in a TAP line: without line breaks, and with `#` escaped, which begins a directive."""
    return " ".join(str(text).splitlines()).replace("\\", "\\\\").replace("#", "\\#")


class Tap:
    """Writes TAP to @out: at once the plan, for @count results, then a line for each result."""

    def __init__(self, out, count, verbose=False):
        self.out, self.number, self.verbose = out, 0, verbose
        self._say(f"1..{count}")

    def _say(self, line):
        self.out.write(line + "\n")
        self.out.flush()

    def comment(self, text):
        """Writes a comment, of one or several lines."""
        for line in str(text).splitlines() or [""]:
            self._say("# " + line)

    def result(self, result):
        """Writes the Result of one file."""
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
