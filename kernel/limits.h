/* SPDX-License-Identifier: MIT */
/*
 * Every bound of the kernel, in one place, with the reason for its value.  X_RANGE: X is the
 * default of a sysctl (docs/sysctl.md), which may be set to values in this range.  A queue, table,
 * cache or loop that a peer or an application can drive has its limit here and a test that reaches
 * it.  The comment says what happens at the limit.
 */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

/* ---- threads and interrupts ---- */
#define NR_CPUS             1     /* per-CPU data is indexed by it; a second CPU is not started */
#define THREAD_STACK_SIZE   16384 /* bytes: a softirq runs on top of a thread's own use */
#define THREADS_MAX         4096  /* kthread_run: -ENOMEM; 64 MiB of stacks at most */
#define THREAD_STACKS_KEPT  64 /* stacks of ended threads kept for the next ones; more are freed */
#define NR_IRQS             64 /* request_irq: -ENOSPC */
#define IOAPICS_MAX         4  /* interrupt controllers of the MADT: more are reported, not used */
#define NMI_REPORT_MS       1000  /* between two lines about NMIs: those in between are counted */
#define NR_SYSCALLS         1040  /* Linux's numbers and ours from 1000 */
#define TIME_SLICE_MS       10    /* an application thread that spins loses the CPU after it */
#define MAX_SOFTIRQ_RESTART 10    /* rounds before ksoftirqd takes over (Linux) */
#define MAX_SOFTIRQ_MS      2     /* time before it does */
#define SOFT_LOCKUP_MS      2000  /* kernel code that does not yield: reported on the console */
#define SHUTDOWN_STAGE_MS   1000  /* of an orderly shutdown: then peers are reset, frames lost */
#define LOG_RING_SIZE       16384 /* bytes of kernel log kept; older ones are overwritten */
#define LOG_LINE_MAX        256   /* bytes of a line; more is cut */
#define LOG_BURST_LINES     10    /* of one kind that a device can cause, in ... (Linux) */
#define LOG_BURST_MS        5000  /* ... this time: more are withheld and counted */
#define CMDLINE_PARAMS_MAX  32    /* words that the command line knows: a bug of ours beyond */
#define CMDLINE_WORD_MAX    256 /* bytes of one with its NUL: a longer one is named, passed over */
#define SYSCTL_TABLES_MAX   8   /* tables of sysctls: a bug of ours beyond */
#define SYSCTL_VALUES_MAX   3   /* numbers of one sysctl: a bug of ours beyond */
#define SYSCTL_NAME_MAX     64  /* bytes of its name as it is printed */
#define SYSCTL_TEXT_MAX     128 /* bytes of its value as text, with NUL: -EINVAL */

/* ---- memory ---- */
/* Pages that only softirqs may take: the square root of this times the KiB of memory, in KiB (Linux's
 * min_free_kbytes: 1 MiB of 64, 2 of 256).  alloc_pages() of others: NULL */
#define MIN_FREE_FACTOR 16
#define MIN_FREE_PART   32 /* and no more than this part of memory: 2 MiB have to do, too */

/* ---- files ---- */
#define NR_OPEN_MAX      131072 /* file descriptors: -EMFILE; 100,000 idle connections fit */
#define FILES_MAX        (NR_OPEN_MAX + 4096) /* struct file, also those in no table yet: -ENFILE */
#define PROC_ENTRIES_MAX 64                   /* paths below /proc: a bug of ours beyond */
#define CONSOLE_POLLS_MAX                                                                          \
	20000 /* of a full serial port, 10 to 40 ms: then a byte is lost, and those behind it, until \
		 there is room; at 115200 baud a full FIFO drains in 1.4 ms */
#define CONSOLE_PANIC_POLLS_MAX                                                                    \
	4000000               /* of a panic's text, 2 to 8 s: then bytes without room are lost */
#define CONSOLE_IN_MAX   256  /* typed bytes not yet read: newer ones wait in the device */
#define PIPE_PAGES       16   /* pages a pipe buffers: a writer waits or gets -EAGAIN */
#define IOV_MAX_SEGMENTS 1024 /* readv/writev: -EINVAL (POSIX IOV_MAX of Linux) */
#define PATH_LENGTH_MAX  256  /* open: -ENAMETOOLONG */
#define PROC_BUF_MAX     (1 << 20)  /* bytes a /proc file may render: cut, and said to be */
#define MAX_RW_COUNT     0x7ffff000 /* bytes of one read or write (Linux) */

/* ---- devices and frames ---- */
#define NETDEV_MAX               8   /* register_netdevice: -ENOSPC */
#define NETDEV_BUDGET            300 /* packets of one net_rx_action (Linux netdev_budget) */
#define NETDEV_BUDGET_RANGE      1, 100000
#define NETDEV_BUDGET_MS         2    /* and its time */
#define NAPI_POLL_WEIGHT         64   /* packets of one device's poll */
#define GRO_HELD_MAX             8    /* flows whose packets are held (Linux): the oldest goes up */
#define NETDEV_TX_QUEUE_LEN      1000 /* packets waiting for ring space: dropped, QDISC_DROP */
#define NETDEV_TX_QUEUE_PART     8    /* their truesize: an 8th of memory; dropped, QDISC_DROP */
#define NETDEV_MAX_BACKLOG       1000 /* loopback's input queue (Linux): dropped, counted */
#define NETDEV_MAX_BACKLOG_RANGE 1, 1000000
#define VIRTIO_MMIO_MAX          32 /* slots of the command line or ACPI (microvm: 8 or 24): -ENOSPC */
#define PCI_ROOTS_MAX            8 /* root buses besides bus 0: more are named, not used */
#define VIRTIO_RNG_BYTES                                                                           \
	64 /* asked of the host: twice the generator's key; a device may give less */
#define VIRTQ_SIZE_MAX 1024 /* descriptors of a ring that the driver takes */
#define MAX_SKB_FRAGS  17   /* page fragments of a packet: 64 KiB in 4 KiB pages + 1 */
#define SKB_MAX_ORDER  3    /* page_frag blocks: 32 KiB */
#define FRAG_BLOCKS_PART                                                                           \
	8 /* blocks with a piece in use, one budget for received and one for sent data: an 8th of memory   \
	     each; more is copied to pages of its own */
#define VIRTNET_RX_PART                                                                            \
	4 /* receive buffers in the ring: a 4th of memory; 256 of a page each from 4 MiB on */
#define SKB_LINEAR_MAX                                                                             \
	131072 /* bytes of a packet's linear part: NULL; 64 KiB and all headers fit */

/* ---- neighbours, routes, ICMP ---- */
#define NEIGH_MAX       1024 /* entries: the oldest unused one is removed (Linux gc_thresh3) */
#define NEIGH_QUEUE_MAX 64   /* packets waiting for one address: oldest dropped */
#define NEIGH_QUEUES_MAX                                                                           \
	512 /* for all addresses together: a peer that forges its neighbours' would fill NEIGH_MAX queues with our answers; dropped */
#define NEIGH_MCAST_PROBES   3    /* broadcast requests before FAILED (Linux) */
#define NEIGH_RETRANS_MS     1000 /* between them */
#define NEIGH_REACHABLE_MS   30000
#define NEIGH_STALE_MS       60000 /* unused that long: may be collected */
#define ROUTES_MAX           64    /* route add: -ENOSPC */
#define ROUTE_CACHE_SIZE     1024  /* resolved routes remembered: the newer one takes the place */
#define PMTU_ENTRIES         256   /* paths whose MTU an ICMP told: the newer one takes the place */
#define IFADDRS_MAX          8     /* addresses of a device: -ENOSPC */
#define ICMP_RATELIMIT_MS    1000 /* between errors to one destination (token bucket of 6, Linux) */
#define ICMP_RATELIMIT_RANGE 0, 3600000 /* 0: no limit */
#define ICMP_BURST           6
#define ICMP_MSGS_PER_SEC    1000 /* over all destinations */
#define ICMP_MSGS_BURST      50
#define ICMP_MSGS_RANGE      0, 1000000
#define ICMP_PEERS_MAX       256 /* destinations remembered for the rate limit */
#define IP_DEFAULT_TTL       64  /* RFC 1700; Linux */
#define IP_DEFAULT_TTL_RANGE 1, 255
#define SWITCH_RANGE         0, 1 /* of every sysctl that is off or on */

/* ---- sockets ---- */
#define SOMAXCONN_DEFAULT         4096     /* listen() backlog is cut to it (Linux 5.4+) */
#define SOMAXCONN_RANGE           0, 65535 /* Linux */
#define TCP_MAX_SYN_BACKLOG       4096     /* half-open connections of a listener: SYN dropped */
#define TCP_MAX_SYN_BACKLOG_RANGE 1, 1000000
#define SOCK_RMEM_LEAST           4096 /* bytes a socket may hold when memory is short: tcp_rmem[0] */
#define SOCK_RMEM_DEFAULT         131072 /* bytes, tcp_rmem[1] of Linux */
#define SOCK_RMEM_DEFAULT_PART                                                                     \
	48 /* of memory, at most that part: 2 MiB start with a third of the above, 8 MiB with it */
#define SOCK_RMEM_DEFAULT_LEAST 16384   /* eight segments of 1 KiB in a window of half of it */
#define SOCK_RMEM_MAX           6291456 /* tcp_rmem[2] */
#define SOCK_WMEM_LEAST         4096    /* as for receiving: tcp_wmem[0] */
#define SOCK_WMEM_DEFAULT       65536   /* starting sk_sndbuf; grows with cwnd to the maximum */
#define SOCK_WMEM_MAX           4194304 /* tcp_wmem[2] */
#define TCP_MEM_PRESSURE_PART                                                                      \
	4 /* in all queues: memory is short above a 4th of it, twice that is the most */
#define TCP_MEM_RANGE      1, 2147483647 /* pages */
#define SOCK_MIN_RCVBUF    2304          /* SO_RCVBUF below it is raised (Linux) */
#define SOCK_MIN_SNDBUF    4608
#define SOCK_MEM_RANGE     2304, 268435456 /* two buffers together stay far below an int */
#define SOCK_ASK_RANGE     2304, 134217728 /* of SO_RCVBUF, SO_SNDBUF: half of a buffer */
#define SOCK_BACKLOG_EXTRA 65536           /* sk_backlog may hold rcvbuf + sndbuf + this: dropped */
#define SOCK_BACKLOG_LEAST 4096  /* and this much also where tcp_mem or pages are at their end */
#define EHASH_BUCKETS_MAX  65536 /* from memory: 1 per 16 KiB */
#define EHASH_BUCKETS_MIN  256
#define BHASH_BUCKETS      1024
#define LHASH_BUCKETS      32
#define LOCAL_PORT_MIN     32768 /* ip_local_port_range: connect() -EADDRNOTAVAIL when full */
#define LOCAL_PORT_MAX     60999
#define LOCAL_PORT_RANGE   1, 65535
/* One TIME_WAIT and one orphan may be there for so many bytes of memory (Linux: for two buckets of the table).
 * All TIME_WAITs are then a 32nd of memory, all orphans without their queues a 5th; the MAX: from 128 MiB on. */
#define CONNECTION_ENDS_BYTES 8192
#define TIMEWAIT_MAX          16384 /* tw buckets: a close beyond goes straight to CLOSE, counted */
#define TIMEWAIT_RANGE        0, 1000000
#define TCP_ORPHANS_MAX       16384 /* closed by the application, still finishing: RST, counted */
#define TCP_ORPHANS_RANGE     0, 1000000

/* ---- TCP ---- */
#define TCP_SYN_RETRIES             6      /* connect gives up after 127 s */
#define TCP_SYN_RETRIES_RANGE       1, 127 /* Linux; so is TCP_SYNCNT's */
#define TCP_SYNACK_RETRIES          5      /* a request_sock is dropped after 63 s */
#define TCP_SYNACK_RETRIES_RANGE    0, 127
#define TCP_RETRIES1                3  /* then the route is asked again */
#define TCP_RETRIES2                15 /* then the connection ends with ETIMEDOUT: about 15 min */
#define TCP_RETRIES_RANGE           0, 255 /* icsk_backoff is a byte */
#define TCP_ORPHAN_RETRIES          0      /* 0: 8 while the peer may be alive, else none (Linux) */
#define TCP_ORPHAN_RETRIES_RANGE    0, 255
#define TCP_FIN_TIMEOUT_S           60 /* an orphan's wait in FIN_WAIT2 (Linux) */
#define TCP_FIN_TIMEOUT_RANGE       1, 3600
#define TCP_KEEPALIVE_TIME_S        7200 /* RFC 1122 4.2.3.6: not less than two hours */
#define TCP_KEEPALIVE_INTVL_S       75
#define TCP_KEEPALIVE_S_RANGE       1, 32767 /* that of TCP_KEEPIDLE and TCP_KEEPINTVL */
#define TCP_KEEPALIVE_PROBES        9
#define TCP_KEEPALIVE_PROBES_RANGE  1, 127 /* that of TCP_KEEPCNT */
#define TCP_INVALID_RATELIMIT_MS    500 /* between answers to segments out of the window (Linux) */
#define TCP_INVALID_RATELIMIT_RANGE 0, 60000 /* 0: each is answered */
#define TCP_REORDERING              3        /* duplicates that are no loss yet: RFC 5681 */
#define TCP_MAX_REORDERING          300      /* segments: more than that is loss (Linux) */
#define TCP_REORDERING_RANGE        1, 300
#define TCP_MAX_REORDERING_RANGE    1, 65535
#define TCP_ADV_WIN_SCALE_RANGE     -3, 31 /* from an eighth of the buffer as window to all of it */
#define TCP_TIMESTAMPS_RANGE        0, 2
#define TCP_TSO_WIN_DIVISOR         3 /* Linux */
#define TCP_TSO_WIN_DIVISOR_RANGE   0, 1000
#define TCP_MIN_TSO_SEGS            2 /* of a burst on the slowest path (Linux) */
#define TCP_MIN_TSO_SEGS_RANGE      1, 65535
#define TCP_PACING_SS_RATIO         200 /* percent of the rate in slow start (Linux) */
#define TCP_PACING_CA_RATIO         120 /* and later */
#define TCP_PACING_RATIO_RANGE      0, 1000
#define TCP_NOTSENT_LOWAT_RANGE     -1, 2147483647 /* -1, 0: no limit */
#define TCP_OFO_PACKETS_MAX         4096 /* out-of-order segments of a socket: farthest pruned */
#define TCP_SHRINK_INTERVAL_MS      100 /* between walks over all connections while memory is short */
#define TCP_SHRINK_SOCKETS          64 /* of these in a jiffy, and those of one bucket more */
#define TCP_REQUESTS_WHEN_SHORT                                                                    \
	128 /* half-open connections of a listener while pages are short: 40 KiB of the last ones; SYN dropped */
#define TCP_DUPACKS_MAX                                                                            \
	16u /* ACKs at once for a merged packet beyond a hole: three make a sender go back */
#define TCP_CHALLENGE_ACK_NO_LIMIT                                                                 \
	2147483647 /* over all connections, Linux since 6.1: each has \
	TCP_INVALID_RATELIMIT_MS; a sum lets many true resets go unanswered (and CVE-2016-5696) */
#define TCP_CHALLENGE_ACK_RANGE 0, 2147483647

#endif
