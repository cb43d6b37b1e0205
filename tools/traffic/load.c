/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"

#define NAMES_MAX 64

struct tally {
	char name[96];
	long count;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void count_name(struct tally tallies[NAMES_MAX], const char *name)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		if (!tallies[i].count)
			snprintf(tallies[i].name, sizeof(tallies[i].name), "%s",
				 name);
		if (strcmp(tallies[i].name, name))
			continue;
		tallies[i].count++;
		return;
	}
}

static void print_tallies(const char *title,
			  const struct tally tallies[NAMES_MAX])
{
	printf(",\"%s\":{", title);
	for (int i = 0; i < NAMES_MAX && tallies[i].count; i++)
		printf("%s\"%s\":%ld", i ? "," : "", tallies[i].name,
		       tallies[i].count);
	printf("}");
}

int command_load(const struct options *options)
{
	static struct tally servers[NAMES_MAX], errors[NAMES_MAX];
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
			count_name(errors, name);
		} else {
			count_name(servers, answer.server);
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
	print_tallies("servers", servers);
	print_tallies("errors", errors);
	printf("}\n");
	return 0;
}
