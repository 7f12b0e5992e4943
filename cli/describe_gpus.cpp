// SPDX-License-Identifier: Apache-2.0
// GPUs: figures, parameters with their source, and the measured points beside the model.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "experiment/gpu_report.hpp"

namespace superlane::cli {
namespace {

using experiment::plain_number;

void print_parameters(const models::Gpu& gpu) {
    Table table({false, true});
    table.row({"parameter", "value", "unit", "origin", "mark", "date", "source"});
    for (const models::GpuParameterRow& row : models::gpu_parameters()) {
        const auto found = gpu.origins.find(std::string(row.key));
        const bool set = found != gpu.origins.end();
        table.row({std::string(row.key), plain_number(gpu.*row.member), std::string(row.unit),
                   set ? found->second.file : "default", set ? found->second.mark : std::string(row.mark),
                   set ? found->second.date : "", set ? found->second.source : std::string(row.source)});
    }
    table.print(std::cout);
}

void print_points(const models::Gpu& gpu) {
    const auto residuals = models::gpu_residuals(gpu);
    if (residuals.empty()) {
        std::cout << "No points of its own: its efficiency is that of the device it inherits.\n";
        return;
    }
    Table table({false, false, false, true, true, true, true, true, true});
    table.row({"use", "what", "model", "tp", "tokens", "context", "measured", "model", "error"});
    for (const models::GpuResidual& one : residuals)
        table.row({one.point.check ? "check" : "fit", one.point.step ? "step" : "gemm", one.point.model,
                   std::to_string(one.point.tp), grouped(one.point.tokens), grouped(one.point.context),
                   fixed(one.point.ms, 2) + " ms", fixed(one.model_ms, 2) + " ms",
                   (one.error() < 0 ? "" : "+") + fixed(100 * one.error(), 1) + " %"});
    table.print(std::cout);
    std::cout << "Root mean square error: " << percent(models::rms_error(residuals, false))
              << " of the points fitted on, " << percent(models::rms_error(residuals, true))
              << " of those kept aside. Source: " << gpu.points.front().source << ".\n";
}

void list_gpus() {
    Table table({false, true, true, true, true, true});
    table.row({"GPU", "memory", "bandwidth", "fp16", "fp8", "power", "description"});
    for (const std::string& name : models::gpu_names()) {
        const models::Gpu gpu = models::load_gpu(name);
        table.row({name, plain_number(gpu.memory_gb) + " GB", plain_number(gpu.memory_tb_per_s) + " TB/s",
                   plain_number(gpu.fp16_tflops) + " TFLOPS",
                   gpu.fp8_tflops > 0 ? plain_number(gpu.fp8_tflops) + " TFLOPS" : "",
                   gpu.watts > 0 ? plain_number(gpu.watts) + " W" : "", gpu.description});
    }
    table.print(std::cout, "");
}

/// What the fit finds, as lines for a device file.
void print_fit(const models::Gpu& gpu) {
    Table table({false, true, true});
    table.row({"fitted", "now", "in the file"});
    for (const auto& [key, value] : models::fit_gpu(gpu))
        table.row({key, plain_number(value), plain_number(gpu.*models::gpu_parameter(key, gpu.name).member)});
    table.print(std::cout);
}

}  // namespace

void describe_gpus(const std::vector<std::string>& names, const std::vector<std::string>& overrides, bool fit,
                   JsonOutput& json) {
    if (names.empty()) return list_gpus();
    for (const std::string& name : names) {
        const models::Gpu gpu = models::load_gpu(name, overrides);
        json.open();
        json.write(experiment::gpu_json(gpu, command_line()));
        if (json.on_stdout()) continue;
        std::cout << gpu.name << ": " << gpu.description << '\n';
        print_parameters(gpu);
        print_points(gpu);
        if (fit) print_fit(gpu);
        std::cout << parameter_marks << '\n';
    }
}

}  // namespace superlane::cli
