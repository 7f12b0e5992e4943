// SPDX-License-Identifier: Apache-2.0
// Figures that follow from a chip's counts, from a model's tensors, or from a product.
#include "experiment/measured.hpp"

#include "experiment/gemm.hpp"
#include "experiment/usage.hpp"
#include "models/llm.hpp"

namespace superlane::experiment::measured {
namespace {

double hertz(const models::Chip& chip) { return chip.clock_mhz * 1e6; }

}  // namespace

const models::Chip& tsp() {
    static const models::Chip chip = models::load_chip("tsp-v1");
    return chip;
}

const models::Chip& lp30() {
    static const models::Chip chip = models::load_chip("lp30");
    return chip;
}

double queues() { return isa::QueueMap(tsp().geometry).size(); }
double stream_terabytes_per_s() { return stream_bandwidth(tsp()) / 1e12; }

double all_terabytes_per_s(double clock_mhz) {
    constexpr int instruction_bytes = 16;
    const double dispatch = queues() * instruction_bytes;
    return (tsp().sram_bytes_per_cycle() + tsp().stream_bytes_per_cycle() + dispatch) * clock_mhz * 1e6 / 1e12;
}

double sram_terabytes_per_s(const models::Chip& chip) { return chip.sram_bytes_per_cycle() * hertz(chip) / 1e12; }

double petaflops(const models::Chip& chip) { return 2 * peak_macs(chip, false) * hertz(chip) / 1e15; }

double links_terabytes_per_s(const models::Chip& chip) {
    return 2.0 * chip.geometry.links * chip.lanes() / chip.timing.c2c_vector_interval * hertz(chip) / 1e12;
}

double gemm_stream_percent(int k, int n, const std::string& dtype) {
    const GemmOptions options{.m = 1, .k = k, .n = n, .dtype = dtype, .chip = tsp(), .timing_only = true};
    return 100 * run_gemm(options).useful_weight_bytes_per_cycle() / tsp().stream_bytes_per_cycle();
}

double weight_gigabytes(const std::string& model, double bytes_per_parameter) {
    return weight_bytes(find_llm(model), bytes_per_parameter) / 1e9;
}

double sram_gigabytes(int chips) { return double(tsp().sram_bytes()) * chips / 1e9; }

}  // namespace superlane::experiment::measured
