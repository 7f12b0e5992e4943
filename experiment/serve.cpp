// SPDX-License-Identifier: Apache-2.0
// Puts together requests, step times and the server, and what the run cost.
#include "experiment/serve.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/stopwatch.hpp"

namespace superlane::experiment {
namespace {

double element_bytes(const std::string& dtype) {
    if (dtype == "fp16") return 2;
    if (dtype == "int8" || dtype == "fp8") return 1;
    throw user_error("--kv-dtype ", dtype, ": must be fp16, fp8 or int8", nearest_hint(dtype, {"fp16", "fp8", "int8"}));
}

std::unique_ptr<traces::RequestSource> requests(const ServeOptions& options) {
    if (options.trace.empty()) return traces::generate(options.arrivals, options.lengths, options.rows.requests);
    auto trace = traces::open_trace(options.trace, options.rows);
    return options.generated_arrivals ? traces::retime(std::move(trace), options.arrivals) : std::move(trace);
}

std::string words(const ServeOptions& options) {
    std::string text = options.trace.empty() ? "generated" : options.trace;
    if (!options.generated_arrivals) return text;
    text += ", " + plain_number(options.arrivals.requests_per_s) + " requests/s, ";
    return text +
           (options.arrivals.variation == 1 ? "Poisson" : "gaps vary by " + plain_number(options.arrivals.variation));
}

/// Pages from bytes, or from what the step times' file says.
int64_t kv_pages(const ServeOptions& options, double bytes_per_token) {
    const int64_t tokens = options.kv_bytes > 0 ? int64_t(options.kv_bytes / bytes_per_token) : options.steps.kv_tokens;
    if (tokens == 0)
        throw user_error("no room for keys and values is given: use --kv-gb, or kv_tokens in the file of step times");
    const int64_t pages = tokens / options.server.page_tokens;
    if (pages == 0)
        throw user_error("room for ", tokens, " tokens of keys and values (", plain_number(bytes_per_token),
                         " B each) is less than a page of ", options.server.page_tokens);
    return pages;
}

/// 0 = not said on the command line: the file's, else the default.
int64_t said(int64_t option, int64_t file, int64_t otherwise) {
    return option > 0 ? option : file > 0 ? file : otherwise;
}

serving::ServerOptions server(const ServeOptions& options, const LlmConfig& model, double bytes_per_token,
                              int64_t most_batch) {
    serving::ServerOptions server = options.server;
    if (server.page_tokens < 1) throw user_error("--page-tokens ", server.page_tokens, ": must be at least 1");
    const serving::ServerOptions usual;
    server.pipeline_steps = int(said(server.pipeline_steps, options.steps.pipeline_steps, 1));
    server.max_requests = said(server.max_requests, options.steps.max_requests, most_batch * server.pipeline_steps);
    server.step_tokens = said(server.step_tokens, options.steps.step_tokens, usual.step_tokens);
    server.kv_pages = kv_pages(options, bytes_per_token);
    server.max_tokens = said(server.max_tokens, model.max_position, 0);
    return server;
}

void add_cost(const ServeOptions& options, ServeResult& result) {
    const double hours = result.served.elapsed_s() / 3600;
    result.energy_j = result.served.joules + options.steps.idle_watts * result.served.elapsed_s();
    result.usd = options.steps.usd_per_hour * hours + options.usd_per_kwh * result.energy_j / 3.6e6;
}

}  // namespace

double ServeResult::mean_kv_share() const {
    return served.timeline.total().kv_page_seconds / served.elapsed_s() / double(server.kv_pages);
}

double ServeResult::most_kv_share() const {
    return double(served.timeline.total().most_kv_pages) / double(server.kv_pages);
}

double ServeResult::tokens_per_second_per_user(double q) const {
    return served.tpot_s.count() > 0 ? 1 / served.tpot_s.at(q) : 0;
}

ServeResult run_serve(const ServeOptions& options) {
    ServeResult result;
    result.model = find_llm(options.model);
    result.source = words(options);
    result.kv_bytes_per_token = kv_bytes_per_token(result.model, element_bytes(options.kv_dtype));
    const serving::StepTable table(options.steps.points, "step times");
    result.step_time_error = table.error_bound();
    result.server = server(options, result.model, result.kv_bytes_per_token, table.most_batch());
    const auto source = requests(options);
    {
        const Stopwatch watch(result.wall_s);
        result.served = serving::serve(*source, table, result.server);
    }
    result.skipped = source->skipped();
    add_cost(options, result);
    Json inputs = to_json(options);
    inputs.erase("trace");  // what the trace says is in the times of its requests
    result.digest = Digest().text(inputs.dump()).text(result.served.digest).hex();
    return result;
}

}  // namespace superlane::experiment
