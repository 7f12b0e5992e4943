// SPDX-License-Identifier: Apache-2.0
// What a family of LLMs is to the rest of models/: its config keys as features, and its tensors' names.
#pragma once
#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/families/tensor_plan.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane::families {

struct Architecture {
    const char* name = nullptr;        ///< in "architectures"
    const char* model_type = nullptr;  ///< for files without "architectures"
};

struct Family {
    const char* name;                           ///< LlmConfig::family
    std::array<Architecture, 2> architectures;  ///< the second may be absent
    void (*read)(const JsonObject& file, const Architecture& architecture, LlmConfig& llm);
    void (*write)(const LlmConfig& llm, nlohmann::json& file);  ///< the keys that `read` reads
    void (*before)(const LlmConfig& llm, TensorList& list);     ///< tensors before the layers, in checkpoint order
    void (*layer)(const LlmConfig& llm, int layer, TensorList& list);
    void (*after)(const LlmConfig& llm, TensorList& list);
    /// Tensors of published checkpoints that are no part of the model; may be absent.
    bool (*ignores)(const LlmConfig& llm, const std::string& tensor) = nullptr;
};

#define FAMILY(name) extern const Family name;
#include "models/families/families.def"
#undef FAMILY

const std::vector<const Family*>& all_families();
const Family& family_of(const LlmConfig& llm);

}  // namespace superlane::families
