// SPDX-License-Identifier: Apache-2.0
// The graph cut at attention by maximum flow: what must be kept between two slices is the least that can be.
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <limits>

#include "base/error.hpp"
#include "workloads/step_graph.hpp"

namespace superlane {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Pipe {
    int64_t capacity = 0, residual = 0;
    Traits::edge_descriptor reverse;
};
struct Side {
    boost::default_color_type colour = boost::white_color;
    int64_t distance = 0;
    Traits::edge_descriptor predecessor;
};
using FlowGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Side, Pipe>;
constexpr int64_t endless = std::numeric_limits<int64_t>::max() / 8;

/// Nodes: operators, then values, then source and sink.
class Flow {
public:
    explicit Flow(const StepGraph& graph)
        : ops_(graph.ops.size()), source_(ops_ + graph.values.size()), sink_(source_ + 1), flow_(sink_ + 1) {
        for (size_t v = 0; v < graph.values.size(); ++v) add_value(graph, v);
        for (size_t op = 0; op < ops_; ++op) {
            from_source_.push_back(pipe(source_, op, 0));
            to_sink_.push_back(pipe(op, sink_, 0));
        }
    }

    /// Elements cut between operators that must be before and those that must be after; `before` gets all that are.
    int64_t cut(const std::vector<int>& first, const std::vector<int>& last, std::vector<bool>& before) {
        set(from_source_, first, endless);
        set(to_sink_, last, endless);
        const int64_t elements = boost::boykov_kolmogorov_max_flow(
            flow_, get(&Pipe::capacity, flow_), get(&Pipe::residual, flow_), get(&Pipe::reverse, flow_),
            get(&Side::predecessor, flow_), get(&Side::colour, flow_), get(&Side::distance, flow_),
            get(boost::vertex_index, flow_), source_, sink_);
        SUPERLANE_CHECK(elements < endless, "attention is needed by its own inputs");
        for (size_t op = 0; op < ops_; ++op) before[op] = flow_[op].colour == flow_[source_].colour;
        set(from_source_, first, 0);
        set(to_sink_, last, 0);
        return elements;
    }

private:
    /// A value costs its elements once, however many consumers lie behind the cut; none may lie before its producer.
    void add_value(const StepGraph& graph, size_t v) {
        const StepGraph::Value& value = graph.values[v];
        const size_t producer = size_t(value.producer), carrier = ops_ + v;
        if (graph.ops[producer].attention) return;
        pipe(producer, carrier, value.elements);
        for (const int consumer : value.consumers) {
            if (graph.ops[size_t(consumer)].attention) continue;
            pipe(carrier, size_t(consumer), endless);
            pipe(size_t(consumer), producer, endless);
        }
    }

    Traits::edge_descriptor pipe(size_t from, size_t to, int64_t capacity) {
        const auto there = add_edge(from, to, flow_).first, back = add_edge(to, from, flow_).first;
        flow_[there] = {capacity, 0, back};
        flow_[back] = {0, 0, there};
        return there;
    }

    void set(const std::vector<Traits::edge_descriptor>& pipes, const std::vector<int>& ops, int64_t capacity) {
        for (const int op : ops) flow_[pipes[size_t(op)]].capacity = capacity;
    }

    size_t ops_, source_, sink_;
    FlowGraph flow_;
    std::vector<Traits::edge_descriptor> from_source_, to_sink_;
};

/// Values at an attention, by what they are to it.
struct Ends {
    AttentionCut::Crossing crossing;
    std::vector<int> producers, consumers;
    int query = -1;  ///< its producer
};

Ends ends_of(const StepGraph& graph, int attention) {
    Ends ends;
    ends.crossing.attention = attention;
    for (const StepGraph::Value& value : graph.values) {
        if (value.producer == attention) {
            ends.crossing.result += value.elements;
            ends.consumers.insert(ends.consumers.end(), value.consumers.begin(), value.consumers.end());
        }
        for (const int consumer : value.consumers) {
            if (consumer != attention) continue;
            (ends.query < 0 ? ends.crossing.query : ends.crossing.rows) += value.elements;
            if (ends.query < 0) ends.query = value.producer;
            ends.producers.push_back(value.producer);
        }
    }
    SUPERLANE_CHECK(ends.query >= 0, attention);
    return ends;
}

/// Producers by operator.
std::vector<std::vector<int>> needs_of(const StepGraph& graph) {
    std::vector<std::vector<int>> needs(graph.ops.size());
    for (const StepGraph::Value& value : graph.values)
        for (const int consumer : value.consumers) needs[size_t(consumer)].push_back(value.producer);
    return needs;
}

/// The operators of one slice, those that `query` needs first; within each group in the order of the graph.
AttentionCut::Slice slice_of(const std::vector<bool>& in_slice, const std::vector<std::vector<int>>& needs, int query) {
    std::vector<bool> early(in_slice.size());
    if (query >= 0) early[size_t(query)] = true;
    for (size_t op = in_slice.size(); op-- > 0;)
        if (early[op])
            for (const int need : needs[op]) early[size_t(need)] = true;
    AttentionCut::Slice slice;
    for (const bool wanted : {true, false}) {
        for (size_t op = 0; op < in_slice.size(); ++op)
            if (in_slice[op] && early[op] == wanted) slice.ops.push_back(int(op));
        if (wanted) slice.early = slice.ops.size();
    }
    return slice;
}

}  // namespace

AttentionCut cut_at_attention(const StepGraph& graph) {
    Flow flow(graph);
    const auto needs = needs_of(graph);
    AttentionCut cut;
    std::vector<bool> done(graph.ops.size()), before(graph.ops.size());
    const auto add_slice = [&](int query) {
        std::vector<bool> in_slice(graph.ops.size());
        for (size_t op = 0; op < in_slice.size(); ++op)
            in_slice[op] = before[op] && !done[op] && !graph.ops[op].attention;
        cut.slices.push_back(slice_of(in_slice, needs, query));
        done = before;
    };
    for (size_t op = 0; op < graph.ops.size(); ++op) {
        if (!graph.ops[op].attention) continue;
        Ends ends = ends_of(graph, int(op));
        ends.crossing.kept = flow.cut(ends.producers, ends.consumers, before);
        add_slice(ends.query);
        cut.crossings.push_back(ends.crossing);
    }
    before.assign(before.size(), true);
    add_slice(-1);
    return cut;
}

}  // namespace superlane
