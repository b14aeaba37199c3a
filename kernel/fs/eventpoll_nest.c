/* SPDX-License-Identifier: MIT */
/*
 * Epolls that watch epolls.
 *
 * ep_loop_check(), ep_path_check() <- epoll_ctl(EPOLL_CTL_ADD) of an epoll file, with epmutex held.  An
 * event passes from an inner epoll to the outer ones by recursion, with interrupts off.  Therefore the
 * length of a chain and the number of epolls above an epoll are limited, and no chain is a cycle.  The
 * epolls form a graph without cycles; a walk stores its number and its result in each epoll, and so
 * visits each at most once.  Compare Linux's fs/eventpoll.c, which has a limit for each length of path;
 * here one limit holds for all paths.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/eventpoll.h"
#include "kernel/fs/limits.h"

/* The number of the present walk (epmutex). */
static unsigned int this_walk;

/* Returns true if this walk has visited @ep before: its result is then in ep->walk_result. */
static bool been_here(struct eventpoll *ep)
{
	if (ep->walk == this_walk)
		return true;
	ep->walk = this_walk;
	ep->walk_result = 0;
	return false;
}

/*
 * Returns the length of the longest chain of epolls below @ep: @ep watches the first one, this one
 * watches the second, and so on.  The result is more than EPOLL_NESTS_MAX if a chain is longer than
 * that, or if @sought is @ep or below it.  @level is the depth of the recursion.
 */
static unsigned int depth_below(struct eventpoll *ep, const struct eventpoll *sought,
				unsigned int level)
{
	struct rb_node *node;
	unsigned int depth = 0;

	if (ep == sought || level > EPOLL_NESTS_MAX)
		return EPOLL_NESTS_MAX + 1;
	if (been_here(ep))
		return ep->walk_result;
	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epitem *epi = rb_entry(node, struct epitem, node);
		struct eventpoll *inner = ep_from_file(epi->file);

		if (inner)
			depth = max(depth, 1 + depth_below(inner, sought, level + 1));
	}
	mutex_unlock(&ep->mtx);
	ep->walk_result = depth;
	return depth;
}

/*
 * Returns the length of the longest chain of epolls above @ep: the first one watches @ep, the second
 * one watches the first, and so on.  ep_links_lock held.
 */
static unsigned int depth_above(struct eventpoll *ep)
{
	struct epitem *epi;
	unsigned int depth = 0;

	if (been_here(ep))
		return ep->walk_result;
	list_for_each_entry(epi, &ep->file->f_ep_links, file_link)
		depth = max(depth, 1 + depth_above(ep_of(epi)));
	ep->walk_result = depth;
	return depth;
}

int ep_loop_check(struct eventpoll *ep, struct eventpoll *inner)
{
	unsigned int depth;

	this_walk++;
	depth = 1 + depth_below(inner, ep, 0);
	if (depth > EPOLL_NESTS_MAX)
		return -ELOOP;
	this_walk++;
	spin_lock(&ep_links_lock);
	depth += depth_above(ep);
	spin_unlock(&ep_links_lock);
	return depth > EPOLL_NESTS_MAX ? -ELOOP : 0;
}

/*
 * A wake-up of @ep wakes each epoll above it once for each path that leads there.  Returns the number
 * of these wake-ups, at most.  The sum cannot overflow: before the newest addition of an epoll to
 * another, each sum was within the limit. ep_links_lock held.
 */
static unsigned int paths_above(struct eventpoll *ep)
{
	struct epitem *epi;
	unsigned int paths = 0;

	if (been_here(ep))
		return ep->walk_result;
	list_for_each_entry(epi, &ep->file->f_ep_links, file_link)
		paths += 1 + paths_above(ep_of(epi));
	ep->walk_result = paths;
	return paths;
}

/*
 * Returns true if @ep and all epolls below it are within the limit.  The caller has begun a new
 * walk, whose results are those of paths_above().
 */
static bool paths_fit(struct eventpoll *ep)
{
	struct rb_node *node;
	unsigned int paths;
	bool fit;

	spin_lock(&ep_links_lock);
	paths = paths_above(ep);
	spin_unlock(&ep_links_lock);
	fit = paths <= EPOLL_PATHS_MAX;
	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->items); fit && node; node = rb_next(node)) {
		struct eventpoll *inner = ep_from_file(rb_entry(node, struct epitem, node)->file);

		if (inner)
			fit = paths_fit(inner);
	}
	mutex_unlock(&ep->mtx);
	return fit;
}

int ep_path_check(struct eventpoll *inner)
{
	this_walk++;
	return paths_fit(inner) ? 0 : -EINVAL;
}
