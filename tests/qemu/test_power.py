# SPDX-License-Identifier: MIT
"""The orderly shutdown by the power button: all connections are closed or reset before the machine is off."""
import os

import pytest
from guest import MACHINES, ROOT, Guest, press_button
from wire import ACK, FIN, PSH, RST, SYN, Peer


def press(g):
    press_button(os.path.join(g.dir.name, "monitor"))


class ButtonGuest(Guest):
    def command(self):
        path = os.path.join(self.dir.name, "monitor")
        return super().command() + ["-monitor", f"unix:{path},server=on,wait=off"]


def establish(peer, port, service=7, iss=1000):
    """Opens a connection; returns (our next sequence number, the guest's)."""
    peer.send_tcp(port, service, iss, 0, SYN, options=bytes([2, 4, 1460 >> 8, 1460 & 255]))
    s = peer.recv_tcp(port)
    assert s.flags == SYN | ACK
    peer.send_tcp(port, service, iss + 1, s.seq + 1, ACK)
    return iss + 1, s.seq + 1


def accepted(peer, port):
    """Like establish(), but waits for an echo, so that the application has accepted the connection.  At the shutdown,
    connections that are not accepted are reset instead of closed."""
    seq, ack = establish(peer, port)
    peer.send_tcp(port, 7, seq, ack, ACK | PSH, b"x")
    while not peer.recv_tcp(port).payload:
        pass
    peer.send_tcp(port, 7, seq + 1, ack + 1, ACK)
    return seq + 1, ack + 1


def until(peer, port, flag):
    """Waits for a segment with @flag and returns it."""
    while True:
        s = peer.recv_tcp(port)
        if s.flags & flag:
            return s


@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_power_button_closes_with_a_fin(machine, cpu):
    """The guest closes the connection: it sends a FIN, the peer answers with its FIN, the guest acknowledges that, and the
    machine powers off with status 0."""
    with ButtonGuest(machine=machine, cpu=cpu, net="dgram") as g:
        p = Peer(g)
        seq, ack = accepted(p, 40000)
        press(g)
        fin = until(p, 40000, FIN)
        assert not fin.flags & RST and fin.seq == ack
        p.send_tcp(40000, 7, seq, ack + 1, ACK | FIN)
        last = until(p, 40000, ACK)
        while last.ack != seq + 1:
            last = p.recv_tcp(40000)
        assert not last.flags & RST
        assert g.end() == 0
        assert "power button" in g.console


# LIMIT(SHUTDOWN_STAGE_MS)
def test_a_peer_that_does_not_answer_is_reset():
    """If the peer does not answer, the guest retransmits its FIN, and sends a RST at the end of the shutdown stage
    (SHUTDOWN_STAGE_MS)."""
    with ButtonGuest(net="dgram") as g:
        p = Peer(g)
        accepted(p, 40001)
        press(g)
        fin = until(p, 40001, FIN)
        rst = until(p, 40001, RST)
        assert rst.seq in (fin.seq, fin.seq + 1)
        assert g.end() == 0


@pytest.mark.builds("checked", "shipped")
def test_written_data_leaves_before_the_fin():
    """The peer's window of 2,000 bytes is full when the button is pressed.  When the window opens, the guest sends the
    data that chargen has written, and then the FIN."""
    with ButtonGuest(net="dgram") as g:
        p = Peer(g)
        p.send_tcp(40002, 19, 1000, 0, SYN, window=2000, options=bytes([2, 4, 1460 >> 8, 1460 & 255]))
        s = p.recv_tcp(40002)
        nxt = s.seq + 1
        p.send_tcp(40002, 19, 1001, nxt, ACK, window=2000)
        while nxt < s.seq + 1 + 2000:
            d = p.recv_tcp(40002)
            if d.seq == nxt:
                nxt += len(d.payload)
        press(g)
        g.wait(r"power button")
        p.send_tcp(40002, 19, 1001, nxt, ACK, window=65535)
        while True:
            d = p.recv_tcp(40002)
            assert not d.flags & RST, "cut off though the window was open"
            if d.seq == nxt:
                nxt += len(d.payload)
                p.send_tcp(40002, 19, 1001, nxt, ACK, window=65535)
                if d.flags & FIN:
                    break
        p.send_tcp(40002, 19, 1001, nxt + 1, ACK | FIN)
        assert g.end() == 0


def test_no_new_connection_during_the_shutdown():
    """A SYN between the press of the button and the power-off is refused."""
    with ButtonGuest(net="dgram") as g:
        p = Peer(g)
        accepted(p, 40003)            # this connection never answers again: the machine waits for it
        press(g)
        until(p, 40003, FIN)
        p.send_tcp(40004, 7, 1, 0, SYN)
        assert p.recv_tcp(40004).flags == RST | ACK
        assert g.end() == 0


@pytest.mark.builds("checked", "shipped")
@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_button_without_connections(machine):
    with ButtonGuest(machine=machine) as g:
        press(g)
        assert g.end() == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_an_application_that_returns_closes_and_powers_off(machine):
    """apps/hello.c returns without closing its connection; the kernel closes it and powers off (microvm: by a reset)."""
    extra = ["-initrd", os.path.join(ROOT, "build/apps/hello.cpio")]
    with Guest(machine=machine, net="dgram", extra=extra) as g:
        p = Peer(g)
        seq, ack = establish(p, 40005)
        greeting = b""
        while True:
            s = p.recv_tcp(40005)
            if s.seq == ack:
                greeting += s.payload
                ack += len(s.payload) + bool(s.flags & FIN)
                p.send_tcp(40005, 7, seq, ack, ACK)
                if s.flags & FIN:
                    break
        assert greeting == b"hello\n"
        p.send_tcp(40005, 7, seq, ack, ACK | FIN)
        assert g.end() == 0
