// SPDX-License-Identifier: Apache-2.0
// What `superlane decode --draft` takes and shows.
#include "cli/speculation.hpp"

namespace superlane::cli {

void define_speculation(CLI::App& app, experiment::SpeculationOptions& options) {
    app.add_option("--draft", options.draft,
                   "speculative decoding: a model that proposes tokens, on the same chip or on the system's other "
                   "chips; reported beside plain decoding")
        ->type_name("MODEL");
    app.add_option("--speculate", options.tokens, "tokens that the draft proposes before each verification")
        ->type_name("K");
    app.add_option("--draft-dtype", options.dtype, "of the draft; as --dtype when left out")->type_name("fp16|int8");
    app.add_option("--acceptance", options.acceptance,
                   "timing only: probability that a proposal is accepted when those before it are")
        ->type_name("P");
    app.add_option("--acceptance-seed", options.seed, "of the draws with --acceptance")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
}

void add_speculation(Table& table, const experiment::SpeculationFigures& figures) {
    const auto by_token = [&](double us) { return fixed(us / double(figures.tokens), 2) + " us"; };
    table.row({"draft", figures.draft + ", " + counted(figures.draft_layers, "layer") +
                            (figures.draft_chips > 1 ? ", on " + std::to_string(figures.draft_chips) +
                                                           " other chips: " + counted(figures.draft_pp, "stage") +
                                                           " of " + std::to_string(figures.draft_tp)
                                                     : "")});
    table.row({"speculation", grouped(figures.accepted) + " of " + grouped(figures.proposed) + " proposals accepted (" +
                                  percent(figures.acceptance_rate()) + "); " +
                                  fixed(figures.tokens_per_verification(), 2) + " tokens a verification, " +
                                  grouped(figures.verifications()) + " of them"});
    table.row({"", by_token(figures.draft_us + figures.verify_us) + " a token: draft " + by_token(figures.draft_us) +
                       ", verification " + by_token(figures.verify_us) + "; plain " + by_token(figures.plain_us) +
                       ", so " + fixed(figures.speedup(), 2) + " times as fast"});
}

}  // namespace superlane::cli
