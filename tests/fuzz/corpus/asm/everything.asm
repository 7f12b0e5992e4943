.chip tsp-v1
.region x mem.e.0 0x10 4
.region y/z[0] mem.w.3 8 2
.data x f32 1.0 -2.5 inf
.bytes mem.w.3 8 2
.hex 00ff07*20 aa*577
.hex 01 02 03
.queue mem.e.0
@3 read x, E0
+5 read x+1 -> W3
iterations 13
countdown 2
step -1
write 0x20, E4
@70000 gather 0, E1 -> E2
repeat 3, 4, -0
notify
.queue vxm.0
sync
@7 add.f32 E0, #1.5 -> W8
mul.i8 a0, latched -> none
cvt.f32 E4, i8 -> E0
accumulate.i32 E4, max, 9
mask.u16 a3, #true
nop 12
.queue mxm.e.0.weights
lw.i8 E0, 16
repeat 19, 1, 0
.queue mxm.e.0.accumulate
acc.emit.f16 3 -> W4
.queue sxm.e.permuter.1
shift.i8 E0, -16, wrap -> W0
