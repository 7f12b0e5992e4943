// SPDX-License-Identifier: Apache-2.0
// LlmConfig to and from a Hugging Face config.json: finds the family, which reads and writes its own keys.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"
#include "models/families/family.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane {

using families::Architecture;
using families::Family;
using nlohmann::json;

namespace {

std::pair<const Family*, const Architecture*> find_architecture(const JsonObject& file) {
    const bool by_name = file.has("architectures");
    std::string wanted;
    if (by_name) {
        const json& list = file.at("architectures");
        if (!list.is_array() || list.empty() || !list[0].is_string())
            file.fail("architectures", "is not a list of names");
        wanted = list[0].get<std::string>();
    } else {
        wanted = file.text("model_type");
    }
    std::vector<std::string> known;
    for (const Family* family : families::all_families())
        for (const Architecture& row : family->architectures) {
            if (row.name == nullptr) continue;
            known.push_back(by_name ? row.name : row.model_type);
            if (known.back() == wanted) return {family, &row};
        }
    std::string allowed;
    for (const std::string& name : known) allowed += (allowed.empty() ? "" : ", ") + name;
    file.fail(by_name ? "architectures" : "model_type",
              "is an unknown architecture (allowed: " + allowed + ")" + nearest_hint(wanted, known));
}

/// The shape is that of the model all the same; the weights cannot be read.
std::string quantization_of(const JsonObject& file) {
    if (!file.has("quantization_config")) return "";
    const json& given = file.at("quantization_config");
    if (!given.is_object()) file.fail("quantization_config", "is not an object");
    const auto method = given.find("quant_method");
    return method != given.end() && method->is_string() ? method->get<std::string>() : "an unnamed method";
}

}  // namespace

LlmConfig parse_llm_config(const json& object, const std::string& file_name, const std::string& name) {
    const JsonObject file(object, file_name);
    const auto [family, architecture] = find_architecture(file);
    LlmConfig llm;
    llm.name = name.empty() ? file_name : name;
    llm.family = family->name;
    family->read(file, *architecture, llm);
    llm.quantization = quantization_of(file);
    return llm;
}

LlmConfig load_llm_config(const std::filesystem::path& config_file) {
    const bool in_directory = config_file.filename() == "config.json";
    const std::filesystem::path directory = std::filesystem::absolute(config_file).parent_path();
    const std::string name = (in_directory ? directory.filename() : config_file.stem()).string();
    LlmConfig llm = parse_llm_config(read_json_file(config_file), config_file.string(), name);
    if (in_directory) llm.directory = config_file.parent_path();
    return llm;
}

json to_json(const LlmConfig& llm) {
    json file = json::object();
    families::family_of(llm).write(llm, file);
    if (!llm.quantization.empty()) file["quantization_config"]["quant_method"] = llm.quantization;
    return file;
}

}  // namespace superlane
