// SPDX-License-Identifier: Apache-2.0
// The Llama compiler's face: layout once, a program for each step.
#include "compiler/llama.hpp"

#include "base/error.hpp"
#include "compiler/features.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

LlamaCompiler::LlamaCompiler(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options)
    : layout_([&] {
          refuse_missing_features(config);
          return std::make_unique<Layout>(chip, config, options);
      }()) {}
LlamaCompiler::~LlamaCompiler() = default;
LlamaCompiler::LlamaCompiler(LlamaCompiler&&) noexcept = default;

CompiledStep LlamaCompiler::compile(const std::vector<StepRow>& rows, const std::string& scheduler) const {
    SUPERLANE_CHECK(!rows.empty() && int(rows.size()) <= layout_->max_rows, "rows", rows.size(), "of at most",
                    layout_->max_rows);
    for (const StepRow& row : rows) {
        SUPERLANE_CHECK(row.request >= 0 && row.request < layout_->options.batch && row.position >= 0, row.request,
                        row.position);
        if (row.position >= layout_->options.context)
            throw user_error("position ", row.position, " is past the context of ", layout_->options.context,
                             " tokens; raise --context");
    }
    const LlamaStep step(*layout_, rows);
    const Schedule schedule = compiler::schedule(step.problem(), scheduler);
    CompiledStep compiled;
    compiled.program = emit(step.problem(), schedule);
    const models::Chip& chip = layout_->chip;
    if (int64_t(compiled.program.instruction_bytes()) > chip.text_bytes())
        throw user_error("a step of ", rows.size(), " tokens takes ", compiled.program.instruction_bytes(),
                         " B of instruction text, chip '", chip.name, "' keeps ", chip.text_bytes(),
                         " B for it (icu.text_words_per_slice = ", chip.text_words,
                         "): fewer rows a step, or more words");
    compiled.cycles = scheduled_cycles(step.problem(), schedule);
    compiled.operations = operation_spans(step.problem(), schedule);
    compiled.scheduler = schedule.scheduler;
    return compiled;
}

void LlamaCompiler::verify(const std::vector<StepRow>& rows, const std::string& scheduler) const {
    const LlamaStep step(*layout_, rows);
    compiler::verify(step.problem(), compiler::schedule(step.problem(), scheduler));
}

Image LlamaCompiler::token_input(int row, int token) const {
    SUPERLANE_CHECK(row >= 0 && row < layout_->max_rows, row);
    if (token < 0 || token >= layout_->config.vocabulary)
        throw user_error("token ", token, " is not in the vocabulary of ", layout_->config.vocabulary);
    Image image;
    put_row(image, layout_->token, layout_->options.batch + row,
            std::vector<uint32_t>(size_t(layout_->lanes), uint32_t(token)));
    return image;
}

VectorRegion LlamaCompiler::token_region() const { return layout_->token; }

std::vector<LlamaCompiler::LogitsPart> LlamaCompiler::logits(int row) const {
    std::vector<LogitsPart> parts;
    for (size_t tile = 0; tile < layout_->head_columns.size(); ++tile)
        parts.push_back(
            {layout_->logit_rows, row * int(layout_->head_columns.size()) + int(tile), layout_->head_columns[tile]});
    return parts;
}

VectorRegion LlamaCompiler::residual_region() const { return layout_->x; }
MemoryUse LlamaCompiler::memory_use() const { return layout_->use; }
int LlamaCompiler::max_rows() const { return layout_->max_rows; }
const LlmConfig& LlamaCompiler::config() const { return layout_->config; }

}  // namespace superlane::compiler
