# SPDX-License-Identifier: MIT
"""The rules of packetdrill's language: joining of segments, blocking calls, ranges and tolerances, the connection
of a packet, shell lines.  Most rules have a script that follows the rule and one that breaks it.
"""
import pytest
import shell
from conftest import LISTEN, SERVER

# The kernel sends three segments of 1000 bytes, the peer's MSS.  It sends at most two in a burst, because the round
# trip is 100 ms, and the last segment of a burst has PSH.
WRITE = SERVER + "+.1 write(4, ..., 3000) = 3000\n"

# (name, script, expected result).  None: the script passes; "skip": it is skipped; another text: it fails, and the text
# is a part of the message.
RULES = [
    # ---- joining of segments
    ("three segments as one packet", WRITE + "+0 > P. 1:3001(3000) ack 1\n", None),
    ("each segment as a packet", WRITE + "+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:2001(1000) ack 1\n"
     "+0 > P. 2001:3001(1000) ack 1\n", None),
    ("two and one", WRITE + "+0 > P. 1:2001(2000) ack 1\n+0 > P. 2001:3001(1000) ack 1\n", None),
    ("a joined packet has the PSH of its last segment", WRITE + "+0 > . 1:3001(3000) ack 1\n", "flags are P., not ."),
    ("a packet longer than the data sent", WRITE + "+0 > P. 1:4001(4000) ack 1\n", "3000 bytes of payload, not 4000"),
    ("a segment longer than the expected packet",
     WRITE + "+0 > . 1:501(500) ack 1\n", "1000 bytes of payload, not 500"),
    ("the last of joined segments may be shorter", SERVER + "+.1 write(4, ..., 1500) = 1500\n"
     "+0 > P. 1:1501(1500) ack 1\n", None),
    ("no segment is joined to a shorter one", SERVER + "+.1 write(4, ..., 500) = 500\n+0 write(4, ..., 800) = 800\n"
     "+0 > P. 1:1301(1300) ack 1\n", "500 bytes of payload, not 1300"),
    ("strict segments", "--strict_segments\n" + WRITE + "+0 > P. 1:3001(3000) ack 1\n",
     "1000 bytes of payload, not 3000"),
    # ---- times of packets from the kernel
    ("within the range", SERVER + "+.1 close(4) = 0\n+0 > F. 1:1(0) ack 1\n+.1~+.4 > F. 1:1(0) ack 1\n", None),
    ("before the range", SERVER + "+.1 close(4) = 0\n+0 > F. 1:1(0) ack 1\n+.4~+.5 > F. 1:1(0) ack 1\n", "too early"),
    ("after the range", SERVER + "+.1 close(4) = 0\n+0 > F. 1:1(0) ack 1\n+.01~+.1 > F. 1:1(0) ack 1\n", "too late"),
    ("any time", SERVER + "+.1 close(4) = 0\n+0 > F. 1:1(0) ack 1\n* > F. 1:1(0) ack 1\n", None),
    ("within the tolerance", LISTEN + "+0 < S 0:0(0) win 9\n+0.0039 > S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("beyond the tolerance", LISTEN + "+0 < S 0:0(0) win 9\n+0.0041 > S. 0:0(0) ack 1 <mss 1460>\n",
     "4.100 ms too early (tolerance 4.000)"),
    ("a larger tolerance", "--tolerance_usecs=5000\n" + LISTEN +
     "+0 < S 0:0(0) win 9\n+0.0041 > S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("within an eighth of the gap", LISTEN + "+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"
     "+1.12 > S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("beyond an eighth of the gap", LISTEN + "+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <mss 1460>\n"
     "+1.15 > S. 0:0(0) ack 1 <mss 1460>\n", "too early"),
    ("relative time counts from when the packet was seen", LISTEN + "+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <...>\n"
     "+.9 > S. 0:0(0) ack 1 <...>\n+2 > S. 0:0(0) ack 1 <...>\n+4 > S. 0:0(0) ack 1 <...>\n", None),
    ("absolute time counts from the start", LISTEN + "1 < S 0:0(0) win 9\n1 > S. 0:0(0) ack 1 <...>\n"
     "2 > S. 0:0(0) ack 1 <...>\n4 > S. 0:0(0) ack 1 <...>\n", None),
    ("an event whose time is over", LISTEN + "1 < S 0:0(0) win 9\n1 > S. 0:0(0) ack 1 <...>\n"
     "+1 > S. 0:0(0) ack 1 <...>\n1.5 < . 1:1(0) ack 1 win 9\n", "the event before ended at 2.000000"),
    # ---- calls that block
    ("a call that returns at its end time",
     SERVER + "+.1...0.3 read(4, ..., 10) = 4\n+.2 < P. 1:5(4) ack 1 win 257\n", None),
    ("a call that returns too late",
     SERVER + "+.1...0.2 read(4, ..., 10) = 4\n+.2 < P. 1:5(4) ack 1 win 257\n", "too late"),
    ("a call that returns too early",
     SERVER + "+.1...0.9 read(4, ..., 10) = 4\n+.2 < P. 1:5(4) ack 1 win 257\n", "too early"),
    ("a call that never returns", SERVER + "+.1...0.3 read(4, ..., 10) = 4\n", "the call is not back"),
    ("a blocking call's result is compared", SERVER + "+.1...0.3 read(4, ..., 10) = 5\n+.2 < P. 1:5(4) ack 1 win 257\n",
     "the call's result"),
    ("the next call starts after a blocking call has returned",
     SERVER + "+.1...0.3 read(4, ..., 10) = 4\n+.2 < P. 1:5(4) ack 1 win 257\n"
     "+.2 write(4, ..., 1) = 1\n", None),
    ("the next call comes before a blocking call has returned",
     SERVER + "+.1...0.3 read(4, ..., 10) = 4\n+.1 write(4, ..., 1) = 1\n"
     "+.1 < P. 1:5(4) ack 1 win 257\n", "not back"),
    ("poll that times out", SERVER + "+.1...0.6 poll([{fd=4, events=POLLIN, revents=0}], 1, 500) = 0\n", None),
    ("connect that waits", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...0.2 connect(3, ..., ...) = 0\n"
     "+0 > S 0:0(0) <...>\n+.2 < S. 0:0(0) ack 1 win 9 <mss 1000>\n+0 > . 1:1(0) ack 1\n", None),
    ("a call that should not block", SERVER + "+.1 read(4, ..., 10) = 4\n", "did not come back"),
    # ---- the connection of a packet, the number of a descriptor
    ("numbers on a SYN are absolute", LISTEN + "+0 < S 4294967295:4294967295(0) win 9 <mss 1000>\n"
     "+0 > S. 0:0(0) ack 0 <mss 1460>\n+0 < . 1:1(0) ack 1 win 9\n+0 accept(3, ..., ...) = 4\n"
     "+0 < P. 1:11(10) ack 1 win 9\n+0 > . 1:1(0) ack 11\n", None),
    ("a script may number descriptors freely",
     "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 77\n+0 close(77) = 0\n", None),
    ("a socket that the kernel does not have", "0 socket(..., SOCK_STREAM, IPPROTO_SCTP) = 3\n", "skip"),
    ("a descriptor that was closed", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n"
     "+0 close(3) = -1 EBADF\n", None),
    ("a packet belongs to the latest socket", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
     "+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n+0 connect(3, ..., ...) = -1 EINPROGRESS\n"
     "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4\n+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
     "+0 connect(4, ..., ...) = -1 EINPROGRESS\n+0 > S 0:0(0) <...>\n"
     "+.1 < R. 0:0(0) ack 1 win 0\n+0 connect(4, ..., ...) = -1 ECONNREFUSED\n", None),
    ("two connections of one listener, by their ports", LISTEN +
     "+0 < 1 > 8080 S 0:0(0) win 9\n+0 < 2 > 8080 S 100:100(0) win 9\n"
     "+0 > 8080 > 1 S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("a connection that is dissolved", SERVER + "+.1 connect(4, AF_UNSPEC, ...) = 0\n+0 > R. 1:1(0) ack 1\n", None),
    ("an option with fields of no structure",
     SERVER + "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {on=1, off=2}, 8) = 0\n",
     "no structure with the fields on, off"),
    ("a vector shorter than its count", SERVER + "+0 writev(4, [{..., 10}, {..., 10}], 3) = 20\n",
     "says 3, but 2 are listed"),
    ("a message's vector", SERVER + "+0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}, {..., 10}],"
     " msg_flags=0}, 0) = 20\n", "says 1, but 2 are listed"),
    ("poll with a count above its list", SERVER + "+0 poll([{fd=4, events=POLLIN, revents=0}], 400, 0) = 0\n",
     "says 400, but 1 are listed"),
    ("a call with too few arguments", SERVER + "+0 read(4, ...) = 0\n", "read() with 2 arguments"),
    ("an echo of a timestamp that was never sent", SERVER + "+0 < . 1:1(0) ack 1 win 9 <nop,nop,TS val 5 ecr 77>\n",
     "no packet with that TS val was sent before"),
    ("a packet before there is a socket", "0 < S 0:0(0) win 9\n", "a packet without a socket"),
    # ---- large packets to the kernel
    ("a packet that becomes a GSO packet", SERVER + "+0 < P. 1:5001(5000) ack 1 win 257\n"
     "+.1 read(4, ..., 9000) = 5000\n", None),
    ("the largest plain packet and the smallest GSO packet", SERVER + "+0 < P. 1:1461(1460) ack 1 win 257\n"
     "+0 > . 1:1(0) ack 1461\n+0 < . 1461:2922(1461) ack 1 win 257\n+.1 read(4, ..., 9000) = 2921\n", None),
    ("the largest GSO packet", SERVER + "+0 setsockopt(4, SOL_SOCKET, SO_RCVBUF, [400000], 4) = 0\n"
     "+0 < P. 1:65496(65495) ack 1 win 257\n", None),
    # ---- --non_fatal
    ("a mismatch of a kind that is not fatal", "--non_fatal=packet\n" + WRITE + "+0 > P. 1:3001(3000) ack 9\n", None),
    ("a mismatch of another kind is fatal", "--non_fatal=syscall\n" + WRITE + "+0 > P. 1:3001(3000) ack 9\n", "ack is"),
    # ---- shell lines
    ("defaults.sh", "`../common/defaults.sh`\n" + SERVER.replace("wscale 7>\n+.1", "wscale 8>\n+.1"), None),
    ("defaults.sh with missing settings that the script does not need", "--init_scripts=../common/defaults.sh\n" +
     SERVER.replace("wscale 7>\n+.1", "wscale 8>\n+.1"), None),
    ("Fast Open by defaults.sh", "`../common/defaults.sh`\n" + LISTEN +
     "+0 < S 0:0(0) win 32792 <mss 1000,nop,nop,FO>\n+0 > S. 0:0(0) ack 1 <mss 1460,FO TFO_COOKIE,nop,nop>\n", None),
    ("an unknown init script", "--init_scripts=setup.sh\n" + SERVER, "skip"),
    ("a setting", "`sysctl -q net.ipv4.tcp_window_scaling=0`\n" +
     SERVER.replace("mss 1460,nop,wscale 7", "mss 1460"), None),
    ("a setting between events", LISTEN + "+0 `set_sysctls.py /proc/sys/net/ipv4/tcp_window_scaling=0`\n"
     "+0 < S 0:0(0) win 9 <mss 1000,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("flushing tcp_metrics", SERVER + "+0 `ip tcp_metrics flush all > /dev/null 2>&1`\n", None),
    ("a pause", LISTEN + "+0 `sleep 1.5`\n1.5 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <mss 1460>\n", None),
    ("a pause that is too long", LISTEN + "+0 `sleep 1.5`\n1 < S 0:0(0) win 9\n", "the event before ended at 1.5"),
    ("hystart disabled", "`echo 0 > /sys/module/tcp_cubic/parameters/hystart_detect`\n" + SERVER, None),
    ("hystart enabled", "`echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect`\n" + SERVER, "skip"),
    ("an unknown command", "`frobnicate`\n" + SERVER, "skip"),
    ("a known command that can't run here", "`tc qdisc add dev tun0 root fq`\n" + SERVER, "skip"),
    ("an unknown setting", "`sysctl -q net.ipv4.tcp_frobnicate=1`\n" + SERVER, "skip"),
    ("a setting with its default value", "`sysctl -q net.ipv4.tcp_retries1=3   # as ever`\n" + SERVER, None),
    ("the same setting with set_sysctls.py", "`set_sysctls.py /proc/sys/net/ipv4/tcp_retries1=3`\n" + SERVER, None),
    ("a value that the kernel rejects", "`sysctl -q net/ipv4/tcp_retries1=77777`\n" + SERVER, "skip"),
    ("a setting's value that is no number", "`sysctl -q net.ipv4.tcp_retries1=three`\n" + SERVER,
     "script.pkt:1: sysctl net.ipv4.tcp_retries1=three: a number expected"),
    ("the same for a setting that the kernel does not have",
     LISTEN + "+0 `true;\n  sysctl -q \\\nnet.ipv4.tcp_fastopen=off`\n",
     "script.pkt:5: sysctl net.ipv4.tcp_fastopen=off: a number expected"),
    ("a quotation without its end", "`sysctl -q net.ipv4.tcp_retries1='3`\n" + SERVER,
     "script.pkt:1: no closing quotation"),
    # ---- file descriptors
    ("one number for two open sockets", LISTEN + "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
     "script.pkt:4: socket() returns 3, which is open"),
    ("the number of a closed socket again",
     LISTEN + "+0 close(3) = 0\n+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n", None),
    ("one number for both ends of a pipe", LISTEN + "+0 pipe([5, 5]) = 0\n", "pipe() returns 5, which is open"),
    ("a number too large for its field", LISTEN + "+0 poll([{fd=3, events=99999999999, revents=0}], 1, 0) = 0\n",
     "a number is too large"),
    # ---- snippets
    ("snippets share one namespace", SERVER + "+0 %{ x = tcpi_state }%\n+0 %{\nfor i in range(2):\n"
     "    assert x == TCP_ESTABLISHED, \\\n        x\n}%\n", None),
    ("a backslash before the end of a snippet",
     SERVER + "+0 %{ assert tcpi_state == TCP_ESTABLISHED, \\\n    tcpi_state \\\n}%\n", None),
    ("a backslash and the end of a snippet in one line",
     SERVER + "+0 %{ assert tcpi_state == TCP_LISTEN \\ }%\n", "script.pkt:8: AssertionError"),
    ("a snippet that is no Python", SERVER + "+0 %{ assert = }%\n", "script.pkt:8:4: no Python: invalid syntax"),
]


@pytest.mark.parametrize("what,script,said", RULES, ids=[r[0].replace(" ", "-") for r in RULES])
def test_rule(play, what, script, said):
    """The script passes, is skipped, or fails with the expected message."""
    result = play(script)
    if said is None:
        assert result.status == "ok", (what, result)
    elif said == "skip":
        assert result.status == "skip" and result.reason, (what, result)
    else:
        assert result.status == "not ok" and said in result.reason, (what, result)


def test_a_skip_for_defaults_names_the_failure(play, monkeypatch):
    """A failure of a script with defaults.sh becomes a skip; its reason names the failure and the settings that the
    kernel does not have."""
    monkeypatch.setitem(shell.DEFAULT_SYSCTLS, "net.ipv4.tcp_frobnicate", "7")
    text = "`defaults.sh`\n" + LISTEN + "+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>\n"
    reason = play(text).reason
    assert "it relies on defaults.sh: not in force: net.ipv4.tcp_frobnicate=7" in reason
    assert "script.pkt:6: options are <mss 1460>, not <mss 1460,nop,nop,sackOK>" in reason


def test_errors_with_two_names(play):
    """A script may use either name of an errno with two names; messages use the one in Linux's source."""
    text = SERVER + "+0 recv(4, ..., 10, MSG_DONTWAIT) = -1 EWOULDBLOCK\n"
    assert play(text).status == "ok"
    assert "actual   = -1 EAGAIN" in play(text.replace("EWOULDBLOCK", "EINVAL")).lines
    # ICMP "source route failed" (RFC 1122 3.2.2.1) gives EOPNOTSUPP in Linux.
    text = ("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
            "+0 connect(3, ..., ...) = -1 EINPROGRESS\n+0 > S 0:0(0) <...>\n"
            "+.1 < icmp unreachable source_route_failed [0:0(0)]\n+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [%s], [4]) = 0\n")
    for name in ("EOPNOTSUPP", "ENOTSUP"):
        assert play(text % name).status == "ok"
    calls = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = -1 EOPNOTSUPP\n"
    assert play(calls).lines[1:] == ["expected = -1 EOPNOTSUPP", "actual   = 0"]


def test_without_segmentation_in_the_device(play):
    """The script sees the same segments if the kernel segments packets instead of the device."""
    for text in (WRITE + "+0 > P. 1:3001(3000) ack 1\n", "`ethtool -K tun0 tso off gso off`\n" + WRITE +
                 "+0 > P. 1:3001(3000) ack 1\n"):
        assert play(text, gso=False).status == "ok"
        assert play(text).status == "ok"


def test_options_beat_the_scripts(play):
    """A tolerance on the command line overrides the script's."""
    text = "--tolerance_usecs=9000\n" + LISTEN + "+0 < S 0:0(0) win 9\n+.005 > S. 0:0(0) ack 1 <mss 1460>\n"
    assert play(text).status == "ok"
    assert play(text, options={"tolerance_usecs": 4000}).status == "not ok"


def test_addresses_and_mtu(play):
    """The options set the addresses and the MTU; the kernel's MSS is the MTU less 40."""
    text = ("--local_ip=10.1.2.3\n--remote_ip=10.9.9.9\n--mtu=1400\n" + LISTEN +
            "+0 < S 0:0(0) win 9\n+0 > S. 0:0(0) ack 1 <mss 1360>\n")
    assert play(text).status == "ok"
    assert "option is mss 1360" in play(text.replace("mss 1360", "mss 1460")).reason


def test_output_of_a_snippet_is_a_note(play):
    """The output of a snippet becomes a note of the Result, which --verbose prints."""
    assert play(SERVER + "+0 %{ print(tcpi_state) }%\n").notes == ["1"]
