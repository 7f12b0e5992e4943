// SPDX-License-Identifier: Apache-2.0
// The symbols of a word as a linked list, with a queue of the pairs that could merge.
#include "models/text/bpe.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

namespace superlane {
namespace {

struct Node {
    int token, previous, next;  // -1 at the ends; token -1 once merged into its left neighbour
};

struct Candidate {
    int rank, position, left, right, merged;
    /// For a max-queue: the lowest rank, then the leftmost, is on top.
    bool operator<(const Candidate& other) const {
        return std::tie(rank, position) > std::tie(other.rank, other.position);
    }
};

}  // namespace

Bpe::Bpe(std::vector<Merge> merges) : merges_(std::move(merges)) {
    std::sort(merges_.begin(), merges_.end(), [](const Merge& a, const Merge& b) {
        return std::tie(a.left, a.right, a.rank) < std::tie(b.left, b.right, b.rank);
    });
}

const Merge* Bpe::find(int left, int right) const {
    const auto found = std::lower_bound(
        merges_.begin(), merges_.end(), std::pair(left, right),
        [](const Merge& m, const std::pair<int, int>& pair) { return std::pair(m.left, m.right) < pair; });
    return found != merges_.end() && found->left == left && found->right == right ? &*found : nullptr;
}

std::vector<int> Bpe::merge(std::vector<int> symbols) const {
    std::vector<Node> nodes;
    for (int i = 0; i < int(symbols.size()); ++i)
        nodes.push_back({symbols[size_t(i)], i - 1, i + 1 < int(symbols.size()) ? i + 1 : -1});
    std::priority_queue<Candidate> queue;
    const auto offer = [&](int position) {
        if (position < 0 || nodes[size_t(position)].next < 0) return;
        const int left = nodes[size_t(position)].token, right = nodes[size_t(nodes[size_t(position)].next)].token;
        if (const Merge* m = find(left, right)) queue.push({m->rank, position, left, right, m->merged});
    };
    for (int i = 0; i < int(nodes.size()); ++i) offer(i);
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        Node& node = nodes[size_t(best.position)];
        if (node.token != best.left || node.next < 0 || nodes[size_t(node.next)].token != best.right)
            continue;  // stale
        Node& gone = nodes[size_t(node.next)];
        node.token = best.merged;
        gone.token = -1;
        node.next = gone.next;
        if (node.next >= 0) nodes[size_t(node.next)].previous = best.position;
        offer(node.previous);
        offer(best.position);
    }
    std::vector<int> out;
    for (int i = nodes.empty() ? -1 : 0; i >= 0; i = nodes[size_t(i)].next) out.push_back(nodes[size_t(i)].token);
    return out;
}

}  // namespace superlane
