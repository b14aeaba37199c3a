/* SPDX-License-Identifier: MIT */
/*
 * The integer types and compiler attributes that every file of the kernel uses.
 *
 * Includes only the compiler's freestanding headers, so that it can be included beside a host C
 * library's headers (tests/host).  Compare Linux's include/linux/types.h, compiler.h and
 * kernel.h.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/*
 * Integers in network byte order (__be) or little-endian (__le).  The compiler does not check
 * them: the names are for the reader.
 */
typedef u16 __be16;
typedef u32 __be32;
typedef u64 __be64;
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;
typedef u16 __sum16; /* a finished Internet checksum: folded to 16 bits and complemented */
typedef u32 __wsum;  /* an Internet checksum in progress, not yet folded to 16 bits */

/* Defined exactly like a host C library's ssize_t, so that one file may include both headers. */
#ifndef __ssize_t_defined
typedef long ssize_t;
#define __ssize_t_defined
#endif
typedef s64 loff_k; /* a file offset, signed like off_t */
typedef u64 phys_addr_t;

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __packed                 __attribute__((packed))
#define __aligned(n)             __attribute__((aligned(n)))
#define __section(name)          __attribute__((section(name)))
#define __noreturn               __attribute__((noreturn))
#define __must_check             __attribute__((warn_unused_result))
#define __printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define noinline                 __attribute__((noinline))
#define __weak                   __attribute__((weak))
#undef __always_inline /* the host C library defines it, too */
#define __always_inline inline __attribute__((always_inline))
#define fallthrough     __attribute__((fallthrough))

/*
 * Marks a pointer that an application passed: access it only through copy_from_user() and
 * copy_to_user().
 */
#define __user

/* The application's half of the address space. */
#define HAL_USER_START 0x10000UL
#define HAL_USER_END   0x00007ffffffff000UL

#define barrier()        __asm__ volatile("" ::: "memory")
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(cond)              _Static_assert(!(cond), "BUILD_BUG_ON: " #cond)
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define sizeof_field(type, member)      sizeof(((type *)0)->member)

#define min(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) _min_a = (a);                                                        \
		__typeof__(b) _min_b = (b);                                                        \
		(void)(&_min_a == &_min_b);                                                        \
		_min_a < _min_b ? _min_a : _min_b;                                                 \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) _max_a = (a);                                                        \
		__typeof__(b) _max_b = (b);                                                        \
		(void)(&_max_a == &_max_b);                                                        \
		_max_a > _max_b ? _max_a : _max_b;                                                 \
	})
#define min_t(type, a, b)        min((type)(a), (type)(b))
#define max_t(type, a, b)        max((type)(a), (type)(b))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) _swap = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = _swap;                                                                       \
	} while (0)

#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ALIGN_UP(x, a)     (((x) + ((__typeof__(x))(a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)   ((x) & ~((__typeof__(x))(a)-1))
#define IS_POWER_OF_2(n)   ((n) != 0 && (((n) & ((n)-1)) == 0))
#define BIT(n)             (1UL << (n))

/* Pointers that carry a negative errno instead of an address (Linux's err.h). */
#define MAX_ERRNO 4095
static inline void *ERR_PTR(long error)
{
	return (void *)error;
}
static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}
static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-MAX_ERRNO;
}

/*
 * The context of an allocation.  It decides how much of the reserve of free pages the allocation
 * may take (kernel/mm/page.h).  GFP_ATOMIC never sleeps (softirq, hard irq); GFP_KERNEL may sleep
 * in a later version.  GFP_NOWAIT is for a softirq that creates a lasting object.  GFP_SEND is for
 * a thread that sends: the memory is freed when the peer acknowledges the data.
 */
typedef unsigned int gfp_t;
#define GFP_KERNEL 0x1u
#define GFP_ATOMIC 0x2u
#define GFP_NOWAIT 0x4u
#define GFP_SEND   0x8u
#define __GFP_ZERO 0x100u
/*
 * May take the last page.  For memory whose use leads to other memory being freed (the receive
 * ring).
 */
#define __GFP_MEMALLOC 0x200u

#endif
