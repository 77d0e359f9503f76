//! The `weir` command.

fn main() -> std::process::ExitCode {
    weir_pipelines::cli::run()
}
