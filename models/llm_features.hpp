// SPDX-License-Identifier: Apache-2.0
// The features that families of LLMs differ in, each independent of the others; a family is a choice of them.
#pragma once
#include <cstdint>

namespace superlane {

enum class NormKind {
    rms,           ///< x / rms(x) * g
    rms_plus_one,  ///< x / rms(x) * (1 + g)
    layer,         ///< (x - mean) / deviation * g, and + b where the norms have biases
};

enum class Activation {
    silu,            ///< x * sigmoid(x)
    gelu_tanh,       ///< x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
    relu,            ///< max(x, 0)
    clamped_swiglu,  ///< gated only: g = min(gate, limit), u = clamp(up, -limit, limit): (u + 1) * g * sigmoid(1.702 g)
};
constexpr float clamped_swiglu_alpha = 1.702f;

enum class PositionKind {
    rope,     ///< q and k are turned by angles that grow with the position
    learned,  ///< a row of a table is added to the embedding
};

/// How the router's logits become scores.
enum class RouterScore {
    softmax,  ///< exp(l) / sum over all experts; normalised over the chosen ones it is "top-k, then softmax"
    sigmoid,  ///< 1 / (1 + exp(-l)); a correction bias is added for the choice only
};

/// A mixture of experts in place of the FFN of every layer from first_dense_layers on.
struct MoeConfig {
    int experts = 0;             ///< routed experts a layer; 0 = the model has none
    int active = 0;              ///< chosen for each token
    int ffn = 0;                 ///< inner elements of one expert
    int shared_ffn = 0;          ///< inner elements of the expert that every token passes, added unweighted; 0 = none
    int first_dense_layers = 0;  ///< layers at the start that have a dense FFN of LlmConfig::ffn
    RouterScore score = RouterScore::softmax;
    bool normalise = false;        ///< weights of the chosen experts are divided by their sum
    double scaling = 1.0;          ///< the weights are then multiplied by this, ratio
    bool router_bias = false;      ///< added to the router's logits
    bool correction_bias = false;  ///< added to the scores for the choice, not to the weights
    int groups = 1;         ///< equal groups of neighbouring experts; a group's rank is the sum of its two best scores
    int active_groups = 1;  ///< experts are chosen from this many best groups only
    bool operator==(const MoeConfig&) const = default;
};

/// Multi-head latent attention: a token's keys and values of all heads come from one latent row.
struct MlaConfig {
    int kv_lora = 0;   ///< elements of the latent row of keys and values; 0 = the model has ordinary attention
    int q_lora = 0;    ///< elements of the latent row of queries; 0 = queries are projected at once
    int rope_dim = 0;  ///< last elements of a query or key head, turned by RoPE; the key's are shared by all heads
    int nope_dim = 0;  ///< first elements of a query or key head, without position
    int v_dim = 0;     ///< elements of a value head
    double norm_eps = 1e-6;  ///< of the RMS norms of the two latent rows
    bool operator==(const MlaConfig&) const = default;
};

}  // namespace superlane
