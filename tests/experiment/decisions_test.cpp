// SPDX-License-Identifier: Apache-2.0
// What `compile --explain` lists: every matrix of every family, so that their weights add up to the model's.
#include "experiment/decisions.hpp"

#include <gmock/gmock.h>

#include "tests/models/families_support.hpp"

using namespace superlane;
using namespace superlane::experiment;

class DecisionsOf : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Families, DecisionsOf, testing::ValuesIn(family_names()),
                         [](const auto& info) { return info.param; });

TEST_P(DecisionsOf, AllMatricesAddUpToTheModel) {
    LlmConfig model = tiny_family(GetParam());
    const Decisions result = decisions(models::load_chip("tsp-v1"), model, {.context = 32});
    int64_t useful = 0;
    for (const MatrixDecision& one : result.matrices) {
        useful += one.useful_bytes;
        EXPECT_LE(one.useful_bytes, one.sram_bytes) << one.name;
    }
    model.moe.active = model.moe.experts;  // the sum then counts all of them
    EXPECT_EQ(useful, 2 * projection_parameters(model));
    const std::string reasons = testing::PrintToString(result.reasons);
    EXPECT_EQ(reasons.find("experts: ") != std::string::npos, model.moe.experts > 0);
    EXPECT_EQ(reasons.find("latent row") != std::string::npos, model.has_mla());
}
