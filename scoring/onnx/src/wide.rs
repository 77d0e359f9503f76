//! The processor's vector units, where it has them. The build is for any x86-64 of the last twenty years; a fused multiply
//! and add is then a call into the C library, twenty times slower than the instruction, and four float64 take two steps.
//! Never changes a bit: the compiler neither fuses nor reorders what was not written so.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;

/// What profits. `run` and all that it calls must be inlined into what is compiled for the wide units: `#[inline(always)]`.
pub(crate) trait Wide {
    fn run(self);
}

/// Starts where a line of the cache does, so that no vector within it lies on two.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Aligned<T>(pub T);

/// Runs `work` compiled for AVX-512 where it is there, else for AVX2 and FMA where both are.
#[inline(always)]
pub(crate) fn wide(work: impl Wide) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("fma") {
        #[allow(unsafe_code, reason = "measured by `make bench-models`: the tops of trees take a tenth less")]
        // SAFETY: the processor was just seen to have what the function is compiled for.
        return unsafe { with_avx512(work) };
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[allow(unsafe_code, reason = "measured by `make bench-models`: a linear model takes half the time")]
        // SAFETY: the processor was just seen to have what the function is compiled for.
        return unsafe { with_avx2_and_fma(work) };
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2_and_fma(work: impl Wide) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn with_avx512(work: impl Wide) {
    work.run();
}
