// SPDX-License-Identifier: Apache-2.0
// The GPU model against published times; area, power and prices.
#include "experiment/measured.hpp"
#include "models/chip_cost.hpp"
#include "models/cost.hpp"
#include "models/gpu.hpp"
#include "models/llm.hpp"

namespace superlane::experiment::measured {

double gpu_error_percent(const std::string& gpu, bool check) {
    return 100 * models::rms_error(models::gpu_residuals(models::load_gpu(gpu)), check);
}

double gpu_decode_ms(const std::string& gpu, const std::string& model, int tp, int64_t batch, int64_t context) {
    const models::Gpu device = models::load_gpu(gpu);
    const models::StepGroup group{batch, context, 1};
    return 1e3 * models::gpu_step(device, models::gpu_work(device, find_llm(model), "fp16", tp), {&group, 1}).total();
}

double die_area_mm2() { return models::die_mm2(tsp()); }
double full_power_watts() { return models::sum(models::chip_power(tsp())); }

double per_usd_ratio(const std::string& gpu, const std::string& other, bool bandwidth) {
    const models::PriceSet prices = models::load_prices("lamina-v2");
    const auto per_usd = [&](const std::string& name) {
        const models::Gpu device = models::load_gpu(name);
        return (bandwidth ? device.memory_tb_per_s : device.memory_gb) / prices.usd_per_hour(name);
    };
    return per_usd(gpu) / per_usd(other);
}

}  // namespace superlane::experiment::measured
