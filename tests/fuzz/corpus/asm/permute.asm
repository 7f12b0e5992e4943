; Turns a vector round: lane i of y is lane 319 - i of x, by the permuter of the east SXM.
;
; The permuter first takes a map, a 16-bit source lane for every lane, from two streams. A Permute may use it 8 cycles later
; (sxm.map_delivery). Slices 0-3 stand at position 5, the SXM's edge at 16: a word read at t is there in cycle t + 12.
;   0   read the map's two bytes  -> PermuteMap at 12
;   8   read x                    -> Permute at 20 = 12 + 8
;   76  the result is back at the edge: 4 in, 48 through the permuter, 4 out (sxm.io_crossing, sxm.permuter)
;   87  eleven hops west it passes slice 3, which writes it

.chip tsp-v1
.region map0 mem.e.0 0 1
.region map1 mem.e.1 0 1
.region x    mem.e.2 0 1
.region y    mem.e.3 0 1
.data map0, map1 iota u16 319 -1        ; 319, 318, ... 0; low bytes to map0, high bytes to map1
.data x iota u8

.queue mem.e.0
@0      read map0 -> E0
.queue mem.e.1
@0      read map1 -> E1
.queue mem.e.2
@8      read x -> E2
.queue mem.e.3
@87     write y, W0

.queue sxm.e.permuter.0
@12     permute.map E0                  ; two streams: E0 and E1
+8      permute.i8 E2 -> W0             ; +8: eight cycles after the instruction before
