/* SPDX-License-Identifier: MIT */
/*
 * IGMP, the host's part: versions 1 (RFC 1112), 2 (RFC 2236) and 3 (RFC 3376). Names and roles are
 * those of Linux's include/linux/igmp.h.
 *
 *   igmp.c           the groups of an interface and their source filters
 *   igmp_report.c    reports: what they contain, and when they are sent
 *   igmp_rcv.c       queries, and reports of other hosts
 *   igmp_proc.c      /proc/net/igmp, /proc/net/mcfilter
 *   ip_mc_sock.c     the groups of a socket
 *   ip_mc_options.c  socket options
 */
#ifndef NET_IPV4_IGMP_H
#define NET_IPV4_IGMP_H

#include "include/uapi/in.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/list.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/timer.h"
#include "kernel/types.h"
#include "net/core/dropreason.h"
#include "net/ipv4/limits.h"
#include "net/wire/igmp.h"

struct in_device;
struct net_device;
struct sk_buff;

/* A source address in the filter of a group on an interface. */
struct ip_sf_list {
	struct ip_sf_list *sf_next;
	__be32 sf_inaddr;
	/*
	 * number of sockets that list the source in their filter; the index is the mode of these
	 * filters: MCAST_INCLUDE (1) or MCAST_EXCLUDE (0)
	 */
	unsigned int sf_count[2];
	bool permitted; /* whether packets of this source were accepted at the last change */
	u8 sf_crcount;  /* reports of a change that are still to be sent */
};

/* A group that an interface receives. Protected by igmp_if.lock. */
struct ip_mc_list {
	struct list_head list;
	struct hlist_node hash;
	__be32 multiaddr;
	unsigned int
		/*
		 * number of sockets; 0: all have left the group, and the leave is still to be
		 * reported
		 */
		users;
	u8 sfmode;               /* MCAST_INCLUDE or MCAST_EXCLUDE */
	unsigned int sfcount[2]; /* number of sockets with each filter mode */
	struct ip_sf_list *sources;
	unsigned int nr_sources; /* at most IGMP_SOURCES_MAX */
	u8 crcount;              /* reports of a change of sfmode that are still to be sent */
	u8 unsolicit_count;      /* versions 1, 2: unsolicited reports that are still to be sent */
	bool reporter;           /* versions 1, 2: this host sent the group's last report */
	unsigned long expires;   /* jiffies: when a report is due; 0: never */
	unsigned long answered;  /* jiffies: when the last report was sent; 0: never */
	/*
	 * Version 3: the sources that an unanswered query asks about; if there are none, it asks
	 * about the group.
	 */
	unsigned int nr_queried;
	__be32 queried[IGMP_QUERY_SOURCES_MAX];
};

#define IGMP_HASH 32

/* jiffies: the defaults of RFC 3376 8.2 and 8.3; a query may contain other values. */
#define IGMP_QUERY_INTERVAL    (125 * HZ)
#define IGMP_RESPONSE_INTERVAL (10 * HZ)

/* IGMP's state of an interface; part of struct in_device. */
struct igmp_if {
	/*
	 * Protects all fields, and the groups. Taken with softirqs off, after the socket lock;
	 * dev->addr_lock is taken inside. No packet is sent while it is held.
	 */
	spinlock_t lock;
	struct list_head groups; /* struct ip_mc_list, the newest first */
	unsigned int nr_groups;  /* entries in groups; at most IGMP_GROUPS_MAX */
	struct hlist_head hash[IGMP_HASH];
	/* expires at the earliest of the times below and of those in groups */
	struct timer_list timer;
	unsigned long change_expires; /* jiffies: when a report of changes is due; 0: never */
	/* jiffies: when the answer to a general query of version 3 is due; 0: never */
	unsigned long general_expires;
	unsigned long general_answered;
	/* jiffies: until then a querier of version 1 or 2 is present; 0: there was none */
	unsigned long v1_seen, v2_seen;
	/* values that the last query of version 3 contained (RFC 3376 8.1, 8.2) */
	u8 qrv;                      /* 0: the query contained none */
	unsigned int query_interval; /* jiffies */
};

/* sysctls */
extern int sysctl_igmp_max_memberships; /* groups of a socket */
extern int sysctl_igmp_max_msf;         /* sources of a socket's group */
extern int sysctl_igmp_qrv;             /* robustness variable, while no query contains one */

/* ---- an interface (igmp.c) --------------------------------------------------------------------- */
/* Called when @in_dev was allocated. */
void igmp_if_init(struct in_device *in_dev);
/*
 * Frees all groups. The device is down and is being unregistered; sockets that joined groups still
 * list them. Process.
 */
void igmp_if_destroy(struct in_device *in_dev);
/*
 * The interface came up, or got a link: reports its groups. The first time, joins 224.0.0.1, the
 * group of all hosts. Process or softirq.
 */
void igmp_up(struct in_device *in_dev);
/* The interface goes down: no report is sent any more. Its groups stay. Process. */
void igmp_down(struct in_device *in_dev);
/*
 * Adds one user to the group @addr; the user's filter has the mode @sfmode and no sources. Process, or
 * softirq. Returns 0, -ENOBUFS (IGMP_GROUPS_MAX, NETDEV_MC_MAX) or -ENOMEM.
 */
int ip_mc_inc_group(struct in_device *in_dev, __be32 addr, u8 sfmode);
/* Undoes one ip_mc_inc_group(); @sfmode is the user's mode. The user has no sources any more. */
void ip_mc_dec_group(struct in_device *in_dev, __be32 addr, u8 sfmode);
/*
 * Changes the filter of one user of the group @addr: from the mode @old_mode to @sfmode, and from
 * the @nr_del sources @del to the @nr_add sources @add. Returns 0, or without a change -ENOBUFS
 * (IGMP_SOURCES_MAX) or -ENOMEM.
 */
int ip_mc_change_filter(struct in_device *in_dev, __be32 addr, u8 old_mode, const __be32 *del,
			unsigned int nr_del, u8 sfmode, const __be32 *add, unsigned int nr_add);
/*
 * Returns true if the interface accepts a packet from @saddr to the group @addr. @saddr 0: from any
 * source. Softirq, or process with softirqs off.
 */
bool ip_check_mc(struct in_device *in_dev, __be32 addr, __be32 saddr);

/* igmp_if.lock held: returns true if packets from a source are accepted. */
bool ip_sf_permitted(const struct ip_mc_list *im, const struct ip_sf_list *psf);
/* igmp_if.lock held: frees @im and its sources, if no socket uses them and no report about them is due. */
void igmp_reap(struct igmp_if *mc, struct ip_mc_list *im);
/* igmp_if.lock held: returns the group, which may have no users; NULL if there is none. */
struct ip_mc_list *igmp_find(struct igmp_if *mc, __be32 addr);

/* ---- reports (igmp_report.c) ------------------------------------------------------------------- */
/* Returns the version that the interface uses now: that of its oldest querier. */
unsigned int igmp_version(const struct igmp_if *mc);
/* Returns the number of reports of each change: the robustness variable (RFC 3376 8.1). */
static inline unsigned int igmp_robustness(const struct igmp_if *mc)
{
	return mc->qrv ? mc->qrv : sysctl_igmp_qrv;
}
/* igmp_if.lock held: arms the timer for the earliest report that is due. */
void igmp_arm(struct in_device *in_dev);
/*
 * igmp_if.lock held: the group's filter has changed, from the mode @old_mode: schedules the reports.
 * The group is new if @joined.
 */
void igmp_changed(struct in_device *in_dev, struct ip_mc_list *im, u8 old_mode, bool joined);
/* igmp_if.lock held: schedules reports of all groups, as if each had been joined now. */
void igmp_rejoin(struct in_device *in_dev);
/* igmp_if.lock held: forgets all reports that are due. */
void igmp_cancel(struct igmp_if *mc);
void igmp_timer(unsigned long data);
/*
 * Version 2 (RFC 2236 3): tells the routers that the last socket left a group. Caller holds no lock.
 */
void igmp_send_leave(struct in_device *in_dev, __be32 group);

/* Returns true if the group is never reported: all hosts are members of 224.0.0.1. */
static inline bool igmp_unreported(__be32 group)
{
	return group == htonl(IGMP_ALL_HOSTS);
}

/* ---- boot -------------------------------------------------------------------------------------- */
void igmp_init(void);      /* registers the protocol and the files of /proc */
void igmp_proc_init(void); /* called by igmp_init() */

#endif
