// SPDX-License-Identifier: Apache-2.0
// Request traces with columns: one row of formats.def each.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "workloads/traces/csv.hpp"
#include "workloads/traces/trace_file.hpp"

namespace superlane::traces {
namespace {

enum class Zero { wrong, failed };
using Clock = int64_t (*)(std::string_view);

int64_t date(std::string_view text) { return parse_date_ns(text); }
int64_t seconds(std::string_view text) { return std::llround(1e9 * parse_number(text, 0, most_seconds)); }

struct Format {
    std::string_view time;
    Clock clock;
    std::string_view prompt, output;
    Zero zero;
};
constexpr Format formats[] = {
#define CSV_TRACE(name, time, clock, prompt, output, zero, source) Format{time, clock, prompt, output, Zero::zero},
#include "workloads/traces/formats.def"
#undef CSV_TRACE
};

class CsvTrace : public RowReader {
public:
    CsvTrace(const Format& format, const CsvRow& header)
        : format_(format),
          time_(header.find(format.time)),
          prompt_(header.find(format.prompt)),
          output_(header.find(format.output)),
          columns_(header.size()) {}

    static bool matches(const Format& format, const CsvRow& header) {
        return std::ranges::all_of(std::array{format.time, format.prompt, format.output},
                                   [&](std::string_view name) { return header.find(name) < header.size(); });
    }

    Row read(std::string_view line, Request& request) override {
        fields_.split(line);
        if (fields_.size() != columns_) throw user_error(fields_.size(), " fields, the header has ", columns_);
        request.blocks.clear();
        Row row{.time_ns = column(format_.time, [&] { return format_.clock(fields_[time_]); })};
        row.failed = format_.zero == Zero::failed && fields_[output_] == "0";
        const int64_t least = row.failed ? 0 : 1;
        request.prompt_tokens =
            column(format_.prompt, [&] { return parse_count(fields_[prompt_], least, most_tokens); });
        request.output_tokens =
            column(format_.output, [&] { return parse_count(fields_[output_], least, most_tokens); });
        return row;
    }

private:
    template <class Parse>
    int64_t column(std::string_view name, const Parse& parse) const {
        try {
            return parse();
        } catch (const UserError& error) {
            throw user_error("column '", name, "': ", error.what());
        }
    }

    const Format& format_;
    size_t time_, prompt_, output_, columns_;
    CsvRow fields_;
};

}  // namespace

std::unique_ptr<RowReader> csv_reader(std::string_view first_line) {
    CsvRow header;
    header.split(first_line);
    for (const Format& format : formats)
        if (CsvTrace::matches(format, header)) return std::make_unique<CsvTrace>(format, header);
    return nullptr;
}

}  // namespace superlane::traces
