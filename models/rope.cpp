// SPDX-License-Identifier: Apache-2.0
// Rotary frequencies with the context-stretching variants, by the formulas of the published models' configuration.
#include "models/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace superlane {
namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

std::vector<double> plain(double theta, int head_dim) {
    std::vector<double> frequency(size_t(head_dim / 2));
    for (size_t i = 0; i < frequency.size(); ++i) frequency[i] = 1.0 / std::pow(theta, 2.0 * double(i) / head_dim);
    return frequency;
}

/// Dynamic NTK: the base grows with the context, so that the longest wavelength spans it.
double stretched_theta(const LlmConfig& llm) {
    const RopeConfig& rope = llm.rope;
    const double ratio = double(std::max(rope.context_tokens, llm.max_position)) / double(llm.max_position);
    const double dim = llm.rope_dim();
    return rope.theta * std::pow(rope.factor * ratio - (rope.factor - 1.0), dim / (dim - 2.0));
}

/// Llama 3.1: long wavelengths are stretched, short ones kept, those between interpolated.
double llama3(const RopeConfig& rope, double frequency) {
    const double rotations = double(rope.original_max_position) * frequency / two_pi;
    const double kept =
        std::clamp((rotations - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor), 0.0, 1.0);
    return (1.0 - kept) * frequency / rope.factor + kept * frequency;
}

/// YaRN: the dimension index at which a wavelength makes this many rotations within the original context.
double yarn_dimension(const LlmConfig& llm, double rotations) {
    const double context = double(llm.rope.original_max_position);
    return llm.rope_dim() * std::log(context / (rotations * two_pi)) / (2.0 * std::log(llm.rope.theta));
}

void apply_yarn(const LlmConfig& llm, std::vector<double>& frequency) {
    const RopeConfig& rope = llm.rope;
    double low = yarn_dimension(llm, rope.beta_fast), high = yarn_dimension(llm, rope.beta_slow);
    if (rope.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0);
    high = std::min(high, double(llm.rope_dim() - 1));
    if (low == high) high += 0.001;  // the published formula's guard against a ramp of no width
    for (size_t i = 0; i < frequency.size(); ++i) {
        const double stretched = std::clamp((double(i) - low) / (high - low), 0.0, 1.0);
        frequency[i] = stretched * frequency[i] / rope.factor + (1.0 - stretched) * frequency[i];
    }
}

double yarn_temperature(double factor, double mscale) {
    return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

}  // namespace

std::vector<double> rope_frequencies(const LlmConfig& llm) {
    const RopeConfig& rope = llm.rope;
    const double theta = rope.type == RopeType::dynamic ? stretched_theta(llm) : rope.theta;
    std::vector<double> frequency = plain(theta, llm.rope_dim());
    if (rope.type == RopeType::linear)
        for (double& value : frequency) value /= rope.factor;
    if (rope.type == RopeType::llama3)
        for (double& value : frequency) value = llama3(rope, value);
    if (rope.type == RopeType::yarn) apply_yarn(llm, frequency);
    return frequency;
}

double rope_attention_factor(const LlmConfig& llm) {
    const RopeConfig& rope = llm.rope;
    if (rope.type != RopeType::yarn) return 1.0;
    if (rope.attention_factor != 0.0) return rope.attention_factor;
    if (rope.mscale != 0.0 && rope.mscale_all_dim != 0.0)
        return yarn_temperature(rope.factor, rope.mscale) / yarn_temperature(rope.factor, rope.mscale_all_dim);
    return yarn_temperature(rope.factor, 1.0);
}

}  // namespace superlane
