/* SPDX-License-Identifier: MIT */
/*
 * The limits of AF_UNIX. Each comment has the unit, what happens at the limit, and the reason for the
 * value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_UNIX_LIMITS_H
#define NET_UNIX_LIMITS_H

/*
 * bytes (truesize) from a socket that may wait in receive queues: at the limit a sender waits, or gets
 * -EAGAIN. SO_SNDBUF changes the limit. Linux's wmem_default.
 */
#define UNIX_SNDBUF 212992
/*
 * bytes of a datagram: a longer datagram fails with -EMSGSIZE. A datagram must fit into the linear
 * part of an sk_buff.
 */
#define UNIX_DGRAM_BYTES 65536
/*
 * datagrams, less one, that may wait in the queue of a socket whose peer is not the sender: at the
 * limit a sender waits, or gets -EAGAIN. So many senders together do not fill the memory. Linux's
 * max_dgram_qlen.
 */
#define UNIX_DGRAM_QLEN 10
/* descriptors in one message: a message with more fails with -EINVAL. Linux's SCM_MAX_FD. */
#define UNIX_FILES_MAX 253

#endif
