// SPDX-License-Identifier: Apache-2.0
// One layer of Llama-2-7B in int8 on one chip, context 512: near its weight streaming bound, and no cycle unexplained.
#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

TEST(Layer, Llama7BIsNearItsStreamingBound) {
    DecodeOptions options;
    options.model = "llama-2-7b";
    options.dtype = "int8";
    options.layers = 1;
    options.context = 512;
    options.position = 511;
    options.tokens = 1;
    options.timing_only = true;
    options.chip = models::load_chip("tsp-v1");
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.weight_bytes, 202'375'168);
    EXPECT_LE(result.mean_cycles(), 1.35 * 9'883);
    int64_t explained = 0;
    for (const auto& one : result.operators) explained += one.cycles;
    EXPECT_EQ(explained, result.decode.cycles);
}
