# SPDX-License-Identifier: MIT
"""Random setsockopt() and getsockopt() calls: the kind `opts`.

generate.py calls make(). TCP sockets are fresh, bound, listening, connected to each other over the loopback, half closed or
closed by the peer; UDP sockets are fresh, bound or connected. Each call has a random level, option, length and value; the
answer is the errno, or the returned length and value. An option that this kernel does not have (ENOPROTOOPT) is not
in these tables, and neither is one whose value depends on the machine.
"""
NONBLOCK = 0o4000
INET, STREAM, DGRAM, UDP = 2, 1, 2, 17
SOL_IP, SOL_SOCKET, SOL_TCP, SOL_UDP = 0, 1, 6, 17
SO_LINGER = 13              # Linux keeps a negative time as an unsigned number
WAIT = 2
VALUES = (0, 0, 1, 1, 1, -1, 2, 3, 5, 64, 100, 127, 128, 255, 256, 1000, 32767, 32768, 40000, 65535, 65536, 1 << 20, 1 << 30, -2, -1 << 31)
LENGTHS = (4, 4, 4, 4, 4, 4, 8, 1, 2, 3, 5, 12, 16, 0, 64, -1)
# options of each level that can be set and read back; value: 1 if the value must be equal on both machines
SOCKET = {2: 1, 3: 1, 4: 1, 6: 1, 9: 1, 10: 1, 13: 1, 15: 1, 18: 1, 19: 1, 20: 1, 21: 1, 29: 1, 30: 1, 35: 1, 38: 1,
          39: 1, 45: 1, 47: 1, 7: 0, 8: 0, 99: 1, 1000: 1}
IP = {1: 1, 2: 1, 10: 1, 11: 1, 24: 1, 14: 1, 199: 1, 34: 1, 49: 1}
SOCKET_UDP, SOCKET_TCP = {42: 1}, {60: 1}
IP_DGRAM = {33: 1, 8: 1, 12: 1, 13: 1, 20: 1}
TCP = {1: 1, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 0, 9: 1, 10: 0, 12: 1, 18: 1, 25: 1, 27: 1, 30: 1, 34: 1, 36: 1, 99: 1}
UDP_OPTIONS = {1: 1, 103: 1, 99: 1}
READ_ONLY = ((SOL_SOCKET, 3), (SOL_SOCKET, 4), (SOL_SOCKET, 30), (SOL_SOCKET, 38), (SOL_SOCKET, 39), (SOL_SOCKET, 19), (SOL_IP, 14))
TWO_LAYERS = (SOL_TCP, 27, 2)   # TCP_SAVE_SYN with the link header, which this kernel refuses
BAD_LEVELS = (2, 41, 99, 255, 256, -1)


def tables(protocol):
    """Returns [(level, option, shown)] for a socket."""
    levels = [(SOL_SOCKET, SOCKET), (SOL_IP, IP)]
    levels += [(SOL_UDP, UDP_OPTIONS), (SOL_IP, IP_DGRAM), (SOL_SOCKET, SOCKET_UDP)] if protocol == UDP else [
        (SOL_TCP, TCP), (SOL_SOCKET, SOCKET_TCP)]
    return [(level, option, shown) for level, table in levels for option, shown in table.items()]


def one(maker, name, protocol):
    """Adds one call."""
    rng = maker.rng
    level, option, shown = rng.choice(tables(protocol))
    if rng.random() < .03:
        level = rng.choice(BAD_LEVELS)
    length = rng.choice(LENGTHS)
    if rng.random() < .1:
        length = rng.randint(0, 64)
    if rng.random() < .5:
        maker.step("get", name, level, option, length, shown, wait=WAIT)
        return
    value = rng.choice(VALUES) if rng.random() < .8 else rng.randint(-1 << 31, (1 << 31) - 1)
    value &= 0x7fffffff if option == SO_LINGER else -1
    value = 1 if (level, option, value) == TWO_LAYERS else value
    maker.step("set", name, level, option, length, value, rng.choice((0, 0, value & 0x7fffffff, 1, 1000000)), wait=WAIT)
    if rng.random() < .6:
        maker.step("get", name, level, option, 16 if option in (13, 20, 21) else rng.choice((4, 4, 8, 1)), shown, wait=0)


def tcp_socket(maker):
    """Adds a TCP socket in a random state; returns its name."""
    rng, name = maker.rng, maker.new_socket()
    maker.step("socket", name, INET, STREAM | NONBLOCK, 0, wait=0)
    state = rng.choice(("fresh", "bound", "listening", "connected", "connected", "accepted", "closing", "orphan", "refused", "sent"))
    if state in ("fresh", "refused", "sent"):
        if state != "fresh":
            maker.step("connect", name, "lo" if state == "refused" else "peer", "p3", INET, 16, wait=WAIT)
        return name
    maker.step("bind", name, "lo", "p1", INET, 16, wait=0)
    if state == "bound":
        return name
    maker.step("listen", name, 4, wait=0)
    if state == "listening":
        return name
    client, child = maker.new_socket(), maker.new_socket()
    maker.step("socket", client, INET, STREAM | NONBLOCK, 0, wait=0)
    maker.step("connect", client, "lo", "p1", INET, 16, wait=WAIT)
    maker.step("accept", name, child, NONBLOCK, wait=WAIT)
    if state == "closing":
        maker.step("shutdown", client, 1, wait=WAIT)
    elif state == "orphan":
        maker.step("close", client, wait=WAIT)
        return child
    return child if state == "accepted" else client


def udp_socket(maker):
    """Adds a UDP socket in a random state; returns its name."""
    rng, name = maker.rng, maker.new_socket()
    maker.step("socket", name, INET, DGRAM | NONBLOCK, UDP, wait=0)
    if rng.random() < .5:
        maker.step("bind", name, rng.choice(("lo", "any", "local")), "p2", INET, 16, wait=0)
    if rng.random() < .5:
        maker.step("connect", name, rng.choice(("lo", "peer")), "p3", INET, 16, wait=0)
    return name


def make(maker):
    """Adds steps with options to @maker."""
    protocol = maker.rng.choice((0, 0, UDP))
    name = udp_socket(maker) if protocol == UDP else tcp_socket(maker)
    for _ in range(maker.rng.randint(10, 40)):
        one(maker, name, protocol)
        if protocol == 0 and maker.rng.random() < .03:
            maker.step("connect", name, "any", 0, 0, 16, wait=WAIT)
