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

/// Pages from bytes, or from what the machine says.
int64_t kv_pages(const ServeOptions& options, int64_t machine_tokens, double bytes_per_token, int page_tokens) {
    const int64_t tokens = options.kv_bytes > 0 ? int64_t(options.kv_bytes / bytes_per_token) : machine_tokens;
    if (tokens == 0)
        throw user_error("no room for keys and values is given: use --kv-gb, or kv_tokens in the file of step times");
    const int64_t pages = tokens / page_tokens;
    if (pages == 0)
        throw user_error("room for ", tokens, " tokens of keys and values (", plain_number(bytes_per_token),
                         " B each) is less than a page of ", page_tokens);
    return pages;
}

/// 0 = not said: by the user, by the machine.
int64_t said(int64_t option, int64_t machine, int64_t otherwise) {
    return option > 0 ? option : machine > 0 ? machine : otherwise;
}

serving::ServerOptions server(const ServeOptions& options, const ServingMachine& machine, const LlmConfig& model,
                              double bytes_per_token) {
    serving::ServerOptions server = options.server;
    const serving::ServerOptions usual;
    server.page_tokens = int(said(server.page_tokens, machine.page_tokens, usual.page_tokens));
    server.pipeline_steps = int(said(server.pipeline_steps, machine.pipeline_steps, usual.pipeline_steps));
    server.max_requests = said(server.max_requests, machine.max_requests, usual.max_requests);
    server.step_tokens = said(server.step_tokens, machine.step_tokens, usual.step_tokens);
    server.even_steps = machine.even_steps;
    server.kv_pages = kv_pages(options, machine.kv_tokens, bytes_per_token, server.page_tokens);
    server.max_tokens = said(server.max_tokens, machine.max_tokens, model.max_position);
    return server;
}

/// A machine's own pages need not divide a trace's blocks: prefixes are then not reused.
void match_pages(const ServeOptions& options, int block_tokens, serving::ServerOptions& server) {
    if (options.server.page_tokens == 0 && block_tokens % server.page_tokens != 0) server.reuse_prefixes = false;
}

void add_cost(const ServeOptions& options, const ServingMachine& machine, ServeResult& result) {
    const double hours = result.served.elapsed_s() / 3600;
    result.energy_j = result.served.joules + machine.idle_watts * result.served.elapsed_s();
    result.usd = machine.usd_per_hour * hours + options.usd_per_kwh * result.energy_j / 3.6e6;
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

int64_t longest_request(const ServeOptions& options, const LlmConfig& model) {
    const int64_t most = said(options.server.max_tokens, model.max_position, INT32_MAX);
    if (options.trace.empty())
        return std::min(most, options.lengths.prompt_tokens.high + options.lengths.output_tokens.high);
    const auto trace = traces::open_trace(options.trace, options.rows);
    int64_t longest = 0;
    for (traces::Request request; trace->next(request);)
        if (const int64_t tokens = request.prompt_tokens + request.output_tokens; tokens <= most)
            longest = std::max(longest, tokens);
    return longest;
}

ServeResult run_serve(const ServeOptions& options) {
    const LlmConfig model = find_llm(options.model);
    return run_serve(options,
                     make_machine(options.machine, options.model, [&] { return longest_request(options, model); }));
}

ServeResult run_serve(const ServeOptions& options, const ServingMachine& machine) {
    ServeResult result;
    result.model = find_llm(options.model);
    result.source = words(options);
    result.machine = machine.description;
    result.error_meaning = machine.error_meaning;
    result.kv_bytes_per_token = kv_bytes_per_token(
        result.model, options.kv_dtype.empty() ? machine.kv_element_bytes : element_bytes(options.kv_dtype));
    result.server = server(options, machine, result.model, result.kv_bytes_per_token);
    const auto source = requests(options);
    match_pages(options, source->block_tokens(), result.server);
    {
        const Stopwatch watch(result.wall_s);
        result.served = serving::serve(*source, *machine.time, result.server);
        result.step_time_error = machine.time->error_bound();
    }
    result.skipped = source->skipped();
    add_cost(options, machine, result);
    Json inputs = to_json(options);
    inputs.erase("trace");  // what the trace says is in the times of its requests
    result.digest = Digest().text(inputs.dump()).text(result.served.digest).hex();
    return result;
}

}  // namespace superlane::experiment
