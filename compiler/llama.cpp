// SPDX-License-Identifier: Apache-2.0
// The Llama compiler's face: layout once, a program for each step.
#include "compiler/llama.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

namespace {

/// The programs of all ranks of the group; equal ones once.
CompiledStep emit_ranks(const Problem& problem, const Schedule& schedule, int chips) {
    CompiledStep compiled;
    for (int rank = 0; rank < chips; ++rank) {
        isa::Program program = emit(problem, schedule, rank);
        compiled.rank_cycles.push_back(scheduled_cycles(problem, schedule, rank));
        size_t same = 0;
        while (same < compiled.programs.size() && compiled.programs[same].text != program.text) ++same;
        if (same == compiled.programs.size()) compiled.programs.push_back(std::move(program));
        compiled.program_of_rank.push_back(int(same));
    }
    compiled.cycles = *std::max_element(compiled.rank_cycles.begin(), compiled.rank_cycles.end());
    return compiled;
}

void check_text(const CompiledStep& compiled, size_t rows, const models::Chip& chip) {
    for (const isa::Program& program : compiled.programs)
        if (int64_t(program.instruction_bytes()) > chip.text_limit())
            throw user_error("a step of ", rows, " tokens takes ", program.instruction_bytes(),
                             " B of instruction text, chip '", chip.name, "' keeps ", chip.text_bytes(),
                             " B for it (icu.text_words_per_slice = ", chip.text_words,
                             "): fewer rows a step, or more words");
}

}  // namespace

LlamaCompiler::LlamaCompiler(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options,
                             const LlamaCompiler* beside)
    : layout_(std::make_unique<Layout>(chip, config, options, beside ? &beside->layout_->memory : nullptr)) {}
LlamaCompiler::~LlamaCompiler() = default;
LlamaCompiler::LlamaCompiler(LlamaCompiler&&) noexcept = default;

CompiledStep LlamaCompiler::compile(const std::vector<StepRow>& rows, const std::string& scheduler,
                                    const Arrivals& arrivals) const {
    SUPERLANE_CHECK(!rows.empty() && int(rows.size()) <= layout_->max_rows, "rows", rows.size(), "of at most",
                    layout_->max_rows);
    for (const StepRow& row : rows) {
        SUPERLANE_CHECK(row.request >= 0 && row.request < layout_->options.requests() && row.position >= 0, row.request,
                        row.position);
        if (const int context = layout_->options.context_of(row.request); row.position >= context)
            throw user_error("position ", row.position, " is past the context of ", context, " tokens of request ",
                             row.request, "; raise --context");
    }
    const LlamaStep step(*layout_, rows, arrivals);
    const Schedule schedule = compiler::schedule(step.problem(), scheduler);
    CompiledStep compiled = emit_ranks(step.problem(), schedule, layout_->options.chips);
    check_text(compiled, rows.size(), layout_->chip);
    compiled.operations = operation_spans(step.problem(), schedule);
    compiled.scheduler = schedule.scheduler;
    const auto cycles_of = [&](const std::vector<std::vector<Crossing>>& cables, int interval) {
        std::vector<std::vector<int64_t>> all;
        for (const auto& rows_crossing : cables) {
            auto& cycles = all.emplace_back();
            for (const Crossing& row : rows_crossing)
                for (int k = 0; k < row.vectors; ++k) cycles.push_back(schedule.start[size_t(row.task)] + k * interval);
        }
        return all;
    };
    compiled.out_cycles = cycles_of(step.sent_rows(), layout_->chip.timing.c2c_vector_interval);
    compiled.in_cycles = cycles_of(step.received_rows(), 1);
    return compiled;
}

void LlamaCompiler::verify(const std::vector<StepRow>& rows, const std::string& scheduler) const {
    const LlamaStep step(*layout_, rows);
    compiler::verify(step.problem(), compiler::schedule(step.problem(), scheduler));
}

Image LlamaCompiler::token_input(int row, int token) const {
    SUPERLANE_CHECK(row >= 0 && row < layout_->max_rows, row);
    if (token < 0 || token >= layout_->whole.vocabulary)
        throw user_error("token ", token, " is not in the vocabulary of ", layout_->whole.vocabulary);
    Image image;
    put_row(image, layout_->token, layout_->options.requests() + row,
            std::vector<uint32_t>(size_t(layout_->lanes), uint32_t(token)));
    return image;
}

VectorRegion LlamaCompiler::token_region() const { return layout_->token; }

int LlamaCompiler::choice_row(const std::vector<StepRow>& rows, int row) const {
    return layout_->choice_row(rows, row);
}

std::vector<LlamaCompiler::LogitsPart> LlamaCompiler::logits(int row, int rank) const {
    std::vector<LogitsPart> parts;
    const int first = rank * layout_->config.vocabulary;
    for (size_t tile = 0; tile < layout_->head_columns.size(); ++tile) {
        std::vector<int> columns = layout_->head_columns[tile];
        for (int& column : columns) column = first + column < layout_->whole.vocabulary ? first + column : -1;
        parts.push_back({layout_->logit_rows, row * int(layout_->head_columns.size()) + int(tile), std::move(columns)});
    }
    return parts;
}

VectorRegion LlamaCompiler::residual_region() const { return layout_->x; }
MemoryUse LlamaCompiler::memory_use() const { return layout_->use; }
const KvPages& LlamaCompiler::kv_pages() const { return layout_->kv; }
int LlamaCompiler::max_rows() const { return layout_->max_rows; }
bool LlamaCompiler::joins() const { return layout_->joins_ffn() || layout_->joins_head(); }
const LlmConfig& LlamaCompiler::config() const { return layout_->whole; }
const LlamaOptions& LlamaCompiler::options() const { return layout_->options; }

}  // namespace superlane::compiler
