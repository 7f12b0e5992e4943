// SPDX-License-Identifier: Apache-2.0
// Serves a stream of requests with a model on a machine, whatever it is: latency, throughput, energy, cost.
#pragma once
#include <string>
#include <vector>

#include "experiment/result.hpp"
#include "experiment/step_times.hpp"
#include "models/llm.hpp"
#include "serving/server.hpp"
#include "workloads/traces/generator.hpp"
#include "workloads/traces/trace_file.hpp"

namespace superlane::experiment {

struct ServeOptions {
    std::string model;
    std::string kv_dtype;             ///< empty: as the machine says
    std::string trace;                ///< a file; empty = generated requests
    traces::TraceOptions rows;        ///< `requests` also for generated ones
    bool generated_arrivals = false;  ///< else those of the trace
    traces::ArrivalOptions arrivals;
    traces::LengthOptions lengths;  ///< without a trace
    MachineOptions machine;
    double kv_bytes = 0;  ///< room for keys and values; 0 = what the machine says
    /// 0: as the machine says, else usual values; kv_pages is found.
    serving::ServerOptions server{.page_tokens = 0, .max_requests = 0, .step_tokens = 0, .pipeline_steps = 0};
    double usd_per_kwh = 0;
};

struct ServeResult {
    LlmConfig model;
    std::string source, machine;  ///< in words
    std::string error_meaning;    ///< of step_time_error
    double kv_bytes_per_token = 0;
    serving::ServerOptions server;  ///< as it was
    double step_time_error = 0;     ///< see StepTime::error_bound
    serving::ServingResult served;
    traces::Skipped skipped;
    double energy_j = 0, usd = 0;
    std::string digest;
    double wall_s = 0;

    double tokens_per_second() const { return double(served.output_tokens) / served.elapsed_s(); }
    double slo_attainment() const { return double(served.slo_met) / double(served.requests); }
    double mean_requests() const { return served.timeline.total().request_seconds / served.elapsed_s(); }
    double mean_kv_share() const;
    double most_kv_share() const;
    double joules_per_token() const { return energy_j / double(served.output_tokens); }
    double usd_per_million_tokens() const { return 1e6 * usd / double(served.output_tokens); }
    /// Of the request whose time between tokens a share `q` of all does not exceed; 0 when each has one token.
    double tokens_per_second_per_user(double q) const;
};

/// UserError names file, key or option.
ServeResult run_serve(const ServeOptions& options);
/// On a machine that is there already; options.machine is not read.
ServeResult run_serve(const ServeOptions& options, const ServingMachine& machine);
/// The most tokens of a request that the model can take.
int64_t longest_request(const ServeOptions& options, const LlmConfig& model);

Json to_json(const ServeOptions& options);
ServeOptions serve_options(const nlohmann::json& result, const std::string& file);
Json result_json(const ServeOptions& options, const ServeResult& result, const std::vector<std::string>& command);

}  // namespace superlane::experiment
