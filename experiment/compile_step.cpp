// SPDX-License-Identifier: Apache-2.0
// Compiles a step; with weights the program carries them as its data and can be run by itself.
#include "experiment/compile_step.hpp"

#include "base/error.hpp"
#include "experiment/decode_setup.hpp"
#include "experiment/prefill_rows.hpp"

namespace superlane::experiment {
namespace {

/// As a decode of one token at that position, so that the same checks hold.
DecodeOptions one_token(const StepOptions& options) {
    DecodeOptions decode = options.decode;
    decode.timing_only = true;
    decode.tokens = 1;
    decode.prompt_ids = {std::vector<int>(size_t(options.position) + 1, 0)};
    return decode;
}

void add_data(const compiler::Image& image, isa::Program& program) {
    for (const compiler::ImageBlock& block : image)
        program.data.push_back({block.side, uint16_t(block.slice), uint16_t(block.address), block.bytes});
}

}  // namespace

Step compile_step(const StepOptions& options) {
    if (options.position < 0 || options.position >= 10'000'000)
        throw user_error("--position ", options.position, ": must be from 0 to 9999999");
    const DecodeOptions decode = one_token(options);
    const DecodeSetup setup = set_up(decode, {});
    const auto compiler = with_rows_that_fit(setup.compiler_options(decode), [&](const auto& some) {
        return compiler::LlamaCompiler(decode.chip, setup.model, some);
    });
    Step step{.model = setup.model, .context = setup.context};
    step.compiled =
        compiler.compile({{.request = 0, .position = options.position, .logits = !setup.partial}}, decode.scheduler);
    step.decisions = decisions(decode.chip, setup.model, compiler.options());
    step.memory = compiler.memory_use();
    step.weight_bytes = step_weight_bytes(setup);
    if (!options.weights) return step;
    if (setup.dram)
        throw user_error("--weights: a program carries words of SRAM, and the weights of model '", setup.model.name,
                         "' lie in the DRAM of chip '", options.decode.chip.name, "'");
    if (setup.partial) throw user_error("--weights needs the whole model; leave out --layers");
    step.image = compiler.image(load_weights(setup.model));
    add_data(step.image, step.compiled.programs[0]);
    return step;
}

}  // namespace superlane::experiment
