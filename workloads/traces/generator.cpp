// SPDX-License-Identifier: Apache-2.0
// Own transforms of a counter-based generator: the distributions of standard libraries differ.
#include "workloads/traces/generator.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "models/counter_random.hpp"
#include "workloads/traces/csv.hpp"
#include "workloads/traces/portable_math.hpp"
#include "workloads/traces/trace_file.hpp"

namespace superlane::traces {
namespace {

class Random {
public:
    Random(uint64_t seed, uint64_t stream) : key_(mix(seed ^ mix(stream))) {}
    /// Between 0 and 1, never one of them.
    double uniform() { return (double(mix(key_ ^ mix(counter_++)) >> 12) + 0.5) * 0x1p-52; }
    int64_t within(LengthRange range) {
        return range.low + std::min(int64_t(uniform() * double(range.high - range.low + 1)), range.high - range.low);
    }
    /// Marsaglia's polar method.
    double normal() {
        while (true) {
            const double x = 2 * uniform() - 1, y = 2 * uniform() - 1, square = x * x + y * y;
            if (square < 1 && square > 0) return x * std::sqrt(-2 * portable_log(square) / square);
        }
    }
    /// Mean `shape`. Marsaglia and Tsang 2000; below 1 from shape + 1.
    double gamma(double shape) {
        if (shape == 1) return -portable_log(uniform());
        if (shape < 1) {
            const double above = gamma(shape + 1);  // drawn first: the order of operands is the compiler's choice
            return above * portable_exp(portable_log(uniform()) / shape);
        }
        const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
        while (true) {
            const double x = normal(), root = 1 + c * x, v = root * root * root;
            if (v > 0 && portable_log(uniform()) < 0.5 * x * x + d - d * v + d * portable_log(v)) return d * v;
        }
    }

private:
    uint64_t key_, counter_ = 0;
};

class Arrivals {
public:
    explicit Arrivals(const ArrivalOptions& options)
        : mean_s_(1 / options.requests_per_s),
          shape_(options.variation > 0 ? 1 / (options.variation * options.variation) : 0),
          random_(options.seed, 1) {}
    double next_s() { return now_s_ += shape_ > 0 ? mean_s_ * random_.gamma(shape_) / shape_ : mean_s_; }

private:
    double mean_s_, shape_, now_s_ = 0;
    Random random_;
};

class Generated : public RequestSource {
public:
    Generated(const ArrivalOptions& arrivals, const LengthOptions& lengths, int64_t requests)
        : arrivals_(arrivals), lengths_(lengths), requests_(requests), random_(arrivals.seed, 2) {}

    bool next(Request& request) override {
        if (requests_ > 0 && made_ == requests_) return false;
        request.arrival_s = arrivals_.next_s();
        request.prompt_tokens = random_.within(lengths_.prompt_tokens);
        request.output_tokens = random_.within(lengths_.output_tokens);
        request.blocks.clear();
        request.line = ++made_;
        return true;
    }
    void refuse(const Request& request, const std::string& why) override {
        throw user_error("generated request ", request.line, ": ", why);
    }

private:
    Arrivals arrivals_;
    LengthOptions lengths_;
    int64_t requests_, made_ = 0;
    Random random_;
};

class Retimed : public RequestSource {
public:
    Retimed(std::unique_ptr<RequestSource> trace, const ArrivalOptions& arrivals)
        : trace_(std::move(trace)), arrivals_(arrivals) {}

    bool next(Request& request) override {
        if (!trace_->next(request)) return false;
        request.arrival_s = arrivals_.next_s();
        return true;
    }
    int block_tokens() const override { return trace_->block_tokens(); }
    Skipped skipped() const override { return trace_->skipped(); }
    void refuse(const Request& request, const std::string& why) override { trace_->refuse(request, why); }

private:
    std::unique_ptr<RequestSource> trace_;
    Arrivals arrivals_;
};

}  // namespace

std::unique_ptr<RequestSource> generate(const ArrivalOptions& arrivals, const LengthOptions& lengths,
                                        int64_t requests) {
    return std::make_unique<Generated>(arrivals, lengths, requests);
}

std::unique_ptr<RequestSource> retime(std::unique_ptr<RequestSource> trace, const ArrivalOptions& arrivals) {
    return std::make_unique<Retimed>(std::move(trace), arrivals);
}

LengthRange parse_length(const std::string& option, const std::string& text) {
    try {
        const size_t colon = text.find(':');
        const int64_t low = parse_count(std::string_view(text).substr(0, colon), 1, most_tokens);
        return {low,
                colon == text.npos ? low : parse_count(std::string_view(text).substr(colon + 1), low, most_tokens)};
    } catch (const UserError& error) {
        throw user_error(option, " ", text, ": ", error.what(), "; expected tokens, as 512, or a range, as 128:2048");
    }
}

}  // namespace superlane::traces
