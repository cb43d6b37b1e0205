/* SPDX-License-Identifier: Apache-2.0 */
#include "libbpf-log.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <vector>

#include <bpf/libbpf.h>

namespace {
constexpr size_t TAIL_SIZE = 6000;

thread_local std::string *collector = nullptr;

int collect(libbpf_print_level level, const char *format, va_list args)
{
	if (!collector || level != LIBBPF_WARN)
		return 0;
	va_list again;
	va_copy(again, args);
	const int size = vsnprintf(nullptr, 0, format, args);
	if (size > 0) {
		std::vector<char> line(static_cast<size_t>(size) + 1);
		vsnprintf(line.data(), line.size(), format, again);
		collector->append(line.data(), static_cast<size_t>(size));
	}
	va_end(again);
	return size;
}
} /* namespace */

void silence_libbpf()
{
	static std::once_flag once;
	std::call_once(once, [] { libbpf_set_print(collect); });
}

LibbpfLog::LibbpfLog()
{
	collector = &text_;
}

LibbpfLog::~LibbpfLog()
{
	collector = nullptr;
}

std::string LibbpfLog::tail() const
{
	if (text_.size() <= TAIL_SIZE)
		return text_;
	const size_t line = text_.find('\n', text_.size() - TAIL_SIZE);
	return "...\n" + text_.substr(line == std::string::npos ?
					      text_.size() - TAIL_SIZE :
					      line + 1);
}
