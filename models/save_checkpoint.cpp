// SPDX-License-Identifier: Apache-2.0
// Writes a model as a directory that load_llm_config and load_weights read back.
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/checkpoint.hpp"
#include "models/families/tensor_plan.hpp"
#include "models/json_file.hpp"
#include "models/safetensors.hpp"

namespace superlane {

using families::Part;
using families::StoredTensor;

namespace {

void write_json(const std::filesystem::path& file, const nlohmann::json& value) {
    std::ofstream stream(file, std::ios::binary);
    stream << value.dump(2) << '\n';
    stream.flush();
    if (!stream) throw user_error(file.string(), ": cannot be written");
}

void store_part(const Tensor& tensor, const Part& part, std::vector<std::byte>& out) {
    const int64_t width = dtype_bytes(tensor.dtype), stride = part.row_stride == 0 ? tensor.columns() : part.row_stride;
    const int64_t from_stride = tensor.row_stride == 0 ? tensor.columns() : tensor.row_stride;
    for (int64_t r = 0; r < tensor.rows(); ++r)
        for (int64_t c = 0; c < tensor.columns(); ++c)
            std::memcpy(out.data() + (part.offset + r * stride + c * part.column_stride) * width,
                        tensor.bytes.data() + (r * from_stride + c * tensor.column_stride) * width, size_t(width));
}

/// The tensors in checkpoint order; those that are made of parts are put together in `storage`.
std::vector<Tensor> all_tensors(const LlmConfig& llm, const LlmWeights& weights,
                                std::deque<std::vector<std::byte>>& storage) {
    std::vector<Tensor> list;
    for (const StoredTensor& stored : families::plan_model(llm)) {
        const Tensor& first = stored.parts[0].place.in(weights);
        std::span<const std::byte> bytes = first.bytes;
        if (!stored.is_whole() || !first.contiguous()) {
            std::vector<std::byte>& whole =
                storage.emplace_back(size_t(families::elements_of(stored) * dtype_bytes(first.dtype)));
            for (const Part& part : stored.parts) {
                const Tensor& tensor = part.place.in(weights);
                SUPERLANE_CHECK(tensor.dtype == first.dtype && tensor.shape == part.shape, stored.name);
                store_part(tensor, part, whole);
            }
            bytes = whole;
        }
        list.push_back({stored.name, first.dtype, stored.shape, bytes});
    }
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
    std::deque<std::vector<std::byte>> storage;
    const std::vector<Tensor> tensors = all_tensors(llm, weights, storage);
    if (shards == 1)
        write_safetensors(directory / "model.safetensors", tensors);
    else
        write_shards(directory, tensors, shards);
}

}  // namespace superlane
