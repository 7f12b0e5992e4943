# SPDX-License-Identifier: Apache-2.0
# Compiles SOURCE with the tables of CASE; fails unless the compiler refuses it with TEXT in its message.
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${CASE} -I${ROOT} ${SOURCE}
                RESULT_VARIABLE result ERROR_VARIABLE message OUTPUT_QUIET)
if(result EQUAL 0)
  message(FATAL_ERROR "${CASE}: compiled")
endif()
string(FIND "${message}" "${TEXT}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "${CASE}: expected '${TEXT}' in\n${message}")
endif()
