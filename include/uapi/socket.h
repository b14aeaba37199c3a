/* SPDX-License-Identifier: MIT */
/* Sockets as Linux's x86-64 system calls see them: constants and layouts. */
#ifndef UAPI_SOCKET_H
#define UAPI_SOCKET_H

#include "uio.h"
#include <stddef.h>
#include <stdint.h>

typedef unsigned short sa_family_t;
typedef unsigned int socklen_t;

struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};

struct sockaddr_storage {
	sa_family_t ss_family;
	char ss_pad[118];
	unsigned long ss_align;
};

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};

/* The head of a control message; the data follows. */
struct cmsghdr {
	size_t cmsg_len; /* bytes of head and data */
	int cmsg_level;
	int cmsg_type;
};

/*
 * One message of sendmmsg() or recvmmsg(). The call stores in msg_len how many bytes of it were
 * moved.
 */
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};

/* SO_PEERCRED, SCM_CREDENTIALS: a process. */
struct ucred {
	int pid;
	uint32_t uid, gid;
};

struct linger {
	int l_onoff;
	int l_linger; /* seconds */
};

#define AF_UNSPEC  0
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define PF_INET    AF_INET
#define AF_MAX     46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MASK 0xf
#define SOCK_CLOEXEC   02000000
#define SOCK_NONBLOCK  04000

#define SOL_SOCKET          1
#define SO_DEBUG            1
#define SO_REUSEADDR        2
#define SO_TYPE             3
#define SO_ERROR            4
#define SO_DONTROUTE        5
#define SO_BROADCAST        6
#define SO_SNDBUF           7
#define SO_RCVBUF           8
#define SO_KEEPALIVE        9
#define SO_OOBINLINE        10
#define SO_NO_CHECK         11
#define SO_PRIORITY         12
#define SO_LINGER           13
#define SO_REUSEPORT        15
#define SO_PASSCRED         16
#define SO_PEERCRED         17
#define SO_RCVLOWAT         18
#define SO_SNDLOWAT         19
#define SO_RCVTIMEO         20
#define SO_SNDTIMEO         21
#define SO_BINDTODEVICE     25
#define SO_TIMESTAMP        29
#define SO_ACCEPTCONN       30
#define SO_SNDBUFFORCE      32
#define SO_RCVBUFFORCE      33
#define SO_TIMESTAMPNS      35
#define SO_MARK             36
#define SO_TIMESTAMPING     37
#define SO_RXQ_OVFL         40
#define SO_PROTOCOL         38
#define SO_DOMAIN           39
#define SO_PEEK_OFF         42
#define SO_SELECT_ERR_QUEUE 45
#define SO_MAX_PACING_RATE  47
#define SO_ZEROCOPY         60
#define SO_BINDTOIFINDEX    62

/* Control messages of level SOL_SOCKET. */
#define SCM_RIGHTS      1 /* int[]: descriptors */
#define SCM_CREDENTIALS 2 /* struct ucred */

#define MSG_OOB          0x01
#define MSG_PEEK         0x02
#define MSG_DONTROUTE    0x04
#define MSG_CTRUNC       0x08
#define MSG_TRUNC        0x20
#define MSG_DONTWAIT     0x40
#define MSG_EOR          0x80
#define MSG_WAITALL      0x100
#define MSG_ERRQUEUE     0x2000
#define MSG_NOSIGNAL     0x4000
#define MSG_WAITFORONE   0x10000 /* recvmmsg(): do not wait after the first message */
#define MSG_MORE         0x8000
#define MSG_ZEROCOPY     0x4000000
#define MSG_CMSG_CLOEXEC 0x40000000 /* recvmsg(): close received descriptors at exec */
#define MSG_FASTOPEN     0x20000000 /* sendto(): connects, with the data in the SYN */

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOMAXCONN 4096

#endif
