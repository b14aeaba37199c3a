/* SPDX-License-Identifier: MIT */
/* struct timeval, for SO_RCVTIMEO and SO_SNDTIMEO. */
#ifndef SYS_TIME_H
#define SYS_TIME_H

#include <uapi/time.h>

#endif
