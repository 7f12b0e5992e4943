// SPDX-License-Identifier: Apache-2.0
// Our side of validation.def: figures of the chip, times found by probing the simulator, sums over models.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/chip.hpp"

namespace superlane::experiment::measured {

const models::Chip& tsp();   ///< the first generation
const models::Chip& lp30();  ///< the later one

/// "mem.e.43", "E5": names as assembly text has them; `outward` streams of the east are E.
std::string slice(char side, int number);
std::string outward(char side, int stream);
std::string inward(char side, int stream);

// The chip's figures.
double queues();
double stream_terabytes_per_s();
double all_terabytes_per_s(double clock_mhz);
double sram_terabytes_per_s(const models::Chip& chip);
double petaflops(const models::Chip& chip);
/// Payload of all links in both directions, as 320-byte vectors follow each other.
double links_terabytes_per_s(const models::Chip& chip);
/// int8 operations of four planes that take an activation every cycle, counted by the simulator.
double int8_tops();
/// Of one link and direction, from the closest two Sends without a hazard.
double link_gigabytes_per_s();
/// A product 1 x k x n: useful weight bytes a cycle against what the streams carry.
double gemm_stream_percent(int k, int n, const std::string& dtype);

// Times in cycles of tile 0 but for what says otherwise; each found by Probe.
double vxm_round_trip(int slice_number);
double vxm_two_operands(int x, int y, int z, bool same_side);
double vxm_chain(int vectors, int operations);
double product_into_alu();
double shift_turn();
double permute(int vectors);
double barrier();
double four_planes();

// Capacity: sums over an LLM's tensors and the SRAM of chips.
double weight_gigabytes(const std::string& model, double bytes_per_parameter);
double sram_gigabytes(int chips);

// Systems.
/// Hops between the chips that are farthest apart.
double diameter(const std::string& system, const std::vector<std::string>& overrides = {});
/// One vector from SRAM to SRAM of the next chip of a node, as `superlane collective send` schedules it.
double hop_cycles();
/// Bus bandwidth of an all-reduce in a node against what the links can carry.
double all_reduce_percent(int64_t bytes);
/// Scheduled time of a token plus the one calibrated overhead a layer (models/calibration.json).
double calibrated_tokens_per_second(const std::string& model, const std::string& system, int context);
/// 1 when the command that decodes it says that it does not fit, else 0.
double refused(const std::string& model, const std::string& system, const std::string& dtype);

// GPUs.
/// Root mean square error of a device's points, kept aside or fitted on.
double gpu_error_percent(const std::string& gpu, bool check);
/// One decode step in fp16; `context` tokens of each request in the cache before it.
double gpu_decode_ms(const std::string& gpu, const std::string& model, int tp, int64_t batch, int64_t context);

// Offloading.
/// Two pools, and the GPUs like those of the first that it is compared with. fp16.
struct OffloadedPair {
    std::string model;
    int compute = 1;
    std::string compute_gpu;
    int memory = 1;
    std::string memory_gpu;
    int baseline = 1;
    std::string network = "host-bypassed";
};
/// Throughput over that of the baseline, both with as many requests as their memory holds, decode alone.
double offload_gain_percent(const OffloadedPair& pair, const std::string& shape);
double offload_batch_ratio(const OffloadedPair& pair, const std::string& shape);
double offload_per_usd_ratio(const OffloadedPair& pair, const std::string& shape, const std::string& price_set);
/// The most that one port needs for the network to take a fifth of the step, over batches up to `most_batch`.
double most_needed_gigabytes_per_s(const OffloadedPair& pair, int64_t most_batch, int64_t least_context);
/// Of a decode step without attention.
double weights_mfu_percent(const std::string& gpu, const std::string& model, int tp, int64_t batch);
/// Of attention alone, on one device.
double attention_mbu_percent(const std::string& gpu, const std::string& model, int64_t batch, int64_t context);

// Cost.
double die_area_mm2();
double full_power_watts();
/// Memory capacity, or bandwidth, per USD of one GPU over that of another, at the prices of lamina-v2.
double per_usd_ratio(const std::string& gpu, const std::string& other, bool bandwidth);

}  // namespace superlane::experiment::measured
