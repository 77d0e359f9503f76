//! oneDAL's trees in a process of their own, which waits between its turns.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Failure;

pub(crate) struct OneDal {
    process: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl OneDal {
    /// `None` for a model that oneDAL is not asked about. Its first probabilities must be those of `expected`.
    pub(crate) fn of(python: &str, folder: &Path, expected: &[f64]) -> Result<Option<Self>, Failure> {
        if !["booster.json", "booster.txt"].iter().any(|file| folder.join(file).exists()) {
            return Ok(None);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("onedal.py");
        let mut process =
            Command::new(python).arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (asked, told) = (process.stdin.take().ok_or("no input")?, process.stdout.take().ok_or("no output")?);
        let mut onedal = Self { process, asked, told: BufReader::new(told) };
        let ready = onedal.line()?;
        let probabilities = ready.strip_prefix("ready ").ok_or_else(|| format!("oneDAL says `{ready}`"))?;
        for (theirs, ours) in probabilities.split(' ').zip(expected) {
            if (theirs.parse::<f64>()? - ours).abs() > 1e-5 {
                return Err(format!("oneDAL: {theirs} is not {ours}").into());
            }
        }
        Ok(Some(onedal))
    }

    /// Nanoseconds on a processor for all rows once.
    pub(crate) fn turn(&mut self) -> Result<f64, Failure> {
        self.asked.write_all(b"\n")?;
        Ok(self.line()?.parse()?)
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for OneDal {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
