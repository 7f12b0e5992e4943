// SPDX-License-Identifier: Apache-2.0
// Any bytes as a workload file: a UserError, or a workload that is the same when it has been saved and read again.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "experiment/workload.hpp"
#include "models/json_file.hpp"

using namespace superlane;
using namespace superlane::experiment;

namespace {

template <class Options>
void check(const Options& options) {
    const auto saved = nlohmann::json::parse(workload_json(options, {"tsp-v1", {}}, "input").dump());
    const auto again = std::get<Options>(parse_workload(saved, "input"));
    SUPERLANE_CHECK(to_json(again) == to_json(options), saved.dump());
}

void check(const StepsOptions& options) { SUPERLANE_CHECK(!options.decode.model.empty()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    try {
        const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "input");
        std::visit([](const auto& options) { check(options); }, parse_workload(json, "input"));
    } catch (const UserError&) {
    }
    return 0;
}
