// SPDX-License-Identifier: Apache-2.0
// What a system's cables can carry: shortest and further paths, diameter, uniform traffic, bisection.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/system.hpp"

namespace superlane::models {

/// The cables as a graph for Boost.Graph; every cable is two directed links. Keeps nothing of the System.
class Network {
public:
    explicit Network(const System& system);
    ~Network();
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;

    /// Hops between each chip and `chip`; the same both ways.
    std::vector<int> distances(int chip) const;
    /// Links of `from` that begin a shortest path, ascending; empty for from = to.
    std::vector<int> next_links(int from, int to) const;
    /// Number of different shortest paths; parallel cables count.
    double shortest_paths(int from, int to) const;
    /// Up to `count` paths of which no two use a link in the same direction, shortest first; each is found as the
    /// shortest over links that earlier ones left, lowest links first. A path is the ports that send, in order.
    std::vector<std::vector<Port>> disjoint_paths(int from, int to, int count) const;

    /// Least p such that every cable exists also p chips on (modulo chips); = chips without such symmetry.
    int symmetry_period() const;

    /// Over all ordered pairs of chips, exact: by symmetry, only symmetry_period() of the sources are searched.
    struct Traffic {
        int chips = 0, diameter = 0;
        std::vector<int64_t> pairs_by_hops;  ///< ordered pairs, by number of hops; [0] = 0
        double mean_hops = 0;
        double fullest_load =
            0;  ///< pairs whose path uses the fullest link; a pair is shared evenly by its shortest paths
        double mean_load = 0;
        /// Bytes/s that each chip can send, spread evenly over all others, until the fullest link is full.
        double bytes_per_s_per_chip(double link_bytes_per_s) const;
    };
    Traffic uniform_traffic() const;

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

/// Cables cut between two halves of whole units: racks where there are several of a dragonfly of racks, else nodes,
/// else chips.
struct Bisection {
    int64_t cables = 0;
    int units = 0, half = 0;  ///< `half` of the `units` are on one side
    std::string unit;         ///< "rack", "node" or "chip"
    std::string method;       ///< "all halves" (exact) or "all halves of neighbours" (an upper bound)
    int64_t formula = -1;     ///< the known closed form for this kind, -1 where there is none
};
Bisection bisection(const System& system);

}  // namespace superlane::models
