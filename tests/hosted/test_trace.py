# SPDX-License-Identifier: MIT
"""One handshake, function by function, through hard interrupt, soft interrupt and process; softnet is named after
this path.

Two copies of the trace build (build/host-trace) shake hands while b waits in accept().  A chapter lists functions
that must be entered in this order and in this context: a hard interrupt only schedules, a soft interrupt receives, a
process waits and is woken.
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
AF_INET, SOCK_STREAM, PORT = 2, 1, 7
PROCESS, SOFTIRQ, HARDIRQ = range(3)
CONTEXTS = ["process", "softirq", "hardirq"]

# (chapter, host, [(function, context), ...]): the functions in the order in which the host enters them.
CHAPTERS = [
    ("0x04 the server takes the SYN", "b", [
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
    ("0x05 the client takes the SYN-ACK", "a", [
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
    ("0x06 the server takes the ACK", "b", [
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
    ("0x07 accept()", "b", [
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


@pytest.fixture(scope="module", name="traces")
def traces_of_a_handshake():
    """Returns {"a": trace, "b": trace} of one connection; b waits for it in accept()."""
    names = symbols()
    c = Conductor(LIBRARY, seed=1)
    hosts = {"a": c.host("ip=10.0.0.1/24 app=none"), "b": c.host("ip=10.0.0.2/24 app=none")}
    a, b = hosts["a"], hosts["b"]
    c.wire(a, b, delay=0.001)
    # Each host first resolves the route to the other, so that the traces do not contain it.
    for here, there in ((a, "10.0.0.2"), (b, "10.0.0.1")):
        fd = here.call(NR.socket, AF_INET, SOCK_STREAM, 0)
        assert here.call(NR.connect, fd, sockaddr_in(there, 1), 16) == -errno.ECONNREFUSED
        assert here.call(NR.close, fd) == 0
    c.sleep(60)
    for host in hosts.values():
        host.baseline = host.state()
    listener = b.call(NR.socket, AF_INET, SOCK_STREAM, 0)
    assert b.call(NR.bind, listener, sockaddr_in("0.0.0.0", PORT), 16) == 0
    assert b.call(NR.listen, listener, 8) == 0
    client = a.call(NR.socket, AF_INET, SOCK_STREAM, 0)
    for host in hosts.values():
        host._dl.sn_trace_start()
    accept = b.submit(NR.accept4, listener, 0, 0, 0)
    c.sleep(0.01)
    assert a.call(NR.connect, client, sockaddr_in("10.0.0.2", PORT), 16) == 0
    accepted = b.wait(accept)
    assert accepted >= 0
    for host in hosts.values():
        host._dl.sn_trace_stop()
    out = {name: trace_of(host, names) for name, host in hosts.items()}
    for host, fd in ((a, client), (b, accepted), (b, listener)):
        assert host.call(NR.close, fd) == 0
    c.sleep(120)
    assert not c.check()
    c.close()
    return out


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


@pytest.mark.parametrize("chapter,host,steps", CHAPTERS, ids=[c[0] for c in CHAPTERS])
def test_chapter(traces, chapter, host, steps):
    """The host's trace has the functions of the chapter, in order."""
    wrong = follow(traces[host], steps)
    assert wrong is None, f"{chapter}: {wrong}"


@pytest.mark.parametrize("chapter,host,steps", CHAPTERS, ids=[c[0] for c in CHAPTERS])
def test_a_missing_function_is_noticed(traces, chapter, host, steps):
    """follow() reports a step that is not in the trace."""
    middle = len(steps) // 2
    for planted in (("tcp_no_such_function", SOFTIRQ), ("tcp_close", PROCESS),
                    ("tcp_v4_rcv", HARDIRQ)):
        assert follow(traces[host], steps[:middle] + [planted] + steps[middle:]), chapter
    # follow() also reports steps in a wrong order.
    assert follow(traces[host], [steps[-1]] * 50 + steps), chapter


def test_a_hard_interrupt_only_schedules(traces):
    """A hard interrupt runs no function of the network stack; the driver only notes that there is work."""
    for trace in traces.values():
        inside = {name for name, context in trace if context == HARDIRQ}
        assert "skb_recv_done" in inside
        for name in inside:
            assert not name.startswith(("tcp_", "ip_", "inet_", "netif_", "skb_clone", "sock_")), name


def test_no_process_receives(traces):
    """No process receives segments: a softirq processes them, or the owner of a socket does, from the socket's backlog,
    when it releases the socket."""
    for trace in traces.values():
        assert not [name for name, context in trace
                    if context == PROCESS and name in ("tcp_v4_rcv", "ip_rcv", "net_rx_action",
                                                      "virtnet_poll")]


# The functions that a reader of the receive path meets: all functions of net/**/*.c in softirq, from
# tcp_v4_rcv() on; functions of headers do not count. Each entry: segment, index of its tcp_v4_rcv() in the
# server's trace, last function, greatest permitted number of file changes. A file change is a function
# that is in another file than the function before it.
WALKS = [("SYN", 0, "dev_queue_xmit", 28), ("ACK", 1, "sock_def_readable", 40)]


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


def walk(trace, nth, last):
    """Returns (functions, files, changes of file) of the nth segment that arrives."""
    where = files_of()
    begin = [i for i, step in enumerate(trace) if step == ("tcp_v4_rcv", SOFTIRQ)][nth]
    names = []
    for name, context in trace[begin:]:
        if context == SOFTIRQ and name in where:
            names.append(name)
            if name == last:
                break
    assert names[-1] == last
    files = [where[name] for name in names]
    return len(set(names)), len(set(files)), sum(a != b for a, b in zip(files, files[1:]))


@pytest.mark.parametrize("segment,nth,last,most", WALKS, ids=[w[0] for w in WALKS])
def test_changes_of_file(traces, segment, nth, last, most):
    """A reader can follow a segment of the handshake with few changes of file; net/README.md has the numbers."""
    functions, files, changes = walk(traces["b"], nth, last)
    print(f"{segment}: {functions} functions in {files} files, {changes} changes of file (at most {most})")
    assert changes <= most
    with open(os.path.join(ROOT, "net", "README.md"), encoding="utf-8") as f:
        said = re.search(rf"{segment}: (\d+) functions in (\d+) files, (\d+) changes", f.read())
    assert said and tuple(map(int, said.groups())) == (functions, files, changes), "net/README.md has other numbers"


def test_a_longer_walk_is_noticed(traces):
    """One more function, of another file, makes two more changes of file."""
    trace = list(traces["b"])
    at = [i for i, step in enumerate(trace) if step == ("tcp_v4_rcv", SOFTIRQ)][0]
    trace.insert(at + 1, ("tcp_sendmsg", SOFTIRQ))
    assert walk(trace, 0, "dev_queue_xmit")[2] == walk(traces["b"], 0, "dev_queue_xmit")[2] + 2
