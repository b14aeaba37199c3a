/* SPDX-License-Identifier: MIT */
/* Names of AF_UNIX sockets (unix(7)). Linux's layout. */
#ifndef UAPI_UN_H
#define UAPI_UN_H

#include "socket.h"

struct sockaddr_un {
	sa_family_t sun_family;
	/* a path with NUL; or NUL, then an abstract name that ends with the address */
	char sun_path[108];
};

#endif
