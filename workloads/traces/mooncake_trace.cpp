// SPDX-License-Identifier: Apache-2.0
// Mooncake's traces: JSON lines with a time in ms, lengths, and ids of the prompt's blocks of 512 tokens.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "workloads/traces/trace_file.hpp"

namespace superlane::traces {
namespace {

constexpr int mooncake_block_tokens = 512;  // Mooncake, arXiv 2407.00079, section 4: one id for 512 tokens

class MooncakeTrace : public RowReader {
public:
    bool has_header() const override { return false; }
    int block_tokens() const override { return mooncake_block_tokens; }

    Row read(std::string_view line, Request& request) override {
        const nlohmann::json object = parse_json(line, "row");
        const JsonObject from(object, "row");
        request.prompt_tokens = from.integer("input_length", 1, most_tokens);
        request.output_tokens = from.integer("output_length", 1, most_tokens);
        request.blocks.clear();
        if (from.has("hash_ids")) read_blocks(from, request);
        return {.time_ns = std::llround(1e6 * from.number("timestamp", 0, 1e3 * most_seconds))};
    }

private:
    static void read_blocks(const JsonObject& from, Request& request) {
        const nlohmann::json& ids = from.at("hash_ids");
        if (!ids.is_array()) from.fail("hash_ids", "must be a list of integers");
        const size_t most = size_t((request.prompt_tokens + mooncake_block_tokens - 1) / mooncake_block_tokens);
        if (ids.size() > most)
            throw user_error("row: key 'hash_ids': ", ids.size(), " blocks of ", mooncake_block_tokens,
                             " tokens, input_length ", request.prompt_tokens, " has ", most);
        for (const nlohmann::json& id : ids) {
            if (!id.is_number_integer() || id < 0) from.fail("hash_ids", "must hold integers from 0");
            request.blocks.push_back(id.get<uint64_t>());
        }
    }
};

}  // namespace

std::unique_ptr<RowReader> mooncake_reader(std::string_view first_line) {
    const size_t begin = first_line.find_first_not_of(" \t");
    return begin != first_line.npos && first_line[begin] == '{' ? std::make_unique<MooncakeTrace>() : nullptr;
}

}  // namespace superlane::traces
