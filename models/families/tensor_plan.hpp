// SPDX-License-Identifier: Apache-2.0
// Which tensors a checkpoint stores and which places of LlmWeights each of them fills, whole or in parts.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/checkpoint.hpp"
#include "models/llm.hpp"

namespace superlane::families {

/// What a tensor is for; random weights and the counts of parameters go by it.
enum class Role { matrix, table, gain, bias };

/// A tensor of LlmWeights: of the model, of a layer, or of an expert of a layer.
struct Place {
    static constexpr int shared_expert = -1;

    Tensor LlmWeights::*of_model = nullptr;
    int layer = -1;
    Tensor LayerWeights::*of_layer = nullptr;
    int expert = shared_expert;
    Tensor FfnWeights::*of_expert = nullptr;

    bool is_routed() const { return of_expert != nullptr && expert != shared_expert; }
    Tensor& in(LlmWeights& weights) const;
    const Tensor& in(const LlmWeights& weights) const;
};

/// A view of a stored tensor: element [r, c] lies at offset + r * row_stride + c * column_stride.
struct Part {
    Place place;
    std::vector<int64_t> shape;
    int64_t offset = 0, row_stride = 0, column_stride = 1;
};

struct StoredTensor {
    std::string name;
    std::vector<int64_t> shape;
    Role role;
    std::vector<Part> parts;  ///< together every element once
    bool is_whole() const { return parts.size() == 1 && parts[0].shape == shape && parts[0].column_stride == 1; }
};
using TensorList = std::vector<StoredTensor>;

int64_t elements_of(const StoredTensor& tensor);

/// The model's tensors in checkpoint order.
TensorList plan_model(const LlmConfig& config);
/// The tensors outside the layers, and those of one layer.
TensorList plan_outside(const LlmConfig& config);
TensorList plan_layer(const LlmConfig& config, int layer);

/// Adds tensors of the model under their names.
void add_model_tensor(TensorList& list, const std::string& name, Tensor LlmWeights::*place, Role role,
                      std::vector<int64_t> shape);

struct AttentionNames {
    const char *q = "self_attn.q_proj", *k = "self_attn.k_proj", *v = "self_attn.v_proj", *o = "self_attn.o_proj";
};
struct FfnNames {
    const char *gate = "gate_proj", *up = "up_proj", *down = "down_proj";
};

/// Adds the tensors of one layer; every name is put behind the layer's prefix, with ".weight" and ".bias" behind it.
class LayerPlan {
public:
    LayerPlan(const LlmConfig& llm, int layer, std::string prefix, TensorList& list);
    /// "<root><layer>." as prefix.
    static LayerPlan numbered(const LlmConfig& llm, int layer, const std::string& root, TensorList& list);

    void add(const std::string& name, Tensor LayerWeights::*place, Role role, std::vector<int64_t> shape);
    void norm(const std::string& name, Tensor LayerWeights::*gain, Tensor LayerWeights::*bias);
    void projection(const std::string& name, Tensor LayerWeights::*weight, int64_t outputs, int64_t inputs,
                    Tensor LayerWeights::*bias = nullptr);
    /// q, k, v and o, with biases, head norms and sinks as the features say.
    void attention(const AttentionNames& names);
    void dense_ffn(const std::string& prefix, const FfnNames& names);
    /// Router as projection `router`; experts as "<prefix><index>.<name>".
    void experts(const std::string& router, const std::string& prefix, const FfnNames& names);
    void shared_expert(const std::string& prefix, const FfnNames& names);
    void router(const std::string& name);
    /// A tensor of several places; the caller adds its parts.
    StoredTensor& fused(const std::string& name, Role role, std::vector<int64_t> shape);
    Place at(Tensor LayerWeights::*place) const { return {.layer = layer_, .of_layer = place}; }
    Place expert(int index, Tensor FfnWeights::*place) const {
        return {.layer = layer_, .expert = index, .of_expert = place};
    }

private:
    void one_expert(const std::string& prefix, const FfnNames& names, int expert, int64_t ffn, bool biases);

    const LlmConfig& llm_;
    int layer_;
    std::string prefix_;
    TensorList& list_;
};

/// Names that most families share.
void standard_before(const LlmConfig& llm, TensorList& list);            ///< model.embed_tokens
void standard_layer(const LlmConfig& llm, int layer, TensorList& list);  ///< model.layers.N.self_attn and .mlp, dense
void standard_after(const LlmConfig& llm, TensorList& list);             ///< model.norm, lm_head

}  // namespace superlane::families
