// SPDX-License-Identifier: Apache-2.0
// LLM shapes by name, or the model of a directory.
#include <iostream>

#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "models/llm.hpp"

namespace superlane::cli {
namespace {

std::string experts_text(const LlmConfig& model) {
    const MoeConfig& moe = model.moe;
    return std::to_string(moe.experts) + " a layer, " + std::to_string(moe.active) + " active, " + grouped(moe.ffn) +
           " elements each" + (moe.shared_ffn > 0 ? ", and one of " + grouped(moe.shared_ffn) + " for all" : "") +
           (moe.first_dense_layers > 0 ? "; first " + counted(moe.first_dense_layers, "layer") + " dense" : "");
}

/// "14336", or "8 x 14336" for a mixture of experts.
std::string ffn_text(const LlmConfig& model) {
    if (model.moe.experts == 0) return std::to_string(model.ffn);
    return std::to_string(model.moe.experts) + " x " + std::to_string(model.moe.ffn);
}

void print_model(const LlmConfig& model) {
    Table table;
    table.row({"model", model.name + (model.directory.empty() ? " (shape only, no weights)" : "")});
    table.row({"family", model.family});
    table.row({"layers", std::to_string(model.layers)});
    table.row({"hidden", grouped(model.hidden) + " elements"});
    table.row({"heads", std::to_string(model.heads) + " query, " + std::to_string(model.kv_heads) + " key/value, " +
                            std::to_string(model.head_dim) + " elements each"});
    if (model.ffn > 0) table.row({"ffn", grouped(model.ffn) + " elements"});
    if (model.moe.experts > 0) table.row({"experts", experts_text(model)});
    table.row({"vocabulary",
               grouped(model.vocabulary) + " tokens" + (model.tied_head ? ", head tied to the embedding" : "")});
    table.row({"context", grouped(model.max_position) + " tokens at most"});
    table.row({"parameters", grouped(weight_parameters(model)) + ", of which " + grouped(projection_parameters(model)) +
                                 " are read in a decode step"});
    table.row(
        {"weights", bytes_text(weight_bytes(model, 2)) + " fp16, " + bytes_text(weight_bytes(model, 1)) + " int8"});
    table.row({"keys and values", bytes_text(kv_bytes_per_token(model, 2)) + " fp16 a token"});
    table.print(std::cout, "");
}

}  // namespace

void describe_models(const std::vector<std::string>& names) {
    for (const std::string& name : names) print_model(find_llm(name));
    if (!names.empty()) return;
    Table table({false, true, true, true, true, true, true, true});
    table.row({"model", "layers", "hidden", "heads", "kv heads", "head dim", "ffn", "parameters", "int8 weights"});
    for (const std::string& name : llm_names()) {
        const LlmConfig model = find_llm(name);
        table.row({name, std::to_string(model.layers), std::to_string(model.hidden), std::to_string(model.heads),
                   std::to_string(model.kv_heads), std::to_string(model.head_dim), ffn_text(model),
                   grouped(weight_parameters(model)), bytes_text(weight_bytes(model, 1))});
    }
    table.print(std::cout, "");
}

}  // namespace superlane::cli
