// SPDX-License-Identifier: Apache-2.0
// Logits of every family's tiny checkpoint against those of the transformers package: scripts/family_goldens.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "models/json_file.hpp"
#include "tests/workloads/features_support.hpp"

using namespace superlane;
using namespace superlane::test;

TEST(PublishedImplementation, GivesTheSameLogits) {
    if (const char* directory = std::getenv("SUPERLANE_SAVE_FAMILIES")) {
        for (const std::string& family : family_names())
            save_checkpoint(tiny_family(family), random_weights(tiny_family(family), 2),
                            std::filesystem::path(directory) / family);
        GTEST_SKIP() << "saved";
    }
    const nlohmann::json goldens = read_json_file(SUPERLANE_SOURCE_DIR "/tests/workloads/data/family_logits.json");
    EXPECT_EQ(goldens.at("logits").size() + 1, family_names().size());  // all but grok1
    for (const auto& [family, rows] : goldens.at("logits").items()) {
        const LlmConfig llm = tiny_family(family);
        Reference reference(llm, random_weights(llm, 2), Rounding::none);
        for (size_t t = 0; t < rows.size(); ++t)
            EXPECT_LT(largest_difference(reference.step(goldens.at("tokens")[t].get<int>()),
                                         rows[t].get<std::vector<float>>()),
                      2e-5)
                << family << " at token " << t;
    }
}
