/* SPDX-License-Identifier: MIT */
/* timerfd_create() and timerfd_settime(); Linux's values. */
#ifndef UAPI_TIMERFD_H
#define UAPI_TIMERFD_H

#include "time.h"

#define TFD_NONBLOCK            04000
#define TFD_CLOEXEC             02000000
#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2

#endif
