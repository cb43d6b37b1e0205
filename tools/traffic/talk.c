/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"

/* Obeys a line that is no request; false when it is one. */
static bool obey(const char *line, struct options *options, int *fd)
{
	char target[ENDPOINT_TEXT_MAX];

	if (!strcmp(line, "new\n")) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return true;
	}
	if (sscanf(line, "to %63s", target) == 1)
		return endpoint_parse(target, &options->to);
	if (sscanf(line, "connect %63s", target) == 1)
		return endpoint_parse(target, &options->to) &&
		       !connect(*fd, (struct sockaddr *)&options->to.addr,
				options->to.len);
	return false;
}

int command_talk(const struct options *given)
{
	struct options options = *given;
	struct answer answer;
	char line[96];
	int fd = -1;

	while (fgets(line, sizeof(line), stdin)) {
		if (obey(line, &options, &fd))
			continue;
		client_ask(&fd, &options, &answer);
		client_print(&answer);
	}
	return 0;
}
