// SPDX-License-Identifier: Apache-2.0
// Requests from a trace, from a generator, or those of a trace at times of a generator.
#include "cli/requests.hpp"

#include "base/error.hpp"
#include "workloads/traces/shapes.hpp"

namespace superlane::cli {

void check_range(const CLI::App& app, const char* option, double value, double low, double high) {
    if (app.get_option(option)->count() > 0 && !(value >= low && value <= high))
        throw user_error(option, " ", value, ": must be from ", low, " to ", high);
}

void RequestFlags::define(CLI::App& app, experiment::ServeOptions& o) {
    app.add_option("--trace", o.trace, "requests from a file: Azure, BurstGPT or Splitwise CSV, Mooncake JSON lines")
        ->type_name("FILE");
    app.add_flag("--skip-bad", o.rows.skip_bad, "count wrong rows instead of stopping at the first");
    app.add_option("--speed", o.rows.speed, "divide the times of the trace by this")->capture_default_str();
    app.add_option("--requests", o.rows.requests, "serve at most so many")->type_name("N");
    app.add_option("--poisson", poisson, "arrivals by chance, so many a second; with --trace its requests")
        ->type_name("RATE");
    app.add_option("--cv", o.arrivals.variation,
                   "coefficient of variation of the gaps: 1 Poisson, above bursty, 0 a clock")
        ->capture_default_str();
    app.add_option("--seed", o.arrivals.seed, "of arrivals and lengths")->capture_default_str();
    app.add_option("--prompt-tokens", prompt_tokens, "of a request without a trace, N or LOW:HIGH")
        ->capture_default_str()
        ->type_name("RANGE");
    app.add_option("--output-tokens", output_tokens, "the same for what is generated")
        ->capture_default_str()
        ->type_name("RANGE");
    app.add_option("--shape", shape, "instead mean lengths as those of azure-conv, azure-code, kimi-conv or kimi-ta")
        ->type_name("NAME");
}

void RequestFlags::check(const CLI::App& app, const experiment::ServeOptions& options) const {
    constexpr double least = 1e-9, most = 1e9;
    check_range(app, "--poisson", poisson, least, most);
    check_range(app, "--cv", options.arrivals.variation, 0, 100);
    check_range(app, "--speed", options.rows.speed, least, most);
    check_range(app, "--requests", double(options.rows.requests), 1, most);
    const auto given = [&](const char* name) { return app.get_option(name)->count() > 0; };
    if (options.trace.empty() && !given("--poisson"))
        throw user_error(app.get_name(),
                         " needs requests: --trace FILE, --poisson RATE, or both for the requests of a trace at "
                         "another rate");
    const auto needs = [&](const char* option, const char* other, bool there) {
        if (given(option) && !there) throw user_error(option, " needs ", other);
    };
    needs("--cv", "--poisson", given("--poisson"));
    needs("--seed", "--poisson", given("--poisson"));
    needs("--skip-bad", "--trace", given("--trace"));
    needs("--speed", "--trace with its own times", given("--trace") && !given("--poisson"));
    for (const char* option : {"--prompt-tokens", "--output-tokens", "--shape"})
        if (given(option) && given("--trace")) throw user_error(option, ": lengths are those of the trace");
    for (const char* option : {"--prompt-tokens", "--output-tokens"})
        if (given(option) && given("--shape")) throw user_error(option, ": lengths are those of --shape");
    if (options.trace.empty() && options.rows.requests == 0)
        throw user_error("--poisson without a trace needs --requests: it would go on for ever");
}

void RequestFlags::take(const CLI::App& app, experiment::ServeOptions& options) const {
    check(app, options);
    options.generated_arrivals = poisson > 0;
    if (poisson > 0) options.arrivals.requests_per_s = poisson;
    options.lengths = {traces::parse_length("--prompt-tokens", prompt_tokens),
                       traces::parse_length("--output-tokens", output_tokens)};
    if (!shape.empty()) options.lengths = traces::lengths_of(traces::find_trace_shape(shape));
}

}  // namespace superlane::cli
