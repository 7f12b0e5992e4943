// SPDX-License-Identifier: Apache-2.0
// Builds a task from vector arithmetic: sources flow to the VXM, a graph of ALU operations runs on them, results flow
// out. The builder derives every cycle: sources arrive when they are needed, early ALU results wait in identity
// operations.
#pragma once
#include <map>
#include <vector>

#include "compiler/memory.hpp"
#include "compiler/problem.hpp"

namespace superlane::compiler {

using isa::DType;
using isa::Opcode;

/// The planes that work as one: a single plane for int8, an even plane and the next for fp16.
struct MxmUnit {
    Side side = Side::West;
    int plane = 0;
    bool half = false;
    DType type() const { return half ? DType::F16 : DType::I8; }
};

class VectorTask {
public:
    /// Every source delivers `count` elements, one each `interval` cycles. `rotation` spreads tasks over streams and
    /// ALUs.
    VectorTask(const Problem& problem, int count, int interval = 1, int rotation = 0);

    struct Value {
        int node = -1;
    };
    /// Element i is row first + i * step of the region (step 0: the same row each time).
    Value read(const VectorRegion& region, DType type, int first, int step = 1);
    /// The same through the SXM: element i has its lanes rotated by shift + i * shift_step.
    Value read_rotated(const VectorRegion& region, DType type, int first, int step, int shift, int shift_step,
                       int permuter);
    /// Every superlane of element i is the word of `table` that the 16-bit entry of row map_row + i * map_step says,
    /// counted from row `base`. The map lies on the same side, no farther from the VXM than the table.
    Value gather(const VectorRegion& table, DType type, int base, const VectorRegion& map, int map_row,
                 int map_step = 1);
    /// Element i is accumulator slot + i * step: int32 or fp32.
    Value emit(const MxmUnit& unit, int slot, int step = 1);

    Value op(Opcode opcode, DType type, Value a);
    Value op(Opcode opcode, DType type, Value a, Value b);
    Value op(Opcode opcode, DType type, Value a, uint32_t immediate_bits);
    Value op(Opcode opcode, DType type, Value a, float immediate);
    Value convert(DType from, DType to, Value a);
    /// Reduces each run of n elements to one.
    Value accumulate(DType type, isa::AccumulateOp reduction, Value a, int n);

    /// Element i to row first + i * step.
    void write(Value value, const VectorRegion& region, int first, int step = 1);
    struct Place {
        VectorRegion region;
        int row;
    };
    /// Element i to its own place; all on one side.
    void write_each(Value value, const std::vector<Place>& places);
    /// Out to the SXM, lanes of element i rotated by rotations[i], back to places[i].
    void write_rotated(Value value, const std::vector<int>& rotations, const std::vector<Place>& places, int permuter);

    /// The finished task; the builder is spent.
    Task finish();

private:
    enum class Kind { Read, Rotated, Gather, Emit, Operation };
    struct Node {
        Kind kind = Kind::Operation;
        isa::Instruction instruction;  ///< Operation: the record; others: dtype
        int a = -1, b = -1;            ///< operand nodes
        int count = 1, interval = 1;   ///< of the elements delivered
        int issued = 1, issue_interval = 1;
        VectorRegion region;
        int first = 0, step = 1;
        int shift = 0, shift_step = 0, permuter = 0;
        VectorRegion map;  ///< Gather
        int map_row = 0, map_step = 0;
        MxmUnit unit;
        int start = 0;  ///< Operation: dispatch of element 0; source: arrival of element 0 at the ALUs
        int ready = 0;  ///< when element 0 can be taken
        int sides = 0;  ///< bit mask of VXM edges the chain's operands came in by
        int alu = -1;
        int stream = -1;    ///< source: base stream it comes in on
        int out_flow = -1;  ///< index into flows of the first of its result's streams
        int out_side = -1;
    };
    struct Output {
        int node;
        std::vector<Place> places;
        std::vector<int> rotations;
        int permuter = 0;
        int first = 0, step = 1;  ///< used when regular
        bool regular = false;
    };

    Value add(Node node);
    DType type_of(int node) const;
    int latency(const Node& node) const;
    void settle_times();
    int delayed(int node, int cycles);
    void place_alus();
    void place_sources();
    void place_rotated_source(Node& node);
    void place_gather(Node& node);
    void place_emit(Node& node);
    void place_operations();
    void place_output(const Output& output);
    int drive(Node& node, Side side);
    int take_streams(Side direction, bool outward, int width);
    int add_flow(Side direction, int stream, int width, int at, int position, int to, int count, int interval);
    void extend_flow(int flow, int width, int position);
    void read_words(const VectorRegion& region, int first, int step, int count, int interval, int at, int position,
                    Side direction, int stream);
    void write_words(const VectorRegion& region, int row, int step, int count, int interval, int diagonal,
                     Side direction, int stream);

    const Problem& problem_;
    int count_, interval_, rotation_;
    std::vector<Node> nodes_;
    std::vector<Output> outputs_;
    std::map<std::pair<int, int>, int> delays_;  ///< node that delivers another's value so many cycles later
    int used_streams_[2][2] = {};                ///< by direction, inward / outward
    Task task_;
};

constexpr Side outward(Side side) { return side; }  // eastward streams leave the VXM to the east
constexpr Side inward(Side side) { return isa::opposite(side); }

/// Adds to a task the use of `count` words by a MEM slice: the access issue, its bank, its cells.
void add_access(const Problem& problem, Task& task, Opcode opcode, const VectorRegion& region, int byte, int row,
                int step, int count, int interval, int at, uint16_t stream);

}  // namespace superlane::compiler
