/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAFFIC_CLOCK_H
#define TRAFFIC_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double clock_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

#endif /* TRAFFIC_CLOCK_H */
