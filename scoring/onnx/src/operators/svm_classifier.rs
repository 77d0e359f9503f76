//! `ai.onnx.ml.SVMClassifier`: one vote for each pair of classes (libsvm), with probabilities by pairwise coupling where the
//! file has the sigmoids for them; without support vectors one weighted sum for each class (liblinear).

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::classes::{Labels, Winner};
use super::coupling::coupled;
use super::linear::dot;
use super::linear_classifier::first_highest;
use super::operator::{Built, Operator, built};
use super::post_transform::{PostTransform, SecondClass};
use super::rows::{expect_numbers, matrix, numbers, only};
use super::svm_kernel::Kernel;

/// More classes than any machine has: the pairs grow with their square.
const MOST_CLASSES: usize = 1024;

#[derive(Debug)]
struct SvmClassifier {
    labels: Labels,
    transform: PostTransform,
    features: usize,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Pairs(Pairs),
    /// A row of weights for each class, and what is added to each sum.
    Sums {
        weights: Vec<f32>,
        rho: f32,
        all_positive: bool,
    },
}

#[derive(Debug)]
struct Pairs {
    kernel: Kernel,
    vectors: Vec<f32>,
    /// First vector of each class, and one past the last.
    starts: Vec<usize>,
    /// A row of one entry a vector for each class but the last.
    coefficients: Vec<f32>,
    rho: Vec<f32>,
    /// Slope and offset of each pair's sigmoid, where there are probabilities.
    sigmoids: Option<Vec<(f32, f32)>>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = [
        "classlabels_ints",
        "classlabels_strings",
        "coefficients",
        "kernel_params",
        "kernel_type",
        "post_transform",
        "prob_a",
        "prob_b",
        "rho",
        "support_vectors",
        "vectors_per_class",
    ];
    let attributes = Attributes::new(node, &honoured)?;
    let names = ["classlabels_ints", "classlabels_strings"];
    let labels = Labels::new(attributes.integers(names[0])?, attributes.texts(names[1])?, names)?;
    let classes = labels.len();
    ensure!((2..=MOST_CLASSES).contains(&classes), "expected 2 to {MOST_CLASSES} class labels, found {classes}");
    let transform = PostTransform::named(&attributes.text("post_transform", "NONE")?)?;
    let (features, machine) = if attributes.integers("vectors_per_class")?.is_empty() {
        sums(&attributes, classes)?
    } else {
        pairs(&attributes, classes, transform)?
    };
    built(node, 2, SvmClassifier { labels, transform, features, machine })
}

fn expect(attribute: &str, expected: usize, found: usize) -> TractResult<()> {
    ensure!(expected == found, "attribute `{attribute}`: expected {expected} entries, found {found}");
    Ok(())
}

fn sums(attributes: &Attributes, classes: usize) -> TractResult<(usize, Machine)> {
    Kernel::new(attributes)?;
    let (weights, rho) = (attributes.finite("coefficients")?, attributes.finite("rho")?);
    let features = weights.len() / classes;
    ensure!(features > 0, "attribute `coefficients` has too few entries");
    expect("coefficients", features * classes, weights.len())?;
    let Some(&rho) = rho.first() else { bail!("attribute `rho` is empty") };
    let all_positive = weights.iter().all(|weight| *weight >= 0.0);
    Ok((features, Machine::Sums { weights, rho, all_positive }))
}

fn pairs(attributes: &Attributes, classes: usize, transform: PostTransform) -> TractResult<(usize, Machine)> {
    let counts = attributes.integers("vectors_per_class")?;
    expect("vectors_per_class", classes, counts.len())?;
    let mut starts = vec![0_usize];
    for count in counts {
        let start = usize::try_from(count).ok().and_then(|count| starts[starts.len() - 1].checked_add(count));
        let Some(start) = start else { bail!("attribute `vectors_per_class`: {count} cannot be") };
        starts.push(start);
    }
    let vectors = attributes.finite("support_vectors")?;
    let count = starts[classes];
    ensure!(count > 0 && !vectors.is_empty(), "expected support vectors, found none");
    ensure!(vectors.len().is_multiple_of(count), "attribute `support_vectors`: expected a multiple of {count} entries");
    let coefficients = attributes.finite("coefficients")?;
    ensure!(
        coefficients.len() / count == classes - 1 && coefficients.len().is_multiple_of(count),
        "attribute `coefficients`: expected {} for each support vector, found {} for {count}",
        classes - 1,
        coefficients.len()
    );
    let rho = attributes.finite("rho")?;
    let of_pairs = classes * (classes - 1) / 2;
    expect("rho", of_pairs, rho.len())?;
    let (slopes, offsets) = (attributes.finite("prob_a")?, attributes.finite("prob_b")?);
    expect("prob_b", slopes.len(), offsets.len())?;
    let sigmoids = (!slopes.is_empty()).then(|| slopes.into_iter().zip(offsets).collect::<Vec<_>>());
    if let Some(sigmoids) = &sigmoids {
        expect("prob_a", of_pairs, sigmoids.len())?;
    }
    // ONNX Runtime then leaves the second score as it finds it in memory.
    ensure!(
        classes > 2 || sigmoids.is_some() || transform != PostTransform::Probit,
        "attribute `post_transform`: PROBIT of one sum for two classes is not supported"
    );
    let features = vectors.len() / count;
    let kernel = Kernel::new(attributes)?;
    Ok((features, Machine::Pairs(Pairs { kernel, vectors, starts, coefficients, rho, sigmoids })))
}

impl Pairs {
    const fn classes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The decision of each pair of classes, the first class in the order of the pairs where it is positive, and votes.
    fn decide(&self, row: &[f32]) -> (Vec<f32>, Vec<usize>) {
        let near: Vec<f32> = self.vectors.chunks_exact(row.len()).map(|vector| self.kernel.of(row, vector)).collect();
        let classes = self.classes();
        let mut votes = vec![0; classes];
        let mut decisions = Vec::with_capacity(self.rho.len());
        for first in 0..classes - 1 {
            for second in first + 1..classes {
                let own = self.part(&near, first, second - 1);
                let sum = self.part_from(own, &near, second, first) + f64::from(self.rho[decisions.len()]);
                votes[if sum > 0.0 { first } else { second }] += 1;
                #[allow(clippy::cast_possible_truncation, reason = "scores are float32")]
                decisions.push(sum as f32);
            }
        }
        (decisions, votes)
    }

    fn part(&self, near: &[f32], class: usize, row: usize) -> f64 {
        self.part_from(0.0, near, class, row)
    }

    /// Products in float32, sums in float64.
    fn part_from(&self, start: f64, near: &[f32], class: usize, row: usize) -> f64 {
        let of_class = self.starts[class]..self.starts[class + 1];
        let coefficients = &self.coefficients[row * near.len()..][of_class.clone()];
        coefficients
            .iter()
            .zip(&near[of_class])
            .fold(start, |sum, (coefficient, near)| sum + f64::from(coefficient * near))
    }
}

impl SvmClassifier {
    fn scores(&self) -> usize {
        match &self.machine {
            Machine::Pairs(pairs) if pairs.sigmoids.is_none() && pairs.classes() > 2 => pairs.rho.len(),
            Machine::Pairs(pairs) => pairs.classes(),
            Machine::Sums { .. } => self.labels.len(),
        }
    }

    fn row(&self, row: &[f32], out: &mut Vec<f32>) -> Winner {
        let first = out.len();
        let winner = match &self.machine {
            Machine::Sums { weights, rho, all_positive } => {
                out.extend(weights.chunks_exact(self.features).map(|weights| dot(row, weights) + rho));
                let best = first_highest(&out[first..]);
                let highest = out[first + best];
                let second = if *all_positive { highest >= 0.5 } else { highest > 0.0 };
                if self.labels.len() == 2 && second { 1 } else { best }
            }
            Machine::Pairs(pairs) => {
                let (decisions, votes) = pairs.decide(row);
                let winner =
                    votes.iter().enumerate().fold(0, |best, (at, count)| if *count > votes[best] { at } else { best });
                match (&pairs.sigmoids, &decisions[..]) {
                    (Some(sigmoids), _) => out.extend(coupled(pairs.classes(), &decisions, sigmoids)),
                    (None, [decision]) => {
                        let how = if self.transform == PostTransform::None {
                            SecondClass::Opposite
                        } else {
                            SecondClass::Complement
                        };
                        out.extend(self.transform.of_one(*decision, how));
                        return Winner::Class(winner);
                    }
                    (None, _) => out.extend(decisions),
                }
                winner
            }
        };
        self.transform.apply(&mut out[first..]);
        Winner::Class(winner)
    }
}

impl Operator for SvmClassifier {
    fn name(&self) -> &'static str {
        "SVMClassifier"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        ensure!(columns == self.features.to_dim(), "expected {} columns, found {columns}", self.features);
        let scores = f32::fact([rows.clone(), self.scores().to_dim()]);
        Ok(tvec!(self.labels.datum_type().fact([rows]), scores))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        ensure!(columns == self.features, "expected {} columns, found {columns}", self.features);
        let mut scores = Vec::with_capacity(rows * self.scores());
        let values = numbers::<f32>(input)?;
        let winners: Vec<_> = values.chunks_exact(columns).map(|row| self.row(row, &mut scores)).collect();
        Ok(tvec!(self.labels.pick(&winners), Tensor::from_shape(&[rows, self.scores()], &scores)?))
    }
}
