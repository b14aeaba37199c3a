# SPDX-License-Identifier: MIT
"""Scripts in the style of published test suites, written for this test.  Each one passes, or is skipped with the
missing feature as the reason; none has a syntax error.
"""
import os

import pytest
from conftest import LISTEN, SERVER

DEFAULTS = "`../common/defaults.sh`\n"
HANDSHAKE = """   0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
  +0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
  +0 bind(3, ..., ...) = 0
  +0 listen(3, 1) = 0

+.1  < S 0:0(0) win 32792 <mss 1000,nop,nop,nop,nop,nop,wscale 7>
  +0 > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 8>
+.1  < . 1:1(0) ack 1 win 257

  +0 accept(3, ..., ...) = 4
"""

STYLES = {
    "slow start, with defaults and a snippet": (None, """// Growth by the number of acknowledged segments.
""" + DEFAULTS + """
`../common/set_sysctls.py /proc/sys/net/ipv4/tcp_tso_win_divisor=100 \\
     /proc/sys/net/ipv4/tcp_slow_start_after_idle=0 > /dev/null`
""" + HANDSHAKE + """
  +0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [200000], 4) = 0
  +0 write(4, ..., 22000) = 22000
  +0 > P. 1:10001(10000) ack 1
 +.1 < . 1:1(0) ack 1001 win 257
  +0 > P. 10001:12001(2000) ack 1
  +0 < . 1:1(0) ack 2001 win 257
  +0 > P. 12001:14001(2000) ack 1
  +0 %{
assert tcpi_snd_cwnd == 12, 'cwnd=%d' % tcpi_snd_cwnd
assert tcpi_unacked == 12, \\
       tcpi_unacked
}%

`/tmp/sysctl_restore_${PPID}.sh`
"""),
    "timestamps, a tick, ranges": (None, """--tolerance_usecs=10000 --tcp_ts_tick_usecs=1000
`sysctl -q net.ipv4.tcp_timestamps=1   # the default
sysctl -q net/ipv4/tcp_rmem="4096 540000 15728640"`
0.000 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
0.000 fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)
0.000 connect(3, {sa_family = AF_INET, sin_port = htons(8080), sin_addr = inet_addr("192.0.2.1")},
              ...) = -1 EINPROGRESS (Operation now in progress)
0.000 > S 0:0(0) <...>
0.100 < S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 700 ecr 0,nop,wscale 7>
0.100~0.110 > . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 700>
+.1 sendmsg(3, {msg_name(...)=...,
                msg_iov(2)=[{..., 100}, {..., 200}],
                msg_flags=0}, MSG_NOSIGNAL | MSG_DONTWAIT) = 300
+0 ~ +.01 > P. 1:301(300) ack 1 <nop,nop,TS val 200 ecr 700>
+.05 ... .06 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1
* > P. 1:301(300) ack 1 <...>
"""),
    "a scaled timestamp echo": (None, """--tcp_ts_tick_usecs=1000
--tcp_ts_ecr_scaled
""" + LISTEN + """+0 < S 0:0(0) win 20000 <mss 1000,nop,nop,TS val 5 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 100 ecr 5>
+.1 < . 1:1(0) ack 1 win 20000 <nop,nop,TS val 105 ecr 100>
+0 accept(3, ..., ...) = 4
+.1 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1 <nop,nop,TS val 300 ecr 105>
+.03 < . 1:1(0) ack 11 win 20000 <nop,nop,TS val 235 ecr 310>
"""),
    "blocking calls": (None, """--tolerance_usecs=14000
""" + DEFAULTS + """0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0...0.200 accept(3, ..., ...) = 4
+.1 < S 0:0(0) win 32792 <mss 1000,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 8>
+.1 < . 1:1(0) ack 1 win 257
+.1...0.2 read(4, ..., 2000) = 2000
+.1 < P. 1:2001(2000) ack 1 win 257
+0 > . 1:1(0) ack 2001
+.01...0.02 write(4, ..., 5000) = 5000
+0.01 > P. 1:5001(5000) ack 2001
"""),
    "the error queue": (None, SERVER + """
+.01 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE], 4) = 0
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1
+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{...,0}], msg_flags=MSG_ERRQUEUE|MSG_TRUNC,
     msg_control=[
        {cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0,scm_nsec=110000000}},
        {cmsg_level=CMSG_LEVEL_IP, cmsg_type=CMSG_TYPE_RECVERR,
         cmsg_data={ee_errno=ENOMSG, ee_origin=SO_EE_ORIGIN_TIMESTAMPING, ee_type=0, ee_code=0,
                    ee_info=SCM_TSTAMP_SND, ee_data=0}}
     ]}, MSG_ERRQUEUE) = 0
"""),
    "timestamping": (None, SERVER + """
+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING,
   [SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID], 4) = 0
"""),
    "epoll": (None, LISTEN + """
+0 epoll_create(1) = 5
+0 epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, ptr=3}) = 0
+0...0.2 epoll_wait(5, {events=EPOLLIN, ptr=3}, 1, 1000) = 1
+.1 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 257
"""),
    "fast open": (None, """`sysctl -q net.ipv4.tcp_timestamps=0`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 sendto(3, ..., 0, MSG_FASTOPEN, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO,nop,nop>
+.01 < S. 123:123(0) ack 1 win 5840 <mss 1040,nop,nop,sackOK,nop,wscale 6,FO abcd1234,nop,nop>
+0 > . 1:1(0) ack 1
+0 close(3) = 0
+0 > F. 1:1(0) ack 1
+.01 < F. 1:1(0) ack 2 win 92
+0 > .  2:2(0) ack 2

+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 sendto(4, ..., 1000, MSG_FASTOPEN, ..., ...) = 1000
+0 > S 0:1000(1000) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO abcd1234,nop,nop>
"""),
    "zero copy": (None, SERVER + """+0 setsockopt(4, SOL_SOCKET, SO_ZEROCOPY, [1], 4) = 0
+0 send(4, ..., 4000, MSG_ZEROCOPY) = 4000
"""),
    "ECN by sysctl": (None, DEFAULTS + """
`sysctl -q net.ipv4.tcp_ecn=1`
""" + LISTEN + """+0 < SEW 0:0(0) win 32792 <mss 1000>
+0 > [noecn] SE. 0:0(0) ack 1 <mss 1460>
+.1 < [ect0] . 1:1(0) ack 1 win 257
+.1 < [ce] P. 1:1001(1000) ack 1 win 257
+0 > [noecn] E. 1:1(0) ack 1001
"""),
    "a route": ("script.pkt:1: ip route: `ip route change 192.0.2.0/24 via 192.168.0.2 dev tun0 initcwnd 20`",
                "`ip route change 192.0.2.0/24 via 192.168.0.2 dev tun0 initcwnd 20`\n" + LISTEN),
    "counters": ("script.pkt:4: counters of nstat, ss or netstat: `nstat -n`",
                 LISTEN + "+0 `nstat -n; nstat | grep -q TcpExtOutOfWindowIcmps`\n"),
    "IPv6": ("IPv6", "--ip_version=ipv6\n--mtu=1500\n--local_ip=fd3d:fa7b:d17d::1\n" + LISTEN),
    "a script for FreeBSD": (None, """--ip_version=ipv4

 0.00 `kldload -n tcp_rack`
+0.00 `sysctl kern.timecounter.alloweddeviation=0`
+0.00 `sysctl net.inet.tcp.hostcache.purgenow=1`
// An established connection.
+0.00 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0.00 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0.00 bind(3, ..., ...) = 0
+0.00 listen(3, 1) = 0
+0.00 < S      0:0(0)                win 65535 <mss 1460,nop,nop,nop,eol>
+0.00 > S.     0:0(0)    ack       1 win 64240 <mss 1460>
+0.05 <  .     1:1(0)    ack       1 win 65535
+0.00 accept(3, ..., ...) = 4
+0.00 close(3) = 0
+0.10 < F      1:1(0)                win 65535
+0.10 <  F.    1:1(0)    ack       1 win 65535
+0.00 >  .     1:1(0)    ack       2
+0.10 close(4) = 0
+0.00 > F.     1:1(0)    ack       2
+0.05 <  .     2:2(0)    ack       2 win 65535
"""),
    "FreeBSD's options": ("TCP_FUNCTION_BLK, which is another system's", LISTEN + """
+0.00 setsockopt(3, IPPROTO_TCP, TCP_FUNCTION_BLK, {function_set_name="rack", pcbcnt=0}, 36) = 0
"""),
}


@pytest.mark.parametrize("name", STYLES, ids=[n.replace(" ", "-") for n in STYLES])
def test_style(play, name):
    """The script passes, or is skipped for the expected reason."""
    reason, text = STYLES[name]
    result = play(text)
    if reason is None:
        assert result.status == "ok", result
    else:
        said = result.reason.removeprefix(os.path.dirname(result.path) + "/")
        assert (result.status, said) == ("skip", reason), result
