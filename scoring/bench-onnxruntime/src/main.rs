//! Our models and ONNX Runtime's side by side: the packages that `train.py` wrote, each through the port that a decision
//! uses and through a session of one thread, in turn, in one process; beside them oneDAL's boosted trees in a second one, which
//! waits between its turns. `make bench-models` runs it.
//! Takes the folder of packages, the shared library of ONNX Runtime, and a Python that has oneDAL.

#![allow(clippy::print_stdout, reason = "it prints figures")]

mod onedal;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use weir_scoring::model::{InputValue, Model, Package, Scorer, Tensor, Values};

use self::onedal::OneDal;

/// How many times as fast as ONNX Runtime one row and a batch should be. Nothing is stated for batches of linear models.
const MODELS: [(&str, f64, f64); 4] =
    [("forest", 8.0, 6.0), ("xgboost", 8.0, 6.0), ("lightgbm", 5.0, 4.0), ("logistic", 20.0, f64::NAN)];
/// How many times as fast as the shap library the contributions of the forest should be.
const SHAP: f64 = 10.0;
/// How many times as fast as oneDAL a batch of boosted trees should be.
const ONEDAL: f64 = 1.5;
const SINGLE_ROWS: usize = 4000;
const TURN: usize = 500;
const BATCHES: usize = 5;
/// The scheduler counts a thread's time by the tick.
const REPEATED: usize = 8;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [packages, library, python] = &arguments[..] else {
        return Err("expected PACKAGES, LIBRARY and PYTHON".into());
    };
    let environment = ort::init_from(library)?.build()?;
    println!("{:10} {:>24} {:>9} {:>9} {:>7} {:>7}", "model", "", "ours", "theirs", "times", "stated");
    for (name, single, batch) in MODELS {
        compare(&environment, python, &Path::new(packages).join(name), name, [single, batch])?;
    }
    Ok(())
}

fn compare(
    environment: &Environment,
    python: &str,
    folder: &Path,
    name: &str,
    [single_stated, batch_stated]: [f64; 2],
) -> Result<(), Failure> {
    let package = Package::load(folder)?;
    let mut builder = Session::builder(environment)?.with_intra_threads(1)?.with_inter_threads(1)?;
    let mut session = builder.commit_from_file(folder.join("model.onnx"))?;
    let width = package.manifest().inputs.len();
    let values = rows(&folder.join("rows.f32"))?;
    let cells: Vec<Vec<InputValue>> =
        values.chunks(width).map(|row| row.iter().copied().map(InputValue::Number).collect()).collect();

    let (mut ours, mut theirs, mut explained) = (Vec::new(), Vec::new(), Vec::new());
    let rows: Vec<(&[f32], &Vec<InputValue>)> = values.chunks(width).zip(&cells).take(SINGLE_ROWS).collect();
    // In turns of some hundred, so that each finds its tables where it left them.
    for rows in rows.chunks(TURN) {
        let mut probabilities = Vec::new();
        for (_, cells) in rows {
            let (answer, taken) = timed(|| package.answer(std::slice::from_ref(*cells), false));
            ours.push(taken);
            probabilities.push(answer?.remove(0).probability);
        }
        for ((values, _), ours) in rows.iter().zip(&probabilities) {
            let (scores, taken) = timed(|| scores(&mut session, values, 1));
            theirs.push(taken);
            let theirs = f64::from(scores?[1]);
            if (ours - theirs).abs() > 1e-6 {
                return Err(format!("{name}: {ours} is not {theirs}").into());
            }
        }
        for ((_, cells), ours) in rows.iter().zip(&probabilities) {
            let (answer, taken) = timed(|| package.answer(std::slice::from_ref(*cells), true));
            explained.push(taken);
            if answer?[0].probability.to_bits() != ours.to_bits() {
                return Err(format!("{name}: another answer with contributions").into());
            }
        }
    }
    for (what, quantile) in [("one row, p50 us", 50), ("one row, p99 us", 99)] {
        line(name, what, quantile_of(&mut ours, quantile), quantile_of(&mut theirs, quantile), Some(single_stated));
    }
    let explained = quantile_of(&mut explained, 50);
    let shap = serde_json::from_slice::<serde_json::Value>(&std::fs::read(folder.join("shap.json"))?)?;
    match shap["microseconds"].as_f64() {
        Some(shap) => line(name, "with contributions, us", explained, shap, (name == "forest").then_some(SHAP)),
        None => println!("{name:10} {:>24} {explained:>9.2}", "with contributions, us"),
    }

    let first = package.answer(&cells[..5], false)?;
    let mut onedal = OneDal::of(python, folder, &first.iter().map(|one| one.probability).collect::<Vec<_>>())?;
    // oneDAL takes one array of floats, as whoever asks by the inference protocol brings.
    let scorer = Scorer::load(&std::fs::read(folder.join("model.onnx"))?)?;
    let (mut ours, mut theirs, mut of_array, mut onedals) =
        (f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for _ in 0..BATCHES {
        let all = 0..REPEATED;
        let taken = || all.clone().all(|_| package.answer(&cells, false).map(black_box).is_ok());
        ours = ours.min(processor_time(taken)?);
        let taken = || all.clone().all(|_| scores(&mut session, &values, cells.len()).map(black_box).is_ok());
        theirs = theirs.min(processor_time(taken)?);
        if let Some(onedal) = &mut onedal {
            let arrays = all.map(|_| Tensor::new(vec![cells.len(), width], Values::Float32(values.clone())));
            let mut arrays = arrays.collect::<Option<Vec<_>>>().ok_or("an array")?.into_iter();
            let taken = || arrays.all(|array| scorer.run(vec![array]).map(black_box).is_ok());
            of_array = of_array.min(processor_time(taken)?);
            let mut sum = 0.0;
            for _ in 0..REPEATED {
                sum += onedal.turn()?;
            }
            onedals = onedals.min(sum);
        }
    }
    let count = f64::from(u32::try_from(REPEATED * cells.len())?);
    let each = |taken: f64| taken / 1e3 / count;
    let stated = Some(batch_stated).filter(|times| !times.is_nan());
    line(name, "batch, us a row", each(ours), each(theirs), stated);
    if onedal.is_some() {
        line(name, "array, beside oneDAL", each(of_array), each(onedals), Some(ONEDAL));
    }
    Ok(())
}

fn line(name: &str, what: &str, ours: f64, theirs: f64, stated: Option<f64>) {
    let stated = stated.map_or_else(String::new, |times| format!("{times}"));
    println!("{name:10} {what:>24} {ours:>9.2} {theirs:>9.2} {:>7.1} {stated:>7}", theirs / ours);
}

fn rows(file: &Path) -> Result<Vec<f32>, Failure> {
    let bytes = std::fs::read(file)?;
    Ok(bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}

/// The scores of all classes, row after row.
fn scores(session: &mut Session, values: &[f32], rows: usize) -> Result<Vec<f32>, Failure> {
    let input = TensorRef::from_array_view(([rows, values.len() / rows], values))?;
    let outputs = session.run(ort::inputs!["input" => input])?;
    Ok(outputs["probabilities"].try_extract_tensor::<f32>()?.1.to_vec())
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let answer = run();
    (answer, started.elapsed().as_secs_f64() * 1e6)
}

fn quantile_of(taken: &mut [f64], percent: usize) -> f64 {
    taken.sort_by(f64::total_cmp);
    taken[taken.len() * percent / 100]
}

/// Nanoseconds of this thread on a processor: others build beside it.
fn processor_time(run: impl FnOnce() -> bool) -> Result<f64, Failure> {
    let now = || -> Result<f64, Failure> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
        Ok(text.split_whitespace().next().unwrap_or_default().parse()?)
    };
    let before = now()?;
    if !run() {
        return Err("no answer".into());
    }
    Ok(now()? - before)
}
