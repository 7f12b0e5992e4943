// SPDX-License-Identifier: Apache-2.0
// An MXM side in values: weight rows by reference, products, accumulators.
#include <algorithm>
#include <cstring>

#include "isa/semantics.hpp"
#include "sim/mxm.hpp"

namespace superlane::sim {

using isa::Opcode;

namespace {

/// Rows come from many slices, so the processor cannot guess where the next one lies; the product is bound by that.
constexpr int rows_ahead = 8, cache_line = 64;
void prefetch(const uint8_t* const* rows, int from, int to, int lanes) {
    for (int row = from; row < to; ++row)
        for (int lane = 0; lane < lanes; lane += cache_line) __builtin_prefetch(rows[row] + lane);
}

}  // namespace

void MxmSlice::detach(const uint8_t* row) {
    for (PlaneData& plane : data_) {
        plane.load.detach(row, plane.lanes);
        plane.array.detach(row, plane.lanes);
    }
}

/// Rows of a finished chunk of LW: row r + i * vectors + v comes from stream v at element i.
void MxmSlice::hold_rows(const Chunk& chunk) {
    const StreamUse use = use_a(chunk.instruction);
    const int vectors = chunk.instruction.count, base = plane(chunk).load.rows;
    for (int k = 0; k < use.streams; ++k) {
        PlaneData& to = data(chunk, k % width(chunk));
        const int operand = use.operand + k;
        shared_.streams.tap(operand, in_, chunk.beat(), [&](const Segment* segment, uint32_t first, uint32_t count) {
            count = std::min(count, rows_left(base + k / width(chunk) + int(first) * vectors, vectors));
            if (segment && shared_.program.powered.empty() && hold_calm_rows(to, *segment, operand, chunk, first, count, base + k / width(chunk))) return;
            for (uint32_t i = first; i < first + count; ++i)
                hold_row(to, segment, operand, chunk.beat().at(i), size_t(base + int(i) * vectors + k / width(chunk)));
        });
    }
}

uint32_t MxmSlice::rows_left(int row, int vectors) const {
    const int left = shared_.chip.lanes() - row;
    return left <= 0 ? 0 : uint32_t((left + vectors - 1) / vectors);
}

/// The common case, fast: rows of an SRAM in which nothing on its way was overwritten. False if it is not that case.
bool MxmSlice::hold_calm_rows(PlaneData& to, const Segment& segment, int operand, const Chunk& chunk, uint32_t first, uint32_t count, int base) {
    const Source& source = shared_.sources.of(segment);
    if (!source.sram || !source.sram->calm()) return false;
    const int vectors = chunk.instruction.count;
    const int64_t index = (Streams::coordinate(operand, in_, chunk.beat().at(first)) - segment.diagonal.first) / segment.diagonal.interval;
    const int64_t step = source.step * (chunk.count > 1 ? chunk.interval / segment.diagonal.interval : 1);
    int64_t address = source.address + index * source.step;
    size_t row = size_t(base + int(first) * vectors);
    for (uint32_t i = 0; i < count; ++i, address += step, row += size_t(vectors)) {
        to.load.rows[row] = source.sram->current(address);
        source.pins->pin(address);
    }
    return true;
}

void MxmSlice::hold_row(PlaneData& to, const Segment* segment, int operand, int64_t cycle, size_t row) {
    const size_t lanes = to.lanes, powered = size_t(shared_.powered_lanes(cycle));
    const SourcePool::Found found =
        segment ? shared_.sources.find(*segment, operand, Streams::coordinate(operand, in_, cycle)) : SourcePool::Found{shared_.zero.data(), nullptr, 0};
    if (powered < lanes) {
        std::memset(to.load.copy(row, found.bytes, lanes) + powered, 0, lanes - powered);
    } else if (found.sram && found.sram->is_current(found.bytes, found.address)) {
        to.load.rows[row] = found.bytes;
        found.sram->pin(found.address);
    } else {
        to.load.copy(row, found.bytes, lanes);
    }
}

void MxmSlice::swap_rows(const Chunk& chunk) {
    for (int next = 0; next < width(chunk); ++next) std::swap(data(chunk, next).load, data(chunk, next).array);
}

void MxmSlice::compute(const Element& element, const Chunk& chunk) {
    switch (chunk.instruction.opcode) {
        case Opcode::Activate:
        case Opcode::ActivatePlay: return compute_product(element, chunk);
        case Opcode::ActivateHold: return compute_hold(element, chunk);
        default: return compute_accumulator(element, chunk);
    }
}

/// One or two byte planes of the activation that enters.
void MxmSlice::activation(const Element& element, const Chunk& chunk, const uint8_t** planes) {
    if (chunk.instruction.opcode == Opcode::Activate) return shared_.fetch(use_a(chunk.instruction), in_, element.cycle, planes);
    const size_t slot = size_t(chunk.index + int32_t(element.index) * chunk.step);
    for (int next = 0; next < width(chunk); ++next) planes[next] = data(chunk, next).slot(slot, size_t(shared_.geometry.activation_slots));
}

void MxmSlice::compute_product(const Element& element, const Chunk& chunk) {
    PlaneData& data = this->data(chunk);
    const int lanes = shared_.chip.lanes(), rows = std::min(plane(chunk).array.rows, shared_.powered_lanes(element.cycle));
    const uint8_t* x[2];
    activation(element, chunk, x);
    PlaneData::Result& result = data.result(element.cycle + arrival_delay());
    result.cycle = element.cycle + arrival_delay();
    result.lanes.assign(size_t(lanes), 0);
    const uint8_t* const* low = data.array.rows.data();
    if (!half(chunk)) {
        for (int row = 0; row < rows; row += rows_ahead) {
            prefetch(low, row + rows_ahead, std::min(row + 2 * rows_ahead, rows), lanes);
            isa::dot_int8(reinterpret_cast<const int8_t*>(x[0]), reinterpret_cast<const int8_t* const*>(low + row), std::min(rows_ahead, rows - row),
                          lanes, reinterpret_cast<int32_t*>(result.lanes.data() + row));
        }
    } else if (plane(chunk, 1).array.rows >= rows) {
        float sums[isa::lanes_per_superlane * 64];  // superlanes has at most 64 (chip_parameters.def)
        isa::dot_half(x[0], x[1], low, this->data(chunk, 1).array.rows.data(), rows, lanes, sums);
        std::memcpy(result.lanes.data(), sums, size_t(rows) * sizeof(float));
    }
}

void MxmSlice::compute_hold(const Element& element, const Chunk& chunk) {
    const StreamUse use = use_a(chunk.instruction);
    const size_t slot = size_t(chunk.index + int32_t(element.index) * chunk.step), slots = size_t(shared_.geometry.activation_slots);
    const uint8_t* planes[isa::max_streams];
    shared_.fetch(use, in_, element.cycle, planes);
    for (int k = 0; k < use.streams; ++k) {
        PlaneData& to = data(chunk, k % width(chunk));
        std::memcpy(to.slot(slot + size_t(k / width(chunk)), slots), planes[k], to.lanes);
    }
}

void MxmSlice::compute_accumulator(const Element& element, const Chunk& chunk) {
    PlaneData& data = this->data(chunk);
    const Opcode opcode = chunk.instruction.opcode;
    const isa::DType type = half(chunk) ? isa::DType::F32 : isa::DType::I32;
    const size_t slot = size_t(chunk.index + int32_t(element.index) * chunk.step);
    PlaneData::Result& arrived = data.result(element.cycle);
    if (opcode != Opcode::AccumulateEmit && arrived.cycle != element.cycle) arrived.lanes.assign(data.lanes, 0);  // a hazard, already reported
    if (opcode == Opcode::AccumulatePass || opcode == Opcode::AccumulateEmit) {
        uint8_t* planes[4];
        const uint32_t* lanes = opcode == Opcode::AccumulatePass ? arrived.lanes.data() : data.accumulator(slot, size_t(shared_.geometry.accumulators)).data();
        if (results_.planes(element.chunk, element.index, 4, planes)) isa::pack(type, lanes, planes, int(data.lanes));
        return results_.done(element, chunk);
    }
    std::vector<uint32_t>& state = data.accumulator(slot, size_t(shared_.geometry.accumulators));
    if (opcode == Opcode::AccumulateSet) state = arrived.lanes;
    else isa::accumulate(type, isa::AccumulateOp::Add, state.data(), arrived.lanes.data(), int(data.lanes));
}

}  // namespace superlane::sim
