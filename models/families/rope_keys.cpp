// SPDX-License-Identifier: Apache-2.0
// rope_theta and rope_scaling of a config.json; absent optional keys take that format's own defaults.
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/families/config_keys.hpp"

namespace superlane::families {

using nlohmann::json;

namespace {

struct RopeName {
    RopeType type;
    const char* name;
};
constexpr std::array rope_names{
    RopeName{RopeType::none, "default"},  RopeName{RopeType::linear, "linear"}, RopeName{RopeType::dynamic, "dynamic"},
    RopeName{RopeType::llama3, "llama3"}, RopeName{RopeType::yarn, "yarn"},
};

RopeType rope_type(const JsonObject& scaling) {
    std::vector<std::string> allowed;
    for (const RopeName& row : rope_names) allowed.push_back(row.name);
    const std::string key = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
    const std::string name = scaling.choice(key, allowed);
    for (const RopeName& row : rope_names)
        if (name == row.name) return row.type;
    SUPERLANE_CHECK(false, name);
    return RopeType::none;
}

void read_llama3(const JsonObject& scaling, RopeConfig& rope) {
    rope.low_freq_factor = scaling.number("low_freq_factor", 1e-3, 1e6);
    rope.high_freq_factor = scaling.number("high_freq_factor", 1e-3, 1e6);
    if (rope.high_freq_factor <= rope.low_freq_factor) scaling.fail("high_freq_factor", "is not above low_freq_factor");
    rope.original_max_position = scaling.integer("original_max_position_embeddings", 1, max_tokens);
}

void read_yarn(const JsonObject& scaling, int64_t max_position, RopeConfig& rope) {
    rope.beta_fast = scaling.number_or("beta_fast", 32, 1e-3, 1e6);
    rope.beta_slow = scaling.number_or("beta_slow", 1, 1e-3, 1e6);
    if (rope.beta_fast < rope.beta_slow) scaling.fail("beta_fast", "is below beta_slow");
    rope.attention_factor = scaling.number_or("attention_factor", 0, 1e-3, 1e3);
    rope.mscale = scaling.number_or("mscale", 0, 0, 1e3);
    rope.mscale_all_dim = scaling.number_or("mscale_all_dim", 0, 0, 1e3);
    rope.truncate = scaling.boolean_or("truncate", true);
    rope.original_max_position = scaling.integer_or("original_max_position_embeddings", max_position, 1, max_tokens);
}

json rope_to_json(const RopeConfig& rope) {
    json scaling;
    for (const RopeName& row : rope_names)
        if (row.type == rope.type) scaling["rope_type"] = row.name;
    scaling["factor"] = rope.factor;
    if (rope.type == RopeType::llama3) {
        scaling["low_freq_factor"] = rope.low_freq_factor;
        scaling["high_freq_factor"] = rope.high_freq_factor;
    }
    if (rope.original_max_position != 0) scaling["original_max_position_embeddings"] = rope.original_max_position;
    if (rope.type != RopeType::yarn) return scaling;
    scaling["beta_fast"] = rope.beta_fast;
    scaling["beta_slow"] = rope.beta_slow;
    scaling["truncate"] = rope.truncate;
    if (rope.attention_factor != 0) scaling["attention_factor"] = rope.attention_factor;
    if (rope.mscale != 0) scaling["mscale"] = rope.mscale;
    if (rope.mscale_all_dim != 0) scaling["mscale_all_dim"] = rope.mscale_all_dim;
    return scaling;
}

}  // namespace

/// Older files have rope_theta beside rope_scaling; newer ones have both inside rope_parameters.
RopeConfig read_rope(const JsonObject& file, const LlmConfig& llm, double default_theta) {
    RopeConfig rope;
    rope.theta = file.number_or("rope_theta", default_theta, 2, 1e12);
    const char* key = file.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
    if (!file.has(key)) return rope;
    const JsonObject scaling(file.at(key), file.where() + ": " + key);
    rope.theta = scaling.number_or("rope_theta", rope.theta, 2, 1e12);
    rope.type = rope_type(scaling);
    if (rope.type == RopeType::none) return rope;
    rope.factor = scaling.number("factor", 1, 1e6);
    if (rope.type == RopeType::llama3) read_llama3(scaling, rope);
    if (rope.type == RopeType::yarn) read_yarn(scaling, llm.max_position, rope);
    if (rope.type == RopeType::dynamic && llm.rope_dim() == 2) scaling.fail("factor", "needs a head_dim above 2");
    return rope;
}

void write_rope(const RopeConfig& rope, json& file) {
    file["rope_theta"] = rope.theta;
    if (rope.type != RopeType::none) file["rope_scaling"] = rope_to_json(rope);
}

}  // namespace superlane::families
