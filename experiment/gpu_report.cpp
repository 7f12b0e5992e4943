// SPDX-License-Identifier: Apache-2.0
// One step of a model on a GPU, and a GPU's parameters and points.
#include "experiment/gpu_report.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/llm.hpp"

namespace superlane::experiment {
namespace {

void check_count(const char* option, int64_t value, int64_t most) {
    if (value < 1 || value > most) throw user_error(option, " ", value, ": must be from 1 to ", most);
}

Json gpu_parameters_json(const models::Gpu& gpu) {
    Json json;
    for (const models::GpuParameterRow& row : models::gpu_parameters()) {
        const auto found = gpu.origins.find(std::string(row.key));
        Json& one = json[std::string(row.key)];
        one["value"] = gpu.*row.member;
        one["unit"] = row.unit;
        const bool set = found != gpu.origins.end();
        one["origin"] = set ? found->second.file : "default";
        one["mark"] = set ? found->second.mark : std::string(row.mark);
        one["source"] = set ? found->second.source : std::string(row.source);
        if (set) one["date"] = found->second.date;
    }
    return json;
}

}  // namespace

GpuStepResult time_gpu_step(const GpuStepOptions& options) {
    check_count("--batch", options.batch, 1 << 20);
    check_count("--context", options.context, 1 << 24);
    check_count("--new-tokens", options.new_tokens, options.context);
    GpuStepResult result;
    result.gpu = models::load_gpu(options.gpu, options.overrides);
    result.work = models::gpu_work(result.gpu, find_llm(options.model), options.dtype, options.tp);
    const models::StepGroup group{options.batch, options.context - options.new_tokens, options.new_tokens};
    result.step = models::gpu_step(result.gpu, result.work, {&group, 1});
    result.kv_capacity_tokens = models::kv_capacity_tokens(result.gpu, result.work);
    result.kv_tokens = options.batch * options.context;
    return result;
}

Json gpu_step_json(const GpuStepOptions& options, const GpuStepResult& result,
                   const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["gpu"] = result.gpu.name;
    json["model"] = result.work.model;
    json["dtype"] = options.dtype;
    json["tp"] = options.tp;
    json["batch"] = options.batch;
    json["context"] = options.context;
    json["new_tokens"] = options.new_tokens;
    json["step_s"] = result.step.total();
    json["gemm_s"] = result.step.gemm;
    json["attention_s"] = result.step.attention;
    json["all_reduce_s"] = result.step.all_reduce;
    json["overhead_s"] = result.step.overhead;
    json["tokens_per_second"] = result.tokens_per_second(options);
    json["weight_bytes"] = result.work.weight_bytes;
    json["kv_tokens"] = result.kv_tokens;
    json["kv_capacity_tokens"] = result.kv_capacity_tokens;
    json["parameters"] = gpu_parameters_json(result.gpu);
    return json;
}

Json gpu_json(const models::Gpu& gpu, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["name"] = gpu.name;
    json["description"] = gpu.description;
    json["parameters"] = gpu_parameters_json(gpu);
    json["points"] = Json::array();
    const auto residuals = models::gpu_residuals(gpu);
    for (const models::GpuResidual& one : residuals)
        json["points"].push_back({{"what", one.point.step ? "step" : "gemm"},
                                  {"use", one.point.check ? "check" : "fit"},
                                  {"model", one.point.model},
                                  {"tp", one.point.tp},
                                  {"tokens", one.point.tokens},
                                  {"context", one.point.context},
                                  {"measured_ms", one.point.ms},
                                  {"model_ms", one.model_ms},
                                  {"error", one.error()}});
    json["rms_error_fitted"] = models::rms_error(residuals, false);
    json["rms_error_checked"] = models::rms_error(residuals, true);
    return json;
}

}  // namespace superlane::experiment
