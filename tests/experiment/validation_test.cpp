// SPDX-License-Identifier: Apache-2.0
// Rows of validation.def: complete, judged from both sides of their tolerance, and met by the machine as it is.
#include "experiment/validation.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "experiment/measured.hpp"
#include "experiment/probe.hpp"

using namespace superlane;
using namespace superlane::experiment;
using Verdict = ValidationOutcome::Verdict;
using testing::HasSubstr;

namespace {

ValidationRow row(Relation relation, double tolerance) {
    return {.key = "k", .published = 200, .unit = "cycles", .relation = relation, .tolerance = tolerance};
}
Verdict verdict(Relation relation, double tolerance, double ours) {
    return judge(row(relation, tolerance), ours).verdict;
}

}  // namespace

TEST(Validation, EveryRowIsCompleteAndItsKeyIsOnce) {
    std::set<std::string_view> keys, sections;
    for (const ValidationSection& section : validation_sections()) sections.insert(section.key);
    for (const ValidationRow& one : validation_rows()) {
        EXPECT_TRUE(keys.insert(one.key).second) << one.key;
        EXPECT_TRUE(sections.count(one.section)) << one.key << " " << one.section;
        EXPECT_FALSE(one.what.empty() || one.unit.empty() || one.source.empty() || one.conditions.empty()) << one.key;
        EXPECT_TRUE(one.mark == "P" || one.mark == "T" || one.mark == "S" || one.mark == "D") << one.key;
        EXPECT_NE(one.published, 0) << one.key;
    }
}

TEST(Validation, RelationsHoldFromBothSides) {
    EXPECT_EQ(verdict(Relation::Equal, 0, 200), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::Equal, 0, 200.001), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::Percent, 1, 198), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::Percent, 1, 202.1), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::Units, 2, 198), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::Units, 2, 197), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::AtMost, 0, 200), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::AtMost, 0, 201), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::AtLeast, 0, 200), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::AtLeast, 0, 199), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::Below, 0, 199), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::Below, 0, 200), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::Refused, 0, 201), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::Refused, 0, 200), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::UpTo, 300, 300), Verdict::Pass);
    EXPECT_EQ(verdict(Relation::UpTo, 300, 199), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::UpTo, 300, 301), Verdict::Missed);
    EXPECT_EQ(verdict(Relation::Shown, 0, 1), Verdict::Shown);
}

TEST(Validation, AMissSaysWhatIsOff) {
    const ValidationRow one = row(Relation::Percent, 1);
    const ValidationOutcome outcome = judge(one, 210);
    EXPECT_EQ(outcome.reason, "ours is 210 cycles, +5.00 % from the published 200; tolerance: within 1 %");
    EXPECT_FALSE(all_met({outcome}));
    EXPECT_TRUE(all_met({judge(one, 200), judge(row(Relation::Shown, 0), 1)}));
    EXPECT_THAT(validation_markdown({outcome}), testing::IsEmpty());  // a row of no section is on no page
}

TEST(Validation, EveryFastRowIsMet) {
    for (const ValidationOutcome& outcome : validate("", false)) EXPECT_EQ(outcome.reason, "") << outcome.row->key;
}

TEST(Validation, OnlyAModelThatDoesNotFitIsARefusal) {
    EXPECT_EQ(measured::refused("llama-2-7b", "tsp-v1-node", "fp16"), 1);
    EXPECT_THROW(measured::refused("llama-2-7b", "tsp-v1-node", "fp8"), UserError);
}

TEST(Validation, PatternsChooseRows) {
    EXPECT_EQ(validate("sram_576", false).size(), 1u);
    EXPECT_EQ(validate("permute", false).size(), 2u);
    EXPECT_EQ(validate("permute_?ne", false).size(), 1u);
    try {
        validate("bariere", false);
        FAIL();
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--only bariere: no row has such a key (nearest: 'barrier')"));
    }
}

TEST(Validation, JsonAndPageSayTheSame) {
    const auto outcomes = validate("product", false);
    const Json json = validation_json(outcomes, {"validate"});
    ASSERT_EQ(json["rows"].size(), 1u);
    EXPECT_EQ(json["rows"][0]["published"], 82.0);
    EXPECT_EQ(json["rows"][0]["ours"], 80.0);
    EXPECT_EQ(json["rows"][0]["verdict"], "pass");
    EXPECT_THAT(validation_markdown(outcomes), HasSubstr("| within 2 cycles | 80 cycles | -2.44 % | pass |"));
}

TEST(Validation, ARowThatWasNotRunHasNoFigureOfOurs) {
    const ValidationRow one{.key = "k",
                            .section = "timing",
                            .what = "w",
                            .published = 3,
                            .unit = "us",
                            .source = "s",
                            .mark = "P",
                            .conditions = "c"};
    const std::vector<ValidationOutcome> outcomes = {{&one}};
    EXPECT_TRUE(all_met(outcomes));
    EXPECT_TRUE(validation_json(outcomes, {})["rows"][0]["ours"].is_null());
    EXPECT_THAT(validation_markdown(outcomes), HasSubstr("| `k` | w | 3 us | s | P | c | equal | not run | | |"));
}

// The probe reads the machine, not the equation: another parameter is another result.
TEST(Probe, FindsTheFirstCleanCycle) {
    for (const int hop : {1, 3}) {
        Probe probe(models::load_chip("tsp-v1", {"stream.hop=" + std::to_string(hop)}));
        probe.at(0, "mem.e.0", "read 0 -> E0");
        EXPECT_EQ(probe.first(0, "mem.e.4", "write 0, E0"), 1 + hop);
    }
    Probe nothing(measured::tsp());
    EXPECT_THROW(nothing.first(0, "mem.e.4", "write 0, E0"), InternalError);
}
