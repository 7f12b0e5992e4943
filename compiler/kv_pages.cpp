// SPDX-License-Identifier: Apache-2.0
// Deals the pages of the pools to requests.
#include "compiler/kv_pages.hpp"

namespace superlane::compiler {

KvPages::KvPages(const std::vector<int>& tokens, int page_tokens) : page_tokens_(page_tokens), place_(tokens.size()) {
    bool dealt = true;
    for (int page = 0; dealt; ++page) {
        dealt = false;
        for (size_t request = 0; request < tokens.size(); ++request) {
            if (page * page_tokens >= tokens[request]) continue;
            place_[request].push_back(pool_[side(page)]++);
            dealt = true;
        }
    }
}

std::vector<int> KvPages::by_request() const {
    std::vector<int> pages;
    for (const auto& places : place_) pages.push_back(int(places.size()));
    return pages;
}

}  // namespace superlane::compiler
