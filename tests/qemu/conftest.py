# SPDX-License-Identifier: MIT
"""Rules for all tests against QEMU: which tests run, the text of a failure, and which may be skipped.

Each test boots the checked build, or the builds that its mark `builds` names; each file boots the shipped one at
least once, or the run fails.  A fixture that keeps a guest for several tests asks for the fixture `build`.

Tests marked `long` run under --long (make test-long) and nothing else does then.  A skip is a fact about this
machine, and skips.txt has the facts: how many tests each may cost.  One more, or a reason that is not there, and the
run fails; so does a skip on a machine where nothing is lacking.
"""
import os
import re
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import guest  # noqa: E402
import peernet  # noqa: E402

SKIPPED = {}       # {reason: how many tests}
BOOTED = set()     # (test file, build)
WRONG = []


def allowed_skips(long):
    """{reason: number} of skips.txt: its first column, or its second."""
    with open(os.path.join(HERE, "skips.txt")) as f:
        lines = [line.split(None, 2) for line in f if line.strip() and not line.startswith("#")]
    return {why.strip(): int(numbers[long]) for *numbers, why in lines}


def wrong_skips(skipped, allowed):
    """The errors in these, as lines."""
    return [f"{n} tests were skipped because \"{why}\": skips.txt permits {allowed.get(why, 0)}"
            for why, n in sorted(skipped.items()) if n > allowed.get(why, 0)]


def never_shipped(booted):
    """The errors in these {(test file, build)}, as lines."""
    return [f"{name} boots the checked build only: mark one of its tests builds(\"checked\", \"shipped\")"
            for name in sorted({n for n, _ in booted}) if (name, "shipped") not in booted]


def is_worker(config):
    """A process of pytest-xdist, which runs some of the tests; the one that started it has all their reports."""
    return hasattr(config, "workerinput")


def all_were_asked_for(config):
    """No word chose some tests of a file and left others out."""
    return not (config.option.keyword or config.option.markexpr or config.getoption("--long") or config.option.maxfail
                or any("::" in a for a in config.args))


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the tests marked long, and only those")


def pytest_configure(config):
    config.addinivalue_line("markers", "builds(name, ...): the builds that the test boots; checked unless marked")
    config.addinivalue_line("markers", "long: minutes rather than seconds; make test-long")
    if not is_worker(config):
        shutil.rmtree(guest.FAILED, ignore_errors=True)


def pytest_generate_tests(metafunc):
    mark = next(metafunc.definition.iter_markers("builds"), None)
    metafunc.parametrize("build", mark.args if mark else guest.BUILDS[:1], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def build(request):
    """The name of the build that is booted."""
    guest.current["build"] = request.param
    yield request.param
    guest.current["build"] = guest.BUILDS[0]


def pytest_collection_modifyitems(config, items):
    now = [i for i in items if bool(i.get_closest_marker("long")) == config.getoption("--long")]
    config.hook.pytest_deselected(items=[i for i in items if i not in now])
    items[:] = now


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for g in guest.Guest.living:
            g.keep()
        report.sections.append(("kept of it", "\n".join(guest.Guest.kept)))
    guest.Guest.kept.clear()
    report.booted = sorted(guest.Guest.booted)
    guest.Guest.booted.clear()


def pytest_runtest_logreport(report):
    """Of each test, also of those that a worker ran."""
    BOOTED.update(map(tuple, report.booted))
    if report.skipped and isinstance(report.longrepr, tuple):
        why = re.sub(r"^Skipped: ", "", report.longrepr[2])
        SKIPPED[why] = SKIPPED.get(why, 0) + 1


def pytest_sessionfinish(session):
    if is_worker(session.config):
        return
    WRONG[:] = wrong_skips(SKIPPED, allowed_skips(session.config.getoption("--long")))
    if all_were_asked_for(session.config):
        WRONG.extend(never_shipped(BOOTED))
    if WRONG and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"skipped: {sum(SKIPPED.values())}")
    for why, n in sorted(SKIPPED.items()):
        terminalreporter.write_line(f"  {n}: {why}")
    for line in WRONG:
        terminalreporter.write_line("FAIL  " + line, red=True)


def need(why):
    if why:
        pytest.skip(why)


@pytest.fixture(scope="module", params=["user", "root"] if os.getuid() == 0 else ["user"])
def net(request):
    """A network of our own with a cable to a guest: made as an ordinary user does, and, by root, as root does."""
    user = request.param == "user"
    need(peernet.lacking(user))
    with peernet.Network(user) as n:
        n.ask("veth")
        yield n


@pytest.fixture(scope="module")
def cable():
    """The same, once: as an ordinary user does."""
    need(peernet.lacking(True))
    with peernet.Network(True) as n:
        n.ask("veth")
        yield n


@pytest.fixture(scope="module")
def tap():
    need(peernet.lacking_tap())
    with peernet.Network(False) as n:
        n.tap = n.ask("tap")[1][0]
        yield n
        os.close(n.tap)
