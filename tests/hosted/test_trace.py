#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The life of one connection and of one datagram, function by function, through hard interrupt, soft interrupt and
process; softnet is named after this path.

Two copies of the trace build (build/host-trace) shake hands while b waits in accept().  Then a writes to b, which waits
in read(), both close, a's TIME_WAIT ends, and a sends a datagram to b, which waits in recvfrom().  A chapter lists
functions that must be entered in this order and in this context: a hard interrupt only schedules, a soft interrupt
receives, a process waits and is woken.

  tests/hosted/test_trace.py    writes the counts of functions and files into net/README.md
"""

import ctypes
import errno
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "host"))
from softnet import NR, Conductor, sockaddr_in  # noqa: E402

LIBRARY = os.path.join(ROOT, "build", "host-trace", "libsoftnet.so")
README = os.path.join(ROOT, "net", "README.md")
AF_INET, SOCK_STREAM, SOCK_DGRAM, PORT = 2, 1, 2, 7
PROCESS, SOFTIRQ, HARDIRQ = range(3)
CONTEXTS = ["process", "softirq", "hardirq"]

# (chapter, part, host, [(function, context), ...]): the functions in the order in which the host enters them in this part
# of the connection's life.
CHAPTERS = [
    ("0x04 the server takes the SYN", "handshake", "b", [
        ("skb_recv_done", HARDIRQ),
        ("napi_schedule", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("virtnet_poll", SOFTIRQ),
        ("netif_receive_skb", SOFTIRQ),
        ("ip_rcv", SOFTIRQ),
        ("ip_local_deliver", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("__inet_lookup_skb", SOFTIRQ),
        ("__inet_lookup_established", SOFTIRQ),
        ("__inet_lookup_listener", SOFTIRQ),
        ("tcp_v4_do_rcv", SOFTIRQ),
        ("tcp_rcv_state_process", SOFTIRQ),
        ("tcp_v4_conn_request", SOFTIRQ),
        ("tcp_conn_request", SOFTIRQ),
        ("inet_reqsk_alloc", SOFTIRQ),
        ("tcp_parse_options", SOFTIRQ),
        ("secure_tcp_seq", SOFTIRQ),
        # The request is in the table before the SYN-ACK is sent, because the client's ACK may come back at once.
        ("inet_csk_reqsk_queue_hash_add", SOFTIRQ),
        ("tcp_v4_send_synack", SOFTIRQ),
        ("tcp_make_synack", SOFTIRQ),
        ("dev_queue_xmit", SOFTIRQ),
    ]),
    ("0x05 the client takes the SYN-ACK", "handshake", "a", [
        ("skb_recv_done", HARDIRQ),
        ("napi_schedule", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_v4_do_rcv", SOFTIRQ),
        ("tcp_rcv_state_process", SOFTIRQ),
        ("tcp_rcv_synsent_state_process", SOFTIRQ),
        ("tcp_ack", SOFTIRQ),
        ("tcp_finish_connect", SOFTIRQ),
        ("tcp_set_state", SOFTIRQ),
        ("sock_def_wakeup", SOFTIRQ),
        ("tcp_send_ack", SOFTIRQ),
        ("tcp_transmit_skb", SOFTIRQ),
        ("ip_queue_xmit", SOFTIRQ),
        ("dev_queue_xmit", SOFTIRQ),
        # The thread in connect() goes on.
        ("lock_sock", PROCESS),
    ]),
    ("0x06 the server takes the ACK", "handshake", "b", [
        ("tcp_make_synack", SOFTIRQ),
        ("skb_recv_done", HARDIRQ),
        ("napi_schedule", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_check_req", SOFTIRQ),
        ("tcp_v4_syn_recv_sock", SOFTIRQ),
        ("tcp_create_openreq_child", SOFTIRQ),
        ("inet_csk_clone_lock", SOFTIRQ),
        ("inet_csk_complete_hashdance", SOFTIRQ),
        ("inet_csk_reqsk_queue_add", SOFTIRQ),
        ("tcp_child_process", SOFTIRQ),
        ("tcp_rcv_state_process", SOFTIRQ),
        ("tcp_set_state", SOFTIRQ),
        ("sock_def_readable", SOFTIRQ),
    ]),
    ("0x07 accept()", "handshake", "b", [
        ("sys_accept4", PROCESS),
        ("sock_alloc", PROCESS),
        ("sock_alloc_file", PROCESS),
        ("inet_accept", PROCESS),
        ("inet_csk_accept", PROCESS),
        ("inet_csk_wait_for_connect", PROCESS),
        ("prepare_to_wait_exclusive", PROCESS),
        ("release_sock", PROCESS),
        ("schedule_timeout", PROCESS),
        # Chapters 0x04 and 0x06 happen while accept() sleeps.
        ("tcp_v4_conn_request", SOFTIRQ),
        ("sock_def_readable", SOFTIRQ),
        ("lock_sock", PROCESS),
        ("reqsk_queue_remove", PROCESS),
        ("sock_graft", PROCESS),
        ("fd_install", PROCESS),
    ]),
    ("0x08 write()", "data", "a", [
        ("sys_write", PROCESS),
        ("inet_sendmsg", PROCESS),
        ("tcp_sendmsg", PROCESS),
        ("lock_sock", PROCESS),
        ("tcp_sendmsg_locked", PROCESS),
        ("tcp_queue_skb", PROCESS),
        ("tcp_copy_to_skb", PROCESS),
        ("tcp_push", PROCESS),
        ("tcp_write_xmit", PROCESS),
        ("tcp_cwnd_test", PROCESS),
        ("tcp_snd_wnd_test", PROCESS),
        ("tcp_nagle_test", PROCESS),
        ("tcp_transmit_skb", PROCESS),
        ("tcp_established_options", PROCESS),
        ("tcp_select_window", PROCESS),
        ("tcp_v4_send_check", PROCESS),
        ("ip_queue_xmit", PROCESS),
        ("ip_local_out", PROCESS),
        ("neigh_output", PROCESS),
        ("eth_header", PROCESS),
        ("dev_queue_xmit", PROCESS),
        # The original waits for its acknowledgment, a clone was passed to IP.
        ("tcp_event_new_data_sent", PROCESS),
        ("tcp_rtx_queue_add", PROCESS),
        ("release_sock", PROCESS),
    ]),
    ("0x08 data arrives", "data", "b", [
        ("skb_recv_done", HARDIRQ),
        ("napi_schedule", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("napi_gro_receive", SOFTIRQ),
        ("netif_receive_skb", SOFTIRQ),
        ("ip_rcv", SOFTIRQ),
        ("ip_local_deliver", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("__inet_lookup_established", SOFTIRQ),
        ("tcp_v4_do_rcv", SOFTIRQ),
        ("tcp_rcv_established", SOFTIRQ),
        ("tcp_predicted", SOFTIRQ),
        ("tcp_queue_rcv", SOFTIRQ),
        ("tcp_event_data_recv", SOFTIRQ),
        ("__tcp_ack_snd_check", SOFTIRQ),
        ("tcp_send_ack", SOFTIRQ),
        ("dev_queue_xmit", SOFTIRQ),
        ("sock_def_readable", SOFTIRQ),
    ]),
    ("0x08 read()", "data", "b", [
        ("sys_read", PROCESS),
        ("inet_recvmsg", PROCESS),
        ("tcp_recvmsg", PROCESS),
        ("lock_sock", PROCESS),
        ("sk_wait_data", PROCESS),
        ("release_sock", PROCESS),
        ("sock_def_readable", SOFTIRQ),
        ("lock_sock", PROCESS),
        ("skb_copy_datagram_iter", PROCESS),
        ("tcp_rcv_space_adjust", PROCESS),
        ("sock_rfree", PROCESS),
        ("tcp_cleanup_rbuf", PROCESS),
        ("release_sock", PROCESS),
    ]),
    ("0x08 the sender takes the acknowledgment", "data", "a", [
        ("skb_recv_done", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_rcv_established", SOFTIRQ),
        ("tcp_validate_incoming", SOFTIRQ),
        ("tcp_ack", SOFTIRQ),
        ("tcp_ack_update_window", SOFTIRQ),
        ("tcp_clean_rtx_queue", SOFTIRQ),
        ("tcp_rtx_queue_unlink_and_free", SOFTIRQ),
        ("tcp_rtt_estimator", SOFTIRQ),
        ("tcp_set_rto", SOFTIRQ),
        ("tcp_cong_control", SOFTIRQ),
        ("tcp_data_snd_check", SOFTIRQ),
        ("tcp_check_space", SOFTIRQ),
    ]),
    ("the first close()", "first close", "a", [
        ("sys_close", PROCESS),
        ("sock_close", PROCESS),
        ("inet_release", PROCESS),
        ("tcp_close", PROCESS),
        ("lock_sock", PROCESS),
        ("tcp_close_state", PROCESS),
        ("tcp_set_state", PROCESS),
        ("tcp_send_fin", PROCESS),
        ("tcp_write_xmit", PROCESS),
        ("tcp_transmit_skb", PROCESS),
        ("dev_queue_xmit", PROCESS),
        ("sock_orphan", PROCESS),
        ("release_sock", PROCESS),
        # The peer acknowledges the FIN: from FIN_WAIT_2 on, a small structure takes the place of the socket.
        ("skb_recv_done", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_rcv_state_process", SOFTIRQ),
        ("tcp_ack", SOFTIRQ),
        ("tcp_clean_rtx_queue", SOFTIRQ),
        ("tcp_set_state", SOFTIRQ),
        ("tcp_time_wait", SOFTIRQ),
        ("inet_twsk_alloc", SOFTIRQ),
        ("__inet_twsk_hashdance", SOFTIRQ),
        ("inet_twsk_schedule", SOFTIRQ),
        ("tcp_done", SOFTIRQ),
        ("inet_unhash", SOFTIRQ),
        ("inet_csk_destroy_sock", SOFTIRQ),
        ("tcp_v4_destroy_sock", SOFTIRQ),
        ("sk_free", SOFTIRQ),
    ]),
    ("the FIN arrives", "first close", "b", [
        ("skb_recv_done", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_rcv_established", SOFTIRQ),
        ("tcp_validate_incoming", SOFTIRQ),
        ("tcp_ack", SOFTIRQ),
        ("tcp_data_queue", SOFTIRQ),
        ("tcp_fin", SOFTIRQ),
        ("tcp_set_state", SOFTIRQ),
        ("sock_def_wakeup", SOFTIRQ),
        ("sock_def_readable", SOFTIRQ),
        # The ACK of a lone FIN may be delayed.
        ("tcp_send_delayed_ack", SOFTIRQ),
        ("tcp_delack_timer", SOFTIRQ),
        ("tcp_send_ack", SOFTIRQ),
        ("dev_queue_xmit", SOFTIRQ),
    ]),
    ("the second close()", "second close", "b", [
        ("sys_close", PROCESS),
        ("tcp_close", PROCESS),
        ("tcp_close_state", PROCESS),
        ("tcp_set_state", PROCESS),
        ("tcp_send_fin", PROCESS),
        ("dev_queue_xmit", PROCESS),
        ("sock_orphan", PROCESS),
        # The ACK of this FIN ends the socket.
        ("tcp_v4_rcv", SOFTIRQ),
        ("tcp_rcv_state_process", SOFTIRQ),
        ("tcp_ack", SOFTIRQ),
        ("tcp_done", SOFTIRQ),
        ("tcp_set_state", SOFTIRQ),
        ("inet_unhash", SOFTIRQ),
        ("inet_csk_destroy_sock", SOFTIRQ),
        ("sk_free", SOFTIRQ),
    ]),
    ("the FIN arrives in FIN_WAIT_2", "second close", "a", [
        ("skb_recv_done", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("tcp_v4_rcv", SOFTIRQ),
        ("__inet_lookup_established", SOFTIRQ),
        ("tcp_timewait_state_process", SOFTIRQ),
        ("inet_twsk_reschedule", SOFTIRQ),
        ("tcp_v4_timewait_ack", SOFTIRQ),
        ("ip_send_unicast_reply", SOFTIRQ),
        ("dev_queue_xmit", SOFTIRQ),
        ("inet_twsk_put", SOFTIRQ),
    ]),
    ("TIME_WAIT ends", "TIME_WAIT", "a", [
        ("tw_timer_handler", SOFTIRQ),
        ("inet_twsk_kill", SOFTIRQ),
        ("inet_bind_del", SOFTIRQ),
        ("inet_twsk_put", SOFTIRQ),
    ]),
    ("sendto()", "datagram", "a", [
        ("sys_sendto", PROCESS),
        ("sockfd_lookup_light", PROCESS),
        ("inet_autobind", PROCESS),
        ("udp_get_port", PROCESS),
        ("udp_sendmsg", PROCESS),
        ("ip_route_output_key", PROCESS),
        ("ip_append_data", PROCESS),
        ("sock_alloc_send_skb", PROCESS),
        ("udp_send_skb", PROCESS),
        ("ip_send_datagram", PROCESS),
        ("ip_local_out", PROCESS),
        ("neigh_output", PROCESS),
        ("dev_queue_xmit", PROCESS),
    ]),
    ("a datagram arrives", "datagram", "b", [
        ("skb_recv_done", HARDIRQ),
        ("napi_schedule", HARDIRQ),
        ("net_rx_action", SOFTIRQ),
        ("netif_receive_skb", SOFTIRQ),
        ("ip_rcv", SOFTIRQ),
        ("ip_local_deliver", SOFTIRQ),
        ("udp_rcv", SOFTIRQ),
        ("udp4_lib_lookup", SOFTIRQ),
        ("sock_queue_rcv_skb", SOFTIRQ),
        ("sk_mem_schedule", SOFTIRQ),
        ("sock_def_readable", SOFTIRQ),
    ]),
    ("recvfrom()", "datagram", "b", [
        ("sys_recvfrom", PROCESS),
        ("inet_recvmsg", PROCESS),
        ("udp_recvmsg", PROCESS),
        ("skb_recv_datagram", PROCESS),
        ("wait_for_more_packets", PROCESS),
        ("sock_def_readable", SOFTIRQ),
        ("skb_copy_datagram_iter", PROCESS),
        ("sock_rfree", PROCESS),
    ]),
]


class Event(ctypes.Structure):
    """struct sn_trace_event"""
    _fields_ = [("function", ctypes.c_uint64), ("caller", ctypes.c_uint64),
                ("context", ctypes.c_uint32), ("unused", ctypes.c_uint32)]


def symbols():
    """Returns {address in the library: function name}."""
    out = {}
    listing = subprocess.run(["nm", LIBRARY], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[1] in "tTwW":
            # A part that the compiler split off a function counts as that function.
            out[int(parts[0], 16)] = parts[2].split(".")[0]
    return out


def trace_of(host, names):
    """Returns the recorded functions in order, as [(name, context), ...]."""
    by_name = {name: address for address, name in names.items()}
    base = ctypes.cast(host._dl.sn_boot, ctypes.c_void_p).value - by_name["sn_boot"]
    host._dl.sn_trace_count.restype = ctypes.c_uint64
    host._dl.sn_trace_get.argtypes = [ctypes.c_uint64, ctypes.POINTER(Event)]
    event, out = Event(), []
    for i in range(host._dl.sn_trace_count()):
        assert host._dl.sn_trace_get(i, ctypes.byref(event)) == 0, "the ring was too small"
        out.append((names.get(event.function - base, "?"), event.context))
    return out


class Life:
    """The two hosts, and what they do in each part of the connection's life. The methods are in the order of the parts.

    Attributes: traces: {(part, "a" or "b"): trace}."""

    def __init__(self):
        self.names, self.traces = symbols(), {}
        self.c = Conductor(LIBRARY, seed=1)
        self.a, self.b = self.c.host("ip=10.0.0.1/24 app=none"), self.c.host("ip=10.0.0.2/24 app=none")
        self.c.wire(self.a, self.b, delay=0.001)
        self.text, self.room = ctypes.create_string_buffer(b"x" * 100, 100), ctypes.create_string_buffer(200)
        # Each host first resolves the route to the other, so that the traces do not contain it.
        for here, there in ((self.a, "10.0.0.2"), (self.b, "10.0.0.1")):
            fd = here.call(NR.socket, AF_INET, SOCK_STREAM, 0)
            assert here.call(NR.connect, fd, sockaddr_in(there, 1), 16) == -errno.ECONNREFUSED
            assert here.call(NR.close, fd) == 0
        self.c.sleep(60)
        for host in (self.a, self.b):
            host.baseline = host.state()

    def record(self, part, action):
        """Records what both hosts do during @action. Returns its result."""
        for host in (self.a, self.b):
            host._dl.sn_trace_start()
        result = action()
        for name, host in (("a", self.a), ("b", self.b)):
            host._dl.sn_trace_stop()
            self.traces[part, name] = trace_of(host, self.names)
        return result

    def handshake(self, client, listener):
        accept = self.b.submit(NR.accept4, listener, 0, 0, 0)
        self.c.sleep(0.01)
        assert self.a.call(NR.connect, client, sockaddr_in("10.0.0.2", PORT), 16) == 0
        return self.b.wait(accept)

    def data(self, client, accepted):
        read = self.b.submit(NR.read, accepted, self.room, 200)
        self.c.sleep(0.01)
        assert self.a.call(NR.write, client, self.text, 100) == 100
        assert self.b.wait(read) == 100
        self.c.sleep(0.01)

    def close(self, host, fd):
        assert host.call(NR.close, fd) == 0
        self.c.sleep(0.1)

    def datagram(self, sender, receiver):
        receive = self.b.submit(NR.recvfrom, receiver, self.room, 200, 0, 0, 0)
        self.c.sleep(0.01)
        assert self.a.call(NR.sendto, sender, self.text, 100, 0, sockaddr_in("10.0.0.2", PORT), 16) == 100
        assert self.b.wait(receive) == 100

    def live(self):
        listener = self.b.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        receiver = self.b.call(NR.socket, AF_INET, SOCK_DGRAM, 0)
        for fd in (listener, receiver):
            assert self.b.call(NR.bind, fd, sockaddr_in("0.0.0.0", PORT), 16) == 0
        assert self.b.call(NR.listen, listener, 8) == 0
        client = self.a.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        sender = self.a.call(NR.socket, AF_INET, SOCK_DGRAM, 0)
        accepted = self.record("handshake", lambda: self.handshake(client, listener))
        assert accepted >= 0
        self.record("data", lambda: self.data(client, accepted))
        self.record("first close", lambda: self.close(self.a, client))
        self.record("second close", lambda: self.close(self.b, accepted))
        self.record("TIME_WAIT", lambda: self.c.sleep(61))
        self.record("datagram", lambda: self.datagram(sender, receiver))
        for host, fd in ((self.a, sender), (self.b, listener), (self.b, receiver)):
            assert host.call(NR.close, fd) == 0
        self.c.sleep(120)
        assert not self.c.check()
        self.c.close()
        return self.traces


@pytest.fixture(scope="module", name="traces")
def traces_of_a_life():
    """Returns {(part, host): trace} of one connection and one datagram."""
    return Life().live()


def follow(trace, steps):
    """Returns None, or the first error: each step must come after the one before it."""
    at = 0
    for step, (name, context) in enumerate(steps):
        found = next((i for i in range(at, len(trace)) if trace[i] == (name, context)), None)
        if found is None:
            elsewhere = {CONTEXTS[c] for n, c in trace if n == name}
            return (f"step {step + 1}, {name}() in {CONTEXTS[context]}: not entered after "
                    f"{steps[step - 1][0] if step else 'the beginning'}(); "
                    f"in the whole trace: {', '.join(sorted(elsewhere)) or 'never'}")
        at = found + 1
    return None


@pytest.mark.parametrize("chapter,part,host,steps", CHAPTERS, ids=[c[0] for c in CHAPTERS])
def test_chapter(traces, chapter, part, host, steps):
    """The host's trace has the functions of the chapter, in order."""
    wrong = follow(traces[part, host], steps)
    assert wrong is None, f"{chapter}: {wrong}"


@pytest.mark.parametrize("chapter,part,host,steps", CHAPTERS, ids=[c[0] for c in CHAPTERS])
def test_a_missing_function_is_noticed(traces, chapter, part, host, steps):
    """follow() reports a step that is not in the trace."""
    middle = len(steps) // 2
    for planted in (("tcp_no_such_function", SOFTIRQ), ("tcp_close", HARDIRQ),
                    ("tcp_v4_rcv", HARDIRQ)):
        assert follow(traces[part, host], steps[:middle] + [planted] + steps[middle:]), chapter
    # follow() also reports steps in a wrong order.
    assert follow(traces[part, host], [steps[-1]] * 50 + steps), chapter


def test_a_hard_interrupt_only_schedules(traces):
    """A hard interrupt runs no function of the network stack; the driver only notes that there is work."""
    for host in ("a", "b"):
        inside = {name for (_, of), trace in traces.items() if of == host for name, context in trace if context == HARDIRQ}
        assert "skb_recv_done" in inside
        for name in inside:
            assert not name.startswith(("tcp_", "udp_", "ip_", "inet_", "netif_", "skb_clone", "sock_")), name


def test_no_process_receives(traces):
    """No process receives segments: a softirq processes them, or the owner of a socket does, from the socket's backlog,
    when it releases the socket."""
    for trace in traces.values():
        assert not [name for name, context in trace
                    if context == PROCESS and name in ("tcp_v4_rcv", "udp_rcv", "ip_rcv", "net_rx_action",
                                                      "virtnet_poll")]


# The functions that a reader meets: all functions of net/**/*.c in the context of the first one; functions of headers do
# not count. Each entry: step, part, host, first function and its context, the number of its earlier calls in the part, last
# function, greatest permitted number of file changes, the last column of the table in net/README.md. A file change is a
# function that is in another file than the function before it.
WALKS = [
    ("SYN", "handshake", "b", ("tcp_v4_rcv", SOFTIRQ), 0, "dev_queue_xmit", 28, "with the SYN-ACK"),
    ("ACK", "handshake", "b", ("tcp_v4_rcv", SOFTIRQ), 1, "sock_def_readable", 40, "of the listener"),
    ("write()", "data", "a", ("tcp_sendmsg", PROCESS), 0, "dev_queue_xmit", 46, ""),
    ("data", "data", "b", ("tcp_v4_rcv", SOFTIRQ), 0, "sock_def_readable", 36, "of the connection; the ACK is sent before"),
    ("ACK of data", "data", "a", ("tcp_v4_rcv", SOFTIRQ), 0, "tcp_check_space", 42, ""),
    ("FIN", "first close", "b", ("tcp_v4_rcv", SOFTIRQ), 0, "tcp_send_delayed_ack", 26, ""),
    ("ACK of the first FIN", "first close", "a", ("tcp_v4_rcv", SOFTIRQ), 0, "inet_csk_destroy_sock", 51, "in FIN_WAIT_2"),
    ("FIN in FIN_WAIT_2", "second close", "a", ("tcp_v4_rcv", SOFTIRQ), 0, "dev_queue_xmit", 22, "with the ACK"),
    ("ACK of the second FIN", "second close", "b", ("tcp_v4_rcv", SOFTIRQ), 0, "inet_csk_destroy_sock", 45, ""),
    ("sendto()", "datagram", "a", ("udp_sendmsg", PROCESS), 0, "dev_queue_xmit", 19, ""),
    ("datagram", "datagram", "b", ("udp_rcv", SOFTIRQ), 0, "sock_def_readable", 10, ""),
]


def files_of():
    """Returns {function: the .c file of net/ that defines it}."""
    out = {}
    listing = subprocess.run(["nm", "-l", LIBRARY], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        symbol, _, place = line.partition("\t")
        path = os.path.relpath(place.rsplit(":", 1)[0], ROOT) if place else ""
        if path.startswith("net/") and path.endswith(".c"):
            out[symbol.split()[-1].split(".")[0]] = path
    return out


def walk(where, trace, first, nth, last):
    """Returns (functions, files, changes of file) from the nth call of @first on."""
    begin = [i for i, step in enumerate(trace) if step == first][nth]
    names = []
    for name, context in trace[begin:]:
        if context == first[1] and name in where:
            names.append(name)
            if name == last:
                break
    assert names[-1] == last
    files = [where[name] for name in names]
    return len(set(names)), len(set(files)), sum(a != b for a, b in zip(files, files[1:]))


def table(traces):
    """Returns the lines of the table in net/README.md."""
    where, out = files_of(), []
    for step, part, host, first, nth, last, _, remark in WALKS:
        functions, files, changes = walk(where, traces[part, host], first, nth, last)
        end = f"`{last}`" + (f" {remark}" if remark else "")
        out.append(f"| {step} | `{first[0]}` | {end} | {functions} | {files} | {changes} |")
    return out


def test_changes_of_file(traces):
    """A reader can follow each step with few changes of file; net/README.md has the numbers."""
    lines = table(traces)
    print("\n" + "\n".join(lines))
    with open(README, encoding="utf-8") as f:
        said = f.read().splitlines()
    assert [line for line in lines if line not in said] == [], f"other numbers in net/README.md: run {__file__}"
    for line, (step, *_, most, _) in zip(lines, WALKS):
        assert int(line.split("|")[-2]) <= most, step


def test_a_longer_walk_is_noticed(traces):
    """One more function, of another file, makes two more changes of file."""
    trace, where = list(traces["handshake", "b"]), files_of()
    first = ("tcp_v4_rcv", SOFTIRQ)
    trace.insert(trace.index(first) + 1, ("tcp_sendmsg", SOFTIRQ))
    before = walk(where, traces["handshake", "b"], first, 0, "dev_queue_xmit")
    assert walk(where, trace, first, 0, "dev_queue_xmit")[2] == before[2] + 2


def main():
    """Writes the table into net/README.md: each line takes the place of the line of its step."""
    with open(README, encoding="utf-8") as f:
        text = f.read()
    for line in table(Life().live()):
        step = re.escape(line.split("|")[1])
        text = re.sub(rf"^\|{step}\|.*$", lambda _, new=line: new, text, flags=re.M)
    with open(README, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
