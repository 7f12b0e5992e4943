// SPDX-License-Identifier: Apache-2.0
// Layout of matrices and models: what fits, what does not and why, and that lanes are not wasted.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/error.hpp"
#include "compiler/gemm.hpp"
#include "compiler/llama.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

std::string message_of(auto&& action) {
    try {
        action();
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

LlmConfig one_layer(const std::string& name) {
    LlmConfig config = find_llm(name);
    config.layers = 1;
    return config;
}

}  // namespace

TEST(Layout, OneLlama2LayerFitsInInt8) {
    LlamaOptions options{.int8 = true, .context = 512, .prefill_rows = 1, .embedding = false, .head = false};
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), one_layer("llama-2-7b"), options);
    const int64_t parameters = 4ll * 4096 * 4096 + 3ll * 4096 * 11008;
    EXPECT_GE(compiler.memory_use().weights, parameters);
    EXPECT_LE(compiler.memory_use().weights, parameters * 102 / 100);  // 4096 is 12.8 vectors of 320
}

TEST(Layout, AModelThatDoesNotFitIsRefusedWithTheArithmetic) {
    LlamaOptions options{.context = 512, .embedding = false, .head = false};
    const std::string message =
        message_of([&] { LlamaCompiler(models::load_chip("tsp-v1"), one_layer("llama-2-7b"), options); });
    EXPECT_NE(message.find("model 'llama-2-7b' does not fit chip 'tsp-v1': weights take 411238400 B (fp16, 1 layers)"),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("together"), std::string::npos) << message;
}

TEST(Layout, AChipTooNarrowIsRefused) {
    const std::string message = message_of([&] {
        LlamaCompiler(models::load_chip("tsp-v1", {"mem.slices_per_hemisphere=32"}), one_layer("llama-2-7b"), {});
    });
    EXPECT_NE(message.find("44 MEM slices a hemisphere (it has 32, 2, 16, 32)"), std::string::npos) << message;
}

TEST(Layout, TwoModelsBesideEachOtherShareNoWord) {
    LlamaOptions options{.int8 = true, .context = 512, .prefill_rows = 1, .embedding = false, .head = false};
    const models::Chip chip = models::load_chip("tsp-v1");
    LlmConfig small = one_layer("llama-2-7b");
    small.hidden = 1024;
    small.heads = small.kv_heads = 8;
    small.ffn = 700;
    const LlamaCompiler first(chip, small, options);
    const LlamaCompiler second(chip, small, options, &first);
    const LlmWeights weights = random_weights(small, 1);
    std::set<std::tuple<int, int, int>> words;
    for (const ImageBlock& block : first.image(weights))
        for (size_t word = 0; word < block.bytes.size() / size_t(chip.lanes()); ++word)
            words.insert({int(block.side), block.slice, block.address + int(word)});
    EXPECT_FALSE(words.empty());
    for (const ImageBlock& block : second.image(weights))
        for (size_t word = 0; word < block.bytes.size() / size_t(chip.lanes()); ++word)
            ASSERT_FALSE(words.contains({int(block.side), block.slice, block.address + int(word)}));
    // Bytes of a value share an address: where the slices are filled unequally, some words are left out.
    EXPECT_GE(second.memory_use().total(), first.memory_use().total());
    EXPECT_LT(double(second.memory_use().total()), 1.05 * double(first.memory_use().total()));
}

TEST(Layout, AModelBesideAnotherMayNotFit) {
    LlamaOptions options{.int8 = true, .context = 512, .prefill_rows = 1, .embedding = false, .head = false};
    const models::Chip chip = models::load_chip("tsp-v1");
    const LlamaCompiler first(chip, one_layer("llama-2-7b"), options);
    EXPECT_NE(message_of([&] { LlamaCompiler(chip, one_layer("llama-2-7b"), options, &first); }).find("does not fit"),
              std::string::npos);
}

TEST(Layout, AContextPastTheModelIsRefused) {
    LlamaOptions options{.int8 = true, .context = 5000};
    EXPECT_EQ(message_of([&] { LlamaCompiler(models::load_chip("tsp-v1"), one_layer("llama-2-7b"), options); }),
              "context 5000 is longer than the model's max_position_embeddings 4096");
}

TEST(Guests, FillTheLanesThatTheLastInputTileLeavesEmpty) {
    EXPECT_EQ(hosts_per_guest(4096, 320), 4);  // 256 lanes used, 64 empty: four hosts carry a guest's 256 elements
    EXPECT_EQ(hosts_per_guest(640, 320), 0);
    EXPECT_EQ(hosts_per_guest(200, 320), 0);
    EXPECT_EQ(hosts_per_guest(640 + 319, 320), 0);  // one empty lane would need 319 hosts
    Matrix matrix{.inputs = dense_lanes(4096, 320)};
    matrix.tiles = deal_outputs({{Side::West, 0, false}}, 1024, 320, 5);
    ASSERT_EQ(matrix.tiles.size(), 5u);
    seat_guests(matrix, 4096, 320);
    EXPECT_EQ(matrix.inputs.size(), 13u + 4u);
    EXPECT_EQ(matrix.tiles[4].k_last, 11);
    std::vector<int> carried;
    for (int part = 0; part < 4; ++part)
        for (const int element : matrix.inputs[size_t(13 + part)])
            if (element >= 0) carried.push_back(element);
    ASSERT_EQ(carried.size(), 256u);
    for (int i = 0; i < 256; ++i) EXPECT_EQ(carried[size_t(i)], 3840 + i);
}

TEST(Gemm, StreamsWeightsNearTheBound) {
    const models::Chip chip = models::load_chip("tsp-v1");
    for (const auto& [n, half, least] :
         {std::tuple(4096, false, 0.90), {14336, false, 0.90}, {4096, true, 0.85}, {14336, true, 0.85}}) {
        const Gemm gemm = compile_gemm(chip, 1, 4096, n, half, {});
        EXPECT_GE(double(gemm.useful_weight_bytes) / double(gemm.cycles), least * chip.stream_bytes_per_cycle())
            << n << (half ? " fp16" : " int8");
    }
}

TEST(Llama, A7bLayerStaysNearItsWeightStreamingBound) {
    LlamaOptions options{.int8 = true, .context = 512, .prefill_rows = 1, .embedding = false, .head = false};
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), one_layer("llama-2-7b"), options);
    EXPECT_LE(double(compiler.compile({{0, 511}}).cycles), 1.35 * 9883);  // 202.4 MB of weights / 20,480 B a cycle
}

TEST(Layout, RequestsShareTheSramByTheirOwnLengths) {
    LlmConfig config = one_layer("llama-2-7b");
    config.layers = 4;
    config.hidden = config.ffn = 1024;
    config.heads = config.kv_heads = 16;
    config.head_dim = 64;
    LlamaOptions options{
        .int8 = true, .context = 4096, .batch = 4, .prefill_rows = 1, .embedding = false, .head = false};
    const models::Chip chip = models::load_chip("tsp-v1");
    const std::string message = message_of([&] { LlamaCompiler(chip, config, options); });
    EXPECT_NE(message.find("does not fit"), std::string::npos) << message;
    options.contexts = {4096, 512, 512, 512};
    const LlamaCompiler compiler(chip, config, options);
    EXPECT_EQ(compiler.kv_pages().by_request(), (std::vector<int>{13, 2, 2, 2}));
    EXPECT_EQ(compiler.kv_pages().page_tokens(), 320);
    EXPECT_EQ(compiler.kv_pages().place(1, 0), 1);  // between the first and the third page of request 0
    EXPECT_EQ(compiler.kv_pages().place(0, 2), 4);
    EXPECT_EQ(message_of([&] { compiler.compile({{.request = 1, .position = 512}}); }),
              "position 512 is past the context of 512 tokens of request 1; raise --context");
}
