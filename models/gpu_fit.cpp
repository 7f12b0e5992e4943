// SPDX-License-Identifier: Apache-2.0
// Points against the model, and the fit: cyclic coordinate descent, each line by Brent's method.
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "models/gpu.hpp"
#include "models/llm.hpp"

namespace superlane::models {
namespace {

/// The work of every point; it does not depend on the values that are fitted.
std::vector<GpuWork> works_of(const Gpu& gpu) {
    std::vector<GpuWork> works;
    for (const GpuPoint& point : gpu.points) works.push_back(gpu_work(gpu, find_llm(point.model), "fp16", point.tp));
    return works;
}

double predicted_ms(const Gpu& gpu, const GpuWork& work, const GpuPoint& point) {
    if (!point.step) return 1e3 * layers_gemm_seconds(gpu, work, double(point.tokens));
    const StepGroup group{point.tokens, point.context, 1};
    return 1e3 * gpu_step(gpu, work, {&group, 1}).total();
}

double squared_error(const Gpu& gpu, const std::vector<GpuWork>& works) {
    double sum = 0;
    for (size_t i = 0; i < works.size(); ++i) {
        const double error = predicted_ms(gpu, works[i], gpu.points[i]) / gpu.points[i].ms - 1;
        if (!gpu.points[i].check) sum += error * error;
    }
    return sum;
}

/// Brent's method only nears the ends of a range; a value at an end is the end.
double settled(double value, const GpuParameterRow& row) {
    const double near = 1e-6 * (row.high - row.low);
    if (value - row.low < near) return row.low;
    if (row.high - value < near) return row.high;
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return std::strtod(text, nullptr);
}

}  // namespace

std::vector<GpuResidual> gpu_residuals(const Gpu& gpu) {
    std::vector<GpuResidual> residuals;
    const std::vector<GpuWork> works = works_of(gpu);
    for (size_t i = 0; i < works.size(); ++i)
        residuals.push_back({gpu.points[i], predicted_ms(gpu, works[i], gpu.points[i])});
    return residuals;
}

double rms_error(const std::vector<GpuResidual>& residuals, bool check) {
    double sum = 0;
    int count = 0;
    for (const GpuResidual& one : residuals)
        if (one.point.check == check) {
            sum += one.error() * one.error();
            ++count;
        }
    return count == 0 ? 0 : std::sqrt(sum / count);
}

std::map<std::string, double> fit_gpu(const Gpu& gpu) {
    constexpr int most_rounds = 2000, digits = 26;  // bits of Brent's bracket
    constexpr double enough = 1e-12;
    const std::vector<GpuWork> works = works_of(gpu);
    Gpu trial = gpu;
    for (const std::string& key : gpu.fitted) {
        const GpuParameterRow& row = gpu_parameter(key, gpu.name);
        trial.*row.member = Gpu().*row.member;
    }
    double best = squared_error(trial, works);
    for (int round = 0; round < most_rounds; ++round) {
        const double before = best;
        for (const std::string& key : gpu.fitted) {
            const GpuParameterRow& row = gpu_parameter(key, gpu.name);
            const auto error_at = [&](double value) {
                trial.*row.member = value;
                return squared_error(trial, works);
            };
            const auto [value, error] = boost::math::tools::brent_find_minima(error_at, row.low, row.high, digits);
            trial.*row.member = value;
            best = error;
        }
        if (before - best < enough) break;
    }
    std::map<std::string, double> values;
    for (const std::string& key : gpu.fitted) {
        const GpuParameterRow& row = gpu_parameter(key, gpu.name);
        values[key] = settled(trial.*row.member, row);
    }
    return values;
}

}  // namespace superlane::models
