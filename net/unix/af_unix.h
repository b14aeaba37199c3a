/* SPDX-License-Identifier: MIT */
/* The address family AF_UNIX. */
#ifndef NET_UNIX_AF_UNIX_H
#define NET_UNIX_AF_UNIX_H

void unix_init(void); /* registers the family; boot */

#endif
