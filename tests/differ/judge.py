# SPDX-License-Identifier: MIT
"""Judges seeds: yields a verdict for each.

tests/differ/run calls judge().  Each of several worker processes takes a batch of scenarios, plays all of them at once
on Linux, and then each on the hosted kernel with Linux's numbers and times.  Scenarios whose answers differ are
played again until the same difference has been seen three times, because a busy host may cause a single wrong
answer.
"""
import json
import os
import re
import select
import sys
from dataclasses import dataclass

import crowd
import generate
import known
import normal
from ours import Kernel, lines_of_child
from scenario import Scenario, words_text

ATTEMPTS = 6
SEEN = 3                    # times that a difference must be seen, each time with other waits
SOON_US = 300_000           # Linux rounds timeouts up by at most 256 ms
STRETCH = 11                # ms that are added to each long wait for the next attempt
BATCH = 256
WORKERS_A_CPU = 2           # one waits for Linux's clock while the other computes


@dataclass
class Difference:
    """The first step to which the two machines gave different answers. ours and linux are these answers; None if that
    machine has no such step."""
    scenario: Scenario      # resolved, with its times
    index: int
    ours: str | None
    linux: str | None
    before: list            # Linux's answers to the steps before
    following: tuple = ("", "")     # (ours, Linux's) answers to the steps that begin soon after it, joined
    undone: bool = False            # our kernel has undone a reduction of the window up to this step
    prompt: str | None = None       # our answer without packets that Linux's timers might send only after the step's end

    @property
    def words(self):
        """The scenario's words for the step whose answers differ."""
        steps = self.scenario.steps
        return steps[self.index][1] if self.index < len(steps) else ("end",)

    def signature(self):
        """Returns a text that is equal for all differences of one kind: the step's name and flags, then our answer and
        Linux's, both without their numbers."""
        words = self.words
        head = " ".join(map(str, (words[0], words[2]) if words[0] == "seg" else words[:1] if words[0] in (
            "send", "recv", "close", "shutdown", "accept", "info", "bind", "connect", "listen") else words[:1] + words[2:4]))
        return f"{head} | {bare(self.ours)} | {bare(self.linux)}"

    def same(self, other):
        """Returns true if @other is the same difference, seen in another play."""
        return other is not None and (self.index, self.ours, self.linux) == (other.index, other.ours, other.linux)

    def __str__(self):
        steps, first = self.scenario.steps, max(0, self.index - 5)
        lines = [f"seed {self.scenario.seed} ({self.scenario.kind}), step {self.index}"]
        lines += [f"      {words_text(steps[i][1])}  ->  {self.before[i]}" for i in range(first, self.index)]
        at = self.scenario.at[self.index:self.index + 2]
        return "\n".join(lines + [f"    * {words_text(self.words)}   (at {at} us)",
                                  f"      Linux: {self.linux}", f"      ours:  {self.ours}"])


def bare(answer):
    """Returns an answer's words without their numbers."""
    return re.sub(r"\b0x[0-9a-f]+|-?\d+", "", answer) if answer is not None else None


def linux_plays(scenarios):
    """Plays each scenario once on Linux; returns [(answers, resolved Scenario)]."""
    got = list(lines_of_child(lambda: crowd.play_all(scenarios)))
    if len(got) != len(scenarios) or isinstance(got[-1], dict):
        raise RuntimeError(f"Linux's side: {got[-1] if got else 'nothing'}")
    return [(answers, Scenario(s.seed, s.kind, s.irs, s.ts_base, [(w, tuple(t)) for w, t in steps], at))
            for s, (answers, steps, at) in zip(scenarios, got)]


def linux_script(scenario, said):
    """Plays the scenario alone on Linux; returns it as a packet script."""
    return next(lines_of_child(lambda: crowd.script_of(scenario, said)))


def compare(resolved, ours, linux):
    """Returns the first Difference, or None."""
    i = normal.first_difference(ours, linux)
    if i is None:
        return None
    soon = [k for k in range(i + 1, min(len(ours), len(linux))) if resolved.at[k] - resolved.at[i + 1] < SOON_US]
    following = tuple(" ".join(answers[k] for k in soon) for answers in (ours, linux))
    return Difference(resolved, i, ours[i] if i < len(ours) else None, linux[i] if i < len(linux) else None,
                      linux[:i], following, sum(ours.undos[i:i + 1]) > 0, ours.prompt[i] if i < len(ours.prompt) else None)


def stretched(scenario, attempt):
    """Returns the scenario with longer waits, so that a difference that depends on a wait ending close to a timer's
    end does not occur again."""
    steps = [(wait + attempt * STRETCH if wait >= generate.SETTLED else wait, words) for wait, words in scenario.steps]
    return Scenario(scenario.seed, scenario.kind, scenario.irs, scenario.ts_base, steps)


def verdicts(kernel, scenarios):
    """Yields (number, status, Difference or None) for each scenario.  status: same; differs (the same difference in
    SEEN plays); unsteady (a difference in all ATTEMPTS plays, but not the same one)."""
    left, seen = {n: s for n, s in enumerate(scenarios)}, {}
    for attempt in range(ATTEMPTS):
        numbers = list(left)
        played = linux_plays([stretched(left[n], attempt) for n in numbers])
        ours = kernel.play([resolved for _, resolved in played])
        for n, (answers, resolved), our_answers in zip(numbers, played, ours):
            found = compare(resolved, our_answers, answers)
            if found is None:
                yield n, "same", None
            elif sum(found.same(other) for other in seen.get(n, [])) >= SEEN - 1:
                yield n, "differs", found
            elif attempt == ATTEMPTS - 1:
                yield n, "unsteady", found
            else:
                seen.setdefault(n, []).append(found)
                continue
            del left[n]
        if not left:
            return


def _worker(library, seeds, writer):
    kernel = Kernel(library)
    with os.fdopen(writer, "w", encoding="utf-8") as out:
        for at in range(0, len(seeds), BATCH):
            batch = [generate.scenario(seed) for seed in seeds[at:at + BATCH]]
            for n, status, found in verdicts(kernel, batch):
                row = known.row(found) if status == "differs" else None
                out.write(json.dumps({
                    "seed": batch[n].seed, "kind": batch[n].kind, "status": "known" if row else status, "row": row,
                    "signature": found and found.signature(), "text": found and str(found)}) + "\n")
            out.flush()


def judge(library, seeds, workers=None):
    """Yields a dictionary for each seed, in the order in which the verdicts come."""
    workers = workers or WORKERS_A_CPU * (os.cpu_count() or 1)
    streams = {}
    sys.stdout.flush()
    for w in range(min(workers, len(seeds))):
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                os.close(reader)
                _worker(library, seeds[w::workers], writer)
            except RuntimeError as error:
                print(error, file=sys.stderr)
            finally:
                os._exit(0)  # pylint: disable=protected-access
        os.close(writer)
        streams[reader] = b""
    while streams:
        for reader in select.select(list(streams), [], [])[0]:
            data = os.read(reader, 1 << 16)
            *lines, streams[reader] = (streams[reader] + data).split(b"\n")
            yield from map(json.loads, lines)
            if not data:
                del streams[reader]
                os.close(reader)
    for _ in range(min(workers, len(seeds))):
        os.wait()
