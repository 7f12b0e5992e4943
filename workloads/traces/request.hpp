// SPDX-License-Identifier: Apache-2.0
// A request for a served model, and a stream of them in the order of arrival.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace superlane::traces {

struct Request {
    double arrival_s = 0;       ///< since the first row of its trace
    int64_t prompt_tokens = 0;  ///< at least 1
    int64_t output_tokens = 0;  ///< at least 1
    /// Identities of the prompt's blocks: equal ones hold equal tokens after equal tokens. Empty = not known.
    std::vector<uint64_t> blocks;
    int64_t line = 0;  ///< of its file, else its number, for messages
};

/// Requests that a source did not hand out.
struct Skipped {
    int64_t bad = 0;        ///< wrong rows, only where they may be skipped
    int64_t failed = 0;     ///< rows of requests that got no answer (BurstGPT)
    std::string first_bad;  ///< the message of the first wrong row
};

/// Hands out one request at a time, so that a trace of any length takes no memory.
class RequestSource {
public:
    virtual ~RequestSource() = default;
    /// The next request, or false at the end; `request` is overwritten. UserError that names the row.
    virtual bool next(Request& request) = 0;
    virtual int block_tokens() const { return 0; }  ///< tokens of a block of Request::blocks; 0 = there are none
    virtual Skipped skipped() const { return {}; }
    /// A row that whoever runs it cannot serve: UserError, or counted where wrong rows may be skipped.
    virtual void refuse(const Request& request, const std::string& why) = 0;
};

}  // namespace superlane::traces
