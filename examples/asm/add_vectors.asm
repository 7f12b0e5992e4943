; z = x + y, 320 lanes of fp32, by one VXM operation.
;
; An fp32 element has four bytes and travels on four neighbouring streams, one byte a lane each. x lies in slices 0-3 of the
; west, byte plane k in slice k; y in slices 4-7; z goes to slices 0-3 of the east.
;
; When must each Read be dispatched? Slices 0-3 stand at position 0, slices 4-7 at -1; the ALUs sample eastward streams at
; position 4 (vxm.entry). x read at 1 stands at 0 in cycle 2, at 4 in cycle 6. y has one hop more, so it is read at 0: it
; stands at -1 in cycle 1, at 4 in cycle 6. Both are there in cycle 6, and that is when `add` is dispatched.
; The result is ready at 6 + 3 (vxm.op) and leaves by the east edge, position 5, in that cycle (vxm.exit_through = 0), which is
; where slices 0-3 of the east write it.

.chip tsp-v1
.region x0 mem.w.0 0 1
.region x1 mem.w.1 0 1
.region x2 mem.w.2 0 1
.region x3 mem.w.3 0 1
.region y0 mem.w.4 0 1
.region y1 mem.w.5 0 1
.region y2 mem.w.6 0 1
.region y3 mem.w.7 0 1
.region z0 mem.e.0 0 1
.region z1 mem.e.1 0 1
.region z2 mem.e.2 0 1
.region z3 mem.e.3 0 1
.data x0, x1, x2, x3 iota f32 0 0.5     ; lane i holds i / 2; byte k of every element goes to the k-th region
.data y0, y1, y2, y3 fill f32 100

.queue mem.w.0
@1      read x0 -> E0
.queue mem.w.1
@1      read x1 -> E1
.queue mem.w.2
@1      read x2 -> E2
.queue mem.w.3
@1      read x3 -> E3

.queue mem.w.4
@0      read y0 -> E4
.queue mem.w.5
@0      read y1 -> E5
.queue mem.w.6
@0      read y2 -> E6
.queue mem.w.7
@0      read y3 -> E7

.queue vxm.0                            ; ALU 0 of every lane
@6      add.f32 E0, E4 -> E8            ; E0 means E0-E3, as the type has four bytes

.queue mem.e.0
@9      write z0, E8
.queue mem.e.1
@9      write z1, E9
.queue mem.e.2
@9      write z2, E10
.queue mem.e.3
@9      write z3, E11
