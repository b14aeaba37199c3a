/* SPDX-License-Identifier: MIT */
/*
 * The matrix's rows for timewait sockets, the small objects that replace the socket of a connection
 * that the application has closed: in FIN_WAIT2 such an object waits for the peer's FIN, in
 * TIME_WAIT until old segments have left the network.
 *
 * Callers: matrix.c.  RFC 9293 3.10.7.4, RFC 1122 4.2.2.13, RFC 6191; Linux's
 * tcp_timewait_state_process(); columns: matrix.h.
 */
#include "tests/hosted/matrix.h"

/* clang-format off */
static const struct row rows[] = {
	/*
	 * A SYN.  In FIN_WAIT2 it opens no connection.  In TIME_WAIT it opens one if its sequence
	 * number or its timestamp proves that the SYN is newer than the old connection.
	 */
	{SYN_FRESH | SYN_OLD | SYN_AGAIN |
	 SYN_DATA | SYN_REBORN,        FIN_WAIT2_TW,             "A nxt rcv",              SAME,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first"},
	{SYN_WINDOW | SYN_FIN,         FIN_WAIT2_TW,             "RA 0 seg.end",           CLOSED,
	 "OutRsts",   "TCP_TIMEWAIT", "Linux: nothing to lose; RFC 5961 4.2: challenge"},
	{SYN_PAWS,                     FIN_WAIT2_TW,             "A nxt rcv",              SAME,
	 "",          "TCP_TIMEWAIT", "RFC 7323 5.3 R1"},
	{SYN_FRESH | SYN_WINDOW,       TIME_WAIT,                "SA nxt+65537 seg.seq+1", SYN_RECV,
	 "",          "",             "RFC 1122 4.2.2.13: above its last number"},
	{SYN_OLD | SYN_AGAIN | SYN_DATA |
	 SYN_FIN,                      TIME_WAIT,                "A nxt rcv",              SAME,
	 "",          "TCP_TIMEWAIT", "RFC 6191 2: neither number nor timestamp is newer"},
	{SYN_REBORN,                   TIME_WAIT,                "SA nxt+65537 seg.seq+1", SYN_RECV,
	 "",          "",             "RFC 6191 2: its timestamp is newer"},
	{SYN_PAWS,                     TIME_WAIT,                "A nxt rcv",              SAME,
	 "PAWSEstab", "TCP_TIMEWAIT", "RFC 6191 2: its timestamp is older"},
	{SYNACK_ANY,                   FIN_WAIT2_TW | TIME_WAIT, "A nxt rcv",              SAME,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first"},

	/* An ACK changes nothing, so its acknowledgment number is not checked. */
	{ACK_ANCIENT | ACK_ABOVE,      FIN_WAIT2_TW | TIME_WAIT, "", SAME,
	 "", "TCP_TIMEWAIT", "Linux: nothing is left to send"},
	{ACK_OLD | ACK_EQUAL | ACK_PART |
	 ACK_ALL | ACK_ZERO,           FIN_WAIT2_TW | TIME_WAIT, "", SAME,
	 "", "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 fifth: ignored"},

	/* Data, which no application can read any more. */
	{DATA_NEXT,                  FIN_WAIT2_TW, "R seg.ack", CLOSED,
	 "OutRsts",   "TCP_TIMEWAIT", "RFC 1122 4.2.2.13: the data is lost"},
	{DATA_AHEAD | DATA_LEFT |
	 DATA_RIGHT | DATA_ANCIENT |
	 DATA_ABOVE | DATA_URGENT,   FIN_WAIT2_TW, "R seg.ack", CLOSED,
	 "OutRsts",   "TCP_TIMEWAIT", "RFC 1122 4.2.2.13"},
	{DATA_OUT,                   FIN_WAIT2_TW, "A nxt rcv", SAME,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first"},
	{TS_OLD,                     FIN_WAIT2_TW, "A nxt rcv", SAME,
	 "",          "TCP_TIMEWAIT", "RFC 7323 5.3 R1"},
	{DATA_ANY,                   TIME_WAIT,    "A nxt rcv", SAME,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first: outside"},
	{TS_OLD,                     TIME_WAIT,    "A nxt rcv", SAME,
	 "PAWSEstab", "TCP_TIMEWAIT", "RFC 7323 5.3 R1"},

	/* A FIN: the expected one, a copy of it, or another. */
	{FIN_NEXT | FIN_ACKS,          FIN_WAIT2_TW, "A nxt rcv+1", TIME_WAIT,
	 "",        "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 eighth"},
	{FIN_AHEAD,                    FIN_WAIT2_TW, "R seg.ack",   CLOSED,
	 "OutRsts", "TCP_TIMEWAIT", "RFC 1122 4.2.2.13: there are bytes before it"},
	{FIN_DATA,                     FIN_WAIT2_TW, "R seg.ack",   CLOSED,
	 "OutRsts", "TCP_TIMEWAIT", "RFC 1122 4.2.2.13"},
	{FIN_AGAIN | FIN_BEYOND,       FIN_WAIT2_TW, "A nxt rcv",   SAME,
	 "",        "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first"},
	{FIN_NO_ACK,                   FIN_WAIT2_TW, "",            SAME,
	 "",        "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 fifth: no ACK bit"},
	{FIN_AGAIN,                    TIME_WAIT,    "A nxt rcv",   SAME,
	 "",        "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 eighth: our ACK was lost"},
	{FIN_NEXT | FIN_ACKS | FIN_AHEAD |
	 FIN_DATA | FIN_BEYOND |
	 FIN_NO_ACK,                   TIME_WAIT,    "A nxt rcv",   SAME,
	 "",        "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first: outside"},

	/* A reset. */
	{RST_EXACT | RSTACK_EXACT,     FIN_WAIT2_TW, "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 5961 3.2"},
	{RST_MINUS1 | RST_OUT |
	 RSTACK_BEYOND,                FIN_WAIT2_TW, "", SAME,
	 "",          "TCP_TIMEWAIT", "RFC 5961 3.2: outside"},
	{RST_WINDOW | RSTACK_WINDOW,   FIN_WAIT2_TW, "", CLOSED,
	 "",          "TCP_TIMEWAIT", "Linux: nothing to lose; RFC 5961 3.2: challenge"},
	{RST_EDGE,                     FIN_WAIT2_TW, "", CLOSED,
	 "",          "TCP_TIMEWAIT", "Linux: the edge is inside"},
	{RST_PAWS,                     FIN_WAIT2_TW, "", SAME,
	 "",          "TCP_TIMEWAIT", "Linux: PAWS rejects resets too"},
	{RSTACK_ABOVE,                 FIN_WAIT2_TW, "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4: RST before ACK"},
	{SYN_RST,                      FIN_WAIT2_TW, "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4: RST before SYN"},
	{RST_EXACT | RSTACK_EXACT,     TIME_WAIT,    "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4; RFC 1337 describes the hazard"},
	{RST_MINUS1 | RST_EDGE | RST_OUT |
	 RSTACK_BEYOND,                TIME_WAIT,    "", SAME,
	 "",          "TCP_TIMEWAIT", "RFC 5961 3.2: outside"},
	{RST_WINDOW | RSTACK_WINDOW,   TIME_WAIT,    "", SAME,
	 "",          "TCP_TIMEWAIT", "Linux: only an exact number counts, no challenge"},
	{RST_PAWS,                     TIME_WAIT,    "", SAME,
	 "PAWSEstab", "TCP_TIMEWAIT", "RFC 1337; Linux: PAWS rejects resets too"},
	{RSTACK_ABOVE,                 TIME_WAIT,    "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4: RST before ACK"},
	{SYN_RST,                      TIME_WAIT,    "", CLOSED,
	 "",          "TCP_TIMEWAIT", "RFC 9293 3.10.7.4: RST before SYN"},

	/* Segments that no conforming peer sends, and odd options. */
	{NO_FLAGS, FIN_WAIT2_TW | TIME_WAIT, "",          SAME,
	 "",                    "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 fifth: no ACK bit"},
	{BAD_SUM,  FIN_WAIT2_TW | TIME_WAIT, "",          SAME,
	 "InErrs InCsumErrors", "TCP_CSUM",     "RFC 9293 3.1: checksum"},
	{OPT_ANY,  FIN_WAIT2_TW,             "R seg.ack", CLOSED,
	 "OutRsts",             "TCP_TIMEWAIT", "RFC 1122 4.2.2.13"},
	{OPT_ANY,  TIME_WAIT,                "A nxt rcv", SAME,
	 "",                    "TCP_TIMEWAIT", "RFC 9293 3.10.7.4 first: outside"},
};
/* clang-format on */

const struct table matrix_timewait = {"timewait", rows, sizeof(rows) / sizeof(rows[0])};
