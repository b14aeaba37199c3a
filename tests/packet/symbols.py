# SPDX-License-Identifier: MIT
"""The symbols that a script may use for numbers, with their values on Linux x86-64, and errno's names.

parse_call.py replaces them by numbers; compare.py and syscalls.py print them.  A symbol with the value None
belongs to another operating system: a script that uses it is skipped.
"""
import errno

_SOCKET = {
    "AF_UNSPEC": 0, "AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "PF_INET": 2, "PF_INET6": 10,
    "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_NONBLOCK": 0o4000, "SOCK_CLOEXEC": 0o2000000,
    "IPPROTO_IP": 0, "IPPROTO_ICMP": 1, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "IPPROTO_IPV6": 41,
    "IPPROTO_SCTP": 132, "IPPROTO_UDPLITE": 136, "IPPROTO_MPTCP": 262,
    "SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2, "SOMAXCONN": 4096,
    "INADDR_ANY": 0, "INADDR_LOOPBACK": 0x7f000001,
}
_LEVELS = {"SOL_SOCKET": 1, "SOL_IP": 0, "SOL_TCP": 6, "SOL_UDP": 17, "SOL_IPV6": 41, "SOL_SCTP": 132}
_SO = {
    "SO_DEBUG": 1, "SO_REUSEADDR": 2, "SO_TYPE": 3, "SO_ERROR": 4, "SO_DONTROUTE": 5, "SO_BROADCAST": 6,
    "SO_SNDBUF": 7, "SO_RCVBUF": 8, "SO_KEEPALIVE": 9, "SO_OOBINLINE": 10, "SO_NO_CHECK": 11,
    "SO_PRIORITY": 12, "SO_LINGER": 13, "SO_BSDCOMPAT": 14, "SO_REUSEPORT": 15, "SO_RCVLOWAT": 18,
    "SO_SNDLOWAT": 19, "SO_RCVTIMEO": 20, "SO_SNDTIMEO": 21, "SO_BINDTODEVICE": 25, "SO_TIMESTAMP": 29,
    "SO_ACCEPTCONN": 30, "SO_SNDBUFFORCE": 32, "SO_RCVBUFFORCE": 33, "SO_TIMESTAMPNS": 35, "SO_MARK": 36,
    "SO_TIMESTAMPING": 37, "SO_PROTOCOL": 38, "SO_DOMAIN": 39, "SO_SELECT_ERR_QUEUE": 45, "SO_RXQ_OVFL": 40, "SO_BUSY_POLL": 46,
    "SO_MAX_PACING_RATE": 47, "SO_INCOMING_CPU": 49, "SO_MEMINFO": 55, "SO_ZEROCOPY": 60,
    "SO_TXTIME": 61,
}
_TCP = {
    "TCP_NODELAY": 1, "TCP_MAXSEG": 2, "TCP_CORK": 3, "TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 6, "TCP_SYNCNT": 7, "TCP_LINGER2": 8, "TCP_DEFER_ACCEPT": 9, "TCP_WINDOW_CLAMP": 10,
    "TCP_INFO": 11, "TCP_QUICKACK": 12, "TCP_CONGESTION": 13, "TCP_MD5SIG": 14,
    "TCP_THIN_LINEAR_TIMEOUTS": 16, "TCP_THIN_DUPACK": 17, "TCP_USER_TIMEOUT": 18, "TCP_REPAIR": 19,
    "TCP_FASTOPEN": 23, "TCP_TIMESTAMP": 24, "TCP_NOTSENT_LOWAT": 25, "TCP_CC_INFO": 26,
    "TCP_SAVE_SYN": 27, "TCP_SAVED_SYN": 28, "TCP_FASTOPEN_CONNECT": 30, "TCP_ULP": 31,
    "TCP_MD5SIG_EXT": 32, "TCP_FASTOPEN_KEY": 33, "TCP_FASTOPEN_NO_COOKIE": 34,
    "TCP_ZEROCOPY_RECEIVE": 35, "TCP_INQ": 36, "TCP_CM_INQ": 36, "TCP_TX_DELAY": 37,
    "TCP_RTO_MAX_MS": 44, "TCP_RTO_MIN_US": 45, "TCP_DELACK_MAX_US": 46,
}
_STATES = ("TCP_ESTABLISHED TCP_SYN_SENT TCP_SYN_RECV TCP_FIN_WAIT1 TCP_FIN_WAIT2 TCP_TIME_WAIT "
           "TCP_CLOSE TCP_CLOSE_WAIT TCP_LAST_ACK TCP_LISTEN TCP_CLOSING TCP_NEW_SYN_RECV").split()
TCP_STATES = {name: number for number, name in enumerate(_STATES, 1)}
TCP_CA_STATES = {"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3,
                 "TCP_CA_Loss": 4}
TCPI_OPTIONS = {"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8,
                "TCPI_OPT_ECN_SEEN": 16, "TCPI_OPT_SYN_DATA": 32, "TCPI_OPT_USEC_TS": 64}
_IP = {
    "IP_TOS": 1, "IP_TTL": 2, "IP_HDRINCL": 3, "IP_OPTIONS": 4, "IP_RECVOPTS": 6, "IP_PKTINFO": 8,
    "IP_MTU_DISCOVER": 10, "IP_RECVERR": 11, "IP_RECVTTL": 12, "IP_RECVTOS": 13, "IP_MTU": 14,
    "IP_FREEBIND": 15, "IP_TRANSPARENT": 19, "IP_MINTTL": 21, "IP_BIND_ADDRESS_NO_PORT": 24,
    "IP_LOCAL_PORT_RANGE": 51,
    "IP_PMTUDISC_DONT": 0, "IP_PMTUDISC_WANT": 1, "IP_PMTUDISC_DO": 2, "IP_PMTUDISC_PROBE": 3,
    "IP_PMTUDISC_INTERFACE": 4, "IP_PMTUDISC_OMIT": 5,
    "IPV6_V6ONLY": 26, "IPV6_UNICAST_HOPS": 16, "IPV6_MTU_DISCOVER": 23, "IPV6_RECVERR": 25,
    "IPV6_TCLASS": 67, "IPV6_FLOWINFO": 11, "IPV6_AUTOFLOWLABEL": 70, "IPV6_FREEBIND": 78,
}
_MSG = {
    "MSG_OOB": 1, "MSG_PEEK": 2, "MSG_DONTROUTE": 4, "MSG_CTRUNC": 8, "MSG_TRUNC": 0x20,
    "MSG_DONTWAIT": 0x40, "MSG_EOR": 0x80, "MSG_WAITALL": 0x100, "MSG_CONFIRM": 0x800,
    "MSG_ERRQUEUE": 0x2000, "MSG_NOSIGNAL": 0x4000, "MSG_MORE": 0x8000, "MSG_ZEROCOPY": 0x4000000,
    "MSG_FASTOPEN": 0x20000000, "MSG_CMSG_CLOEXEC": 0x40000000,
}
_FILE = {
    "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": 0o100, "O_EXCL": 0o200, "O_TRUNC": 0o1000,
    "O_APPEND": 0o2000, "O_NONBLOCK": 0o4000, "O_CLOEXEC": 0o2000000, "O_ASYNC": 0o20000,
    "O_DIRECT": 0o40000, "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4,
    "F_SETPIPE_SZ": 1031, "F_GETPIPE_SZ": 1032, "FD_CLOEXEC": 1, "AT_FDCWD": -100,
    "FIONREAD": 0x541b, "SIOCINQ": 0x541b, "FIONBIO": 0x5421, "SIOCOUTQ": 0x5411, "SIOCOUTQNSD": 0x894b,
    "SIOCATMARK": 0x8905,
    "SPLICE_F_MOVE": 1, "SPLICE_F_NONBLOCK": 2, "SPLICE_F_MORE": 4, "SPLICE_F_GIFT": 8,
    "SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2, "NULL": 0,
}
_POLL = {
    "POLLIN": 1, "POLLPRI": 2, "POLLOUT": 4, "POLLERR": 8, "POLLHUP": 0x10, "POLLNVAL": 0x20,
    "POLLRDNORM": 0x40, "POLLRDBAND": 0x80, "POLLWRNORM": 0x100, "POLLWRBAND": 0x200,
    "POLLMSG": 0x400, "POLLRDHUP": 0x2000, "EPOLL_CLOEXEC": 0o2000000,
    "EPOLL_CTL_ADD": 1, "EPOLL_CTL_DEL": 2, "EPOLL_CTL_MOD": 3,
    "EPOLLIN": 1, "EPOLLPRI": 2, "EPOLLOUT": 4, "EPOLLERR": 8, "EPOLLHUP": 0x10, "EPOLLRDNORM": 0x40,
    "EPOLLRDBAND": 0x80, "EPOLLWRNORM": 0x100, "EPOLLWRBAND": 0x200, "EPOLLMSG": 0x400,
    "EPOLLRDHUP": 0x2000, "EPOLLEXCLUSIVE": 1 << 28, "EPOLLWAKEUP": 1 << 29,
    "EPOLLONESHOT": 1 << 30, "EPOLLET": 1 << 31,
}
_ERRORS = {
    "SO_EE_ORIGIN_NONE": 0, "SO_EE_ORIGIN_LOCAL": 1, "SO_EE_ORIGIN_ICMP": 2, "SO_EE_ORIGIN_ICMP6": 3,
    "SO_EE_ORIGIN_TXSTATUS": 4, "SO_EE_ORIGIN_TIMESTAMPING": 4, "SO_EE_ORIGIN_ZEROCOPY": 5,
    "SO_EE_CODE_ZEROCOPY_COPIED": 1, "SCM_TIMESTAMPING": 37, "SCM_TIMESTAMPNS": 35, "SCM_TIMESTAMP": 29,
    "SCM_TSTAMP_SND": 0, "SCM_TSTAMP_SCHED": 1, "SCM_TSTAMP_ACK": 2,
    "SOF_TIMESTAMPING_TX_HARDWARE": 1, "SOF_TIMESTAMPING_TX_SOFTWARE": 2,
    "SOF_TIMESTAMPING_RX_HARDWARE": 4, "SOF_TIMESTAMPING_RX_SOFTWARE": 8,
    "SOF_TIMESTAMPING_SOFTWARE": 16, "SOF_TIMESTAMPING_SYS_HARDWARE": 32,
    "SOF_TIMESTAMPING_RAW_HARDWARE": 64, "SOF_TIMESTAMPING_OPT_ID": 128,
    "SOF_TIMESTAMPING_TX_SCHED": 256, "SOF_TIMESTAMPING_TX_ACK": 512,
    "SOF_TIMESTAMPING_OPT_CMSG": 1024, "SOF_TIMESTAMPING_OPT_TSONLY": 2048,
    "SOF_TIMESTAMPING_OPT_STATS": 4096, "SOF_TIMESTAMPING_OPT_PKTINFO": 8192,
    "SOF_TIMESTAMPING_OPT_TX_SWHW": 16384,
    "ICMP_DEST_UNREACH": 3, "ICMP_NET_UNREACH": 0, "ICMP_HOST_UNREACH": 1, "ICMP_PROT_UNREACH": 2,
    "ICMP_PORT_UNREACH": 3, "ICMP_FRAG_NEEDED": 4, "ICMP_SR_FAILED": 5,
}
# Socket options and flags of other systems, mostly FreeBSD, that Linux does not have.
_ELSEWHERE = ("TCP_NOOPT TCP_NOPUSH TCP_DELACK TCP_KEEPINIT TCP_FUNCTION_BLK TCP_LOG TCP_LOGID TCP_LOGDUMP "
              "TCP_REMOTE_UDP_ENCAPS_PORT TCP_PCAP_OUT TCP_PCAP_IN TCP_MAXPEAKRATE TCP_IDLE_REDUCE "
              "TCP_RACK_PACE_RATE_SS TCP_RACK_PACE_RATE_CA TCP_RACK_TLP_REDUCE TCP_RACK_PROP "
              "TCP_USE_CMP_ACKS TCP_NO_TIMELY TCP_BBR_USE_RACK_RR TCP_RXTLS_ENABLE "
              "TCP_STATS TCP_PERF_INFO TCP_STACK TCPI_OPT_TFO SO_USELOOPBACK "
              "SO_NOSIGPIPE SO_SETFIB SO_USER_COOKIE "
              "SO_LISTENQLIMIT SO_LISTENQLEN SO_LISTENINCQLEN SO_ACCEPTFILTER SO_TS_CLOCK "
              "IP_DONTFRAG IP_MINTTL_BSD MSG_EOF MSG_NBIO MSG_TLSAPPDATA PRUS_MORETOCOME").split()

SYMBOLS = {}
for _table in (_SOCKET, _LEVELS, _SO, _TCP, TCP_STATES, TCP_CA_STATES, TCPI_OPTIONS, _IP, _MSG, _FILE,
               _POLL, _ERRORS, dict.fromkeys(_ELSEWHERE)):
    SYMBOLS.update(_table)
# All names that Python knows; some numbers have two.  errno.errorcode has only one name for each number.
ERRNOS = {name: number for name, number in vars(errno).items() if name.startswith("E") and name.isupper()}
ERRNOS["ENOTSUPP"] = 524    # internal to Linux's kernel, but some system calls return it
SYMBOLS.update(ERRNOS)
# For a number with two names: the name that messages use, which is the one in Linux's source.
_PREFERRED = {ERRNOS[name]: name for name in ("EAGAIN", "EOPNOTSUPP", "EDEADLK", "ENOTSUPP")}


def errno_name(number):
    """Returns the name of an errno, for example EAGAIN for 11."""
    return _PREFERRED.get(number) or errno.errorcode.get(number, f"errno {number}")


# The system calls that a script may make, and their numbers on Linux x86-64.  recv() and send() are library
# functions: they have the numbers of recvfrom() and sendto().
NUMBERS = {
    "read": 0, "write": 1, "open": 2, "close": 3, "poll": 7, "ioctl": 16, "readv": 19, "writev": 20,
    "pipe": 22, "sendfile": 40, "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "send": 44,
    "recvfrom": 45, "recv": 45, "sendmsg": 46, "recvmsg": 47, "shutdown": 48, "bind": 49, "listen": 50,
    "getsockname": 51, "getpeername": 52, "setsockopt": 54, "getsockopt": 55, "fcntl": 72,
    "epoll_create": 213, "epoll_wait": 232, "epoll_ctl": 233, "splice": 275, "accept4": 288,
    "epoll_create1": 291, "pipe2": 293,
}
