/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <stdio.h>
#include <string.h>

void tally_count(struct tally tallies[TALLIES_MAX], const char *name)
{
	for (int i = 0; i < TALLIES_MAX; i++) {
		if (!tallies[i].count)
			snprintf(tallies[i].name, sizeof(tallies[i].name), "%s",
				 name);
		if (strcmp(tallies[i].name, name))
			continue;
		tallies[i].count++;
		return;
	}
}

void tally_print(const char *title, const struct tally tallies[TALLIES_MAX])
{
	printf(",\"%s\":{", title);
	for (int i = 0; i < TALLIES_MAX && tallies[i].count; i++)
		printf("%s\"%s\":%ld", i ? "," : "", tallies[i].name,
		       tallies[i].count);
	printf("}");
}
