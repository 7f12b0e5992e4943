// SPDX-License-Identifier: Apache-2.0
// The cut at attention: bytes that cross, what is kept between slices, and the query first.
#include <gtest/gtest.h>

#include "workloads/step_graph.hpp"

using namespace superlane;

namespace {

int64_t weights_of(const StepGraph& graph) {
    int64_t weights = 0;
    for (const StepGraph::Op& op : graph.ops) weights += op.weights;
    return weights;
}

/// Place of an operator in a slice.
size_t place(const StepGraph& graph, const AttentionCut::Slice& slice, const std::string& name) {
    for (size_t i = 0; i < slice.ops.size(); ++i)
        if (graph.ops[size_t(slice.ops[i])].name == name) return i;
    ADD_FAILURE() << name;
    return 0;
}

}  // namespace

TEST(AttentionCut, CrossingsAreTwoAndTwoOverGTimesHidden) {
    for (const char* name : {"llama-2-7b", "llama-2-70b", "llama-33b", "llama-3-70b", "qwen2.5-72b", "mixtral-8x7b"}) {
        const LlmConfig model = find_llm(name);
        const AttentionCut cut = cut_at_attention(step_graph(model));
        ASSERT_EQ(int(cut.crossings.size()), model.layers);
        ASSERT_EQ(int(cut.slices.size()), model.layers + 1);
        const double g = model.queries_per_kv();
        for (const AttentionCut::Crossing& one : cut.crossings) {
            EXPECT_DOUBLE_EQ(double(one.query + one.rows + one.result), (2 + 2 / g) * model.hidden) << name;
            EXPECT_EQ(one.query, one.result);
            EXPECT_EQ(one.kept, model.hidden) << "the residual row alone is kept: " << name;
        }
    }
}

TEST(AttentionCut, SlicesHoldEveryOperatorOnceInAnOrderThatRuns) {
    for (const char* name : {"llama-2-7b", "deepseek-v3", "gemma-7b", "opt-13b", "qwen3-30b-a3b", "gpt-oss-20b"}) {
        const StepGraph graph = step_graph(find_llm(name));
        const AttentionCut cut = cut_at_attention(graph);
        std::vector<int> when(graph.ops.size(), -1);
        int now = 0;
        for (size_t s = 0; s < cut.slices.size(); ++s) {
            for (const int op : cut.slices[s].ops) {
                EXPECT_EQ(when[size_t(op)], -1);
                when[size_t(op)] = now++;
            }
            if (s < cut.crossings.size()) when[size_t(cut.crossings[s].attention)] = now++;
        }
        EXPECT_EQ(now, int(graph.ops.size())) << name;
        for (const StepGraph::Value& value : graph.values)
            for (const int consumer : value.consumers)
                EXPECT_LT(when[size_t(value.producer)], when[size_t(consumer)]) << name << ' ' << value.name;
    }
}

TEST(AttentionCut, WeightsOfTheGraphAreTheProjectionsOfTheModel) {
    for (const char* name : {"llama-2-70b", "llama-65b", "gemma-7b", "opt-13b"}) {
        const LlmConfig model = find_llm(name);
        EXPECT_EQ(weights_of(step_graph(model)), projection_parameters(model)) << name;
    }
}

// Keys and values stand before the query in this graph: the cut must turn them round.
TEST(AttentionCut, TheQueryComesFirst) {
    StepGraph graph;
    const char* names[] = {"x", "k", "v", "norm_v", "q", "attention", "o", "add"};
    for (const char* name : names) graph.ops.push_back({name});
    graph.ops[5].attention = true;
    graph.values = {{"q", 4, {5}, 8}, {"k", 1, {5}, 2},          {"n", 3, {5}, 2}, {"v", 2, {3}, 2},
                    {"a", 5, {6}, 8}, {"x", 0, {1, 2, 4, 7}, 8}, {"o", 6, {7}, 8}};
    const AttentionCut cut = cut_at_attention(graph);
    const AttentionCut::Slice& first = cut.slices[0];
    EXPECT_EQ(first.early, 2u) << "x and q";
    EXPECT_EQ(place(graph, first, "q"), 1u);
    EXPECT_LT(place(graph, first, "v"), place(graph, first, "norm_v"));
    EXPECT_EQ(cut.crossings[0].query, 8);
    EXPECT_EQ(cut.crossings[0].rows, 4);
    EXPECT_EQ(cut.crossings[0].kept, 8);
    EXPECT_EQ(cut.slices[1].ops, (std::vector<int>{6, 7}));
}

// Of two places to cut the narrower is taken, wherever it lies.
TEST(AttentionCut, WhatIsKeptIsTheLeast) {
    StepGraph graph;
    for (const char* name : {"x", "q", "attention", "narrow", "wide", "join"}) graph.ops.push_back({name});
    graph.ops[2].attention = true;
    graph.values = {{"q", 1, {2}, 8}, {"a", 2, {5}, 8}, {"x", 0, {1, 3}, 100}, {"n", 3, {4}, 3}, {"w", 4, {5}, 50}};
    const AttentionCut cut = cut_at_attention(graph);
    EXPECT_EQ(cut.crossings[0].kept, 3);
    EXPECT_EQ(cut.slices[0].ops, (std::vector<int>{0, 1, 3}));
    EXPECT_EQ(cut.slices[1].ops, (std::vector<int>{4, 5}));
}
