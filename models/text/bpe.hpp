// SPDX-License-Identifier: Apache-2.0
// Byte-pair merges: the pair of lowest rank first, the leftmost of equal ones.
#pragma once
#include <cstdint>
#include <vector>

namespace superlane {

struct Merge {
    int left, right;  ///< token ids
    int rank;         ///< place in the list of merges; lower is earlier
    int merged;       ///< token id
};

class Bpe {
public:
    Bpe() = default;
    explicit Bpe(std::vector<Merge> merges);
    /// Merges within one word until no pair has a rank; O(n log n).
    std::vector<int> merge(std::vector<int> symbols) const;

private:
    const Merge* find(int left, int right) const;
    std::vector<Merge> merges_;  // sorted by (left, right)
};

}  // namespace superlane
