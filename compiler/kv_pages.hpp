// SPDX-License-Identifier: Apache-2.0
// Which pages of the pools of keys and values a request has.
#pragma once
#include <cstddef>
#include <vector>

namespace superlane::compiler {

/// A page is as many tokens as a vector has lanes: a token is a lane of a value's word, and a tile of the MXM takes a
/// page of keys. Pages of a request stand on the sides in turn, from the west on; each side has a pool. All requests
/// take their first pages, then their second ones, and so on, as far as their own lengths reach: the same place in the
/// pool of every layer.
class KvPages {
public:
    KvPages() = default;
    /// `tokens`: most of each request.
    KvPages(const std::vector<int>& tokens, int page_tokens);

    int page_tokens() const { return page_tokens_; }
    int of_request(int request) const { return int(place_[size_t(request)].size()); }
    std::vector<int> by_request() const;
    int all() const { return pool_[0] + pool_[1]; }
    static int side(int page) { return page & 1; }
    /// Pages of a side's pool.
    int pool(int side) const { return pool_[side]; }
    /// Place of a request's page in the pool of its side.
    int place(int request, int page) const { return place_[size_t(request)][size_t(page)]; }

private:
    int page_tokens_ = 1;
    int pool_[2] = {};
    std::vector<std::vector<int>> place_;  ///< [request][page]
};

}  // namespace superlane::compiler
