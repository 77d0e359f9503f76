//! What the index promises: not negative, zero for equal shares, quiet about chance and loud about a shift.

mod refused;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_messages::{FeatureValue, FeatureVector};

use super::psi::psi;
use super::*;
use crate::content::Content;
use crate::model::tests::shipped;
use crate::model::{Manifest, Model, Package};

const TOML: &str = r#"
name = "m"
version = 1
owner = "o"
training_data = "t"
onnx_sha256 = ""
golden_sha256 = ""
output = { probability = "p", class = 1, base_log_odds = 0.0 }
calibration = { a = 1.0, b = 0.0 }
scale = { base_score = 600.0, base_odds = 20.0, points_to_double_odds = 40.0 }
input = [
    { feature = "v__age", type = "number", reason = "r", wording = "w" },
    { feature = "v__home", type = "text", values = ["own", "rent"], reason = "r", wording = "w" },
]
"#;

fn manifest() -> Manifest {
    toml::from_str(TOML).unwrap()
}

/// A hundred rows: ages by the ten, and one in four rents.
fn form() -> Value {
    json!({
        "rows": 100,
        "probability": { "edges": [0.1, 0.2, 0.3], "counts": [25, 25, 25, 25] },
        "inputs": {
            "v__age": { "edges": [30.0, 40.0], "counts": [30, 30, 35], "missing": 5 },
            "v__home": { "values": { "own": 75, "rent": 25 } },
        },
    })
}

fn reference() -> Reference {
    Reference::parse(&manifest(), &form().to_string()).unwrap()
}

fn counted(rows: impl IntoIterator<Item = (f64, FeatureValue, &'static str)>) -> Counts {
    let (reference, mut counts) = (reference(), Counts::of(&reference()));
    for (probability, age, home) in rows {
        let home = FeatureValue::Text(home.to_owned());
        let probability = FeatureValue::Number(probability);
        counts.add_row(&reference, &probability, |feature| if feature == "v__age" { &age } else { &home });
    }
    counts
}

#[test]
fn each_value_falls_into_one_bin_and_an_edge_belongs_to_the_lower() {
    let rows = [
        (0.1, FeatureValue::Integer(30), "own"),
        (0.100_1, FeatureValue::Number(30.5), "rent"),
        (1.0, FeatureValue::Number(1e300), "castle"),
        (0.0, FeatureValue::Null, ""),
        (0.3, FeatureValue::Text("30".to_owned()), "own"),
        (0.25, FeatureValue::Number(f64::NAN), "own"),
    ];
    let counts = counted(rows);
    assert_eq!(counts.columns(), [vec![2, 1, 2, 1, 0], vec![1, 1, 1, 3], vec![3, 1, 2, 0]]);
    let names = |column: usize| reference().columns()[column].bins.names();
    assert_eq!(names(1), ["to 30", "30 to 40", "over 40", "missing"]);
    assert_eq!(names(2), ["own", "rent", "never seen", "missing"]);
}

#[test]
fn the_index_is_what_its_formula_says_by_hand() {
    // (0.3 - 0.5) ln(0.3 / 0.5) + (0.7 - 0.5) ln(0.7 / 0.5)
    let (index, bins) = psi(&[50, 50, 0], &[30, 70, 0]);
    assert!((index - 0.169_459_5).abs() < 1e-6 && bins == 2, "{index}");
}

#[test]
fn a_bin_that_is_empty_on_one_side_is_half_a_row_there_and_on_both_sides_is_none() {
    let (index, bins) = psi(&[100, 0, 0], &[90, 10, 0]);
    let (p, q) = ([100.0 / 100.5, 0.5 / 100.5], [0.9, 0.1]);
    let by_hand: f64 = (0..2).map(|bin| (q[bin] - p[bin]) * f64::ln(q[bin] / p[bin])).sum();
    assert!((index - by_hand).abs() < 1e-12 && bins == 2, "{index}");
    assert_eq!(psi(&[40, 0, 60], &[4, 0, 6]), psi(&[40, 60], &[4, 6]));
    assert_eq!(psi(&[7, 0], &[9, 0]), (0.0, 1));
}

#[test]
fn the_limit_is_the_quantile_of_chance_until_the_rule_of_thumb_is_greater() {
    let few = counted((0..20).map(|row| (f64::from(row) / 50.0, FeatureValue::Integer(35), "own")));
    let drift = drift(&reference(), &few);
    // Chi-square of 3 degrees of freedom has 16.266 at 99.9 % (NIST/SEMATECH e-Handbook, 1.3.6.7.4), times 1/100 + 1/20.
    assert!((drift[0].limit - 16.266 * 0.06).abs() < 1e-3, "{drift:?}");
    let many = counted((0..100_000).map(|row| (f64::from(row % 20) / 50.0, FeatureValue::Integer(35), "own")));
    let limit = super::drift(&reference(), &many)[0].limit;
    assert!((limit - 16.266 * 0.010_01).abs() < 1e-4, "the reference's few rows stay in the limit: {limit}");
    assert!(super::drift(&reference(), &Counts::of(&reference())).is_empty(), "nothing came");
}

#[test]
fn a_column_that_moved_drifts_and_says_how_far_and_the_others_stay() {
    // As the reference has them: three in ten to 30, three to 40, and one in twenty does not say.
    let age = |number: u32| match number / 4 % 20 {
        0 => FeatureValue::Null,
        1..=6 => FeatureValue::Integer(20),
        7..=12 => FeatureValue::Integer(35),
        _ => FeatureValue::Integer(50),
    };
    let row = |number: u32, home| (f64::from(number % 4) / 10.0 + 0.05, age(number), home);
    let verdicts = |counts: &Counts| drift(&reference(), counts).iter().map(|one| one.verdict).collect::<Vec<_>>();
    use Verdict::{LargeDrift, Steady};
    let same = counted((0..1200).map(|number| row(number, if number % 4 == 0 { "rent" } else { "own" })));
    assert_eq!(verdicts(&same), [Steady; 3]);
    let moved = counted((0..1200).map(|number| row(number, if number % 4 == 0 { "own" } else { "rent" })));
    assert_eq!(verdicts(&moved), [Steady, Steady, LargeDrift]);
    let unknown = counted((0..1200).map(|number| row(number, if number % 4 == 0 { "rent" } else { "castle" })));
    assert_eq!(verdicts(&unknown)[2], LargeDrift, "texts that nobody knew are a drift too");
}

fn drawn(random: &mut fastrand::Rng, shares: &[f64], rows: u64) -> Vec<u64> {
    let mut counts = vec![0; shares.len()];
    for _ in 0..rows {
        let mut rest = random.f64();
        let place = shares.iter().position(|share| {
            rest -= share;
            rest < 0.0
        });
        counts[place.unwrap_or(0)] += 1;
    }
    counts
}

/// Of so many draws with no drift, how many pass the limit of chance.
fn alarms(shares: &[f64], rows: [u64; 2], draws: u32) -> usize {
    let mut random = fastrand::Rng::with_seed(20_260_302);
    let alarm = |_: &u32| {
        let (reference, found) = (drawn(&mut random, shares, rows[0]), drawn(&mut random, shares, rows[1]));
        let (index, bins) = psi(&reference, &found);
        index > super::psi::chance(bins, rows)
    };
    (0..draws).filter(alarm).count()
}

#[test]
fn chance_alone_passes_its_limit_about_as_rarely_as_stated() {
    let (even, uneven) = ([0.1; 10], [0.55, 0.2, 0.1, 0.08, 0.04, 0.03]);
    let found = alarms(&even, [700, 1_000], 4_000) + alarms(&uneven, [700, 1_000], 4_000);
    assert!((1..=20).contains(&found), "eight of eight thousand are stated, found {found}");
    // Golden rows are few: the limit is rougher there, and still no alarm of every day.
    let found = alarms(&even, [64, 1_000], 4_000) + alarms(&uneven, [64, 1_000], 4_000);
    assert!(found < 80, "more than one of a hundred: {found}");
}

/// Somebody of that age, with a home of their own.
fn vector(age: i64, at: i64) -> FeatureVector {
    let vector = json!({
        "application": "a1", "customer": "c1", "at": at, "known_time": 1, "missing": {},
        "features": { "v__age": age, "v__home": "own" }, "read_at": { "partition": 0, "offset": 1 },
    });
    serde_json::from_value(vector).unwrap()
}

#[test]
fn two_generations_are_looked_at_and_older_rows_fall_out() {
    let reference = reference();
    let mut recent = Recent::of(&reference);
    (0..3_000).for_each(|_| recent.add(&reference, &vector(20, 1), Some(0.05)));
    assert_eq!(recent.counts().rows(), 3_000);
    (0..4_000).for_each(|_| recent.add(&reference, &vector(50, 1), None));
    let counts = recent.counts();
    assert_eq!((counts.rows(), counts.columns()[1][0]), (3_000, 0), "nobody of twenty is left");
    assert_eq!(counts.columns()[0], [0, 0, 0, 0, 3_000], "without an answer the probability is missing");
}

#[test]
fn slices_are_of_one_size_in_order_and_never_many() {
    let (reference, mut slices) = (reference(), Slices::default());
    for row in 0..10_050 {
        slices.add(&reference, &vector(if row < 5_000 { 20 } else { 50 }, row), Some(0.05));
        assert!(slices.slices().len() <= 40);
    }
    let rows: Vec<u64> = slices.slices().iter().map(|slice| slice.counts.rows()).collect();
    let (last, whole) = rows.split_last().unwrap();
    assert!(whole.iter().all(|rows| *rows == 400) && *last == 50, "{rows:?}");
    assert!(slices.slices().windows(2).all(|pair| pair[0].to < pair[1].from));
    assert_eq!(slices.slices()[0].counts.columns()[1][0], 400, "the young came first");
    assert_eq!((slices.total(&reference).rows(), slices.total(&reference).columns()[1][0]), (10_050, 5_000));
}

#[test]
fn without_a_reference_of_its_own_the_golden_rows_of_a_package_are_it() {
    assert_eq!(Package::load(&shipped()).unwrap().reference().rows(), 1_000, "the shipped one brings its own");
    let package = Package::of(&Content::read_model(&shipped()).unwrap().without("reference.json")).unwrap();
    let reference = package.reference();
    assert_eq!((reference.rows(), reference.columns().len()), (64, package.manifest().inputs.len() + 1));
    for column in reference.columns() {
        assert_eq!(column.counts.iter().sum::<u64>(), 64, "{}", column.name);
        if let Bins::Numbers { edges } = &column.bins {
            assert!(edges.is_sorted_by(|one, next| one < next), "{edges:?}");
            assert!(
                column.counts[..=edges.len()].iter().all(|count| *count > 0),
                "{}: {:?}",
                column.name,
                column.counts
            );
        }
    }
    let probability = &reference.columns()[0];
    assert!(
        probability.name == PROBABILITY && probability.counts.len() == 11,
        "ten bins, and one for none: {probability:?}"
    );
}

#[test]
fn a_reference_is_part_of_the_package_and_of_its_hash() {
    let content = Content::read_model(&shipped()).unwrap().without("reference.json");
    let package = Package::of(&content).unwrap();
    let mut inputs = serde_json::Map::new();
    for column in &package.reference().columns()[1..] {
        let (known, missing) = column.counts.split_at(column.counts.len() - 1);
        let form = match &column.bins {
            Bins::Numbers { edges } => json!({ "edges": edges, "counts": known, "missing": missing[0] }),
            Bins::Texts { values } => {
                let values: std::collections::BTreeMap<_, _> = values.iter().zip(known).collect();
                json!({ "values": values, "missing": missing[0] })
            }
        };
        inputs.insert(column.name.clone(), form);
    }
    let written = json!({ "rows": 64, "probability": { "edges": [0.5], "counts": [60, 4] }, "inputs": inputs });
    let with = content.clone().with("reference.json", written.to_string().into_bytes());
    let brought = Package::of(&with).unwrap();
    assert_ne!(brought.hash(), package.hash());
    assert_eq!(brought.reference().columns()[1..], package.reference().columns()[1..]);
    assert_eq!(brought.reference().columns()[0].counts, [60, 4, 0]);
    let error = Package::of(&content.with("reference.json", b"{}".to_vec())).unwrap_err();
    assert!(error.to_string().starts_with("reference.json: missing field `rows`"), "{error}");
}

proptest! {
    #[test]
    fn the_index_is_not_negative_and_zero_for_equal_shares(
        counts in prop::collection::vec((0_u64..500, 0_u64..500), 1..15), times in 1_u64..50,
    ) {
        let (reference, found): (Vec<u64>, Vec<u64>) = counts.into_iter().unzip();
        let (index, _) = psi(&reference, &found);
        prop_assert!(reference.iter().all(|one| *one == 0) || found.iter().all(|one| *one == 0) || index >= 0.0);
        let more: Vec<u64> = reference.iter().map(|count| count * times).collect();
        let (equal, _) = psi(&reference, &more);
        prop_assert!(equal.abs() < 1e-12, "{equal}");
    }

    #[test]
    fn counted_in_parts_is_counted_whole(ages in prop::collection::vec(0_i64..90, 0..60), cut in 0_usize..60) {
        let rows = |ages: &[i64]| counted(ages.iter().map(|age| (0.2, FeatureValue::Integer(*age), "own")).collect::<Vec<_>>());
        let (first, second) = ages.split_at(cut.min(ages.len()));
        let mut parts = rows(first);
        parts.merge(&rows(second));
        prop_assert_eq!(parts, rows(&ages));
    }
}
