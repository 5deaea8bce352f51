//! A controller's program: started in a process group of its own, its output kept, and ended with everything that it has
//! started.

use super::exchange::Failure;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// How much of each stream a result keeps, in bytes.
const MOST_KEPT: usize = 1 << 20;

/// How much of the error stream is at hand for messages, in bytes.
const TAIL: usize = 2048;

/// How long a program has to end by itself after `stop`.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// The environment variable that every process of a controller inherits; its value is told nobody else.
pub(super) const TOKEN: &str = "TROCAR_TOKEN";

pub(super) struct Process {
    child: Child,
    token: String,
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Says when a stream is at its end.
    drained: mpsc::Receiver<()>,
    streams: usize,
    /// As in [`Start`].
    memory: u64,
    ended: bool,
}

/// What a program is started with.
pub(super) struct Start<'a> {
    pub command: &'a [String],
    pub folder: &'a Path,
    pub token: String,
    pub address: Option<String>,
    pub stdin: Stdio,
    /// Most private memory, in bytes.
    pub memory: u64,
    pub stdout: Box<dyn Write + Send>,
    pub stderr: Box<dyn Write + Send>,
}

impl Process {
    pub(super) fn start(start: Start<'_>) -> Result<Process, Failure> {
        let (program, arguments) =
            start.command.split_first().ok_or_else(|| Failure::new("has no command"))?;
        if let Some(why) = cannot_start(start.command, start.folder) {
            return Err(Failure::new(format!("cannot be started: {why}")));
        }
        let mut command = Command::new(program_path(program, start.folder));
        command
            .args(arguments)
            .current_dir(start.folder)
            .env(TOKEN, &start.token)
            .stdin(start.stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(address) = &start.address {
            command.env("TROCAR_ADDRESS", address);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| {
            Failure::new(format!("cannot be started: `{}`: {error}", start.command.join(" ")))
        })?;
        limit_memory(&child, start.memory);
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (done, drained) = mpsc::channel();
        let mut streams = 0;
        if let Some(stdout) = child.stdout.take() {
            drain(stdout, start.stdout, None, done.clone());
            streams += 1;
        }
        if let Some(stderr) = child.stderr.take() {
            drain(stderr, start.stderr, Some(Arc::clone(&tail)), done);
            streams += 1;
        }
        let memory = start.memory;
        Ok(Process { child, token: start.token, tail, drained, streams, memory, ended: false })
    }

    /// `ended with exit status: 1; it said: ZeroDivisionError: division by zero`, if it has ended. Waits a moment for it,
    /// since a program whose socket is closed is usually about to end.
    pub(super) fn why_ended(&mut self) -> Option<String> {
        let mut status = None;
        for _ in 0..50 {
            status = self.child.try_wait().ok().flatten();
            if status.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let status = status?;
        self.wait_for_streams(Duration::from_millis(200));
        let words = self.last_words();
        let signs = ["MemoryError", "bad_alloc", "memory allocation of", "Cannot allocate memory"];
        let limit = match signs.iter().any(|sign| words.contains(sign)) {
            true => format!("; its key `memory` lets it have {} MiB", self.memory >> 20),
            false => String::new(),
        };
        Some(format!("ended with {status}{words}{limit}"))
    }

    /// The same without waiting.
    pub(super) fn why_ended_already(&mut self) -> Option<String> {
        if self.has_ended() { self.why_ended() } else { None }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }

    /// `; it said: …`: the last line of its error stream.
    fn last_words(&self) -> String {
        let Ok(tail) = self.tail.lock() else { return String::new() };
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
        last.map_or(String::new(), |line| {
            let line: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
            format!("; it said: {line}")
        })
    }

    fn wait_for_streams(&mut self, each: Duration) {
        while self.streams > 0 && self.drained.recv_timeout(each).is_ok() {
            self.streams -= 1;
        }
    }

    /// Waits for its end, `patiently` for as long as `stop` promises, then ends it and everything that it has started.
    pub(super) fn end(&mut self, patiently: bool) {
        if self.ended {
            return;
        }
        self.ended = true;
        if patiently {
            let pause = Duration::from_millis(2);
            let mut left = ENDS_WITHIN;
            while !self.has_ended() && !left.is_zero() {
                std::thread::sleep(pause);
                left = left.saturating_sub(pause);
            }
        }
        kill_tree(&self.child, &self.token);
        // A child that was killed is there to be waited for; one that cannot be killed is not waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.wait_for_streams(Duration::from_millis(500));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// A program named with a path means one below the folder it runs in, as a shell there would read it.
fn program_path(program: &str, folder: &Path) -> std::path::PathBuf {
    let path = Path::new(program);
    if path.is_relative() && path.components().count() > 1 { folder.join(path) } else { path.to_owned() }
}

/// Why a command cannot be started in a folder, as far as that is known before it is tried.
pub fn cannot_start(command: &[String], folder: &Path) -> Option<String> {
    let program = command.first()?;
    let path = program_path(program, folder);
    let has_folder = path.components().count() > 1;
    let on_path = || {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        // Elsewhere a name may lack its ending.
        cfg!(not(unix)) || std::env::split_paths(&folders).any(|folder| folder.join(&path).is_file())
    };
    if if has_folder { path.exists() } else { on_path() } {
        return (path.is_dir() && has_folder).then(|| format!("`{program}` is a folder"));
    }
    let words: Vec<String> = program.split_whitespace().map(|word| format!("{word:?}")).collect();
    Some(if words.len() > 1 {
        format!(
            "there is no program `{program}`; program and arguments are texts of their own: [{}]",
            words.join(", ")
        )
    } else if !has_folder && folder.join(program).exists() {
        format!(
            "there is no program `{program}` on the PATH; the file beside the project's `trocar.toml` is `./{program}`"
        )
    } else if has_folder {
        format!("there is no file `{}`", path.display())
    } else {
        format!("there is no program `{program}` on the PATH")
    })
}

/// Reads a stream to its end, so that its writer never waits, and keeps its beginning.
fn drain(
    mut from: impl Read + Send + 'static,
    mut to: Box<dyn Write + Send>,
    tail: Option<Arc<Mutex<VecDeque<u8>>>>,
    done: mpsc::Sender<()>,
) {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        let (mut kept, mut lost) = (0, 0_u64);
        while let Ok(len) = from.read(&mut buffer) {
            if len == 0 {
                break;
            }
            let new = &buffer[..len];
            let fits = new.len().min(MOST_KEPT - kept);
            // What a program prints is a courtesy to its author: where it cannot be kept, the run goes on.
            let _ = to.write_all(&new[..fits]);
            kept += fits;
            lost += (len - fits) as u64;
            if let Some(Ok(mut tail)) = tail.as_ref().map(|tail| tail.lock()) {
                tail.extend(new);
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
        }
        if lost > 0 {
            let _ = write!(to, "\n[{lost} more bytes were not kept]\n");
        }
        let _ = to.flush();
        let _ = done.send(());
    });
}

#[cfg(target_os = "linux")]
fn limit_memory(child: &Child, most: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // A child that has ended already needs no limit.
        let _ = prlimit(Some(pid), Resource::Data, limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: &Child, _: u64) {}

/// Kills the child's process group, and whatever left the group but carries the controller's token in its environment.
#[cfg(unix)]
fn kill_tree(child: &Child, token: &str) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let pid = |id: u32| i32::try_from(id).ok().and_then(Pid::from_raw);
    if let Some(group) = pid(child.id()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    // A process may fork while the list is read: look until nobody is left, but not for ever.
    for _ in 0..20 {
        let left = processes_with(token);
        if left.is_empty() {
            return;
        }
        for id in left {
            if let Some(pid) = pid(id) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(not(unix))]
fn kill_tree(_: &Child, _: &str) {}

/// The processes that inherited the token, where the system shows environments (Linux); zombies excepted.
#[cfg(unix)]
fn processes_with(token: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let wanted = format!("{TOKEN}={token}");
    let carries = |id: &u32| {
        // A zombie's environment is empty, so it never matches.
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| *id != std::process::id()).filter(carries).collect()
}
