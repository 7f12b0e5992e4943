// SPDX-License-Identifier: Apache-2.0
// Speculative decoding: a draft model proposes tokens, the model takes them all in one prefill and keeps those that it
// would have chosen itself. The tokens are those of plain greedy decoding; only their time differs.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiment/result.hpp"

namespace superlane::experiment {

struct DecodeOptions;
struct DecodeResult;
struct DecodeWatcher;

inline constexpr int most_speculated = 64;

struct SpeculationOptions {
    std::string draft;  ///< model that proposes; empty: no speculation
    int tokens = 0;     ///< proposed before each verification
    std::string dtype;  ///< of the draft; empty: as the model's
    std::optional<double>
        acceptance;    ///< timing only: probability that a proposal is accepted when those before it are
    int64_t seed = 1;  ///< of the draws
    bool operator==(const SpeculationOptions&) const = default;
};

/// Times are of all generated tokens, chip time and the host's part of each step; prefill is apart.
struct SpeculationFigures {
    std::string draft;
    int draft_layers = 0;
    int draft_chips = 1, draft_tp = 1, draft_pp = 1;
    int64_t tokens = 0, proposed = 0, accepted = 0;
    std::vector<int> accepted_by_verification;
    int64_t draft_steps = 0, draft_cycles = 0, verify_cycles = 0;
    int64_t draft_prefill_cycles = 0;
    double draft_us = 0, verify_us = 0, plain_us = 0;
    std::string digest;
    double wall_s = 0, compile_s = 0;

    int64_t verifications() const { return int64_t(accepted_by_verification.size()); }
    double acceptance_rate() const { return proposed > 0 ? double(accepted) / double(proposed) : 0; }
    double tokens_per_verification() const { return double(tokens) / double(verifications()); }
    double us_per_token() const { return (draft_us + verify_us) / double(tokens); }
    double speedup() const { return plain_us / (draft_us + verify_us); }
};

/// Decodes plainly, then with the draft; the result has the figures of both. InternalError when the tokens differ.
DecodeResult run_speculative(const DecodeOptions& options, const DecodeWatcher& watcher);

Json to_json(const SpeculationOptions& options);
/// `object` as to_json writes it; `where` heads messages.
SpeculationOptions speculation_options(const nlohmann::json& object, const std::string& where);
Json to_json(const SpeculationFigures& figures);

}  // namespace superlane::experiment
