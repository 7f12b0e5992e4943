// SPDX-License-Identifier: Apache-2.0
// Any bytes as a trace of requests: rows within their limits or a UserError, nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "workloads/traces/trace_file.hpp"

using namespace superlane;
using namespace superlane::traces;

namespace {

std::string_view take_line(std::string_view& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

void try_row(RowReader& reader, std::string_view line) {
    try {
        Request request;
        if (reader.read(line, request).failed) return;
        SUPERLANE_CHECK(request.prompt_tokens >= 1 && request.prompt_tokens <= most_tokens, request.prompt_tokens);
        SUPERLANE_CHECK(request.output_tokens >= 1 && request.output_tokens <= most_tokens, request.output_tokens);
    } catch (const UserError&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view first = take_line(text);
    try {
        auto reader = mooncake_reader(first);
        if (!reader) reader = csv_reader(first);
        if (!reader) return 0;
        if (!reader->has_header()) try_row(*reader, first);
        while (!text.empty()) try_row(*reader, take_line(text));
    } catch (const UserError&) {
    }
    return 0;
}
