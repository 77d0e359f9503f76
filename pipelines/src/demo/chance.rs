//! Where the demo's chance comes from: one seed, and a stream of its own for each purpose and person, so that nothing
//! depends on the order in which things are drawn.

use fastrand::Rng;

/// The stream of one person (or of nothing in particular: 0) for one purpose.
pub(super) fn stream(seed: u64, purpose: &str, person: usize) -> Rng {
    let words = purpose.bytes().map(u64::from).chain([u64::try_from(person).unwrap_or(u64::MAX)]);
    Rng::with_seed(words.fold(mixed(seed), |state, word| mixed(state ^ word)))
}

/// `SplitMix64` (Steele, Lea, Flood 2014), the finaliser.
const fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// `base` times a log-normal factor: most draws near `base`, a few far above, as human times are.
pub(super) fn around(random: &mut Rng, base: f64, spread: f64) -> f64 {
    // Twelve uniforms less six: close enough to a normal draw, and the same on every platform.
    let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    base * (normal * spread).exp()
}

/// True in `per_mille` of 1,000 draws.
pub(super) fn happens(random: &mut Rng, per_mille: u32) -> bool {
    random.u32(0..1_000) < per_mille
}

/// A drawn size as a whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32 just before")]
pub(super) fn whole(number: f64) -> u32 {
    number.clamp(0.0, f64::from(u32::MAX)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_person_and_on_nothing_else() {
        let draw = |seed, purpose, person| stream(seed, purpose, person).u64(..);
        assert_eq!(draw(7, "phone", 3), draw(7, "phone", 3));
        let others = [draw(8, "phone", 3), draw(7, "card", 3), draw(7, "phone", 4)];
        assert!(others.iter().all(|other| *other != draw(7, "phone", 3)));
    }

    #[test]
    fn human_times_lie_around_their_base() {
        let mut random = stream(1, "times", 0);
        let mut drawn: Vec<_> = (0..1_001).map(|_| around(&mut random, 100.0, 0.3)).collect();
        drawn.sort_by(f64::total_cmp);
        assert!((90.0..110.0).contains(&drawn[500]), "{}", drawn[500]);
        assert!(drawn[0] > 20.0 && drawn[1_000] < 500.0);
    }
}
