; y = W x with W = (1 2; 3 4) and x = (5, 6): y = (17, 39), int8 in, int32 out, on one plane of the MXM.
;
; A weight vector is one output's weights over the input lanes: a row of W. Two of them are enough; rows that are not loaded
; count as 0, and so do the lanes of x beyond the second.
;
; The way: slices 0-3 of the east stand at position 5, the MXM takes its input at 25. A word read at t stands at 5 in cycle
; t + 1, at 25 in cycle t + 21.
;   0   read both weight vectors      -> LW at 21 puts them into rows 0 and 1 of the load buffer
;   22  IW: load buffer to the array  -> activations may meet the new weights from 22 + 3 on (mxm.install_ripple)
;   4   read x                        -> ABC at 25 takes it
;   39  ACC, exactly 1 + 13 cycles after ABC (mxm.activation_in, mxm.multiply)
;   73  the sums leave the MXM at position 22, 34 cycles later (mxm.accumulate_out), and flow west: at 5 in cycle 90

.chip tsp-v1
.region w0 mem.e.0 0 1
.region w1 mem.e.1 0 1
.region x  mem.e.2 0 1
.region y0 mem.e.0 1 1
.region y1 mem.e.1 1 1
.region y2 mem.e.2 1 1
.region y3 mem.e.3 1 1
.data w0 i8 1 2                         ; the other lanes are 0
.data w1 i8 3 4
.data x  i8 5 6

.queue mem.e.0
@0      read w0 -> E0
@90     write y0, W0
.queue mem.e.1
@0      read w1 -> E1
@90     write y1, W1
.queue mem.e.2
@4      read x -> E0
@90     write y2, W2
.queue mem.e.3
@90     write y3, W3

.queue mxm.e.0.weights
@21     lw.i8 E0, 2                     ; two vectors, on E0 and E1
.queue mxm.e.0.activations
@22     iw.i8
@25     abc.i8 E0
.queue mxm.e.0.accumulate
@39     acc.pass.i8 -> W0               ; int32: four streams, W0-W3
