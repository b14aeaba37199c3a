#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the form of commit messages: "area: verb object", at most 72 characters, a blank line, then the reason.

  tests/tidy/subjects.py FILE        checks this message (.githooks/commit-msg); exit status 1: it has another form
  tests/tidy/subjects.py             checks the commits in this clone whose author date is SINCE or later

The author date is compared, not the commit date, because a rebase keeps it. SINCE is a date, not a hash, because a
shallow clone does not have the older commits.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SINCE = 1795975200      # 2026-11-29 18:00 UTC: subjects of older commits have other forms
SUBJECT_MAX = 72
# Examples: "net/tcp", "make count", "docs, kernel", "README".
AREA = r"[\w./+-]+(?: [\w./+-]+)?"
FORM = re.compile(rf"{AREA}(?:, {AREA})*: [a-z]\S* +\S")
# Subjects that git writes itself, and those of commits that are squashed before they land.
GITS_OWN = re.compile(r"(?:Merge|Revert|Reapply) |(?:fixup|squash|amend)! ")


def breaches(message):
    """Yields a sentence for each error in a message."""
    subject, *rest = message.split("\n")
    if GITS_OWN.match(subject):
        return
    if not FORM.match(subject):
        yield "the subject is not \"area: verb object\", as in \"net/tcp: count lost SYN-ACKs\""
    if len(subject) > SUBJECT_MAX:
        yield f"the subject has {len(subject)} characters: at most {SUBJECT_MAX}"
    if subject.endswith("."):
        yield "the subject ends in a full stop"
    if rest and rest[0]:
        yield "no blank line between the subject and the rest"


def cleaned(text):
    """Returns the message that git will store: without comments, without the diff that `commit -v` shows, and
    without blank lines at its beginning and end."""
    text = text.split("# ------------------------ >8 ------------------------")[0]
    return "\n".join(line.rstrip() for line in text.splitlines() if not line.startswith("#")).strip("\n")


def commits(tree=ROOT, since=SINCE):
    """Yields (hash, message) of the commits in this clone whose author date is @since or later. Merges are left out,
    because git wrote their messages."""
    p = subprocess.run(["git", "-C", tree, "log", "--no-merges", "-z", "--format=%at %h %B"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True)
    for record in p.stdout.split("\0"):
        if record:
            when, commit, message = record.split(" ", 2)
            if int(when) >= since:
                yield commit, cleaned(message)


def main():
    if len(sys.argv) == 2:
        with open(sys.argv[1]) as f:
            found = [("message", f.read())]
        found = [(where, cleaned(message)) for where, message in found]
    else:
        found = list(commits())
    bad = [f"{where}: {message.splitlines()[0] if message else ''}: {what}"
           for where, message in found if message for what in breaches(message)]
    print(*bad, sep="\n", end="\n" if bad else "", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
