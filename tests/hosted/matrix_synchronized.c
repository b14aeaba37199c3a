/* SPDX-License-Identifier: MIT */
/*
 * The matrix's rows for full sockets in the states after the handshake.
 *
 * Callers: matrix.c.  RFC 9293 3.10.7.4 checks a segment in this order: sequence number, RST, SYN,
 * ACK, text, FIN.  RFC 5961 changes the first four checks; the check of RFC 7323 5.3 comes before them.
 * Columns: matrix.h.
 */
#include "tests/hosted/matrix.h"

/* States in which the peer may still send and the application reads. */
#define READING (ESTABLISHED | FIN_WAIT1 | FIN_WAIT2)
/* States after the peer's FIN. */
#define FINISHED (CLOSE_WAIT | CLOSING | LAST_ACK)
#define ALL      (READING | FINISHED | FIN_WAIT1_ORPHAN)
/*
 * Linux counts a SYN in these states as a challenge but not as an error. In ESTABLISHED it counts
 * the error, too (tcp_rcv_established()).
 */
#define OTHER_SIX (ALL & ~ESTABLISHED)
/* A reset in these states does not count in tcpEstabResets (RFC 4022). */
#define UNCOUNTED (ALL & ~(ESTABLISHED | CLOSE_WAIT))

/* clang-format off */
static const struct row rows[] = {
	/*
	 * A SYN with any sequence number is challenged: a peer that has restarted answers the
	 * challenge with a reset.
	 */
	{SYN_ANY | SYN_PAWS | SYN_FIN | SYNACK_ANY, ESTABLISHED, "A nxt rcv", SAME,
	 "InErrs TCPSYNChallenge TCPChallengeACK", "TCP_INVALID_SYN", "RFC 5961 4.2"},
	{SYN_ANY | SYN_PAWS | SYN_FIN | SYNACK_ANY, OTHER_SIX,  "A nxt rcv", SAME,
	 "TCPSYNChallenge TCPChallengeACK", "TCP_INVALID_SYN", "RFC 5961 4.2"},
	/*
	 * An old timestamp.  (A SYN with an old timestamp is challenged like any other SYN, as on
	 * Linux.)
	 */
	{TS_OLD,                         ALL,         "A nxt rcv", SAME,
	 "PAWSEstab", "TCP_PAWS",        "RFC 7323 5.3 R1"},

	/* An ACK without data. */
	{ACK_ANCIENT,        ALL,                                     "A nxt rcv", SAME,
	 "TCPChallengeACK", "TCP_INVALID_ACK", "RFC 5961 5.2"},
	{ACK_OLD,            ALL & ~FIN_WAIT2,                        "A nxt rcv", SAME,
	 "TCPChallengeACK", "TCP_INVALID_ACK", "RFC 5961 5.2: nothing was sent before una"},
	{ACK_ABOVE,          ALL,                                     "A nxt rcv", SAME,
	 "TCPChallengeACK", "TCP_INVALID_ACK", "RFC 5961 5.2, 9293 3.10.7.4 fifth"},
	{ACK_OLD,            FIN_WAIT2,                               "",          SAME,
	 "",                "",                "RFC 9293 3.10.7.4 fifth: ignored"},
	{ACK_EQUAL,          ALL,                                     "",          SAME,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth; 5681 2"},
	{ACK_PART | ACK_ALL, ESTABLISHED,                             "",          SAME,
	 "TCPHPAcks",       "",                "RFC 9293 3.10.7.4 fifth"},
	{ACK_PART,           FIN_WAIT1 | FIN_WAIT1_ORPHAN | FINISHED, "",          SAME,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: not our FIN"},
	{ACK_PART,           FIN_WAIT2,                               "",          SAME,
	 "",                "",                "RFC 9293 3.10.7.4 fifth: ignored"},
	{ACK_ALL,            FIN_WAIT2 | CLOSE_WAIT,                  "",          SAME,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth"},
	{ACK_ALL | ACK_ZERO, FIN_WAIT1,                               "",          FIN_WAIT2,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: our FIN"},
	{ACK_ALL | ACK_ZERO, FIN_WAIT1_ORPHAN,                        "",          FIN_WAIT2_TW,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: our FIN"},
	{ACK_ALL | ACK_ZERO, CLOSING,                                 "",          TIME_WAIT,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: our FIN"},
	{ACK_ALL | ACK_ZERO, LAST_ACK,                                "",          CLOSED,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: our FIN"},
	{ACK_ZERO,           ESTABLISHED | FIN_WAIT2 | CLOSE_WAIT,    "",          SAME,
	 "TCPPureAcks",     "",                "RFC 9293 3.10.7.4 fifth: SND.WND"},

	/* Data.  After the peer's FIN no data is accepted. */
	{DATA_NEXT,                 ESTABLISHED,           "A nxt rcv+4", SAME,
	 "TCPHPHits",       "",                     "RFC 9293 3.10.7.4 seventh"},
	{DATA_NEXT,                 FIN_WAIT1 | FIN_WAIT2, "A nxt rcv+4", SAME,
	 "",                "",                     "RFC 9293 3.10.7.4 seventh"},
	{DATA_NEXT | DATA_AHEAD,    FINISHED,              "",            SAME,
	 "",                "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 seventh: ignored"},
	{DATA_RIGHT,                LAST_ACK,              "",            SAME,
	 "",                "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 seventh: ignored"},
	{DATA_RIGHT | DATA_EDGE,    CLOSE_WAIT | CLOSING,  "A nxt rcv",   SAME,
	 "",                "TCP_OVERWINDOW",       "Linux: ends beyond, and the FIN is in the queue"},
	{DATA_IN,                   FIN_WAIT1_ORPHAN,      "R seg.ack",   CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA",    "RFC 1122 4.2.2.13: the data is lost"},
	{DATA_AHEAD,                READING,               "A nxt rcv",   SAME,
	 "TCPOFOQueue",     "",                     "RFC 5681 4.2: at once"},
	{DATA_LEFT,                 READING,               "A nxt rcv+2", SAME,
	 "",                "",                     "RFC 9293 3.10.7.4 first: trimmed"},
	{DATA_LEFT,                 CLOSING | LAST_ACK,    "R seg.ack",   CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA",    "Linux: beyond the FIN: lost"},
	{DATA_LEFT,                 CLOSE_WAIT,            "R seg.ack",   CLOSED,
	 "TCPAbortOnData OutRsts EstabResets", "TCP_ABORT_ON_DATA", "Linux: beyond the FIN: lost"},
	{DATA_RIGHT,                READING,               "A nxt rcv",   SAME,
	 "TCPOFOQueue",     "",                     "Linux: begins inside, so kept whole"},
	{DATA_EDGE,                 READING,               "A nxt rcv",   SAME,
	 "",                "TCP_OVERWINDOW",       "RFC 9293 3.10.7.4 first"},
	{DATA_EDGE,                 LAST_ACK,              "",            SAME,
	 "",                "TCP_INVALID_SEQUENCE", "Linux: the edge is inside; ignored"},
	{DATA_EDGE,                 FIN_WAIT1_ORPHAN,      "R seg.ack",   CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA",    "Linux: the edge is inside; lost"},
	{DATA_BEYOND,               ALL,                   "A nxt rcv",   SAME,
	 "",                "TCP_OVERWINDOW",       "RFC 9293 3.10.7.4 first"},
	{DATA_OLD,                  ALL,                   "A nxt rcv",   SAME,
	 "DelayedACKLost",  "TCP_OLD_DATA",         "RFC 9293 3.10.7.4 first"},
	{DATA_ANCIENT | DATA_ABOVE, ALL,                   "A nxt rcv",   SAME,
	 "TCPChallengeACK", "TCP_INVALID_ACK",      "RFC 5961 5.2"},
	{DATA_URGENT,               READING,               "A nxt rcv+4", SAME,
	 "",                "",                     "RFC 9293 3.10.7.4 sixth; 6093"},
	{DATA_URGENT,               FINISHED,              "",            SAME,
	 "",                "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 sixth: ignored"},

	/* A FIN. */
	{FIN_NEXT | FIN_ACKS, ESTABLISHED,                              "~A nxt rcv+1", CLOSE_WAIT,
	 "DelayedACKs",    "",                     "RFC 9293 3.10.7.4 eighth; 1122 4.2.3.2"},
	{FIN_NEXT,            FIN_WAIT1 | FIN_WAIT1_ORPHAN,             "A nxt rcv+1",  CLOSING,
	 "",               "",                     "RFC 9293 3.10.7.4 eighth"},
	{FIN_NEXT,            FIN_WAIT2,                                "A nxt rcv+1",  TIME_WAIT,
	 "",               "",                     "RFC 9293 3.10.7.4 eighth"},
	{FIN_NEXT,            FINISHED,                                 "",             SAME,
	 "",               "TCP_INVALID_SEQUENCE", "Linux: a second FIN is ignored"},
	{FIN_ACKS,            FIN_WAIT1 | FIN_WAIT2 | FIN_WAIT1_ORPHAN, "A nxt rcv+1",  TIME_WAIT,
	 "",               "",                     "RFC 9293 3.10.7.4 eighth"},
	{FIN_ACKS,            CLOSE_WAIT,                               "",             SAME,
	 "",               "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 eighth: remain"},
	{FIN_ACKS,            CLOSING,                                  "",             TIME_WAIT,
	 "",               "",                     "RFC 9293 3.10.7.4 fifth: our FIN"},
	{FIN_ACKS,            LAST_ACK,                                 "",             CLOSED,
	 "",               "",                     "RFC 9293 3.10.7.4 fifth: our FIN"},
	{FIN_AHEAD,           READING,                                  "A nxt rcv",    SAME,
	 "TCPOFOQueue",    "",                     "RFC 5681 4.2: at once"},
	{FIN_AHEAD,           FINISHED,                                 "",             SAME,
	 "",               "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 eighth: remain"},
	{FIN_AHEAD,           FIN_WAIT1_ORPHAN,                         "R seg.ack",    CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA", "RFC 1122 4.2.2.13: bytes are before it"},
	{FIN_DATA,            ESTABLISHED,                              "~A nxt rcv+5", CLOSE_WAIT,
	 "DelayedACKs",    "",                     "RFC 9293 3.10.7.4 eighth; 1122 4.2.3.2"},
	{FIN_DATA,            FIN_WAIT1,                                "A nxt rcv+5",  CLOSING,
	 "",               "",                     "RFC 9293 3.10.7.4 eighth"},
	{FIN_DATA,            FIN_WAIT2,                                "A nxt rcv+5",  TIME_WAIT,
	 "",               "",                     "RFC 9293 3.10.7.4 eighth"},
	{FIN_DATA,            FINISHED,                                 "",             SAME,
	 "",               "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 eighth: ignored"},
	{FIN_DATA,            FIN_WAIT1_ORPHAN,                         "R seg.ack",    CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA",    "RFC 1122 4.2.2.13: the data is lost"},
	{FIN_AGAIN,           ALL,                                      "A nxt rcv",    SAME,
	 "DelayedACKLost", "TCP_OLD_DATA",         "RFC 9293 3.10.7.4 first"},
	{FIN_BEYOND,          ALL,                                      "A nxt rcv",    SAME,
	 "",               "TCP_OVERWINDOW",       "RFC 9293 3.10.7.4 first"},
	{FIN_NO_ACK,          ALL,                                      "",             SAME,
	 "",               "TCP_FLAGS",            "RFC 9293 3.10.7.4 fifth: no ACK bit"},

	/*
	 * A reset ends the connection only with the exact number; after the peer's FIN, Linux also
	 * accepts rcv-1.
	 */
	{RST_EXACT | RSTACK_EXACT,   ESTABLISHED | CLOSE_WAIT,   "",          CLOSED,
	 "EstabResets",     "TCP_RESET",       "RFC 5961 3.2"},
	{RST_EXACT | RSTACK_EXACT,   UNCOUNTED,                  "",          CLOSED,
	 "",                "TCP_RESET",       "RFC 5961 3.2"},
	{RST_MINUS1,                 READING | FIN_WAIT1_ORPHAN, "",          SAME,
	 "",                "TCP_RST_INVALID", "RFC 5961 3.2: outside"},
	{RST_MINUS1,                 CLOSE_WAIT,                 "",          CLOSED,
	 "EstabResets",     "TCP_RESET",       "Linux: some peers do not count their FIN"},
	{RST_MINUS1,                 CLOSING | LAST_ACK,         "",          CLOSED,
	 "",                "TCP_RESET",       "Linux: some peers do not count their FIN"},
	{RST_WINDOW | RSTACK_WINDOW, ALL,                        "A nxt rcv", SAME,
	 "TCPChallengeACK", "TCP_RST_INVALID", "RFC 5961 3.2"},
	{RST_EDGE,                   ALL,                        "A nxt rcv", SAME,
	 "TCPChallengeACK", "TCP_RST_INVALID", "Linux: the edge is inside"},
	{RST_OUT | RSTACK_BEYOND,    ALL,                        "",          SAME,
	 "",                "TCP_RST_INVALID", "RFC 5961 3.2: outside"},
	{RST_PAWS,                   ESTABLISHED | CLOSE_WAIT,   "",          CLOSED,
	 "EstabResets",     "TCP_RESET",       "RFC 7323 5.3 R1: not for resets"},
	{RST_PAWS,                   UNCOUNTED,                  "",          CLOSED,
	 "",                "TCP_RESET",       "RFC 7323 5.3 R1: not for resets"},
	{RSTACK_ABOVE,               ESTABLISHED | CLOSE_WAIT,   "",          CLOSED,
	 "EstabResets",     "TCP_RESET",       "RFC 9293 3.10.7.4: RST before ACK"},
	{RSTACK_ABOVE,               UNCOUNTED,                  "",          CLOSED,
	 "",                "TCP_RESET",       "RFC 9293 3.10.7.4: RST before ACK"},
	{SYN_RST,                    ESTABLISHED | CLOSE_WAIT,   "",          CLOSED,
	 "EstabResets",     "TCP_RESET",       "RFC 9293 3.10.7.4: RST before SYN"},
	{SYN_RST,                    UNCOUNTED,                  "",          CLOSED,
	 "",                "TCP_RESET",       "RFC 9293 3.10.7.4: RST before SYN"},

	/* Segments that no conforming peer sends, and odd options. */
	{NO_FLAGS,                    ALL,              "",            SAME,
	 "",                    "TCP_FLAGS",            "RFC 9293 3.10.7.4 fifth: no ACK bit"},
	{BAD_SUM,                     ALL,              "",            SAME,
	 "InErrs InCsumErrors", "TCP_CSUM",             "RFC 9293 3.1: checksum"},
	{OPT_LENGTH_0 | OPT_PAST_END, READING,          "A nxt rcv+4", SAME,
	 "",                    "",                     "Linux: options end there; 9293 is free"},
	{OPT_WSCALE_15,               READING,          "A nxt rcv+4", SAME,
	 "",                    "",                     "RFC 7323 2.2: for SYNs only"},
	{OPT_MSS_0,                   READING,          "A nxt rcv+4", SAME,
	 "",                    "",                     "RFC 9293 3.7.1: for SYNs only"},
	{OPT_TS_SHORT,                READING,          "A nxt rcv+4", SAME,
	 "", "", "Linux: without a timestamp; 7323 3.2 drops"},
	{OPT_TWICE,                   READING,          "A nxt rcv+4", SAME,
	 "",                    "",                     "Linux: the last of them counts"},
	{OPT_ANY,                     FINISHED,         "",            SAME,
	 "",                    "TCP_INVALID_SEQUENCE", "RFC 9293 3.10.7.4 seventh: ignored"},
	{OPT_ANY,                     FIN_WAIT1_ORPHAN, "R seg.ack",   CLOSED,
	 "TCPAbortOnData OutRsts", "TCP_ABORT_ON_DATA",    "RFC 1122 4.2.2.13: the data is lost"},
};
/* clang-format on */

const struct table matrix_synchronized = {"synchronized", rows, sizeof(rows) / sizeof(rows[0])};
