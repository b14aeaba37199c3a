# SPDX-License-Identifier: MIT
"""Steps are taken out of a scenario as long as the same kind of difference is seen.

shrunk() <- run.  All candidates of a round are played on Linux at once, so a round takes as long as one
scenario, and the boldest that still differs is taken.
"""
import judge

ROUNDS = 30


def candidates(steps):
    """Sets of indexes to leave out, the boldest first: halves, quarters ... single steps."""
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield set(range(start, min(start + size, len(steps))))
        size //= 2


def shrunk(kernel, scenario, signature):
    """The smallest Scenario found whose difference has this signature, with its Difference, or None."""
    best, found = scenario, None
    for _ in range(ROUNDS):
        tries = [best] if found is None else [best.without(out) for out in candidates(best.steps)]
        if found is not None and found.index + 1 < len(best.steps):
            tries.insert(0, best.without(set(range(found.index + 1, len(best.steps)))))
        if not tries:
            break
        played = judge.linux_plays(tries)
        ours = kernel.play([resolved for _, resolved in played])
        for candidate, (answers, resolved), our_answers in zip(tries, played, ours):
            difference = judge.compare(resolved, our_answers, answers)
            if difference and difference.signature() == signature:
                best, found = candidate, difference
                break
        else:
            break
    return (best, found) if found else None
