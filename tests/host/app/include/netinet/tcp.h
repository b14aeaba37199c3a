/* SPDX-License-Identifier: MIT */
/* TCP's socket options. */
#ifndef NETINET_TCP_H
#define NETINET_TCP_H

#include <uapi/tcp.h>

#endif
