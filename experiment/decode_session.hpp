// SPDX-License-Identifier: Apache-2.0
// One decode under way: compiles, runs and checks a step, reads what it left, adds it to the result.
#pragma once
#include <memory>

#include "base/digest.hpp"
#include "experiment/decode_setup.hpp"
#include "experiment/stepper.hpp"

namespace superlane::experiment {

class DecodeSession {
public:
    DecodeSession(const DecodeOptions& options, DecodeSetup setup, const DecodeWatcher& watcher);
    DecodeResult run();

private:
    /// Runs steps and adds what they took to the result.
    std::vector<StepOutcome> run(const std::vector<StepInput>& steps, bool prefill);
    void announce();
    void prefill();
    void decode();
    void inject(int index);
    bool finish_token(int index, const std::vector<StepOutcome::Result>& results);
    StepInput decode_step(int index, int batch) const;
    std::vector<std::pair<compiler::StepRow, int>> prefill_rows() const;
    void feed_identity();
    void tell(bool prefill);

    const DecodeOptions& options_;
    DecodeSetup setup_;
    const DecodeWatcher& watcher_;
    std::unique_ptr<Stepper> stepper_;
    std::optional<Comparer> comparer_;
    std::optional<TokenStream> stream_;
    std::vector<bool> ended_;  ///< by request: its end token has come
    DecodeResult result_;
    Digest digest_;
    Progress progress_;
    int replays_ = 0;
    int64_t replay_cycles_ = 0;
};

}  // namespace superlane::experiment
