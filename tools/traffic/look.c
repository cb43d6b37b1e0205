/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "sockets.h"
#include "tally.h"

int command_look(const struct options *options)
{
	static struct tally peers[TALLIES_MAX], errors[TALLIES_MAX];
	int fd = socket(options->to.addr.ss_family, SOCK_DGRAM, 0);
	const struct sockaddr *to = (const void *)&options->to.addr;

	if (fd < 0)
		die("socket");
	for (int i = 0; i < options->count; i++) {
		struct endpoint peer = { .len = sizeof(peer.addr) };
		char text[ENDPOINT_TEXT_MAX];

		if (connect(fd, to, options->to.len) ||
		    getpeername(fd, (void *)&peer.addr, &peer.len)) {
			tally_count(errors, strerrorname_np(errno));
			continue;
		}
		endpoint_format(&peer, text);
		tally_count(peers, text);
	}
	close(fd);
	printf("{\"looks\":%d", options->count);
	tally_print("peers", peers);
	tally_print("errors", errors);
	printf("}\n");
	return 0;
}
