// SPDX-License-Identifier: Apache-2.0
// OPT: LayerNorm, learned positions, a two-matrix FFN with ReLU, biases everywhere.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"OPTForCausalLM", "opt"};
constexpr ShapeKeys shape_keys{.kv_heads = nullptr, .head_dim = nullptr, .ffn = "ffn_dim"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    refuse_variants(file);
    check_choice(file, "activation_function", {"relu"});
    check_boolean(file, "do_layer_norm_before", true);
    check_boolean(file, "enable_bias", true);
    check_boolean(file, "layer_norm_elementwise_affine", true);
    check_boolean(file, "_remove_final_layer_norm", false);
    llm.position = PositionKind::learned;
    llm.position_offset = 2;
    read_shape(file, llm, shape_keys, {});
    if (file.integer_or("word_embed_proj_dim", llm.hidden, 1, max_hidden) != llm.hidden)
        file.fail("word_embed_proj_dim", "is not hidden_size " + std::to_string(llm.hidden));
    llm.tied_head = file.boolean_or("tie_word_embeddings", true);
    read_bos_eos(file, llm);
    llm.norm = NormKind::layer;
    llm.rms_norm_eps = 1e-5;
    llm.activation = Activation::relu;
    llm.gated_ffn = false;
    llm.attention_bias = llm.mlp_bias = llm.norm_bias = true;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_shape(llm, shape_keys, file);
    write_bos_eos(llm, file);
    write_key(file, "activation_function", "relu");
    write_key(file, "do_layer_norm_before", true);
    write_key(file, "word_embed_proj_dim", llm.hidden);
    write_key(file, "tie_word_embeddings", llm.tied_head);
}

void before(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "model.decoder.embed_tokens.weight", &LlmWeights::embedding, Role::table,
                     {llm.vocabulary, llm.hidden});
    add_model_tensor(list, "model.decoder.embed_positions.weight", &LlmWeights::positions, Role::table,
                     {llm.position_offset + llm.max_position, llm.hidden});
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.decoder.layers.", list);
    plan.norm("self_attn_layer_norm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.attention({.o = "self_attn.out_proj"});
    plan.norm("final_layer_norm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.dense_ffn("", {.up = "fc1", .down = "fc2"});
}

void after(const LlmConfig& llm, TensorList& list) {
    const std::string norm = "model.decoder.final_layer_norm.";
    add_model_tensor(list, norm + "weight", &LlmWeights::final_norm, Role::gain, {llm.hidden});
    add_model_tensor(list, norm + "bias", &LlmWeights::final_norm_bias, Role::bias, {llm.hidden});
    if (!llm.tied_head)
        add_model_tensor(list, "lm_head.weight", &LlmWeights::head, Role::matrix, {llm.vocabulary, llm.hidden});
}

}  // namespace

constinit const Family opt{"opt", {architecture}, read, write, before, layer_tensors, after};

}  // namespace superlane::families
