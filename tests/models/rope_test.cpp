// SPDX-License-Identifier: Apache-2.0
#include "models/rope.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace superlane;

namespace {

LlmConfig with_rope(int head_dim, int64_t max_position, RopeConfig rope) {
    LlmConfig llm;
    llm.head_dim = head_dim;
    llm.max_position = max_position;
    llm.rope = rope;
    return llm;
}

}  // namespace

TEST(Rope, PlainFrequenciesAreAGeometricSeries) {
    const std::vector<double> f = rope_frequencies(with_rope(8, 2048, {}));
    ASSERT_EQ(f.size(), 4u);
    EXPECT_DOUBLE_EQ(f[0], 1.0);
    EXPECT_DOUBLE_EQ(f[1], 0.1);
    EXPECT_DOUBLE_EQ(f[2], 0.01);
    EXPECT_DOUBLE_EQ(f[3], 0.001);
}

TEST(Rope, LinearDividesByTheFactor) {
    const std::vector<double> f = rope_frequencies(with_rope(8, 8192, {.type = RopeType::linear, .factor = 4}));
    EXPECT_DOUBLE_EQ(f[0], 0.25);
    EXPECT_DOUBLE_EQ(f[3], 0.00025);
}

TEST(Rope, DynamicGrowsTheBaseOnlyBeyondTheTrainedContext) {
    RopeConfig rope{.type = RopeType::dynamic, .factor = 2};
    EXPECT_EQ(rope_frequencies(with_rope(8, 2048, rope)), rope_frequencies(with_rope(8, 2048, {})));
    rope.context_tokens = 4096;  // ratio 2: base * (2 * 2 - 1)^(8/6)
    const double theta = 10000.0 * std::pow(3.0, 8.0 / 6.0);
    EXPECT_DOUBLE_EQ(rope_frequencies(with_rope(8, 2048, rope))[1], std::pow(theta, -0.25));
}

TEST(Rope, Llama3KeepsShortAndStretchesLongWavelengths) {  // Llama 3.1: theta 500000, 8192 tokens, factors 8, 1, 4
    const RopeConfig rope{.type = RopeType::llama3,
                          .theta = 500000,
                          .factor = 8,
                          .low_freq_factor = 1,
                          .high_freq_factor = 4,
                          .original_max_position = 8192};
    const std::vector<double> f = rope_frequencies(with_rope(128, 131072, rope));
    const auto plain = [](int i) { return std::pow(500000.0, -i / 64.0); };
    EXPECT_DOUBLE_EQ(f[0], 1.0);
    EXPECT_DOUBLE_EQ(f[28], plain(28));      // wavelength 1956 < 8192 / 4
    EXPECT_DOUBLE_EQ(f[36], plain(36) / 8);  // wavelength 10110 > 8192
    EXPECT_DOUBLE_EQ(f[63], plain(63) / 8);
    const double smooth = (8192.0 * plain(32) / (2 * std::numbers::pi) - 1) / 3;  // wavelength 4443: between
    EXPECT_DOUBLE_EQ(f[32], (1 - smooth) * plain(32) / 8 + smooth * plain(32));
}

TEST(Rope,
     YarnRampsBetweenKeptAndStretched) {  // dims 64, theta 10000, 2048 tokens: ramp from floor(8.06) to ceil(20.1)
    const RopeConfig rope{.type = RopeType::yarn, .factor = 16, .original_max_position = 2048};
    const std::vector<double> f = rope_frequencies(with_rope(64, 32768, rope));
    const auto plain = [](int i) { return std::pow(10000.0, -i / 32.0); };
    const auto bound = [](double rotations) {
        return 64 * std::log(2048 / (rotations * 2 * std::numbers::pi)) / (2 * std::log(10000.0));
    };
    ASSERT_EQ(std::floor(bound(32)), 8);
    ASSERT_EQ(std::ceil(bound(1)), 21);
    EXPECT_DOUBLE_EQ(f[8], plain(8));
    EXPECT_DOUBLE_EQ(f[21], plain(21) / 16);
    const double ramp = 6.0 / 13.0;
    EXPECT_DOUBLE_EQ(f[14], ramp * plain(14) / 16 + (1 - ramp) * plain(14));
}

TEST(Rope, YarnHasATemperature) {
    RopeConfig rope{.type = RopeType::yarn, .factor = 16, .original_max_position = 2048};
    EXPECT_DOUBLE_EQ(rope_attention_factor(with_rope(64, 32768, rope)), 0.1 * std::log(16.0) + 1);
    rope.mscale = rope.mscale_all_dim = 0.7;
    EXPECT_DOUBLE_EQ(rope_attention_factor(with_rope(64, 32768, rope)), 1.0);
    rope.attention_factor = 1.25;
    EXPECT_DOUBLE_EQ(rope_attention_factor(with_rope(64, 32768, rope)), 1.25);
    EXPECT_EQ(rope_attention_factor(with_rope(64, 2048, {})), 1.0);
}
