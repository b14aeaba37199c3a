# SPDX-License-Identifier: MIT
"""Rules for all tests against QEMU: which tests run, what a failure shows, and how many tests may be skipped.

Each test boots the checked build, or the builds that its mark `builds` names.  Each file must boot the shipped build at
least once, or the run fails.  A fixture that shares a guest between tests must request the fixture `build`.

With --long (make test-long) only the tests marked `long` run; without it, all others.  A test is skipped only if this
machine lacks something.  skips.txt lists the reasons and the largest number of skips for each; the run fails if more
tests are skipped, or for another reason.
"""
import os
import re
import resource
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import guest  # noqa: E402
import peernet  # noqa: E402

SKIPPED = {}       # {reason: number of skipped tests}
BOOTED = set()     # (test file, build) of all guests that were booted
WRONG = []         # texts of violated rules


def allowed_skips(long):
    """Returns {reason: number} from skips.txt. The number is in the first column, or with @long in the
    second."""
    with open(os.path.join(HERE, "skips.txt")) as f:
        lines = [line.split(None, 2) for line in f if line.strip() and not line.startswith("#")]
    return {why.strip(): int(numbers[long]) for *numbers, why in lines}


def wrong_skips(skipped, allowed):
    """Returns a line for each reason with more skips than @allowed; both arguments are {reason: number}."""
    return [f"{n} tests were skipped because \"{why}\": skips.txt permits {allowed.get(why, 0)}"
            for why, n in sorted(skipped.items()) if n > allowed.get(why, 0)]


def never_shipped(booted):
    """Returns a line for each file that never boots the shipped build; @booted: {(test file, build)}."""
    return [f"{name} boots the checked build only: mark one of its tests builds(\"checked\", \"shipped\")"
            for name in sorted({n for n, _ in booted}) if (name, "shipped") not in booted]


def is_worker(config):
    """Returns whether this process is a worker of pytest-xdist.  Workers run the tests; only the main process gets all
    reports."""
    return hasattr(config, "workerinput")


def all_were_asked_for(config):
    """Returns whether complete files run: no option selects single tests, or stops the run early."""
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
    """The name of the build that the test's guests boot."""
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
        report.sections.append(("kept files", "\n".join(guest.Guest.kept)))
    guest.Guest.kept.clear()
    report.booted = sorted(guest.Guest.booted)
    guest.Guest.booted.clear()


def pytest_runtest_logreport(report):
    """pytest calls this in the main process for each test, also for those that a worker ran."""
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
    """A network namespace with a cable for a guest, created by an ordinary user.  If root runs the tests, they run a
    second time with a namespace that root created."""
    user = request.param == "user"
    need(peernet.lacking(user))
    with peernet.Network(user) as n:
        n.ask("veth")
        yield n


@pytest.fixture(scope="module")
def cable():
    """Like the fixture net, but the network namespace is always created by an ordinary user, never by root."""
    need(peernet.lacking(True))
    with peernet.Network(True) as n:
        n.ask("veth")
        yield n


@pytest.fixture
def many_files():
    """Raises this process's limit of open files to 10,000, or as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 10000)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def tap():
    need(peernet.lacking_tap())
    with peernet.Network(False) as n:
        n.tap = n.ask("tap")[1][0]
        yield n
        os.close(n.tap)
