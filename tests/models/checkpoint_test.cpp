// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/digest.hpp"
#include "base/half.hpp"
#include "models/safetensors.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using testing::HasSubstr;

namespace {

std::string digest_of(const LlmConfig& llm, const LlmWeights& weights) {
    Digest digest;
    const auto feed = [&](const Tensor& tensor) {
        digest.text(tensor.name).bytes(tensor.bytes.data(), tensor.bytes.size());
    };
    feed(weights.embedding);
    for (const LayerWeights& w : weights.layers)
        for (const Tensor* tensor :
             {&w.attention_norm, &w.q, &w.k, &w.v, &w.o, &w.ffn_norm, &w.gate, &w.up, &w.down, &w.q_bias, &w.k_bias,
              &w.v_bias, &w.o_bias, &w.gate_bias, &w.up_bias, &w.down_bias})
            feed(*tensor);
    feed(weights.final_norm);
    if (!llm.tied_head) feed(weights.head);
    return digest.hex();
}

Tensor view(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
    return {name, Dtype::f32, std::move(shape), std::as_bytes(std::span(values))};
}

/// Saves the small model after one change to its list of tensors, and gives the refusal on loading it.
template <class Change>
std::string load_refusal(Change change) {
    const Scratch scratch;
    const LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 1);
    save_checkpoint(llm, weights, scratch.path());
    std::vector<Tensor> tensors;
    const Checkpoint opened = open_checkpoint(scratch.path());
    for (const auto& [name, tensor] : opened.tensors) tensors.push_back(tensor);
    change(tensors);
    write_safetensors(scratch / "model.safetensors", tensors);
    std::string message = message_of([&] { load_weights(llm, scratch.path()); });
    const std::string prefix = (scratch / "model.safetensors").string();
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(prefix.size());
}

}  // namespace

TEST(RandomWeights, AreTheSameBytesEverywhere) {
    const LlmConfig llm = small_llm();
    EXPECT_EQ(digest_of(llm, random_weights(llm, 7)), digest_of(llm, random_weights(llm, 7)));
    EXPECT_NE(digest_of(llm, random_weights(llm, 7)), digest_of(llm, random_weights(llm, 8)));
    EXPECT_EQ(digest_of(llm, random_weights(llm, 7)),
              "882c22a2d1ba6747799e76125f28f46d4293663ddfb4a3e7b187f94c331e028a");
}

TEST(RandomWeights, KeepActivationsNearOne) {
    LlmConfig llm = small_llm();
    llm.hidden = 400;
    const LlmWeights weights = random_weights(llm, 3);
    double squares = 0, sum = 0;
    for (const float w : weights.layers[0].gate.floats()) squares += double(w) * w, sum += w;
    const double count = 20 * 400;
    EXPECT_NEAR(std::sqrt(squares / count), 1 / std::sqrt(400.0), 0.002);
    EXPECT_NEAR(sum / count, 0, 0.002);
    EXPECT_NEAR(weights.final_norm.at(0, 0), 1, 0.5);
}

TEST(RandomWeights, OfAPublishedShapeAreRefused) {
    EXPECT_THAT(message_of([] { random_weights(find_llm("llama-2-7b"), 1); }),
                HasSubstr("bytes of random weights (allowed: up to 4e9)"));
}

class SavedCheckpoint : public testing::TestWithParam<Dtype> {};

TEST_P(SavedCheckpoint, LoadsBackByteForByte) {
    for (const int shards : {1, 3}) {
        const Scratch scratch;
        LlmConfig llm = small_llm();
        llm.attention_bias = llm.mlp_bias = true;
        const LlmWeights weights = random_weights(llm, 5, GetParam());
        save_checkpoint(llm, weights, scratch.path(), shards);
        const LlmConfig found = find_llm(scratch.path().string());
        const LlmWeights loaded = load_weights(found);
        EXPECT_EQ(digest_of(llm, loaded), digest_of(llm, weights)) << shards;
        EXPECT_EQ(loaded.head.dtype, GetParam());
        EXPECT_EQ(loaded.layers[1].down.shape, (std::vector<int64_t>{12, 20}));
        EXPECT_EQ(loaded.layers[1].down.floats(), weights.layers[1].down.floats());
        EXPECT_EQ(loaded.layers[1].down_bias.columns(), 12);
    }
}

INSTANTIATE_TEST_SUITE_P(AllDtypes, SavedCheckpoint, testing::Values(Dtype::f32, Dtype::f16, Dtype::bf16),
                         [](const auto& info) { return dtype_name(info.param); });

TEST(Checkpoint, ATiedHeadIsTheEmbedding) {
    const Scratch scratch;
    LlmConfig llm = small_llm();
    llm.tied_head = true;
    save_checkpoint(llm, random_weights(llm, 5), scratch.path());
    const LlmWeights loaded = load_weights(llm, scratch.path());
    EXPECT_EQ(loaded.head.bytes.data(), loaded.embedding.bytes.data());
    EXPECT_TRUE(loaded.layers[0].q_bias.empty());
}

TEST(Checkpoint, CopiesShareTheMapping) {
    const Scratch scratch;
    const LlmConfig llm = small_llm();
    save_checkpoint(llm, random_weights(llm, 5), scratch.path());
    LlmWeights copy;
    {
        const LlmWeights loaded = load_weights(llm, scratch.path());
        copy = loaded;
    }
    EXPECT_TRUE(std::isfinite(copy.embedding.at(16, 11)));
}

TEST(Checkpoint, IgnoresTheRotaryCacheOfOldFiles) {
    const Scratch scratch;
    const LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 1);
    save_checkpoint(llm, weights, scratch.path());
    Checkpoint opened = open_checkpoint(scratch.path());
    opened.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {};
    EXPECT_NO_THROW(bind_weights(llm, opened));
}

TEST(CheckpointErrors, NoCheckpoint) {
    const Scratch scratch;
    EXPECT_EQ(message_of([&] { load_weights(small_llm(), scratch.path()); }),
              scratch.path().string() + ": no checkpoint (expected model.safetensors or model.safetensors.index.json)");
}

TEST(CheckpointErrors, AShapeWithoutWeights) {
    EXPECT_EQ(message_of([] { load_weights(find_llm("llama-3-8b")); }),
              "model 'llama-3-8b' is a shape without weights (allowed: a directory with a checkpoint)");
}

TEST(CheckpointErrors, WrongShape) {
    EXPECT_EQ(load_refusal([](std::vector<Tensor>& tensors) {
                  for (Tensor& tensor : tensors)
                      if (tensor.name == "model.layers.1.mlp.up_proj.weight") tensor.shape = {12, 20};
              }),
              ": tensor 'model.layers.1.mlp.up_proj.weight': expected [20, 12], found [12, 20]");
}

TEST(CheckpointErrors, MissingTensorWithTheNearest) {
    EXPECT_EQ(load_refusal([](std::vector<Tensor>& tensors) {
                  for (Tensor& tensor : tensors)
                      if (tensor.name == "lm_head.weight") tensor.name = "lm_heed.weight";
              }),
              ": tensor 'lm_head.weight' [17, 12] is missing (nearest: 'lm_heed.weight')");
}

TEST(CheckpointErrors, TensorThatNobodyReads) {
    static const std::vector<float> value{1.0f};
    EXPECT_THAT(load_refusal([](std::vector<Tensor>& tensors) {
                    tensors.push_back(view("model.layers.2.input_layernorm.weight", {1}, value));
                }),
                HasSubstr(": tensor 'model.layers.2.input_layernorm.weight' is not part of the model (nearest: '"));
}

TEST(CheckpointErrors, ShardsOfTheIndex) {
    const Scratch scratch;
    const LlmConfig llm = small_llm();
    save_checkpoint(llm, random_weights(llm, 5), scratch.path(), 2);
    const std::string index = (scratch / "model.safetensors.index.json").string();
    std::filesystem::rename(scratch / "model-00002-of-00002.safetensors", scratch / "kept");
    EXPECT_EQ(message_of([&] { load_weights(llm, scratch.path()); }),
              index + ": shard 'model-00002-of-00002.safetensors' is missing");
    std::filesystem::copy(scratch / "model-00001-of-00002.safetensors", scratch / "model-00002-of-00002.safetensors");
    EXPECT_THAT(message_of([&] { load_weights(llm, scratch.path()); }),
                HasSubstr(index + ": shard 'model-00002-of-00002.safetensors' has no tensor '"));
    scratch.write("model.safetensors.index.json", R"({"weight_map": {"a": "../b"}})");
    EXPECT_EQ(message_of([&] { load_weights(llm, scratch.path()); }),
              index + ": weight_map: key 'a': \"../b\" is not a file name");
    scratch.write("model.safetensors.index.json", R"({"weightmap": {}})");
    EXPECT_EQ(message_of([&] { load_weights(llm, scratch.path()); }),
              index + ": key 'weight_map' is missing (nearest: 'weightmap')");
}

TEST(Tensor, RefusesWhatDoesNotFitFp16) {
    const std::vector<float> values{1, 2, 3, 70000};
    EXPECT_EQ(message_of([&] {
                  view("w", {2, 2}, values).halves();
              }),
              "tensor 'w': value 70000 at [1, 1] does not fit fp16 (allowed: -65504 to 65504)");
    EXPECT_EQ(view("w", {2, 1}, values).halves(), (std::vector<uint16_t>{float_to_half(1), float_to_half(2)}));
}

TEST(Tensor, ReadsEveryDtypeAtOddAddresses) {
    const unsigned char bytes[] = {0xff, 0x80, 0x3f, 0x00, 0x3c, 0x00, 0x00, 0xc0, 0x40};
    const auto at = [&](Dtype dtype, size_t offset) {
        const std::span<const std::byte> view =
            std::as_bytes(std::span(bytes)).subspan(offset, size_t(dtype_bytes(dtype)));
        return Tensor{"x", dtype, {1}, view}.at(0, 0);
    };
    EXPECT_EQ(at(Dtype::bf16, 1), 1.0f);
    EXPECT_EQ(at(Dtype::f16, 3), 1.0f);
    EXPECT_EQ(at(Dtype::f32, 5), 6.0f);
}
