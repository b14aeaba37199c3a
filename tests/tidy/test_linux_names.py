# SPDX-License-Identifier: MIT
"""The names of Linux 4.11 by which a reader of Linux finds the way through a connection exist in this tree, in Linux's
role: structures with their fields, tables with their entries, functions with a body.  net/README.md tells how they
follow each other, tests/hosted/test_trace.py runs them.

A name helps only if it has its role, so a function whose body is empty counts as missing.
"""
import os
import re

import pytest
import tidy

# {structure: the fields that carry its role}.  The first field of a derived structure is its parent.
STRUCTURES = {
    "file": "f_op private_data f_flags",
    "inode": "i_ino i_mode",
    "socket": "state type ops file sk",
    "sock_common": "skc_state",
    "sock": "sk_receive_queue sk_write_queue sk_backlog sk_wq sk_sndbuf sk_rcvbuf sk_wmem_alloc sk_rmem_alloc "
            "sk_ack_backlog sk_max_ack_backlog sk_data_ready sk_write_space sk_state_change",
    "inet_sock": "inet_saddr inet_sport uc_ttl tos mc_ttl",
    # In Linux these two are fields of inet_sock.  A stream socket has no use for them: IP_MULTICAST_IF is refused.
    "dgram_sock": "mc_addr mc_index",
    "inet_connection_sock": "icsk_accept_queue icsk_retransmit_timer icsk_delack_timer icsk_ca_ops icsk_rto icsk_backoff "
                            "icsk_ack",
    "tcp_sock": "snd_una snd_nxt rcv_nxt snd_cwnd snd_ssthresh rcv_wnd out_of_order_queue pred_flags",
    "request_sock": "",
    "inet_request_sock": "",
    "tcp_request_sock": "",
    "inet_timewait_sock": "",
    "request_sock_queue": "rskq_accept_head rskq_accept_tail qlen young rskq_defer_accept fastopenq",
    "inet_hashinfo": "ehash bhash listening_hash",
    "inet_protosw": "type protocol prot ops",
    "proto": "",
    "proto_ops": "",
}
PARENTS = {"sock": "sock_common", "inet_sock": "sock", "inet_connection_sock": "inet_sock", "tcp_sock": "inet_connection_sock",
           "request_sock": "sock_common", "inet_request_sock": "request_sock", "tcp_request_sock": "inet_request_sock",
           "inet_timewait_sock": "sock_common", "dgram_sock": "inet_sock"}

# Names that Linux also has as a macro of a field of sock_common, or as a constant.
MACROS = ("sk_state inet_daddr inet_dport sk_prot TCP_ESTABLISHED TCP_SYN_SENT TCP_SYN_RECV TCP_FIN_WAIT1 TCP_FIN_WAIT2 "
          "TCP_TIME_WAIT TCP_CLOSE TCP_CLOSE_WAIT TCP_LAST_ACK TCP_LISTEN TCP_CLOSING TCP_NEW_SYN_RECV SS_UNCONNECTED "
          "SS_CONNECTED")

# {table: the functions and objects that it must hold}
TABLES = {
    "net_families": "",
    "inet_family_ops": "inet_create",
    "inetsw_array": "tcp_prot udp_prot ping_prot inet_stream_ops inet_dgram_ops inet_sockraw_ops",
    "inet_stream_ops": "inet_stream_connect inet_accept inet_listen",
    "inet_dgram_ops": "",
    "inet_sockraw_ops": "",
    "udp_prot": "udp_sendmsg udp_recvmsg",
    "ping_prot": "",
    "tcp_hashinfo": "",
    "socket_file_ops": "sock_read_iter sock_write_iter sock_poll sock_close",
    "tcp_prot": "tcp_close tcp_v4_connect tcp_disconnect inet_csk_accept tcp_ioctl tcp_v4_init_sock tcp_v4_destroy_sock "
                "tcp_shutdown tcp_setsockopt tcp_getsockopt tcp_set_keepalive tcp_recvmsg tcp_sendmsg tcp_sendpage "
                "tcp_v4_do_rcv tcp_release_cb inet_hash inet_csk_get_port",
}

# Functions, by the part of a connection's life.
FUNCTIONS = {
    "casts": "SOCKET_I SOCK_INODE inet_sk inet_csk tcp_sk",
    "socket": "sys_socket sock_create __sock_create sock_alloc get_next_ino sock_register inet_init inet_create sk_alloc "
              "sock_init_data tcp_v4_init_sock sock_map_fd get_unused_fd_flags sock_alloc_file fd_install put_unused_fd",
    "listen": "sys_listen sockfd_lookup_light sock_from_file inet_listen inet_csk_listen_start reqsk_queue_alloc "
              "inet_csk_delack_init sk_state_store inet_csk_get_port inet_hash",
    "tables": "tcp_init __inet_lookup_skb __inet_lookup_established __inet_lookup_listener inet_csk_reqsk_queue_hash_add "
              "inet_ehash_insert inet_unhash",
    "connect": "sys_connect inet_stream_connect tcp_v4_connect inet_hash_connect secure_tcp_seq tcp_connect "
               "tcp_transmit_skb inet_wait_for_connect",
    "the SYN": "napi_schedule net_rx_action netif_receive_skb ip_rcv ip_local_deliver tcp_v4_rcv tcp_v4_do_rcv "
               "tcp_rcv_state_process tcp_v4_conn_request tcp_conn_request inet_reqsk_alloc tcp_parse_options "
               "tcp_v4_send_synack tcp_make_synack",
    "the SYN-ACK": "tcp_rcv_synsent_state_process tcp_ack tcp_finish_connect tcp_send_ack",
    "the ACK": "tcp_check_req tcp_v4_syn_recv_sock tcp_create_openreq_child inet_csk_clone_lock "
               "inet_csk_complete_hashdance inet_csk_reqsk_queue_add tcp_child_process sock_def_readable cookie_v4_check",
    "accept": "sys_accept4 inet_accept inet_csk_accept inet_csk_wait_for_connect prepare_to_wait_exclusive release_sock "
              "schedule_timeout lock_sock reqsk_queue_remove sock_graft",
    "data": "sys_sendto sys_write inet_sendmsg tcp_sendmsg tcp_push tcp_write_xmit tcp_cwnd_test tcp_snd_wnd_test "
            "ip_queue_xmit dev_queue_xmit tcp_rcv_established tcp_queue_rcv tcp_validate_incoming tcp_clean_rtx_queue "
            "tcp_data_queue tcp_recvmsg tcp_cleanup_rbuf sk_add_backlog",
    "loss": "tcp_retransmit_timer tcp_retransmit_skb tcp_fastretrans_alert tcp_enter_recovery tcp_enter_loss "
            "tcp_sacktag_write_queue",
    "windows": "tcp_select_window tcp_send_probe0",
    "close": "tcp_close tcp_send_fin tcp_fin tcp_time_wait tcp_timewait_state_process tcp_done",
}


def source(files):
    """Returns the kernel's C text without comments."""
    return "\n".join(tidy.strip_comments(text) for path, text in sorted(files.items())
                     if tidy.is_c(path) and path.startswith(("net/", "kernel/", "include/")))


def body_of(text, name):
    """Returns the body of the structure NAME, or None."""
    m = re.search(rf"^struct {name} \{{\n(.*?)^\}}", text, re.M | re.S)
    return m and m.group(1)


def structure(text, name, fields):
    """Returns the missing parts of a structure."""
    body = body_of(text, name)
    if body is None:
        return [f"struct {name}"]
    missing = [f"{name}.{field}" for field in fields.split() if not re.search(rf"\b{field}\b(?:\)\([^;]*\)|\[[^;]*\])?[^;(]*;", body)]
    first = body.strip().splitlines()[0]
    if name in PARENTS and not re.match(rf"struct {PARENTS[name]} \w+;", first):
        missing.append(f"{name}: its first member is {first}, not struct {PARENTS[name]}")
    return missing


def table(text, name, entries):
    """Returns the missing parts of a table: a definition at the left margin."""
    found = [m.group(1) or "" for m in re.finditer(
        rf"^(?!extern)(?:\w+ )*struct \w+ (?:\*|const )*{name}(?:\[\w*\])?(?: = \{{([^;]*)\}})?;", text, re.M)]
    if not found:
        return [f"the table {name}"]
    return [f"{entry} in {name}" for entry in entries.split() if not re.search(rf"\b{entry}\b", "".join(found))]


def function(text, name):
    """Returns [] if NAME is a function with a body, or a macro with an expansion."""
    if re.search(rf"^#define {name}\([^)]*\) *\S", text, re.M):
        return []
    m = re.search(rf"^\w[\w *]*[ *]{name}\([^;{{]*\)\n\{{\n(.*?)^\}}", text, re.M | re.S)
    return [] if m and m.group(1).strip() else [f"{name}()"]


def macro(text, name):
    """Returns [] if NAME is a constant or a macro."""
    found = re.search(rf"^#define {name}\b[ \t]+\S", text, re.M) or re.search(rf"^\t{name}(?: = \w+)?,", text, re.M)
    return [] if found else [name]


@pytest.fixture(scope="module", name="text")
def text_of_the_tree():
    return source(tidy.tree())


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure(text, name):
    assert structure(text, name, STRUCTURES[name]) == []


@pytest.mark.parametrize("name", TABLES)
def test_table(text, name):
    assert table(text, name, TABLES[name]) == []


@pytest.mark.parametrize("part", FUNCTIONS)
def test_functions(text, part):
    assert [m for name in FUNCTIONS[part].split() for m in function(text, name)] == []


def test_constants_and_macros(text):
    assert [m for name in MACROS.split() for m in macro(text, name)] == []


PLANTED = [
    (structure, ("sock", "sk_backlog"), "struct sock {\n\tstruct sock_common __sk_common;\n\tint sk_backlog;\n};\n",
     ["int sk_backlog;", "struct sock_common __sk_common;\n", "struct sock {"]),
    (table, ("a_ops", "f"), "static const struct ops a_ops = {\n\t.f = f,\n};\n", ["\t.f = f,\n", "a_ops"]),
    (function, ("f",), "static int f(struct sock *sk,\n\t     int n)\n{\n\treturn n;\n}\n", ["\treturn n;\n", "f(struct"]),
    (macro, ("TCP_A",), "enum {\n\tTCP_A = 1,\n};\n", ["\tTCP_A = 1,\n"]),
]


@pytest.mark.parametrize("rule,what,whole,parts", PLANTED, ids=[p[0].__name__ for p in PLANTED])
def test_a_name_without_its_role_is_noticed(rule, what, whole, parts):
    assert rule(whole, *what) == []
    for part in parts:
        assert rule(whole.replace(part, ""), *what), part
