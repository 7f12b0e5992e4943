# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=... -DLIST=... -DOUTPUT=... -P source_digest.cmake writes a C++ file with SHA-256 of the files named in LIST. Names
# and contents alone count, so that every machine finds the same.
file(STRINGS ${LIST} files)
foreach(file IN LISTS files)
  file(SHA256 ${ROOT}/${file} digest)
  string(APPEND all "${file} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
file(WRITE ${OUTPUT} "namespace superlane::experiment {
extern const char* const source_digest;
const char* const source_digest = \"${digest}\";
}  // namespace superlane::experiment
")
