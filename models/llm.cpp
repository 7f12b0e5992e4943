// SPDX-License-Identifier: Apache-2.0
// The tensors and counts of an LLM shape, and the search for a model by name or directory.
#include "models/llm.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "models/data_path.hpp"
#include "models/families/family.hpp"

namespace superlane {
using families::Role;
using families::StoredTensor;
using families::TensorList;

int LlmConfig::cache_columns() const { return has_mla() ? mla.kv_lora + mla.rope_dim : 2 * kv_columns(); }

double LlmConfig::score_scale() const { return query_scale != 0.0 ? query_scale : 1.0 / std::sqrt(double(head_dim)); }

int64_t LlmConfig::window(int layer) const {
    return windowed.empty() || windowed.at(size_t(layer)) ? sliding_window_tokens : 0;
}

std::vector<TensorShape> tensor_shapes(const LlmConfig& llm) {
    std::vector<TensorShape> list;
    for (StoredTensor& tensor : families::plan_model(llm))
        list.push_back({std::move(tensor.name), std::move(tensor.shape)});
    return list;
}

namespace {

/// Sums over the model; layers of one kind are alike, so one of each is listed.
template <class Count>
int64_t count_parameters(const LlmConfig& llm, Count count) {
    const int dense = llm.moe.experts == 0 ? llm.layers : std::min(llm.layers, llm.moe.first_dense_layers);
    int64_t total = count(families::plan_outside(llm));
    if (dense > 0) total += dense * count(families::plan_layer(llm, 0));
    if (dense < llm.layers) total += (llm.layers - dense) * count(families::plan_layer(llm, dense));
    return total;
}

int64_t stored(const TensorList& tensors) {
    int64_t total = 0;
    for (const StoredTensor& tensor : tensors) total += families::elements_of(tensor);
    return total;
}

}  // namespace

int64_t weight_parameters(const LlmConfig& llm) { return count_parameters(llm, stored); }

int64_t projection_parameters(const LlmConfig& llm) {
    const int64_t read = count_parameters(llm, [&](const TensorList& tensors) {
        int64_t total = 0, routed = 0;
        for (const StoredTensor& tensor : tensors)
            if (tensor.role == Role::matrix)
                (tensor.parts[0].place.is_routed() ? routed : total) += families::elements_of(tensor);
        return routed == 0 ? total : total + routed / llm.moe.experts * llm.moe.active;
    });
    return llm.tied_head ? read + int64_t{llm.vocabulary} * llm.hidden : read;
}

double weight_bytes(const LlmConfig& llm, double bytes_per_parameter) {
    return double(weight_parameters(llm)) * bytes_per_parameter;
}

double kv_bytes_per_token(const LlmConfig& llm, double bytes_per_element) {
    return double(llm.layers) * llm.cache_columns() * bytes_per_element;
}

std::vector<std::string> llm_names() { return data_names("llms"); }

LlmConfig find_llm(const std::string& name) {
    const std::filesystem::path directory(name);
    if (std::filesystem::is_directory(directory)) {
        if (std::filesystem::exists(directory / "config.json")) return load_llm_config(directory / "config.json");
        throw user_error("model '", name, "': the directory has no config.json");
    }
    const std::vector<std::string> known = llm_names();
    for (const std::string& candidate : known)
        if (candidate == name) return load_llm_config(data_path("llms/" + name + ".json"));
    std::string list;
    for (const std::string& candidate : known) list += (list.empty() ? "" : ", ") + candidate;
    throw user_error("model '", name, "': neither a directory nor a known name (known: ", list, ")",
                     nearest_hint(name, known));
}

}  // namespace superlane
