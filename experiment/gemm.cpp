// SPDX-License-Identifier: Apache-2.0
// Makes operands, compiles, runs, compares.
#include "experiment/gemm.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/half.hpp"
#include "compiler/gemm.hpp"
#include "experiment/memory_io.hpp"
#include "experiment/stopwatch.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

/// The element of a seeded matrix at any place, without storing the matrix (splitmix64).
uint64_t scramble(uint64_t seed, uint64_t row, uint64_t column) {
    uint64_t z = seed * 0x9e3779b97f4a7c15ull + (row << 32 | column) + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/// Bits of an element: int8 in -127..127, or a half in [-1, 1).
uint16_t element(bool half, uint64_t seed, int row, int column) {
    const uint64_t random = scramble(seed, uint64_t(row), uint64_t(column));
    if (!half) return uint8_t(int8_t(int64_t(random % 255) - 127));
    return float_to_half(float(int64_t(random % 2048) - 1024) / 1024.0f);
}

double value(bool half, uint16_t bits) { return half ? double(half_to_float(bits)) : double(int8_t(bits)); }

struct Operands {
    std::vector<std::vector<uint16_t>> x, w;  ///< rows of K elements

    Operands(const GemmOptions& options, bool half) {
        const auto fill = [&](std::vector<std::vector<uint16_t>>& rows, int count, uint64_t seed) {
            rows.assign(size_t(count), std::vector<uint16_t>(size_t(options.k)));
            for (int r = 0; r < count; ++r)
                for (int c = 0; c < options.k; ++c) rows[size_t(r)][size_t(c)] = element(half, seed, r, c);
        };
        fill(x, options.m, 2 * options.seed);
        fill(w, options.n, 2 * options.seed + 1);
    }
};

compiler::Image input_image(const compiler::Gemm& gemm, const Operands& operands) {
    compiler::Image image;
    for (size_t m = 0; m < operands.x.size(); ++m) add_gemm_input(gemm, int(m), operands.x[m], image);
    return image;
}

std::vector<std::vector<uint32_t>> read_output(const sim::Machine& machine, const compiler::Gemm& gemm, int n) {
    std::vector<std::vector<uint32_t>> y(size_t(gemm.rows), std::vector<uint32_t>(size_t(n)));
    for (size_t tile = 0; tile < gemm.y.size(); ++tile)
        for (int m = 0; m < gemm.rows; ++m) {
            const std::vector<uint32_t> lanes = read_row(machine, gemm.y[tile], m);
            for (size_t lane = 0; lane < gemm.y_columns[tile].size(); ++lane)
                if (const int column = gemm.y_columns[tile][lane]; column >= 0)
                    y[size_t(m)][size_t(column)] = lanes[lane];
        }
    return y;
}

double plain_product(bool half, const std::vector<uint16_t>& x, const std::vector<uint16_t>& w) {
    double sum = 0;
    for (size_t k = 0; k < x.size(); ++k) sum += value(half, x[k]) * value(half, w[k]);
    return sum;
}

/// Largest difference by the largest |y|; InternalError when int8 is not exact or fp16 is off by more than sums in fp32
/// explain.
double compare(bool half, const Operands& operands, const std::vector<std::vector<uint32_t>>& y) {
    double difference = 0, largest = 0;
    for (size_t m = 0; m < y.size(); ++m)
        for (size_t n = 0; n < y[m].size(); ++n) {
            const double expected = plain_product(half, operands.x[m], operands.w[n]);
            const double got = half ? double(std::bit_cast<float>(y[m][n])) : double(int32_t(y[m][n]));
            SUPERLANE_CHECK(half || got == expected, "gemm: row", m, "column", n, "is", got, "instead of", expected);
            difference = std::max(difference, std::fabs(got - expected));
            largest = std::max(largest, std::fabs(expected));
        }
    const double relative = largest > 0 ? difference / largest : difference;
    SUPERLANE_CHECK(relative < 1e-4, "gemm: largest difference by the largest result", relative);
    return relative;
}

void check_options(const GemmOptions& options) {
    const auto positive = [](const char* name, int64_t number) {
        if (number < 1) throw user_error("gemm: ", name, " = ", number, " must be at least 1");
    };
    positive("M", options.m);
    positive("K", options.k);
    positive("N", options.n);
    const double bytes = double(options.n) * options.k * (is_half(options.dtype) ? 2 : 1);
    if (bytes > double(options.chip.sram_bytes()))
        throw user_error("gemm: the weights do not fit: N * K * ", is_half(options.dtype) ? 2 : 1,
                         " B = ", plain_number(bytes), " B, chip '", options.chip.name, "' has ",
                         options.chip.sram_bytes(), " B of SRAM");
    check_scheduler(options.scheduler);
}

sim::Options machine_options(const GemmOptions& options) {
    return {.engine = engine_of(options.engine),
            .data = options.timing_only ? sim::Data::TimingOnly : sim::Data::Functional,
            .chrome_trace_file = options.trace_file,
            .vcd_file = options.vcd_file};
}

void run_and_check(const GemmOptions& options, const compiler::Gemm& gemm, const Operands* operands, GemmResult& result,
                   Digest& digest) {
    const auto program = sim::prepare(options.chip, gemm.program);
    sim::Machine machine(options.chip, machine_options(options));
    write_image(machine, gemm.weights);
    if (operands) write_image(machine, input_image(gemm, *operands));
    sim::RunResult run;
    {
        const Stopwatch watch(result.wall_s);
        run = machine.run(program);
    }
    check_run("gemm", gemm.cycles, run);
    result.cycles = run.cycles;
    result.last_tile_cycles = run.last_tile_cycles;
    result.usage.add(run.cycles, run.counters);
    digest.text(gemm.program.digest()).number(run.cycles);
    if (!operands) return;
    const auto y = read_output(machine, gemm, options.n);
    for (const auto& row : y) digest.numbers(std::span<const uint32_t>(row));
    result.max_relative_difference = compare(is_half(options.dtype), *operands, y);
    result.checked = true;
}

}  // namespace

Json to_json(const GemmOptions& options) {
    return {{"m", options.m},
            {"k", options.k},
            {"n", options.n},
            {"dtype", options.dtype},
            {"engine", options.engine},
            {"scheduler", options.scheduler},
            {"timing_only", options.timing_only},
            {"seed", options.seed}};
}

GemmOptions gemm_options(const nlohmann::json& result, const std::string& file) {
    const JsonObject from(JsonObject(result, file).at("configuration"), file + ": configuration");
    constexpr int64_t most = 1 << 30;
    return {.m = int(from.integer("m", 1, most)),
            .k = int(from.integer("k", 1, most)),
            .n = int(from.integer("n", 1, most)),
            .dtype = from.text("dtype"),
            .chip = chip_of(result, file),
            .engine = from.text("engine"),
            .scheduler = from.text("scheduler"),
            .timing_only = from.boolean_or("timing_only", false),
            .seed = uint64_t(from.integer("seed", 0, INT64_MAX))};
}

GemmResult run_gemm(const GemmOptions& options) {
    check_options(options);
    const bool half = is_half(options.dtype);
    std::unique_ptr<Operands> operands;
    compiler::WeightRowSource weights;
    if (!options.timing_only) {
        operands = std::make_unique<Operands>(options, half);
        weights = [&](int row, std::vector<uint16_t>& columns) { columns = operands->w[size_t(row)]; };
    }
    GemmResult result;
    compiler::Gemm gemm;
    {
        const Stopwatch watch(result.compile_s);
        gemm = compiler::compile_gemm(options.chip, options.m, options.k, options.n, half, weights, options.scheduler);
    }
    result.useful_weight_bytes = gemm.useful_weight_bytes;
    result.instruction_bytes = gemm.instruction_bytes;
    Digest digest;
    digest.text("superlane gemm")
        .text(options.chip.digest())
        .text(options.dtype)
        .number(options.m)
        .number(options.k)
        .number(options.n);
    digest.number(options.seed).number(int(options.timing_only));
    run_and_check(options, gemm, operands.get(), result, digest);
    result.digest = digest.hex();
    return result;
}

Json result_json(const GemmOptions& options, const GemmResult& result, const std::vector<std::string>& command) {
    const models::Chip& chip = options.chip;
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["chip"] = chip.name;
    json["dtype"] = options.dtype;
    json["m"] = options.m;
    json["k"] = options.k;
    json["n"] = options.n;
    json["cycles"] = result.cycles;
    json["last_tile_cycles"] = result.last_tile_cycles;
    json["weight_bytes"] = result.useful_weight_bytes;
    json["weight_bound_cycles"] = weight_bound_cycles(chip, result.useful_weight_bytes);
    json["useful_weight_bytes_per_cycle"] = result.useful_weight_bytes_per_cycle();
    json["stream_bound_share"] = result.useful_weight_bytes_per_cycle() / chip.stream_bytes_per_cycle();
    json["sram_read_bytes"] = result.usage.sram_read_bytes(chip);
    json["stream_utilisation"] = result.usage.stream_utilisation(chip);
    json["mxm_utilisation"] = result.usage.mxm_utilisation(chip);
    json["instruction_bytes"] = result.instruction_bytes;
    json["energy_j"] = result.usage.joules;
    json["checked"] = result.checked;
    json["max_relative_difference"] = result.max_relative_difference;
    json["hazards"] = Json::array();
    json["digest"] = result.digest;
    json["simulator"] = simulator_json(result.wall_s, result.compile_s, result.cycles);
    json["configuration"] = to_json(options);
    json["parameters"] = parameters_json(chip);
    return json;
}

}  // namespace superlane::experiment
