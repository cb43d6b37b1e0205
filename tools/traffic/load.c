/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "tally.h"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

int command_load(const struct options *options)
{
	static struct tally servers[TALLIES_MAX], errors[TALLIES_MAX];
	struct sigaction action = { .sa_handler = stop };
	long sent = 0, failed = 0, slowest = 0;
	struct answer answer;
	int fd = -1;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!stopped && (!options->count || sent < options->count)) {
		char name[96];

		client_ask(&fd, options, &answer);
		if (stopped && answer.error == EINTR)
			break;
		sent++;
		if (answer.error) {
			failed++;
			snprintf(name, sizeof(name), "%s %s", answer.step,
				 strerrorname_np(answer.error));
			tally_count(errors, name);
		} else {
			tally_count(servers, answer.server);
			if (answer.us > slowest)
				slowest = answer.us;
		}
		if (fd >= 0 && (options->fresh || answer.error)) {
			close(fd);
			fd = -1;
		}
		if (sent == 1) {
			fprintf(stderr, "started\n");
			fflush(stderr);
		}
		if (options->interval_us && !stopped)
			usleep(options->interval_us);
	}
	printf("{\"sent\":%ld,\"ok\":%ld,\"failed\":%ld,\"slowest_us\":%ld",
	       sent, sent - failed, failed, slowest);
	tally_print("servers", servers);
	tally_print("errors", errors);
	printf("}\n");
	return 0;
}
