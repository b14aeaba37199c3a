# SPDX-License-Identifier: MIT
"""Interprets the shell lines of a script, those in backticks.  No shell runs: each known command is translated to
actions on the machine.

suite.py calls plan() before the script runs, runner.py for each line.  plan() returns a list of actions: functions
that take the machine.  plan() and the actions raise Skip if the machine lacks something that a line needs,
and BadCommand if a line is invalid; both name the line of the file.  Only set_sysctl() sets a sysctl.
"""
import functools
import re
import shlex

from arithmetic import Unknown, expand

# Commands with no effect here: they concern caches, modules or files that this machine does not have.
NOTHING = re.compile(
    r"(?:(?:\S*/)?sysctl_restore\S*|/tmp/sysctl_restore_\S*|true|:|sync"
    r"|ip (?:-\S+ )?tcp_metrics flush.*|kldload .*|kldstat .*|ip route flush cache.*|echo [^>]*"
    # Disabling hystart has no effect: the kernel's slow start has no hystart.
    r"|echo 0 > /sys/module/tcp_cubic/parameters/hystart\S*)$")
DEFAULTS = re.compile(r"(?:\S*/)?defaults\.sh$")
SET_SYSCTLS = re.compile(r"(?:\S*/)?set_sysctls\.py\s+(.*)$")
SYSCTL = re.compile(r"(?:sudo )?sysctl\s+(.*)$")
ECHO = re.compile(r"echo\s+(.*?)\s*>\s*(/proc/sys/\S+)$")
# One command of several lines in backticks.  As in a shell, a backslash at the end of a line joins two lines.
COMMAND = re.compile(r"(?:\$\(\([^\n]*?\)\)|\\\s*\n|(?!\n|;|&&).)+", re.S)
CONTINUED = re.compile(r"\\\s*\n")
NUMBERS = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|\d+)(?: [-+]?(?:0[xX][0-9a-fA-F]+|\d+))*")
SLEEP = re.compile(r"(?:/bin/)?sleep (\d+(?:\.\d+)?)s?$")
NO_GSO = re.compile(r"ethtool -K \S+ (?:(?:tso|gso|gro|lro) (?:on|off)\s*)+$")
# Known commands that this machine can't run, each with the reason for skipping the script.
KNOWN = (
    (re.compile(r"ip (?:-\S+ )?route|ip (?:-\S+ )?ro\b|route "), "ip route"),
    (re.compile(r"ip (?:-\S+ )?(?:addr|link|rule|netns|token)"), "ip addr, link or rule"),
    (re.compile(r"tc\s"), "tc"),
    (re.compile(r"ethtool"), "ethtool"),
    (re.compile(r"nstat|ss\s|netstat"), "counters of nstat, ss or netstat"),
    (re.compile(r"(?:cat|grep|awk|sed|head|tail|cut)\b.*"), "text tools over /proc"),
    (re.compile(r"iptables|nft\b|ip6tables|ipfw|pfctl"), "a packet filter"),
    (re.compile(r"modprobe|insmod"), "kernel modules"),
)

# The settings that defaults.sh makes; published test suites share this shell script.
DEFAULT_SYSCTLS = {
    "net.ipv4.tcp_rmem": "4096 540000 15728640", "net.ipv4.tcp_wmem": "4096 262144 4194304",
    "net.ipv4.tcp_timestamps": "1", "net.ipv4.tcp_sack": "1", "net.ipv4.tcp_dsack": "1",
    "net.ipv4.tcp_frto": "2", "net.ipv4.tcp_reordering": "3",
    "net.ipv4.tcp_congestion_control": "cubic", "net.ipv4.tcp_slow_start_after_idle": "0",
    "net.ipv4.tcp_early_retrans": "4", "net.ipv4.tcp_recovery": "1",
    "net.ipv4.tcp_tso_win_divisor": "3", "net.ipv4.tcp_ecn": "0",
    "net.ipv4.tcp_pacing_ss_ratio": "200", "net.ipv4.tcp_pacing_ca_ratio": "120",
    "net.ipv4.tcp_fastopen": "0x70403",
    "net.ipv4.tcp_fastopen_key": "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4",
    "net.ipv4.tcp_syncookies": "1", "net.ipv4.tcp_syn_retries": "5",
    "net.ipv4.tcp_synack_retries": "5",
}

# Settings that the kernel does not have, with the value that describes its behaviour: a script that sets this
# value may run.  "*": any value, because the setting concerns a feature that the kernel does not have.
FIXED = {
    "net.ipv4.tcp_fack": "0",
    "net.ipv4.tcp_no_metrics_save": "*",
    "net.core.default_qdisc": "*",
    "net.ipv4.route.flush": "*", "net.ipv4.ip_no_pmtu_disc": "0", "net.ipv4.tcp_plb_enabled": "0",
    # FreeBSD's names.
    "kern.timecounter.alloweddeviation": "*", "net.inet.tcp.hostcache.purgenow": "*",
    "net.inet.tcp.hostcache.enable": "*", "net.inet.tcp.sack.enable": "1",
    "net.inet.tcp.ecn.enable": "0", "net.inet.tcp.syncookies": "0",
    "net.inet.tcp.syncookies_only": "0", "net.inet.tcp.cc.algorithm": "cubic",
    "net.inet.tcp.initcwnd_segments": "10", "net.inet.tcp.functions_default": "freebsd",
    "net.inet.tcp.delayed_ack": "1", "net.inet.tcp.path_mtu_discovery": "1",
    "net.inet.tcp.always_keepalive": "*", "net.inet.tcp.fastopen.server_enable": "0",
}
# FreeBSD's names of settings that the kernel has under Linux's names.
ALIASES = {
    "net.inet.tcp.rfc1323": ("net.ipv4.tcp_timestamps", "net.ipv4.tcp_window_scaling"),
    "net.inet.ip.ttl": ("net.ipv4.ip_default_ttl",),
    "kern.ipc.soacceptqueue": ("net.core.somaxconn",),
}


class Skip(Exception):
    """The script can't run on this machine; the text is the reason."""


class BadCommand(Exception):
    """A shell line that is invalid on any machine; the text has its position and the error."""


def set_sysctl(machine, name, value):
    """Sets a sysctl.  Raises Skip if the kernel has no such setting or rejects the value, BadCommand if the value
    should be a number and is not."""
    name, value = name.replace("/", "."), " ".join(value.split())
    if name in ALIASES:
        for other in ALIASES[name]:
            set_sysctl(machine, other, value)
        return
    present = machine.sysctl(name) or FIXED.get(name, "")
    if NUMBERS.fullmatch(present) and not NUMBERS.fullmatch(value):
        raise BadCommand(f"sysctl {name}={value}: a number expected")
    done = machine.sysctl(name, value)
    if done:
        return
    if done is False:
        raise Skip(f"sysctl {name}={value}: the kernel does not take that value")
    if name not in FIXED:
        raise Skip(f"sysctl {name} not in the table")
    if FIXED[name] not in ("*", value):
        raise Skip(f"sysctl {name}={value} not in the table: the kernel does {FIXED[name]}")


NOT_IN_FORCE = "defaults.sh: not in force:"


def _defaults(machine):
    """Runs defaults.sh.  Returns a note that lists the settings which the kernel does not have.  A script may pass
    without them.  If it fails, the reason may be a missing setting, so suite.py turns the failure into a skip."""
    missing = []
    for name, value in DEFAULT_SYSCTLS.items():
        try:
            set_sysctl(machine, name, value)
        except Skip:
            missing.append(f"{name}={value}")
    return f"{NOT_IN_FORCE} {' '.join(missing)}" if missing else ""


def _setter(name, value):
    name = name.removeprefix("/proc/sys/").replace("/", ".")

    def action(machine):
        set_sysctl(machine, name, value)
        return ""
    return action


def _sleep(seconds):
    def action(machine):
        machine.advance(machine.now() + int(float(seconds) * 1e9))
        return ""
    return action


def _sysctl_words(rest, line):
    actions = []
    try:
        words = shlex.split(rest, comments=True)
    except ValueError as error:
        raise BadCommand(f"{str(error).lower()}: `{line}`") from None
    for word in words:
        if word in ("-q", "-w", "-qw", "-wq", "-e", "-n", "-i"):
            continue
        name, equals, value = word.partition("=")
        if not equals:
            # `sysctl name` prints the value; the script does not use the output.
            continue
        actions.append(_setter(name, value))
    if not actions and "=" in rest:
        raise Skip(f"the command `{line}`")
    return actions


def _without_redirection(line):
    return re.sub(r"\s*(?:[12&]?>{1,2}\s*(?:/dev/null|&[12]))", "", line).strip()


def _line(line, config):
    try:
        line = " ".join(_without_redirection(expand(line)).split())
    except ValueError as error:
        raise BadCommand(f"{error}: `{line.strip()}`") from None
    except Unknown as error:
        raise Skip(f"{error}: `{line.strip()}`") from None
    if not line or line.startswith("#") or NOTHING.match(line):
        return []
    if DEFAULTS.match(line):
        return [_defaults]
    for regex, what in ((SET_SYSCTLS, _sysctl_words), (SYSCTL, _sysctl_words)):
        found = regex.match(line)
        if found:
            return what(found.group(1), line)
    found = ECHO.match(line)
    if found:
        return [_setter(found.group(2), found.group(1).strip("\"'"))]
    found = SLEEP.match(line)
    if found:
        return [_sleep(found.group(1))]
    if NO_GSO.match(line):
        if re.search(r"\b(?:tso|gso) off", line):
            config["gso"] = False
        return []
    for regex, reason in KNOWN:
        if regex.match(line):
            raise Skip(f"{reason}: `{line}`")
    raise Skip(f"the command `{line}`")


def _located(where, step, *arguments):
    """Calls step(); puts @where (file and line) in front of the text of a Skip or BadCommand that it raises."""
    try:
        return step(*arguments)
    except (Skip, BadCommand) as error:
        raise type(error)(f"{where}: {error}") from None


def plan(shell, config, path):
    """Returns the actions for the lines in @shell.  Sets in @config what must be configured before the machine
    boots.  Raises Skip or BadCommand."""
    actions = []
    for found in COMMAND.finditer(shell.text):
        where = f"{path}:{shell.line + shell.text.count(chr(10), 0, found.start())}"
        for action in _located(where, _line, CONTINUED.sub(" ", found.group()), config):
            actions.append(functools.partial(_located, where, action))
    return actions
