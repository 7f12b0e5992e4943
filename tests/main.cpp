// SPDX-License-Identifier: Apache-2.0
// The main function of every test program; also what the tests' precompiled header is built for.
#include <gmock/gmock.h>

int main(int count, char** arguments) {
    testing::InitGoogleMock(&count, arguments);
    return RUN_ALL_TESTS();
}
