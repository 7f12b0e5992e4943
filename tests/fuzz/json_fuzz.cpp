// SPDX-License-Identifier: Apache-2.0
// Any bytes as config.json and as tokenizer.json: a UserError or something that works, nothing else.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"
#include "models/rope.hpp"
#include "models/tokenizer.hpp"

using namespace superlane;

namespace {

void try_config(const nlohmann::json& value) {
    try {
        const LlmConfig llm = parse_llm_config(value, "input", "input");
        SUPERLANE_CHECK(weight_parameters(llm) > 0 && projection_parameters(llm) > 0);
        for (const double frequency : rope_frequencies(llm)) SUPERLANE_CHECK(std::isfinite(frequency), frequency);
        SUPERLANE_CHECK(parse_llm_config(to_json(llm), "input", "input") == llm);
    } catch (const UserError&) {
    }
}

void try_tokenizer(const nlohmann::json& value, std::string_view text) {
    try {
        const Tokenizer tokenizer = Tokenizer::parse(value, "input");
        tokenizer.decode(tokenizer.encode("A <s> token's  12 \n\u00e9\u65e5"));
        tokenizer.decode(tokenizer.encode(text));
    } catch (const UserError&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const nlohmann::json value = parse_json(text, "input");
        try_config(value);
        try_tokenizer(value, text.substr(0, 200));
    } catch (const UserError&) {
    }
    return 0;
}
