; One vector, one hop: from MEM slice 0 to MEM slice 4 of the east hemisphere.
;
; A Read dispatched at cycle t puts its word onto a stream register at t + 1 (mem.read = 1). Four slices share one stream
; register, so slices 0-3 stand at position 5 and slices 4-7 one hop further east, at position 6. The vector stands at position 5
; in cycle 1 and at position 6 in cycle 2. A Write samples its stream in the cycle of its own dispatch: cycle 2.

.chip tsp-v1
.region x mem.e.0 0x10 1        ; name, slice, word address, words of 320 bytes
.region y mem.e.4 0x10 1
.data x iota u8                 ; lane i holds i (modulo 256)

.queue mem.e.0                  ; every slice has its own instruction queue
@0      read x -> E0            ; onto eastward stream 0

.queue mem.e.4
@2      write y, E0             ; @2: dispatched in cycle 2; the assembler inserts the NOPs
