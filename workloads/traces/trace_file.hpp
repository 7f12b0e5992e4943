// SPDX-License-Identifier: Apache-2.0
// Traces of requests from files, read row by row; the format is found from the header (docs/serving.md).
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "workloads/traces/request.hpp"

namespace superlane::traces {

struct TraceOptions {
    bool skip_bad = false;  ///< count wrong rows instead of stopping at the first
    double speed = 1;       ///< gaps between arrivals are divided by this
    int64_t requests = 0;   ///< at most so many; 0 = all
};

/// The least and most that a row may say.
inline constexpr int64_t most_tokens = 100'000'000;
inline constexpr double most_seconds = 9e9;

/// UserError: file cannot be read, header of no known format, no rows. Times count from the first good row.
std::unique_ptr<RequestSource> open_trace(const std::string& file, const TraceOptions& options = {});

/// What a row says, as its format's reader found it.
struct Row {
    int64_t time_ns = 0;  ///< by the trace's own clock
    bool failed = false;  ///< the request got no answer
};

/// Reads the rows of one format. UserError without file and line: whoever reads the file adds them.
class RowReader {
public:
    virtual ~RowReader() = default;
    virtual Row read(std::string_view line, Request& request) = 0;
    virtual bool has_header() const { return true; }
    virtual int block_tokens() const { return 0; }
};

/// The reader for a file that begins with this line; null when it is not its format.
std::unique_ptr<RowReader> csv_reader(std::string_view first_line);
std::unique_ptr<RowReader> mooncake_reader(std::string_view first_line);

}  // namespace superlane::traces
