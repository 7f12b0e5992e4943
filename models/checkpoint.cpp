// SPDX-License-Identifier: Apache-2.0
// Opens a checkpoint directory and binds its tensors to the places of the model, each checked for its shape.
#include "models/checkpoint.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "models/families/family.hpp"
#include "models/json_file.hpp"
#include "models/safetensors.hpp"

namespace superlane {

using families::Part;
using families::StoredTensor;
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
    Binder(const LlmConfig& llm, Checkpoint& checkpoint)
        : llm_(llm), checkpoint_(checkpoint), plan_(families::plan_model(llm)) {
        for (const StoredTensor& tensor : plan_) expected_.insert(tensor.name);
    }

    void bind(LlmWeights& weights) {
        for (const StoredTensor& stored : plan_) {
            const Tensor whole = take(stored);
            for (const Part& part : stored.parts)
                part.place.in(weights) = stored.is_whole() ? whole : view(whole, part);
        }
    }

    /// A tensor nobody reads means that config and checkpoint are of different models.
    void refuse_unread() const {
        const std::vector<std::string> known(expected_.begin(), expected_.end());
        const auto ignores = families::family_of(llm_).ignores;
        for (const auto& [name, tensor] : checkpoint_.tensors) {
            if (name.ends_with(".rotary_emb.inv_freq")) continue;      // a cache that old files carry
            if (name == "lm_head.weight" && llm_.tied_head) continue;  // a copy of the embedding
            if (ignores != nullptr && ignores(llm_, name)) continue;
            throw user_error(checkpoint_.file, ": tensor '", name, "' is not part of the model",
                             nearest_hint(name, known));
        }
    }

private:
    Tensor take(const StoredTensor& stored) {
        const auto found = checkpoint_.tensors.find(stored.name);
        if (found == checkpoint_.tensors.end()) fail_missing(stored);
        if (found->second.shape != stored.shape)
            throw user_error(checkpoint_.file, ": tensor '", stored.name, "': expected ", shape_text(stored.shape),
                             ", found ", shape_text(found->second.shape));
        Tensor tensor = std::move(found->second);
        checkpoint_.tensors.erase(found);
        return tensor;
    }

    static Tensor view(const Tensor& whole, const Part& part) {
        Tensor tensor{whole.name, whole.dtype, part.shape, {}, part.row_stride, part.column_stride};
        const int64_t stride = tensor.row_stride == 0 ? tensor.columns() : tensor.row_stride;
        const int64_t last = (tensor.rows() - 1) * stride + (tensor.columns() - 1) * tensor.column_stride;
        const size_t width = size_t(dtype_bytes(whole.dtype));
        tensor.bytes = whole.bytes.subspan(size_t(part.offset) * width, size_t(last + 1) * width);
        return tensor;
    }

    [[noreturn]] void fail_missing(const StoredTensor& stored) const {
        std::vector<std::string> unread;
        for (const auto& [other, tensor] : checkpoint_.tensors)
            if (!expected_.contains(other)) unread.push_back(other);
        throw user_error(checkpoint_.file, ": tensor '", stored.name, "' ", shape_text(stored.shape), " is missing",
                         nearest_hint(stored.name, unread));
    }

    const LlmConfig& llm_;
    Checkpoint& checkpoint_;
    families::TensorList plan_;
    std::set<std::string> expected_;
};

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

void for_each_tensor(const LlmConfig& llm, const LlmWeights& weights, const std::function<void(const Tensor&)>& visit) {
    for (const StoredTensor& stored : families::plan_model(llm))
        for (const Part& part : stored.parts) visit(part.place.in(weights));
}

LlmWeights bind_weights(const LlmConfig& llm, Checkpoint checkpoint) {
    LlmWeights weights;
    weights.layers.resize(size_t(llm.layers));
    for (int layer = 0; layer < llm.layers; ++layer)
        if (llm.is_moe(layer)) weights.layers[size_t(layer)].experts.resize(size_t(llm.moe.experts));
    Binder binder(llm, checkpoint);
    binder.bind(weights);
    binder.refuse_unread();
    if (llm.tied_head) weights.head = weights.embedding;
    weights.storage = std::move(checkpoint.storage);
    return weights;
}

LlmWeights load_weights(const LlmConfig& llm, const std::filesystem::path& directory) {
    return bind_weights(llm, open_checkpoint(directory));
}

LlmWeights load_weights(const LlmConfig& llm) {
    if (llm.directory.empty())
        throw user_error("model '", llm.name, "' is a shape without weights (allowed: a directory with a checkpoint)");
    if (!llm.quantization.empty())
        throw user_error((llm.directory / "config.json").string(), ": key 'quantization_config': weights quantised by ",
                         llm.quantization,
                         " cannot be read (allowed: absent; with --timing-only the shape alone counts)");
    return load_weights(llm, llm.directory);
}

}  // namespace superlane
