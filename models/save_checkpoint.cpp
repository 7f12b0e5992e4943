// SPDX-License-Identifier: Apache-2.0
// Writes a model as a directory that load_llm_config and load_weights read back.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "base/error.hpp"
#include "models/checkpoint.hpp"
#include "models/json_file.hpp"
#include "models/safetensors.hpp"

namespace superlane {
namespace {

void write_json(const std::filesystem::path& file, const nlohmann::json& value) {
    std::ofstream stream(file, std::ios::binary);
    stream << value.dump(2) << '\n';
    stream.flush();
    if (!stream) throw user_error(file.string(), ": cannot be written");
}

/// The tensors in checkpoint order; those the model does not have are left out.
std::vector<Tensor> all_tensors(const LlmConfig& llm, const LlmWeights& weights) {
    std::vector<Tensor> list{weights.embedding};
    for (const LayerWeights& w : weights.layers)
        for (const Tensor* tensor :
             {&w.attention_norm, &w.q, &w.k, &w.v, &w.o, &w.q_bias, &w.k_bias, &w.v_bias, &w.o_bias, &w.ffn_norm,
              &w.gate, &w.up, &w.down, &w.gate_bias, &w.up_bias, &w.down_bias})
            if (!tensor->empty()) list.push_back(*tensor);
    list.push_back(weights.final_norm);
    if (!llm.tied_head) list.push_back(weights.head);
    return list;
}

std::string shard_name(int shard, int shards) {
    char name[64];
    std::snprintf(name, sizeof name, "model-%05d-of-%05d.safetensors", shard + 1, shards);
    return name;
}

void write_shards(const std::filesystem::path& directory, const std::vector<Tensor>& tensors, int shards) {
    nlohmann::json weight_map = nlohmann::json::object();
    for (int shard = 0; shard < shards; ++shard) {
        const auto bound = [&](int s) { return tensors.begin() + std::ptrdiff_t(tensors.size()) * s / shards; };
        const std::vector<Tensor> part(bound(shard), bound(shard + 1));
        write_safetensors(directory / shard_name(shard, shards), part);
        for (const Tensor& tensor : part) weight_map[tensor.name] = shard_name(shard, shards);
    }
    write_json(directory / "model.safetensors.index.json", {{"weight_map", weight_map}});
}

}  // namespace

void save_checkpoint(const LlmConfig& llm, const LlmWeights& weights, const std::filesystem::path& directory,
                     int shards) {
    SUPERLANE_CHECK(shards >= 1 && int(weights.layers.size()) == llm.layers, shards, weights.layers.size());
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) throw user_error(directory.string(), ": cannot be made (", failed.message(), ")");
    write_json(directory / "config.json", to_json(llm));
    const std::vector<Tensor> tensors = all_tensors(llm, weights);
    if (shards == 1)
        write_safetensors(directory / "model.safetensors", tensors);
    else
        write_shards(directory, tensors, shards);
}

}  // namespace superlane
