# SPDX-License-Identifier: MIT
"""
Every sysctl has a test of its effect: each name in docs/sysctl.md must occur in a hosted test, or a packet script
must set it to a value that is not its default.
"""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def defaults():
    """Returns {name: default} of the sysctls in docs/sysctl.md, as text."""
    return dict(re.findall(r"^\| (net/\S+) \| (.*?) \|", read("docs/sysctl.md"), re.M))


def set_by_scripts(defaults, scripts):
    """Returns the names that a script sets to a value other than the default."""
    found = re.findall(r"(net\.[\w.]+)=(\S+?)[\s`]", scripts)
    return {n.replace(".", "/") for n, value in found if value != defaults.get(n.replace(".", "/"), value)}


def without_test(names, sources):
    return [n for n in names if f'"{n}"' not in sources]


def test_every_name_has_a_test():
    sources = "".join(read(f) for f in [*glob.glob("tests/hosted/test_sysctl_*.c", root_dir=ROOT),
                                        "tests/hosted/test_ecn.c", "tests/hosted/test_memory.c", "tests/hosted/test_sockopt.c",
                                        "tests/hosted/test_pacing.c", "tests/hosted/test_multicast_wire.c"])
    scripts = "".join(read(f) for f in glob.glob("tests/packet/scripts/*/*.pkt", root_dir=ROOT))
    assert defaults() and scripts
    assert set(without_test(defaults(), sources)) - set_by_scripts(defaults(), scripts) == set()


def test_a_missing_one_is_noticed():
    assert without_test(["net/a", "net/b"], 'scene_sysctl(A, "net/a", "1"); /* net/b */') == ["net/b"]


def test_a_script_that_sets_the_default_tests_nothing():
    assert set_by_scripts({"net/a": "1", "net/b": "1"}, "`sysctl -q net.a=1 net.b=0`\n") == {"net/b"}
