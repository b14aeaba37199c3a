# SPDX-License-Identifier: MIT
"""Removes steps from a scenario as long as the same kind of difference remains.

tests/differ/run calls shrunk().  All candidates of a round are played on Linux at once, so a round takes as long as one
scenario.  The candidate with the fewest steps that still differs goes into the next round.
"""
import judge

ROUNDS = 30


def candidates(steps):
    """Yields sets of indexes to leave out, the largest first: halves, quarters ... single steps."""
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield set(range(start, min(start + size, len(steps))))
        size //= 2


def shrunk(kernel, scenario, signature):
    """Returns the smallest Scenario found whose difference has this signature, with its Difference; None if there
    is none."""
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
