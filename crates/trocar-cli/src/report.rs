//! `trocar report`

use crate::args::ReportArgs;
use crate::output::{BAD_USAGE, ERROR, error, say};
use crate::replay::results_in;
use std::io::Write;
use std::path::{Path, PathBuf};
use trocar_campaign::replay::load_inputs;
use trocar_evidence::ResultFolder;
use trocar_evidence::report::{ReportError, Reported, report as page_of};

/// Writes the report on a result; gives the exit code.
pub fn report(args: &ReportArgs) -> u8 {
    let out = args.out.clone().unwrap_or_else(|| beside(&args.result));
    if out.exists() && !args.force {
        error(&format!(
            "{} exists; choose another file with --out, or replace it with --force",
            out.display()
        ));
        return BAD_USAGE;
    }
    let mut results = Vec::new();
    for path in results_in(&args.result) {
        let folder = match ResultFolder::open(&path) {
            Ok(folder) => folder,
            Err(what) => {
                error(&what.to_string());
                return BAD_USAGE;
            }
        };
        let shown = path.display().to_string();
        let method = load_inputs(&folder).ok();
        if method.is_none() {
            say(&format!(
                "{shown}: its method cannot be read by this version: sentences and plots are left out"
            ));
        }
        results.push(Reported { folder, shown, method });
    }
    let page = match page_of(&results, args.lang.into()) {
        Ok(page) => page,
        Err(what) => {
            error(&what.to_string());
            return match what {
                ReportError::Result(_) => BAD_USAGE,
                ReportError::Recording { .. } => ERROR,
            };
        }
    };
    match write(&out, &page) {
        Ok(()) => {
            say(&format!("report: {}", out.display()));
            0
        }
        Err(what) => {
            error(&format!("{}: {what}", out.display()));
            ERROR
        }
    }
}

/// `results/run-001/step_delay` gives `results/run-001/step_delay.html`. In the folder itself nothing may stand that is
/// no part of the result.
fn beside(result: &Path) -> PathBuf {
    let whole = std::path::absolute(result).unwrap_or_else(|_| result.to_path_buf());
    let name =
        whole.file_name().map_or_else(|| "report".to_owned(), |name| name.to_string_lossy().into_owned());
    result
        .parent()
        .filter(|_| result.file_name().is_some())
        .map_or_else(|| PathBuf::from(format!("{name}.html")), |parent| parent.join(format!("{name}.html")))
}

/// Whole or not at all.
fn write(out: &Path, page: &str) -> std::io::Result<()> {
    let mut partial = out.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut file = std::fs::File::create(&partial)?;
    file.write_all(page.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&partial, out)
}
