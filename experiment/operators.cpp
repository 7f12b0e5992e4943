// SPDX-License-Identifier: Apache-2.0
// Exclusive time: between two neighbouring starts or ends the owner does not change, so that each interval is given
// once.
#include "experiment/operators.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace superlane::experiment {
namespace {

/// "layer 3: ffn", "layer3.ffn" and "layers.3/ffn" are one operation.
std::string without_layer(const std::string& name) {
    if (!name.starts_with("layer")) return name;
    const size_t digits = name.find_first_of("0123456789");
    if (digits == std::string::npos) return name;
    const size_t end = name.find_first_not_of("0123456789", digits);
    const size_t rest = end == std::string::npos ? end : name.find_first_not_of(" :./-", end);
    return rest == std::string::npos ? name : name.substr(rest);
}

constexpr std::string_view kinds[] = {"compute", "memory", "network", "waiting"};

constexpr std::pair<std::string_view, std::string_view> kind_of[] = {
    {"q, k, v projection", "memory"},
    {"output projection", "memory"},
    {"gate, up", "memory"},
    {"down projection", "memory"},
    {"head", "memory"},
    {"experts", "memory"},
    {"q, kv projection", "memory"},
    {"query projection", "memory"},
    {"latent queries", "memory"},
    {"heads' results", "memory"},
    {"network", "network"},
    {"stage input", "network"},
    {"stage output", "network"},
    {"idle", "waiting"},
};

int owner(const std::vector<compiler::OperationSpan>& spans, int64_t cycle) {
    int best = -1;
    for (size_t i = 0; i < spans.size(); ++i) {
        if (cycle < spans[i].first || cycle > spans[i].last) continue;
        if (best < 0 || spans[i].first >= spans[size_t(best)].first) best = int(i);
    }
    return best;
}

}  // namespace

std::string_view operator_kind(std::string_view name) {
    for (const auto& [operation, kind] : kind_of)
        if (operation == name) return kind;
    return kinds[0];
}

std::vector<OperatorCycles> kind_totals(const std::vector<OperatorCycles>& operators) {
    std::vector<OperatorCycles> totals;
    for (const std::string_view kind : kinds) totals.push_back({std::string(kind), 0});
    for (const OperatorCycles& one : operators)
        add_operators(totals, {{std::string(operator_kind(one.name)), one.cycles}});
    return totals;
}

Json operators_json(const std::vector<OperatorCycles>& operators) {
    Json list = Json::array();
    for (const OperatorCycles& one : operators)
        list.push_back({{"name", one.name}, {"kind", operator_kind(one.name)}, {"cycles", one.cycles}});
    return list;
}

Json operator_kinds_json(const std::vector<OperatorCycles>& operators) {
    Json totals = Json::object();
    for (const OperatorCycles& one : kind_totals(operators)) totals[one.name] = one.cycles;
    return totals;
}

void add_operators(std::vector<OperatorCycles>& total, const std::vector<OperatorCycles>& more) {
    for (const OperatorCycles& one : more) {
        const auto found = std::find_if(total.begin(), total.end(),
                                        [&](const OperatorCycles& known) { return known.name == one.name; });
        if (found == total.end())
            total.push_back(one);
        else
            found->cycles += one.cycles;
    }
}

std::vector<OperatorCycles> exclusive_cycles(const std::vector<compiler::OperationSpan>& spans, int64_t cycles) {
    std::vector<int64_t> edges = {0, cycles};
    for (const auto& span : spans) {
        edges.push_back(std::clamp<int64_t>(span.first, 0, cycles));
        edges.push_back(std::clamp<int64_t>(span.last + 1, 0, cycles));
    }
    std::sort(edges.begin(), edges.end());
    std::vector<int64_t> own(spans.size(), 0);
    int64_t idle = 0;
    for (size_t i = 0; i + 1 < edges.size(); ++i) {
        if (edges[i] == edges[i + 1]) continue;
        const int who = owner(spans, edges[i]);
        (who < 0 ? idle : own[size_t(who)]) += edges[i + 1] - edges[i];
    }
    std::vector<OperatorCycles> result;
    for (size_t i = 0; i < spans.size(); ++i) add_operators(result, {{without_layer(spans[i].name), own[i]}});
    if (idle > 0) add_operators(result, {{"idle", idle}});
    return result;
}

}  // namespace superlane::experiment
