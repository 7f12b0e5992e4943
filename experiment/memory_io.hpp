// SPDX-License-Identifier: Apache-2.0
// The host's side of a chip's memory: images in, vectors of a region out.
#pragma once
#include <vector>

#include "compiler/memory.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {

void write_image(sim::Machine& machine, const compiler::Image& image);
/// The bits of one row of a region, one entry a lane, little-endian over its byte planes.
std::vector<uint32_t> read_row(const sim::Machine& machine, const compiler::VectorRegion& region, int row);

}  // namespace superlane::experiment
