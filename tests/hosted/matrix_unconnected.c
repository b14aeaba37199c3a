/* SPDX-License-Identifier: MIT */
/*
 * The matrix's rows without a connection: a port without a socket, and a listener.
 *
 * Callers: matrix.c.  RFC 9293 3.10.7.1 and 3.10.7.2; columns: matrix.h.
 */
#include "tests/hosted/matrix.h"

/* clang-format off */
static const struct row rows[] = {
	/* A SYN. */
	{SYN_ANY | SYN_PAWS,                CLOSED, "RA 0 seg.end",     SAME,
	 "OutRsts", "NO_SOCKET", "RFC 9293 3.10.7.1"},
	{SYN_FRESH | SYN_WINDOW | SYN_OLD |
	 SYN_AGAIN | SYN_REBORN,            LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "RFC 9293 3.10.7.2 third"},
	{SYN_DATA,                          LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "Linux: drops the bytes; the peer sends them again"},
	{SYN_PAWS,                          LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "RFC 9293 3.10.7.2 third: no earlier timestamp is known"},

	/* An ACK is not acceptable here: answer with a reset. */
	{SYNACK_ANY | ACK_ANY | DATA_ANY |
	 FIN_ANY | TS_OLD,                 CLOSED, "R seg.ack", SAME,
	 "OutRsts", "NO_SOCKET", "RFC 9293 3.10.7.1"},
	{SYNACK_ANY | ACK_ANY | DATA_ANY |
	 FIN_ANY | TS_OLD,                 LISTEN, "R seg.ack", SAME,
	 "OutRsts", "TCP_FLAGS", "RFC 9293 3.10.7.2 second"},

	/* A reset is never answered. */
	{RST_ANY | RSTACK_ANY | SYN_RST, CLOSED, "", SAME,
	 "", "NO_SOCKET", "RFC 9293 3.10.7.1"},
	{RST_ANY | SYN_RST,              LISTEN, "", SAME,
	 "", "TCP_RESET", "RFC 9293 3.10.7.2 first"},
	{RSTACK_ANY,                     LISTEN, "", SAME,
	 "", "TCP_FLAGS", "RFC 9293 3.10.7.2 first"},

	/* Segments that no conforming peer sends. */
	{FIN_NO_ACK | NO_FLAGS | SYN_FIN, CLOSED,          "RA 0 seg.end", SAME,
	 "OutRsts",             "NO_SOCKET", "RFC 9293 3.10.7.1"},
	{FIN_NO_ACK | NO_FLAGS,           LISTEN,          "",             SAME,
	 "",                    "TCP_FLAGS", "RFC 9293 3.10.7.2 fourth"},
	{SYN_FIN,                         LISTEN,          "",             SAME,
	 "",                    "TCP_FLAGS", "Linux: no honest SYN has a FIN"},
	{BAD_SUM,                         CLOSED | LISTEN, "",             SAME,
	 "InErrs InCsumErrors", "TCP_CSUM",  "RFC 9293 3.1: checksum"},

	/* A SYN with odd options is answered like any other SYN. */
	{OPT_ANY,                     CLOSED, "RA 0 seg.end",     SAME,
	 "OutRsts", "NO_SOCKET", "RFC 9293 3.10.7.1"},
	{OPT_LENGTH_0 | OPT_PAST_END, LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "Linux: options end there"},
	{OPT_WSCALE_15,               LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "RFC 7323 2.3: taken as 14"},
	{OPT_MSS_0,                   LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "Linux: counts as absent, so 536"},
	{OPT_TS_SHORT,                LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "Linux: no timestamp"},
	{OPT_TWICE,                   LISTEN, "SA iss seg.seq+1", SYN_RECV,
	 "",        "",          "Linux: the last of them counts"},
};
/* clang-format on */

const struct table matrix_unconnected = {"unconnected", rows, sizeof(rows) / sizeof(rows[0])};
