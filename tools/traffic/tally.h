/* SPDX-License-Identifier: Apache-2.0 */
/* How often each of some names came. */
#ifndef TRAFFIC_TALLY_H
#define TRAFFIC_TALLY_H

#define TALLIES_MAX 64

struct tally {
	char name[96];
	long count;
};

/* Counts a name; one above TALLIES_MAX others is not counted. */
void tally_count(struct tally tallies[TALLIES_MAX], const char *name);

/* Prints them as a member of a JSON object that is not its first. */
void tally_print(const char *title, const struct tally tallies[TALLIES_MAX]);

#endif /* TRAFFIC_TALLY_H */
