# SPDX-License-Identifier: MIT
"""Takes a script that passes and makes one assertion in it wrong: it must then fail, with a message that names the
difference.  There is a mutation for each kind of assertion.

These tests check the interpreter, not the kernel: that it sees each kind of difference.  The numbers in the script
follow from RFC 9293 and from documented values of the kernel.
"""
import pytest
from conftest import SERVER

TRANSFER = "--tcp_ts_tick_usecs=1000\n" + SERVER.replace(
    "win 32792 <mss 1000,nop,wscale 7>",
    "win 32792 <mss 1000,nop,nop,TS val 700 ecr 0,nop,wscale 7>").replace(
        "<mss 1460,nop,wscale 7>", "<mss 1460,nop,nop,TS val 100 ecr 700,nop,wscale 7>").replace(
            "win 257", "win 257 <nop,nop,TS val 800 ecr 100>") + """\
+0 setsockopt(4, SOL_IP, IP_TOS, [16], 4) = 0
+0 setsockopt(4, SOL_TCP, TCP_QUICKACK, [0], 4) = 0
+.1 write(4, ..., 100) = 100
+0 > [noecn, tos 0x10, ttl 64] P. 1:101(100) ack 1 win 510 <nop,nop,TS val 300 ecr 800>
+.01 < . 1:1(0) ack 101 win 257 <nop,nop,TS val 1010 ecr 300>
+.09 < P. 1:11(10) ack 101 win 257 <nop,nop,TS val 1100 ecr 300>
+.03~+.05 > . 101:101(0) ack 11 <nop,nop,TS val 440 ecr 1100>
+0 read(4, NULL, 100) = -1 EFAULT
+0 read(4, ..., 100) = 10
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 fcntl(4, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)
+0 read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)
+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
+0 getsockopt(4, SOL_TCP, TCP_CONGESTION, "cubic", [16]) = 0
+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=7}, 8) = 0
+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=7}, [8]) = 0
+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=0, linger=0}, 8) = 0
+0 ioctl(4, SIOCINQ, [0]) = 0
+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1
+0 %{ assert tcpi_state == TCP_ESTABLISHED; assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%
+0 getsockopt(4, SOL_TCP, TCP_INFO, {tcpi_state=TCP_ESTABLISHED, tcpi_snd_mss=...}, ...) = 0
+0 close(4) = 0
+0 > F. 101:101(0) ack 11 <nop,nop,TS val 440 ecr 1100>
"""

# (name of the mutation, text in the script, its replacement, part of the expected message)
MUTATIONS = [
    ("flag missing", "> [noecn, tos 0x10, ttl 64] P. 1:", "> [noecn, tos 0x10, ttl 64] . 1:", "flags are"),
    ("flag too many", "> F. 101", "> FP. 101", "flags are F., not FP."),
    ("ECE", "> F. 101", "> FE. 101", "flags are"),
    ("sequence number", "> F. 101:101(0)", "> F. 102:102(0)", "seq is 101, not 102"),
    ("acknowledgment", "> F. 101:101(0) ack 11", "> F. 101:101(0) ack 12", "ack is 11, not 12"),
    ("acknowledgment absent", "> F. 101:101(0) ack 11", "> F. 101:101(0)", "ack is 11, not 0"),
    ("payload longer", "1:101(100) ack 1 win 510", "1:102(101) ack 1 win 510", "bytes of payload"),
    ("payload shorter", "1:101(100) ack 1 win 510", "1:100(99) ack 1 win 510", "100 bytes of payload, not 99"),
    ("window", "ack 1 win 510", "ack 1 win 509", "window is 510, not 509"),
    ("urgent pointer", "> F. 101:101(0) ack 11", "> F. 101:101(0) ack 11 urg 1", "urgent pointer"),
    ("mss", "<mss 1460,", "<mss 1461,", "option is mss 1460, not mss 1461"),
    ("window scale", "ecr 700,nop,wscale 7>", "ecr 700,nop,wscale 8>", "option is wscale 7"),
    ("option order", "<mss 1460,nop,nop,TS val 100 ecr 700,nop,wscale 7>",
     "<mss 1460,nop,wscale 7,nop,nop,TS val 100 ecr 700>", "options are"),
    ("option missing", "<mss 1460,nop,nop,TS", "<nop,nop,nop,nop,nop,nop,TS", "options are"),
    ("options none", "ack 11 <nop,nop,TS val 440 ecr 1100>\n+0 read", "ack 11\n+0 read", "options are"),
    ("TS val", "<nop,nop,TS val 300 ecr 800>", "<nop,nop,TS val 340 ecr 800>", "TS val is 300"),
    ("ECN bits", "[noecn,", "[ect0,", "ECN is noecn, not ect0"),
    ("ECN either", "[noecn,", "[ect01,", "ECN is noecn"),
    ("TOS", "tos 0x10", "tos 0x20", "tos is 0x10, not 0x20"),
    ("TTL", "ttl 64", "ttl 63", "ttl is 64, not 63"),
    ("time too early", "+.1 write(4, ..., 100) = 100\n+0 >", "+.1 write(4, ..., 100) = 100\n+.1 >", "too early"),
    ("time too late", "+.03~+.05 > .", "+.01~+.02 > .", "too late"),
    ("before its range", "+.03~+.05 > .", "+.05~+.06 > .", "too early"),
    ("a packet that does not come", "+0 close(4) = 0\n", "", "no packet was sent"),
    ("a packet that the script does not expect", "+0 close(4)", "+0 write(4, ..., 10) = 10\n+0 close(4)",
     "flags are P., not F."),
    ("result", "read(4, ..., 100) = 10\n", "read(4, ..., 100) = 11\n", "the call's result"),
    ("result instead of an error", "= -1 EFAULT", "= 0", "the call's result"),
    ("error instead of a result", "write(4, ..., 100) = 100", "write(4, ..., 100) = -1", "the call's result"),
    ("errno", "= -1 EAGAIN", "= -1 EPIPE", "the call's result"),
    ("flags of a file", "0x802", "0x2", "the call's result"),
    ("option's value", "SO_ERROR, [0]", "SO_ERROR, [104]", "the option's value is 0, not 104"),
    ("option's length", "SO_ERROR, [0], [4]", "SO_ERROR, [0], [8]", "length is 4, not 8"),
    ("option's string", '"cubic"', '"reno"', "the option is b'cubic'"),
    ("option's struct", "{onoff=1, linger=7}, [8]", "{onoff=1, linger=8}, [8]", "linger is 7, not 8"),
    ("ioctl's value", "SIOCINQ, [0]", "SIOCINQ, [1]", "the value is 0, not 1"),
    ("poll's events", "revents=POLLOUT", "revents=POLLIN", "revents of 4 is POLLOUT, not POLLIN"),
    ("poll's count", "1, 0) = 1", "1, 0) = 0", "the call's result"),
    ("getsockopt's tcp_info", "{tcpi_state=TCP_ESTABLISHED,", "{tcpi_state=TCP_CLOSE,", "tcpi_state is 1, not 7"),
    ("a field of no structure", "tcpi_snd_mss=...", "tcpi_snd_moss=...", "struct tcp_info has no tcpi_snd_moss"),
    ("tcp_info", "tcpi_snd_cwnd == 10", "tcpi_snd_cwnd == 11", "AssertionError: 10"),
    ("tcp_info's state", "tcpi_state == TCP_ESTABLISHED", "tcpi_state == TCP_CLOSE", "AssertionError"),
    ("a field that does not exist", "tcpi_snd_cwnd == 10, tcpi_snd_cwnd", "tcpi_nothing == 1", "NameError"),
]


def test_the_unchanged_script_passes(play):
    """The unchanged script passes, also with sequence numbers that wrap in both directions."""
    for settings in ({}, {"wrap": True}, {"rules": {"check_ecr": True}}):
        result = play(TRANSFER, **settings)
        assert result.status == "ok", (settings, result)


@pytest.mark.parametrize("what,old,new,said", MUTATIONS, ids=[m[0].replace(" ", "-") for m in MUTATIONS])
def test_mutation_fails(play, what, old, new, said):
    """The script with one mutation fails, and the message names the difference."""
    assert TRANSFER.count(old) >= 1, what
    result = play(TRANSFER.replace(old, new, 1))
    assert result.status == "not ok", what
    assert said in result.reason, (what, result)


def test_ecr_is_only_compared_when_asked(play):
    """By default a wrong TS ecr of the kernel is not reported, as in packetdrill; with check_ecr it is."""
    wrong = TRANSFER.replace("TS val 300 ecr 800", "TS val 300 ecr 801")
    assert play(wrong).status == "ok"
    result = play(wrong, rules={"check_ecr": True})
    assert result.status == "not ok" and "TS ecr is 800, not 801" in result.reason


def test_expected_and_actual_stand_side_by_side(play):
    """A failure shows the expected and the actual packet, each with its time, in the script's numbers."""
    result = play(TRANSFER.replace("> F. 101:101(0) ack 11", "> F. 101:101(0) ack 12"))
    expected, actual = result.lines
    assert expected.split() == ("expected 0.340000 > F. 101:101(0) ack 12 "
                                "<nop,nop,TS val 440 ecr 1100>").split()
    assert actual.split()[:6] == "actual 0.340000 > F. 101:101(0) ack".split()
    assert "script.pkt:31: " in result.reason
