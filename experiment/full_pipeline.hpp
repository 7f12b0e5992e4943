// SPDX-License-Identifier: Apache-2.0
// What a system of chips gives while it is full: batches that follow each other through its stages.
#pragma once
#include <string>
#include <vector>

#include "experiment/decode_setup.hpp"
#include "experiment/pipeline.hpp"

namespace superlane::experiment {

sim::SystemOptions machine_options(const DecodeOptions& options, const DecodeSetup& setup);

/// InternalError when the compiled programs have a hazard.
sim::SystemResult simulate(sim::SystemMachine& machine, const std::vector<sim::Launch>& launches,
                           const std::string& what);

/// The host's part of a step: tokens' numbers or their embeddings in, numbers out; over one link, as if the chips had
/// no more.
double host_us(const DecodeOptions& options, const DecodeSetup& setup, size_t rows);
/// In whole cycles; what one chip's program has left is seen by another's no sooner than a vector could reach it.
int64_t host_cycles(const DecodeOptions& options, const DecodeSetup& setup, size_t rows);

/// Throughput and links while each batch takes its step twice, the second time as soon as the host can feed its token.
/// `round`: a step of each batch. `alone`: the run of the one step, when there is one batch: nothing overlaps then.
/// Values do not matter, so none are computed.
SystemFigures full_pipeline(const DecodeOptions& options, const DecodeSetup& setup, const SystemPlan& plan,
                            const std::vector<const PreparedStep*>& round, const sim::SystemResult& alone);

/// As many batches as fill the pipeline of `setup`'s one batch, or as many as its chips hold keys and values of.
int batches_that_fit(const DecodeOptions& options, const DecodeSetup& setup);

}  // namespace superlane::experiment
