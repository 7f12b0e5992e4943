// SPDX-License-Identifier: Apache-2.0
// What all formats share: lines, their numbers, order of times, and rows that are wrong.
#include "workloads/traces/trace_file.hpp"

#include <filesystem>
#include <fstream>

#include "base/error.hpp"

namespace superlane::traces {
namespace {

constexpr std::string_view known_formats =
    "known are"
#define CSV_TRACE(name, time, clock, prompt, output, zero, source) " " #name " (" time "," prompt "," output "),"
#include "workloads/traces/formats.def"
#undef CSV_TRACE
    " mooncake (JSON lines with timestamp, input_length, output_length, hash_ids)";

class TraceFile : public RequestSource {
public:
    TraceFile(const std::string& file, const TraceOptions& options)
        : file_(file), options_(options), stream_(file, std::ios::binary) {
        if (!stream_ || std::filesystem::is_directory(file)) throw user_error(file, ": cannot be read");
        if (!next_line()) throw user_error(file, ": no rows");
        if (line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
        reader_ = reader_for(line_);
        if (reader_->has_header() && !next_line()) throw user_error(file, ": no rows");
    }

    bool next(Request& request) override {
        if (options_.requests > 0 && handed_out_ == options_.requests) return false;
        while (has_line_) {
            const bool good = read(request);
            next_line();
            if (good) return ++handed_out_, true;
        }
        return false;
    }

    int block_tokens() const override { return reader_->block_tokens(); }
    Skipped skipped() const override { return skipped_; }
    void refuse(const Request& request, const std::string& why) override { bad(request.line, why); }

private:
    std::unique_ptr<RowReader> reader_for(const std::string& first) const {
        try {
            if (auto reader = mooncake_reader(first)) return reader;
            if (auto reader = csv_reader(first)) return reader;
        } catch (const UserError&) {  // a header that cannot be split is of no known format
        }
        throw user_error(file_, ": line ", number_, ": '", first.substr(0, 60), "' is the header of no known format; ",
                         known_formats);
    }

    /// False for a row that is left out.
    bool read(Request& request) {
        try {
            const Row row = reader_->read(line_, request);
            if (row.failed) return ++skipped_.failed, false;
            if (started_ && row.time_ns < last_ns_)
                throw user_error("arrives ", double(last_ns_ - row.time_ns) * 1e-9,
                                 " s before the row above it; times must not go backwards");
            if (!started_) first_ns_ = row.time_ns;
            started_ = true;
            last_ns_ = row.time_ns;
            request.arrival_s = double(row.time_ns - first_ns_) * 1e-9 / options_.speed;
            request.line = number_;
            return true;
        } catch (const UserError& error) {
            return bad(number_, error.what()), false;
        }
    }

    void bad(int64_t line, const std::string& why) {
        const std::string message = file_ + ": line " + std::to_string(line) + ": " + why;
        if (!options_.skip_bad) throw UserError(message);
        if (skipped_.bad++ == 0) skipped_.first_bad = message;
    }

    /// The next line with something on it.
    bool next_line() {
        while ((has_line_ = bool(std::getline(stream_, line_)))) {
            ++number_;
            if (line_.find_first_not_of(" \t\r") != std::string::npos) return true;
        }
        return false;
    }

    std::string file_;
    TraceOptions options_;
    std::ifstream stream_;
    std::unique_ptr<RowReader> reader_;
    std::string line_;
    bool has_line_ = false, started_ = false;
    int64_t number_ = 0, first_ns_ = 0, last_ns_ = 0, handed_out_ = 0;
    Skipped skipped_;
};

}  // namespace

std::unique_ptr<RequestSource> open_trace(const std::string& file, const TraceOptions& options) {
    return std::make_unique<TraceFile>(file, options);
}

}  // namespace superlane::traces
