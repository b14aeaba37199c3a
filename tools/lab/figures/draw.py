# SPDX-License-Identifier: MIT
"""Draws the figures of docs/figures (`make figures`), or those that are named: draw.py sawtooth incast

Each figure is a module of this folder:
    NEEDS = {"controls": (...), "sysctls": (...)}   what the kernel must have
    measure(full)       runs the experiments; full: as in the figure, else small, for a test
    claims(m)           m: the result of measure(). Yields (sentence, holds): the sentence says what the figure shows, with
                        the numbers of this run; holds is False if these numbers contradict the sentence
    draw(m, path)       draws m as the SVG file path
"""
import importlib
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from softnet import Lab  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = HERE.parents[2] / "docs/figures"
FIGURES = ("slow_start", "sawtooth", "cubic_reno", "bbr_loss", "fairness", "incast", "bufferbloat", "rack_reordering", "tlp_short_flows",
           "prr", "ecn")


def missing(needs):
    """Returns the names of the mechanisms that a figure needs and this kernel does not have."""
    lab = Lab()
    known, controls = lab.host().slurp("/proc/sysctl"), lab.controls()
    lab.close()
    return [f"the control {name}" for name in needs.get("controls", ()) if name not in controls] + [
        f"the sysctl {name}" for name in needs.get("sysctls", ()) if f"net/ipv4/{name} " not in known.replace("\t", " ")]


def main(names):
    """Draws the figures; returns the exit status: 1 if a claim does not hold, 2 for an unknown name."""
    status = 0
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    for name in names or FIGURES:
        figure, began = importlib.import_module(name), time.perf_counter()
        lacks = missing(figure.NEEDS)
        if lacks:
            print(f"{name}: not drawn: the kernel lacks {', '.join(lacks)}")
            continue
        measured = figure.measure(True)
        path = figure.draw(measured, str(FOLDER / f"{name.replace('_', '-')}.svg"))
        print(f"{name}: {pathlib.Path(path).relative_to(HERE.parents[2])}, {time.perf_counter() - began:.0f} s")
        for sentence, holds in figure.claims(measured):
            print(f"  {sentence}{'' if holds else '  <- DOES NOT HOLD'}")
            status |= not holds
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
