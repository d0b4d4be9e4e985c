//! The S-box of AES as a circuit of exclusive-ors and ands: no table and no branch, so that its time does not
//! depend on the data.
//!
//! Forward it is the circuit of Boyar and Peralta, "A new combinational logic minimization technique with
//! applications to cryptology" (SEA 2010), in 115 gates. Backward it has the same nonlinear middle; the linear
//! layers around it, which there also undo the affine map, were minimised anew by Boyar and Peralta's and Paar's
//! heuristics: 120 gates.
//!
//! Plane 0 holds the most significant bits of many bytes side by side, plane 7 the least significant ones. The
//! constant 0x63 is left out on either side: the round keys contain it.

/// Many bits side by side.
pub(crate) trait Bits: Copy {
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// And.
    fn and(self, other: Self) -> Self;
}

impl Bits for u8 {
    #[inline(always)]
    fn xor(self, other: u8) -> u8 {
        self ^ other
    }
    #[inline(always)]
    fn and(self, other: u8) -> u8 {
        self & other
    }
}

/// The S-box, without its constant: the result still wants 0x63 mixed in.
#[inline(always)]
pub(super) fn substituted<T: Bits>(planes: [T; 8]) -> [T; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = planes;
    let y14 = x3.xor(x5);
    let y13 = x0.xor(x6);
    let y9 = x0.xor(x3);
    let y8 = x0.xor(x5);
    let t0 = x1.xor(x2);
    let y1 = t0.xor(x7);
    let y4 = y1.xor(x3);
    let y12 = y13.xor(y14);
    let y2 = y1.xor(x0);
    let y5 = y1.xor(x6);
    let y3 = y5.xor(y8);
    let t1 = x4.xor(y12);
    let y15 = t1.xor(x5);
    let y20 = t1.xor(x1);
    let y6 = y15.xor(x7);
    let y10 = y15.xor(t0);
    let y11 = y20.xor(y9);
    let y7 = x7.xor(y11);
    let y17 = y10.xor(y11);
    let y19 = y10.xor(y8);
    let y16 = t0.xor(y11);
    let y21 = y13.xor(y16);
    let y18 = x0.xor(y16);
    let t2 = y12.and(y15);
    let t3 = y3.and(y6);
    let t4 = t3.xor(t2);
    let t5 = y4.and(x7);
    let t6 = t5.xor(t2);
    let t7 = y13.and(y16);
    let t8 = y5.and(y1);
    let t9 = t8.xor(t7);
    let t10 = y2.and(y7);
    let t11 = t10.xor(t7);
    let t12 = y9.and(y11);
    let t13 = y14.and(y17);
    let t14 = t13.xor(t12);
    let t15 = y8.and(y10);
    let t16 = t15.xor(t12);
    let t17 = t4.xor(t14);
    let t18 = t6.xor(t16);
    let t19 = t9.xor(t14);
    let t20 = t11.xor(t16);
    let t21 = t17.xor(y20);
    let t22 = t18.xor(y19);
    let t23 = t19.xor(y21);
    let t24 = t20.xor(y18);
    let t25 = t21.xor(t22);
    let t26 = t21.and(t23);
    let t27 = t24.xor(t26);
    let t28 = t25.and(t27);
    let t29 = t28.xor(t22);
    let t30 = t23.xor(t24);
    let t31 = t22.xor(t26);
    let t32 = t31.and(t30);
    let t33 = t32.xor(t24);
    let t34 = t23.xor(t33);
    let t35 = t27.xor(t33);
    let t36 = t24.and(t35);
    let t37 = t36.xor(t34);
    let t38 = t27.xor(t36);
    let t39 = t29.and(t38);
    let t40 = t25.xor(t39);
    let t41 = t40.xor(t37);
    let t42 = t29.xor(t33);
    let t43 = t29.xor(t40);
    let t44 = t33.xor(t37);
    let t45 = t42.xor(t41);
    let z0 = t44.and(y15);
    let z1 = t37.and(y6);
    let z2 = t33.and(x7);
    let z3 = t43.and(y16);
    let z4 = t40.and(y1);
    let z5 = t29.and(y7);
    let z6 = t42.and(y11);
    let z7 = t45.and(y17);
    let z8 = t41.and(y10);
    let z9 = t44.and(y12);
    let z10 = t37.and(y3);
    let z11 = t33.and(y4);
    let z12 = t43.and(y13);
    let z13 = t40.and(y5);
    let z14 = t29.and(y2);
    let z15 = t42.and(y9);
    let z16 = t45.and(y14);
    let z17 = t41.and(y8);
    let t46 = z15.xor(z16);
    let t47 = z10.xor(z11);
    let t48 = z5.xor(z13);
    let t49 = z9.xor(z10);
    let t50 = z2.xor(z12);
    let t51 = z2.xor(z5);
    let t52 = z7.xor(z8);
    let t53 = z0.xor(z3);
    let t54 = z6.xor(z7);
    let t55 = z16.xor(z17);
    let t56 = z12.xor(t48);
    let t57 = t50.xor(t53);
    let t58 = z4.xor(t46);
    let t59 = z3.xor(t54);
    let t60 = t46.xor(t57);
    let t61 = z14.xor(t57);
    let t62 = t52.xor(t58);
    let t63 = t49.xor(t58);
    let t64 = z4.xor(t59);
    let t65 = t61.xor(t62);
    let t66 = z1.xor(t63);
    let s0 = t59.xor(t63);
    let s6 = t56.xor(t62);
    let s7 = t48.xor(t60);
    let t67 = t64.xor(t65);
    let s3 = t53.xor(t66);
    let s4 = t51.xor(t66);
    let s5 = t47.xor(t65);
    let s1 = t64.xor(s3);
    let s2 = t55.xor(t67);
    [s0, s1, s2, s3, s4, s5, s6, s7]
}

/// The inverse S-box of planes that had 0x63 mixed in.
#[inline(always)]
pub(super) fn unsubstituted<T: Bits>(planes: [T; 8]) -> [T; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = planes;
    let u8 = x1.xor(x3);
    let u9 = x0.xor(u8);
    let u10 = x4.xor(x7);
    let u11 = x0.xor(x3);
    let u12 = x4.xor(u9);
    let u13 = x3.xor(u10);
    let u14 = x3.xor(x4);
    let u15 = x2.xor(u14);
    let u16 = x0.xor(x1);
    let u17 = u9.xor(u13);
    let u18 = x6.xor(u13);
    let u19 = u8.xor(u18);
    let u20 = u15.xor(u19);
    let u21 = x6.xor(u20);
    let u22 = u13.xor(u20);
    let u23 = u12.xor(u18);
    let u24 = x2.xor(u20);
    let u25 = x0.xor(x5);
    let u26 = u24.xor(u25);
    let u27 = u17.xor(u26);
    let u28 = u22.xor(u27);
    let u29 = u14.xor(u26);
    let u30 = x2.xor(u25);
    let t2 = u23.and(u28);
    let t3 = u11.and(u9);
    let t4 = t3.xor(t2);
    let t5 = u24.and(u30);
    let t6 = t5.xor(t2);
    let t7 = u18.and(u22);
    let t8 = u8.and(u13);
    let t9 = t8.xor(t7);
    let t10 = u19.and(u20);
    let t11 = t10.xor(t7);
    let t12 = u14.and(u26);
    let t13 = u12.and(u27);
    let t14 = t13.xor(t12);
    let t15 = u16.and(u17);
    let t16 = t15.xor(t12);
    let t17 = t4.xor(t14);
    let t18 = t6.xor(t16);
    let t19 = t9.xor(t14);
    let t20 = t11.xor(t16);
    let t21 = t17.xor(u29);
    let t22 = t18.xor(u10);
    let t23 = t19.xor(u21);
    let t24 = t20.xor(u15);
    let t25 = t21.xor(t22);
    let t26 = t21.and(t23);
    let t27 = t24.xor(t26);
    let t28 = t25.and(t27);
    let t29 = t28.xor(t22);
    let t30 = t23.xor(t24);
    let t31 = t22.xor(t26);
    let t32 = t31.and(t30);
    let t33 = t32.xor(t24);
    let t34 = t23.xor(t33);
    let t35 = t27.xor(t33);
    let t36 = t24.and(t35);
    let t37 = t36.xor(t34);
    let t38 = t27.xor(t36);
    let t39 = t29.and(t38);
    let t40 = t25.xor(t39);
    let t41 = t40.xor(t37);
    let t42 = t29.xor(t33);
    let t43 = t29.xor(t40);
    let t44 = t33.xor(t37);
    let t45 = t42.xor(t41);
    let z0 = t44.and(u28);
    let z1 = t37.and(u9);
    let z2 = t33.and(u30);
    let z3 = t43.and(u22);
    let z4 = t40.and(u13);
    let z5 = t29.and(u20);
    let z6 = t42.and(u26);
    let z7 = t45.and(u27);
    let z8 = t41.and(u17);
    let z9 = t44.and(u23);
    let z10 = t37.and(u11);
    let z11 = t33.and(u24);
    let z12 = t43.and(u18);
    let z13 = t40.and(u8);
    let z14 = t29.and(u19);
    let z15 = t42.and(u14);
    let z16 = t45.and(u12);
    let z17 = t41.and(u16);
    let w18 = z6.xor(z15);
    let w19 = z13.xor(w18);
    let w20 = z12.xor(w19);
    let w21 = z16.xor(w20);
    let w22 = z2.xor(z10);
    let w23 = z1.xor(z4);
    let w24 = z3.xor(z8);
    let w25 = z9.xor(z17);
    let w26 = z14.xor(w22);
    let w27 = z4.xor(z7);
    let w28 = w24.xor(w26);
    let w29 = z0.xor(w21);
    let w30 = z8.xor(w29);
    let w31 = w23.xor(w28);
    let w32 = w20.xor(w22);
    let w33 = z12.xor(w31);
    let w34 = z11.xor(w18);
    let w35 = z11.xor(z15);
    let w36 = z5.xor(w30);
    let w37 = z11.xor(w32);
    let w38 = z0.xor(z17);
    let w39 = w21.xor(w24);
    let w40 = z16.xor(w33);
    let w41 = z3.xor(w27);
    let w42 = w27.xor(w37);
    let s2 = w34.xor(w40);
    let w44 = z5.xor(w42);
    let w45 = w19.xor(w25);
    let s7 = w25.xor(w35);
    let s6 = w21.xor(w41);
    let s5 = w23.xor(w36);
    let s1 = w31.xor(w45);
    let s3 = z2.xor(w30);
    let s4 = w38.xor(w44);
    let s0 = z5.xor(w39);
    [s0, s1, s2, s3, s4, s5, s6, s7]
}
