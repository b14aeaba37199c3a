/* SPDX-License-Identifier: MIT */
/*
 * The messages of a socket's error queue, and SO_TIMESTAMPING, as Linux's x86-64 system calls see
 * them: constants and layouts.
 */
#ifndef UAPI_ERRQUEUE_H
#define UAPI_ERRQUEUE_H

#include "in.h"
#include "time.h"

/* The control message IP_RECVERR; the address of the host that reported the error follows it. */
struct sock_extended_err {
	uint32_t ee_errno;
	uint8_t ee_origin; /* SO_EE_ORIGIN_* */
	uint8_t ee_type;   /* type of the ICMP message */
	uint8_t ee_code;   /* code of the ICMP message, or SO_EE_CODE_* */
	uint8_t ee_pad;
	uint32_t ee_info;
	uint32_t ee_data;
};

#define SO_EE_ORIGIN_NONE         0
#define SO_EE_ORIGIN_LOCAL        1
#define SO_EE_ORIGIN_ICMP         2
#define SO_EE_ORIGIN_TIMESTAMPING 4
#define SO_EE_ORIGIN_ZEROCOPY     5

#define SO_EE_CODE_ZEROCOPY_COPIED 1

/* The control message SCM_TIMESTAMPING; ts[0] is the time of day, the others are 0 here. */
struct scm_timestamping {
	struct timespec ts[3];
};

/* Values of ee_info with SO_EE_ORIGIN_TIMESTAMPING: the event whose time the message reports. */
#define SCM_TSTAMP_SND   0 /* the driver got the packet */
#define SCM_TSTAMP_SCHED 1 /* the device's queue got the packet */
#define SCM_TSTAMP_ACK   2 /* the peer acknowledged the data */

/* Bits of SO_TIMESTAMPING. */
#define SOF_TIMESTAMPING_TX_HARDWARE (1 << 0)
#define SOF_TIMESTAMPING_TX_SOFTWARE (1 << 1)
#define SOF_TIMESTAMPING_RX_SOFTWARE (1 << 3)
#define SOF_TIMESTAMPING_SOFTWARE    (1 << 4)
#define SOF_TIMESTAMPING_OPT_ID      (1 << 7)
#define SOF_TIMESTAMPING_TX_SCHED    (1 << 8)
#define SOF_TIMESTAMPING_TX_ACK      (1 << 9)
#define SOF_TIMESTAMPING_OPT_CMSG    (1 << 10)
#define SOF_TIMESTAMPING_OPT_TSONLY  (1 << 11)
#define SOF_TIMESTAMPING_OPT_STATS   (1 << 12)
#define SOF_TIMESTAMPING_OPT_ID_TCP  (1 << 16)
/* The bits that a control message may set for one datagram: the events whose time is reported. */
#define SOF_TIMESTAMPING_TX_RECORD_MASK                                                            \
	(SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | \
	 SOF_TIMESTAMPING_TX_ACK)

#endif
