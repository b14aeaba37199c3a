# SPDX-License-Identifier: MIT
"""Tests of the benchmark tool itself (tools/bench): options, ratios of pairs, tables, symbols.  No guest is booted."""
import json
import os
import socket
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import bench  # noqa: E402
import guest  # noqa: E402
import held  # noqa: E402
import hot  # noqa: E402
import lossy  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402

RELAY = os.path.join(ROOT, "build", "bench", "relay")


def parse(*words):
    return bench.options().parse_args(words)


def test_a_command_keeps_its_own_default():
    """Each command has its own default for --secs. (When the commands shared a parser, one got
    the default of another and ran for minutes.)"""
    assert parse("run", "softnet", "linux").secs == 3
    assert parse("profile", "softnet").secs == 2
    assert parse("soak", "softnet").secs == 0.4


@pytest.mark.parametrize("secs", ["0", "-1", "121", "x"])
def test_a_window_that_the_client_would_not_take_is_refused(secs, capsys):
    with pytest.raises(SystemExit):
        parse("run", "softnet", "--secs", secs)
    assert secs in capsys.readouterr().err


@pytest.mark.parametrize("command, option", [("run", "--pairs"), ("profile", "--runs"), ("soak", "--boots")])
@pytest.mark.parametrize("count", ["0", "-1", "x", ""])
def test_a_count_below_one_is_refused(command, option, count, capsys):
    with pytest.raises(SystemExit):
        parse(command, "softnet", f"{option}={count}")
    assert f"{option}: {count}: a whole number from 1" in capsys.readouterr().err


def test_names_by_comma_or_space():
    assert parse("run", "a", "--only", "rr1,crr1").only == ["rr1", "crr1"]
    assert parse("run", "a", "--sets", "boot speed").sets == ["boot", "speed"]


def test_a_guest_without_udp_is_not_asked_for_it():
    g = type("Guest", (), {"lacks": ["udp"]})
    asked = measure.asked_of(g, parse("run", "a"))
    assert "rr1" in asked and not [n for n in asked if n.startswith("udp")]


def test_a_measurement_that_does_not_exist_is_named():
    with pytest.raises(SystemExit, match="rr2"):
        measure.chosen(parse("run", "a", "--only", "rr2"))


def test_a_stream_with_losses_is_no_measurement_of_speed():
    assert list(measure.chosen(parse("run", "a", "--only", "rr1,out-cubic-1"))) == ["rr1"]
    assert "loss" not in parse("run", "a").sets and "loss" in measure.SETS


REPORT = """== /proc/slabinfo ==
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>
TCP                 {0}     {0}   1600    5    2 : tunables    0    0    0 : slabdata    {1}    {1}      0 : bounds 0 0 0
filp                  8      64     64   64    1 : tunables    0    0    0 : slabdata    1    1      0 : bounds 0 0 0
== /proc/meminfo ==
MemTotal:         100000 kB
MemFree:          {2} kB
== inetd ==
"""


def test_bytes_of_a_connection_by_cache():
    """100 connections took 20 slabs of two pages each (163,840 bytes), and 200 KiB in all."""
    assert held.bytes_each(REPORT.format(5, 1, 1000), REPORT.format(105, 21, 800), 100) == \
        {"TCP": 1638.4, "other": 409.6, "all": 2048.0}


def through_relay(loss, seed, packets):
    """Sends @packets numbered frames through the relay from the client's end; returns the numbers that arrived, and
    the relay's counters."""
    near, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    far, guests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for s in (near, far):
        s.setblocking(False)
    with near, client, far, guests:
        p = subprocess.Popen([RELAY, "-f", f"{near.fileno()},{far.fileno()}", "-r", "1000000", "-d", "0", "-q", "1000000",
                              "-l", str(loss * lossy.PER_PERCENT), "-s", str(seed)],
                             pass_fds=(near.fileno(), far.fileno()), stdout=subprocess.PIPE)
        arrived = []
        for i in range(packets):
            client.send(bytes(12) + b"\x08\x00" + i.to_bytes(4, "big"))
            # The relay never drops ARP, so this frame ends the wait.
            client.send(bytes(12) + b"\x08\x06" + i.to_bytes(4, "big"))
            while (frame := guests.recv(2000))[13] == 0:
                arrived.append(int.from_bytes(frame[14:], "big"))
        p.terminate()
        return arrived, json.loads(p.communicate()[0])


def test_the_relay_loses_the_packets_that_the_seed_selects():
    one, counts = through_relay(10, 1, 2000)
    again, _ = through_relay(10, 1, 2000)
    other, _ = through_relay(10, 2, 2000)
    assert one == again != other
    # 200 losses are expected; 50 more or less are 3.7 standard deviations.
    assert counts["lost"] == [2000 - len(one), 0] and 150 < counts["lost"][0] < 250
    assert counts["frames"] == [4000, 0] and not sum(counts["refused"] + counts["overflowed"])


def test_the_relay_loses_no_packet_without_loss():
    assert through_relay(0, 1, 100)[0] == list(range(100))


def test_every_guest_file_names_an_image():
    for name in guest.names():
        with open(os.path.join(guest.HERE, "guests", name + ".sh")) as f:
            text = f.read()
        assert "KERNEL=" in text or "DISK=" in text or "/guests/" in text, name


def result():
    rows = {"softnet": [{"rr1.tps": 200.0}, {"rr1.tps": 110.0}], "linux": [{"rr1.tps": 100.0}, {"rr1.tps": 100.0}]}
    return {"guests": ["softnet", "linux"], "image_bytes": {"softnet": 10, "linux": 40}, "sets": {"speed": rows},
            "date": "2001-01-01", "commit": "abc", "qemu_version": "QEMU 0", "cpus": 1, "load": "0.0", "command": "x", "build": "shipped"}


def test_ratios_are_formed_pair_by_pair():
    # The ratios are 200/100 and 110/100: minimum 1.1, median 1.55, maximum 2
    r = result()["sets"]["speed"]
    assert report.ratios(r["softnet"], r["linux"], "rr1.tps") == (pytest.approx(1.1), pytest.approx(1.55), 2)


@pytest.mark.parametrize("key,q,mark", [
    ("rr1.tps", (1.1, 1.2, 1.3), "+"), ("rr1.tps", (0.9, 1.2, 1.3), ""), ("rr1.tps", (0.7, 0.8, 0.9), "-"),
    ("rr1.insn_net_per_op", (0.5, 0.6, 0.7), "+"), ("boot_ms", (1.1, 1.2, 1.3), "-"), ("rr1.vcpu_cpu", (2, 3, 4), "")])
def test_better_is_less_for_costs_and_more_for_speeds(key, q, mark):
    assert report.verdict(q, key) == mark


def test_markdown_has_a_row_for_each_figure():
    text = report.markdown(result())
    assert "| TCP echo of 1 byte, one connection, per s | 155 | 100 | 1.55 (1.10 to 2.00) |" in text
    assert "| image, bytes | 10 | 40 | 0.25 |" in text


def test_a_column_is_added_and_nothing_else_changes():
    page = "before\n<!-- dates -->\n\nafter"
    once = report.add_column(page, result())
    twice = report.add_column(once, result())
    assert once.startswith("before\n") and once.endswith("\nafter")
    assert "| TCP echo of 1 byte, one connection, per s | 155 (1.55) |" in once
    assert "| TCP echo of 1 byte, one connection, per s | 155 (1.55) | 155 (1.55) |" in twice
    assert len(once.split("\n")) == len(twice.split("\n"))


def test_blocks_are_counted_for_the_function_that_they_lie_in():
    symbols = hot.Symbols.__new__(hot.Symbols)
    symbols.rows = [(0x1000, "first"), (0x1010, "second")]
    symbols.at, symbols.base, symbols.size = [0x1000, 0x1010], 0x1000, 0x20
    zero = [0] * 0x21
    insns, entries = list(zero), list(zero)
    insns[0x0], entries[0x0] = 30, 10        # the first block of first()
    insns[0x8], entries[0x8] = 5, 5          # a later block of first()
    insns[0x10], entries[0x10] = 7, 7        # the first block of second()
    insns[0x20], entries[0x20] = 9, 1        # a block after the last function
    got = hot.by_function(symbols, (zero, zero), (insns, entries))
    assert got == {"first": [35, 10], "second": [7, 7], "(elsewhere)": [9, 0]}


@pytest.mark.parametrize("name", [n for n in guest.names() if n.startswith("softnet")])
@pytest.mark.parametrize("build", ["", "shipped", "checked"])
def test_a_guest_is_of_the_build_that_was_asked_for(name, build, tmp_path, monkeypatch):
    """A guest file builds and boots the image of the chosen build.

    Stubs of make and cp record their arguments.  The UEFI image is built with an explicit BUILD=, because BUILD in the
    environment of a guest file is a folder.
    """
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{tmp_path}/words\n')
    make.chmod(0o755)
    copy = tmp_path / "cp"
    copy.write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/words\n')
    copy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("BUILD", build)
    fields = guest.read_file(os.path.join(ROOT, "tools", "bench", "guests", name + ".sh"))
    assert guest.Guest(name, parse("run", name)).qemu("TMP")    # "TMP" stands for a folder and need not exist
    words = (tmp_path / "words").read_text().split("\n")
    folder = f"build/{build or 'shipped'}/softnet"
    if fields["FIRMWARE"] == "uefi":
        assert f"BUILD={build or 'shipped'}" in words and os.path.join(ROOT, folder + ".img") in words
    else:
        assert folder + ".elf" in words and fields["KERNEL"] == os.path.join(ROOT, folder + ".elf") == fields["SYMBOLS"]


def test_a_build_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv("BUILD", "fast")
    with pytest.raises(SystemExit, match="BUILD=fast: checked or shipped"):
        guest.softnet_build()
