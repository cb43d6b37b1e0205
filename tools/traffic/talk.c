/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"

int command_talk(const struct options *options)
{
	struct answer answer;
	char line[64];
	int fd = -1;

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "new\n")) {
			if (fd >= 0)
				close(fd);
			fd = -1;
			continue;
		}
		client_ask(&fd, options, &answer);
		client_print(&answer);
	}
	return 0;
}
