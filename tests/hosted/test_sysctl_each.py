# SPDX-License-Identifier: MIT
"""Every sysctl has a test of its effect: the name of each one in docs/sysctl.md must occur in a test."""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def names():
    return re.findall(r"^\| (net/\S+) \|", read("docs/sysctl.md"), re.M)


def without_test(names, sources):
    return [n for n in names if f'"{n}"' not in sources]


def test_every_name_has_a_test():
    sources = "".join(read(f) for f in [*glob.glob("tests/hosted/test_sysctl_*.c", root_dir=ROOT),
                                        "tests/hosted/test_memory.c", "tests/hosted/test_sockopt.c"])
    assert names()
    assert without_test(names(), sources) == []


def test_a_missing_one_is_noticed():
    assert without_test(["net/a", "net/b"], 'scene_sysctl(A, "net/a", "1"); /* net/b */') == ["net/b"]
