//! Steps over 16 lanes that the compiler does not make of loops, as AVX-512 has them. All are plain functions of arrays; that the
//! processor has them is seen once, by whoever makes an [`Avx512`].
#![allow(
    unsafe_code,
    reason = "measured by `make bench-models`: XGBoost's trees take half the time that the compiler's loops take"
)]

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _CMP_NLE_UQ, _mm512_add_epi32, _mm512_and_epi32, _mm512_cmp_ps_mask,
    _mm512_i32gather_ps, _mm512_lzcnt_epi32, _mm512_mask_add_epi32, _mm512_mask_blend_epi32, _mm512_or_epi32,
    _mm512_permutex2var_epi32, _mm512_permutexvar_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_slli_epi32,
    _mm512_sub_epi32,
};
use std::mem::transmute;

use super::Aligned;

pub(crate) type Lanes<T> = [T; 16];

/// That this processor has what is asked for here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

/// What goes by these steps. `run` and all that it calls must be inlined: `#[inline(always)]`.
pub(crate) trait Stepped {
    fn run(self, steps: Avx512);
}

// SAFETY of all calls: an `Avx512` is only made where the processor was seen to have these instructions.
impl Avx512 {
    pub(crate) fn here() -> Option<Self> {
        let has = std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512cd");
        has.then_some(Self(()))
    }

    pub(crate) fn run(self, work: impl Stepped) {
        #[target_feature(enable = "avx512f,avx512cd")]
        fn compiled(steps: Avx512, work: impl Stepped) {
            work.run(steps);
        }
        unsafe { compiled(self, work) }
    }

    /// The place of the lowest bit that is set; 31 where none is.
    #[inline(always)]
    pub(crate) fn lowest(self, bits: Lanes<u32>) -> Lanes<u32> {
        unsafe {
            let bits = _mm512_or_epi32(vector(bits), _mm512_set1_epi32(i32::MIN));
            let lowest = _mm512_and_epi32(bits, _mm512_sub_epi32(_mm512_setzero_si512(), bits));
            array(_mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_lzcnt_epi32(lowest)))
        }
    }

    /// What stands at a place of the table, counted beyond its end from its start again.
    #[inline(always)]
    pub(crate) fn of_16(self, table: &[u32; 16], at: Lanes<u32>) -> Lanes<u32> {
        unsafe { array(_mm512_permutexvar_epi32(vector(at), vector(*table))) }
    }

    #[inline(always)]
    pub(crate) fn of_32(self, table: &[u32; 32], at: Lanes<u32>) -> Lanes<u32> {
        let half = |half: usize| vector(std::array::from_fn(|lane| table[16 * half + lane]));
        unsafe { array(_mm512_permutex2var_epi32(half(0), vector(at), half(1))) }
    }

    /// Each lane's value in the row that it names, counted beyond the last from the first again.
    #[inline(always)]
    pub(crate) fn fetch<const ROWS: usize>(self, rows: &[Aligned<Lanes<f32>>; ROWS], row: Lanes<u32>) -> Lanes<f32> {
        const { assert!(ROWS.is_power_of_two() && ROWS <= 1 << 16) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "rows are few")]
        // SAFETY: besides, a lane is below `ROWS` when it is taken, so that 16 times it, and one of 16, is within the rows.
        unsafe {
            let row = _mm512_and_epi32(vector(row), _mm512_set1_epi32(ROWS as i32 - 1));
            let lanes = vector([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
            let at = _mm512_or_epi32(_mm512_slli_epi32::<4>(row), lanes);
            transmute::<__m512, Lanes<f32>>(_mm512_i32gather_ps::<4>(at, rows.as_ptr().cast()))
        }
    }

    /// Twice `at`, and one more where the value is not at most the threshold, which stands as its bits.
    #[inline(always)]
    pub(crate) fn descend(self, at: Lanes<u32>, values: Lanes<f32>, thresholds: Lanes<u32>) -> Lanes<u32> {
        let above = self.above(values, thresholds);
        unsafe {
            let twice = _mm512_add_epi32(vector(at), vector(at));
            array(_mm512_mask_add_epi32(twice, above, twice, _mm512_set1_epi32(1)))
        }
    }

    /// The first where the value is at most the threshold, else the second.
    #[inline(always)]
    pub(crate) fn choose(
        self,
        values: Lanes<f32>,
        thresholds: Lanes<u32>,
        [first, second]: [Lanes<u32>; 2],
    ) -> Lanes<u32> {
        let above = self.above(values, thresholds);
        unsafe { array(_mm512_mask_blend_epi32(above, vector(first), vector(second))) }
    }

    /// NaN is not at most anything.
    #[inline(always)]
    fn above(self, values: Lanes<f32>, thresholds: Lanes<u32>) -> __mmask16 {
        let (values, thresholds) = (values.map(f32::to_bits), thresholds);
        unsafe { _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(floats(values), floats(thresholds)) }
    }
}

#[inline(always)]
fn vector(lanes: Lanes<u32>) -> __m512i {
    // SAFETY: both are 64 bytes of any bits.
    unsafe { transmute(lanes) }
}

#[inline(always)]
fn floats(lanes: Lanes<u32>) -> __m512 {
    // SAFETY: both are 64 bytes of any bits.
    unsafe { transmute(lanes) }
}

#[inline(always)]
fn array(vector: __m512i) -> Lanes<u32> {
    // SAFETY: both are 64 bytes of any bits.
    unsafe { transmute(vector) }
}
