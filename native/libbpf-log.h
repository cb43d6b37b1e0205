/* SPDX-License-Identifier: Apache-2.0 */
/* What libbpf prints, kept for the error message instead of stderr. */
#ifndef SLUICE_NATIVE_LIBBPF_LOG_H
#define SLUICE_NATIVE_LIBBPF_LOG_H

#include <string>

/* Silences libbpf; called once per process. */
void silence_libbpf();

/* Collects warnings of this thread while it lives. Not nestable. */
class LibbpfLog {
      public:
	LibbpfLog();
	~LibbpfLog();
	LibbpfLog(const LibbpfLog &) = delete;
	LibbpfLog &operator=(const LibbpfLog &) = delete;
	LibbpfLog(LibbpfLog &&) = delete;
	LibbpfLog &operator=(LibbpfLog &&) = delete;

	/* The end of what was printed: that is where the verifier says why. */
	std::string tail() const;

      private:
	std::string text_;
};

#endif /* SLUICE_NATIVE_LIBBPF_LOG_H */
