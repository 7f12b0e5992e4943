// SPDX-License-Identifier: Apache-2.0
// Opens a checkpoint directory and binds its tensors to the places of the model, each checked for its shape.
#include "models/checkpoint.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "models/safetensors.hpp"

namespace superlane {

using nlohmann::json;

namespace {

using Mappings = std::vector<std::unique_ptr<MappedFile>>;

std::map<std::string, Tensor> map_file(const std::filesystem::path& file, Mappings& mappings) {
    mappings.push_back(std::make_unique<MappedFile>(file));
    return parse_safetensors(mappings.back()->bytes(), file.string());
}

/// "weight_map" of the index as shard -> tensor names.
std::map<std::string, std::vector<std::string>> read_index(const std::filesystem::path& index) {
    const json value = read_json_file(index);
    const JsonObject file(value, index.string());
    const JsonObject weight_map(file.at("weight_map"), index.string() + ": weight_map");
    std::map<std::string, std::vector<std::string>> shards;
    for (const auto& [tensor, shard] : file.at("weight_map").items()) {
        const std::string name = weight_map.text(tensor);
        if (name.empty() || name.find('/') != std::string::npos) weight_map.fail(tensor, "is not a file name");
        shards[name].push_back(tensor);
    }
    return shards;
}

Checkpoint open_shards(const std::filesystem::path& directory, const std::filesystem::path& index) {
    auto mappings = std::make_shared<Mappings>();
    Checkpoint checkpoint{index.string(), {}, mappings};
    for (const auto& [shard, names] : read_index(index)) {
        if (!std::filesystem::exists(directory / shard))
            throw user_error(index.string(), ": shard '", shard, "' is missing");
        std::map<std::string, Tensor> tensors = map_file(directory / shard, *mappings);
        for (const std::string& name : names) {
            const auto found = tensors.find(name);
            if (found == tensors.end())
                throw user_error(index.string(), ": shard '", shard, "' has no tensor '", name, "'");
            checkpoint.tensors.insert(*found);
        }
    }
    return checkpoint;
}

/// Takes tensors out of a checkpoint one by one, so that what is left is known to be unread.
class Binder {
public:
    Binder(const LlmConfig& llm, Checkpoint& checkpoint) : checkpoint_(checkpoint) {
        for (TensorShape& tensor : tensor_shapes(llm)) expected_.emplace(tensor.name, std::move(tensor.shape));
    }

    /// The tensor, or an empty one when the model has none of that name (a bias).
    Tensor take(const std::string& name) {
        const auto expected = expected_.find(name);
        if (expected == expected_.end()) return {};
        const auto found = checkpoint_.tensors.find(name);
        if (found == checkpoint_.tensors.end()) fail_missing(name, expected->second);
        if (found->second.shape != expected->second)
            throw user_error(checkpoint_.file, ": tensor '", name, "': expected ", shape_text(expected->second),
                             ", found ", shape_text(found->second.shape));
        Tensor tensor = std::move(found->second);
        checkpoint_.tensors.erase(found);
        return tensor;
    }

    /// A tensor nobody reads means that config and checkpoint are of different models.
    void refuse_unread(bool tied_head) const {
        std::vector<std::string> known;
        for (const auto& [name, shape] : expected_) known.push_back(name);
        for (const auto& [name, tensor] : checkpoint_.tensors) {
            if (name.ends_with(".rotary_emb.inv_freq")) continue;  // a cache that old files carry
            if (name == "lm_head.weight" && tied_head) continue;   // a copy of the embedding
            throw user_error(checkpoint_.file, ": tensor '", name, "' is not part of the model",
                             nearest_hint(name, known));
        }
    }

private:
    [[noreturn]] void fail_missing(const std::string& name, const std::vector<int64_t>& shape) const {
        std::vector<std::string> unread;
        for (const auto& [other, tensor] : checkpoint_.tensors)
            if (!expected_.contains(other)) unread.push_back(other);
        throw user_error(checkpoint_.file, ": tensor '", name, "' ", shape_text(shape), " is missing",
                         nearest_hint(name, unread));
    }

    Checkpoint& checkpoint_;
    std::map<std::string, std::vector<int64_t>> expected_;
};

LayerWeights bind_layer(Binder& binder, const std::string& layer) {
    LayerWeights w;
    w.attention_norm = binder.take(layer + "input_layernorm.weight");
    w.q = binder.take(layer + "self_attn.q_proj.weight");
    w.k = binder.take(layer + "self_attn.k_proj.weight");
    w.v = binder.take(layer + "self_attn.v_proj.weight");
    w.o = binder.take(layer + "self_attn.o_proj.weight");
    w.q_bias = binder.take(layer + "self_attn.q_proj.bias");
    w.k_bias = binder.take(layer + "self_attn.k_proj.bias");
    w.v_bias = binder.take(layer + "self_attn.v_proj.bias");
    w.o_bias = binder.take(layer + "self_attn.o_proj.bias");
    w.ffn_norm = binder.take(layer + "post_attention_layernorm.weight");
    w.gate = binder.take(layer + "mlp.gate_proj.weight");
    w.up = binder.take(layer + "mlp.up_proj.weight");
    w.down = binder.take(layer + "mlp.down_proj.weight");
    w.gate_bias = binder.take(layer + "mlp.gate_proj.bias");
    w.up_bias = binder.take(layer + "mlp.up_proj.bias");
    w.down_bias = binder.take(layer + "mlp.down_proj.bias");
    return w;
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& directory) {
    const std::filesystem::path single = directory / "model.safetensors";
    const std::filesystem::path index = directory / "model.safetensors.index.json";
    if (std::filesystem::exists(index)) return open_shards(directory, index);
    if (!std::filesystem::exists(single))
        throw user_error(directory.string(),
                         ": no checkpoint (expected model.safetensors or model.safetensors.index.json)");
    auto mappings = std::make_shared<Mappings>();
    std::map<std::string, Tensor> tensors = map_file(single, *mappings);
    return {single.string(), std::move(tensors), mappings};
}

LlmWeights bind_weights(const LlmConfig& llm, Checkpoint checkpoint) {
    Binder binder(llm, checkpoint);
    LlmWeights weights;
    weights.embedding = binder.take("model.embed_tokens.weight");
    for (int layer = 0; layer < llm.layers; ++layer)
        weights.layers.push_back(bind_layer(binder, "model.layers." + std::to_string(layer) + "."));
    weights.final_norm = binder.take("model.norm.weight");
    weights.head = llm.tied_head ? weights.embedding : binder.take("lm_head.weight");
    binder.refuse_unread(llm.tied_head);
    weights.storage = std::move(checkpoint.storage);
    return weights;
}

LlmWeights load_weights(const LlmConfig& llm, const std::filesystem::path& directory) {
    return bind_weights(llm, open_checkpoint(directory));
}

LlmWeights load_weights(const LlmConfig& llm) {
    if (llm.directory.empty())
        throw user_error("model '", llm.name, "' is a shape without weights (allowed: a directory with a checkpoint)");
    return load_weights(llm, llm.directory);
}

}  // namespace superlane
