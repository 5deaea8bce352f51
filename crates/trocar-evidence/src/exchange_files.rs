//! What controllers from outside answered and printed, as files of a case:
//!
//! ```text
//! controllers/psm1.servo.run.exchange.zst                  every answer of the run
//! controllers/psm1.servo.without-encoder_stuck.exchange.zst  every answer that a twin got
//! controllers/my_servo.run.stdout.txt                      what the program printed
//! ```
//!
//! The form of an exchange stands in `trocar_control::outside`; it is packed with zstd.

use crate::safe_path::plain_file;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use trocar_control::outside::Storage;

/// The folder of a case in which they stand.
pub(crate) const CONTROLLERS: &str = "controllers";

/// Fast, and small enough: answers repeat much of themselves.
const ZSTD_LEVEL: i32 = 1;

/// Tells a person what cannot wait.
pub type Say = fn(&str);

/// Keeps the exchanges of a case that runs.
pub struct ExchangeFiles {
    folder: PathBuf,
    say: Say,
}

impl ExchangeFiles {
    pub(crate) fn new(case: &Path, say: Say) -> ExchangeFiles {
        ExchangeFiles { folder: case.join(CONTROLLERS), say }
    }

    fn file(&self, name: &str) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        File::create_new(self.folder.join(name))
    }
}

impl Storage for ExchangeFiles {
    fn create(&self, slot: &str, lane: &str) -> io::Result<Box<dyn Write + Send>> {
        let file = self.file(&exchange_name(slot, lane))?;
        Ok(Box::new(zstd::Encoder::new(file, ZSTD_LEVEL)?.auto_finish()))
    }

    fn open(&self, slot: &str, lane: &str) -> io::Result<Box<dyn Read>> {
        let file = File::open(self.folder.join(exchange_name(slot, lane)))?;
        Ok(Box::new(zstd::Decoder::new(file)?))
    }

    fn output(&self, controller: &str, lane: &str, stream: &str) -> io::Result<Box<dyn Write + Send>> {
        let name = format!("{}.{}.{stream}.txt", file_part(controller), file_part(lane));
        Ok(Box::new(self.file(&name)?))
    }

    fn say(&self, what: &str) {
        (self.say)(what);
    }
}

/// Reads the exchanges that a result keeps of a case, and keeps nothing new.
pub struct KeptExchanges {
    result: PathBuf,
    case: PathBuf,
    say: Say,
}

impl KeptExchanges {
    pub(crate) fn new(result: &Path, case: PathBuf, say: Say) -> KeptExchanges {
        KeptExchanges { result: result.to_path_buf(), case, say }
    }
}

impl Storage for KeptExchanges {
    fn create(&self, _: &str, _: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(io::sink()))
    }

    fn open(&self, slot: &str, lane: &str) -> io::Result<Box<dyn Read>> {
        let place = self.case.join(CONTROLLERS).join(exchange_name(slot, lane));
        let file = File::open(plain_file(&self.result, &place)?)?;
        Ok(Box::new(zstd::Decoder::new(file)?))
    }

    fn output(&self, _: &str, _: &str, _: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(io::sink()))
    }

    fn say(&self, what: &str) {
        (self.say)(what);
    }
}

fn exchange_name(slot: &str, lane: &str) -> String {
    format!("{}.{}.exchange.zst", file_part(slot), file_part(lane))
}

/// A name as part of a file's name on every system.
fn file_part(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
    let text: String = name.chars().map(safe).collect();
    text.trim_start_matches('.').to_owned()
}
