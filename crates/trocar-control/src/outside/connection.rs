//! The channel to a controller in another process.

use super::config::{Encoding, Transport};
use super::description::SlotDescription;
use super::exchange::{Failure, Reply, Request};
use super::frame::{self, FrameType, HEADER_BYTES, PROTOCOL, PROTOCOL_VERSION, Welcome};
use super::live::{Launch, Storage};
use super::process::{Process, Start};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Longest body that a controller may send, where its slot's replies are shorter. A reply in JSON takes at most this for
/// each word of its binary form.
const LEAST_LONGEST: usize = 1 << 16;
const JSON_BYTES_PER_WORD: usize = 64;

/// Starts the program of a slot, as often as there are lanes that need one of their own.
pub(super) struct Starter {
    launch: Launch,
    listener: RefCell<Option<Listener>>,
}

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, SocketFile),
}

/// A socket's file, removed when nobody waits at it any more.
#[cfg(unix)]
struct SocketFile {
    path: std::path::PathBuf,
    folder: Option<std::path::PathBuf>,
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may have been removed by somebody else.
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    fn set_timeouts(&self, read: Duration, write: Duration) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => {
                stream.set_read_timeout(Some(read))?;
                stream.set_write_timeout(Some(write))
            }
            #[cfg(unix)]
            Stream::Unix(stream) => {
                stream.set_read_timeout(Some(read))?;
                stream.set_write_timeout(Some(write))
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.read(buffer),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.write_all(bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.write_all(bytes),
        }
    }
}

/// A controller that is connected.
pub(super) struct Connection {
    stream: Stream,
    process: Option<Process>,
    encoding: Encoding,
    restorable: bool,
    name: String,
    answer_within: Duration,
    longest: usize,
    send: Vec<u8>,
    received: Vec<u8>,
    words: Vec<u64>,
    has_stopped: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program outside may hang: how long it is waited for is wall time, and a late answer is an ERROR"
)]
pub(super) fn wall_now() -> Instant {
    Instant::now()
}

impl Starter {
    pub(super) fn new(launch: Launch) -> Starter {
        Starter { launch, listener: RefCell::new(None) }
    }

    pub(super) fn is_of_another_process(&self) -> bool {
        self.launch.config.is_of_another_process()
    }

    /// Starts the program, waits until it has connected, and shakes hands.
    pub(super) fn start(
        &self,
        slot: &SlotDescription,
        lane: &str,
        storage: &dyn Storage,
    ) -> Result<Connection, Failure> {
        let config = &self.launch.config;
        let start_within = Duration::from_secs_f64(config.start_within.si());
        let token = if config.program.is_empty() { String::new() } else { token()? };
        let (stream, process) = match config.transport {
            Transport::Stdio => self.over_stdin(token.clone(), lane, storage)?,
            Transport::Tcp | Transport::Unix => {
                self.over_a_socket(token.clone(), lane, storage, start_within)?
            }
        };
        let cannot = |error: io::Error| Failure::new(format!("cannot be talked to: {error}"));
        stream.set_timeouts(start_within, start_within).map_err(cannot)?;
        let mut connection = Connection {
            stream,
            process,
            encoding: Encoding::Json,
            restorable: false,
            name: String::new(),
            answer_within: start_within,
            longest: LEAST_LONGEST.max(slot.reply_words() * JSON_BYTES_PER_WORD),
            send: Vec::with_capacity(HEADER_BYTES + slot.step_words() * 8),
            received: Vec::new(),
            words: vec![0; slot.reply_words()],
            has_stopped: false,
        };
        connection.shake_hands(
            slot,
            config.encoding,
            if config.transport == Transport::Stdio { "" } else { &token },
        )?;
        connection.answer_within = Duration::from_secs_f64(config.answer_within.si());
        let within = connection.answer_within;
        connection.stream.set_timeouts(within, within).map_err(cannot)?;
        Ok(connection)
    }

    #[cfg(unix)]
    fn over_stdin(
        &self,
        token: String,
        lane: &str,
        storage: &dyn Storage,
    ) -> Result<(Stream, Option<Process>), Failure> {
        let cannot = |error: io::Error| Failure::new(format!("cannot be given a socket: {error}"));
        let (ours, theirs) = UnixStream::pair().map_err(cannot)?;
        let stdin = Stdio::from(std::os::fd::OwnedFd::from(theirs));
        let process = self.run(token, None, stdin, lane, storage)?;
        Ok((Stream::Unix(ours), Some(process)))
    }

    #[cfg(not(unix))]
    fn over_stdin(&self, _: String, _: &str, _: &dyn Storage) -> Result<(Stream, Option<Process>), Failure> {
        Err(Failure::new("cannot be reached over `stdio` on this system: write `transport = \"tcp\"`"))
    }

    fn over_a_socket(
        &self,
        token: String,
        lane: &str,
        storage: &dyn Storage,
        start_within: Duration,
    ) -> Result<(Stream, Option<Process>), Failure> {
        let mut listener = self.listener.borrow_mut();
        if listener.is_none() {
            *listener = Some(self.listen()?);
        }
        let Some(listener) = &*listener else { return Err(Failure::new("cannot be waited for")) };
        let address = listener.address()?;
        let mut process = if self.launch.config.program.is_empty() {
            storage.say(&format!(
                "waiting for controller `{}` at {address}, for {:.0} s",
                self.launch.name,
                start_within.as_secs_f64()
            ));
            None
        } else {
            Some(self.run(token, Some(address.clone()), Stdio::null(), lane, storage)?)
        };
        let by = wall_now() + start_within;
        loop {
            if let Some(stream) = listener.accept()? {
                return Ok((stream, process));
            }
            if let Some(why) = process.as_mut().and_then(Process::why_ended_already) {
                return Err(Failure::new(format!("{why}, before it connected to {address}")));
            }
            if wall_now() > by {
                let within = start_within.as_secs_f64();
                return Err(Failure::new(format!("did not connect to {address} within {within} s")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn listen(&self) -> Result<Listener, Failure> {
        let config = &self.launch.config;
        let cannot = |at: &str, error: io::Error| {
            let remedy = if error.kind() == io::ErrorKind::AddrInUse && config.listen.is_some() {
                "; another program is there, or another run of this batch: with `listen`, run with --jobs 1"
            } else {
                ""
            };
            Failure::new(format!("cannot be waited for at {at}: {error}{remedy}"))
        };
        match config.transport {
            #[cfg(unix)]
            Transport::Unix => {
                let (path, folder) = match &config.listen {
                    Some(path) => (std::path::PathBuf::from(path), None),
                    None => {
                        let folder = std::env::temp_dir().join(format!("trocar-{}", token()?));
                        std::fs::create_dir(&folder).map_err(|e| cannot(&folder.to_string_lossy(), e))?;
                        (folder.join("socket"), Some(folder))
                    }
                };
                let at = path.to_string_lossy().into_owned();
                let listener = UnixListener::bind(&path).map_err(|e| cannot(&at, e))?;
                listener.set_nonblocking(true).map_err(|e| cannot(&at, e))?;
                Ok(Listener::Unix(listener, SocketFile { path, folder }))
            }
            #[cfg(not(unix))]
            Transport::Unix => Err(Failure::new(
                "cannot be reached over a Unix socket on this system: write `transport = \"tcp\"`",
            )),
            _ => {
                let at = config.listen.as_deref().unwrap_or("127.0.0.1:0");
                let listener = TcpListener::bind(at).map_err(|e| cannot(at, e))?;
                listener.set_nonblocking(true).map_err(|e| cannot(at, e))?;
                Ok(Listener::Tcp(listener))
            }
        }
    }

    fn run(
        &self,
        token: String,
        address: Option<String>,
        stdin: Stdio,
        lane: &str,
        storage: &dyn Storage,
    ) -> Result<Process, Failure> {
        let output = |stream: &str| {
            storage
                .output(&self.launch.name, lane, stream)
                .map_err(|error| Failure::new(format!("cannot have its {stream} kept: {error}")))
        };
        Process::start(Start {
            command: &self.launch.config.program,
            folder: &self.launch.folder,
            token,
            address,
            stdin,
            // A text that is none was refused when the file was checked.
            memory: self.launch.config.memory.bytes().unwrap_or(u64::MAX),
            stdout: output("stdout")?,
            stderr: output("stderr")?,
        })
    }
}

impl Listener {
    fn address(&self) -> Result<String, Failure> {
        match self {
            Listener::Tcp(listener) => listener
                .local_addr()
                .map(|at| at.to_string())
                .map_err(|e| Failure::new(format!("cannot be waited for: {e}"))),
            #[cfg(unix)]
            Listener::Unix(_, file) => Ok(file.path.to_string_lossy().into_owned()),
        }
    }

    fn accept(&self) -> Result<Option<Stream>, Failure> {
        let accepted = match self {
            Listener::Tcp(listener) => listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }),
            #[cfg(unix)]
            Listener::Unix(listener, _) => listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(false)?;
                Ok(Stream::Unix(stream))
            }),
        };
        match accepted {
            Ok(stream) => Ok(Some(stream)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(Failure::new(format!("cannot be connected to: {error}"))),
        }
    }
}

/// 128 random bits. They tell a controller's processes from all others, and keep strangers off its socket; no number of a
/// run depends on them.
fn token() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("cannot be given a token: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Connection {
    pub(super) fn is_restorable(&self) -> bool {
        self.restorable
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn shake_hands(&mut self, slot: &SlotDescription, wish: Encoding, token: &str) -> Result<(), Failure> {
        let bad =
            |error: serde_json::Error| Failure::new(format!("cannot be told what its slot is: {error}"));
        let mut hello = serde_json::to_value(slot).map_err(bad)?;
        if let Some(hello) = hello.as_object_mut() {
            hello.insert("protocol".to_owned(), PROTOCOL.into());
            hello.insert("version".to_owned(), PROTOCOL_VERSION.into());
            hello.insert("trocar".to_owned(), env!("CARGO_PKG_VERSION").into());
            hello.insert("encoding".to_owned(), serde_json::to_value(wish).map_err(bad)?);
        }
        let body = serde_json::to_vec(&hello).map_err(bad)?;
        self.send(FrameType::Hello, Encoding::Json, &body)?;
        let (kind, _) = self.receive("welcome")?;
        if kind != FrameType::Welcome {
            return Err(Failure::new(format!("began with `{}`, where `welcome` is meant", kind.word())));
        }
        let welcome: Welcome = serde_json::from_slice(&self.received)
            .map_err(|error| Failure::new(format!("sent a `welcome` that is none: {error}")))?;
        if welcome.protocol != PROTOCOL || welcome.version != u32::from(PROTOCOL_VERSION) {
            return Err(Failure::new(format!(
                "speaks `{}` version {}; this is `{PROTOCOL}` version {PROTOCOL_VERSION}",
                welcome.protocol, welcome.version
            )));
        }
        if welcome.token != token && !token.is_empty() {
            return Err(Failure::new("did not repeat the text of TROCAR_TOKEN: somebody else has connected"));
        }
        (self.encoding, self.restorable) = (welcome.encoding, welcome.restorable);
        self.name = welcome.name.chars().filter(|c| !c.is_control()).take(100).collect();
        Ok(())
    }

    /// One step and its reply. `sent`: the digest before it, and the binary form of the step.
    pub(super) fn exchange(
        &mut self,
        slot: &SlotDescription,
        request: &Request<'_>,
        (digest, words): (u64, &[u64]),
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        match self.encoding {
            Encoding::Binary => self.send(FrameType::Step, Encoding::Binary, &frame::to_wire(words))?,
            Encoding::Json => {
                let mut body = std::mem::take(&mut self.received);
                body.clear();
                frame::step_to_json(request, digest, &mut body)?;
                let sent = self.send(FrameType::Step, Encoding::Json, &body);
                self.received = body;
                sent?;
            }
        }
        let (kind, encoding) = self.receive("answer")?;
        match (kind, encoding) {
            (FrameType::Reply, Encoding::Binary) => {
                let len = self.received.len();
                if len != self.words.len() * 8 {
                    let expected = self.words.len() * 8;
                    return Err(Failure::new(format!(
                        "answered with {len} bytes, where a reply of `{}` has {expected}",
                        slot.slot
                    )));
                }
                bytemuck::cast_slice_mut(&mut self.words).copy_from_slice(&self.received);
                frame::from_wire(&mut self.words);
                reply.take_words(slot, request, digest, &self.words)
            }
            (FrameType::Reply, Encoding::Json) => {
                frame::reply_from_json(slot, request, digest, &self.received, reply)
            }
            (other, _) => Err(Failure::new(format!("sent `{}`, where a `reply` is meant", other.word()))),
        }
    }

    fn send(&mut self, kind: FrameType, encoding: Encoding, body: &[u8]) -> Result<(), Failure> {
        if u32::try_from(body.len()).is_err() {
            return Err(Failure::new("would have to be sent more than 4 GiB at once"));
        }
        self.send.clear();
        self.send.extend_from_slice(&frame::header(kind, encoding, body.len()));
        self.send.extend_from_slice(body);
        match self.stream.write_all(&self.send) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lost(&error, "does not read what it is sent")),
        }
    }

    /// Reads one frame into `received`. `what` it is, for the message if it does not come.
    fn receive(&mut self, what: &str) -> Result<(FrameType, Encoding), Failure> {
        self.received.clear();
        let mut by = None;
        let mut needed = HEADER_BYTES;
        let mut head = None;
        let mut buffer = [0; 4096];
        loop {
            if self.received.len() >= needed && head.is_none() {
                let mut bytes = [0; HEADER_BYTES];
                bytes.copy_from_slice(&self.received[..HEADER_BYTES]);
                let (kind, encoding, len) = frame::read_header(bytes, self.longest)?;
                head = Some((kind, encoding));
                needed = HEADER_BYTES + len;
            }
            if let Some((kind, encoding)) = head
                && self.received.len() >= needed
            {
                // Who cannot go on says so, whatever stands behind it.
                let surplus = self.received.len() - needed;
                if surplus > 0 && kind != FrameType::Failure {
                    return Err(Failure::new(format!(
                        "sent more than was asked for: {surplus} bytes after its `{}`",
                        kind.word()
                    )));
                }
                self.received.truncate(needed);
                self.received.drain(..HEADER_BYTES);
                if kind == FrameType::Failure {
                    return Err(Failure::new(self.their_words()));
                }
                return Ok((kind, encoding));
            }
            // The first wait is the socket's own; who sends byte by byte has no more time in all.
            match by {
                None => by = Some(wall_now() + self.answer_within),
                Some(by) => {
                    let left = by.saturating_duration_since(wall_now());
                    if left.is_zero() {
                        return Err(self.late(what));
                    }
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(self.lost(&io::ErrorKind::UnexpectedEof.into(), what)),
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(self.late(what));
                }
                Err(error) => return Err(self.lost(&error, what)),
            }
        }
    }

    /// `cannot go on: no solution`: the sentence of a `failure` frame.
    fn their_words(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Theirs {
            what: String,
        }
        let theirs = serde_json::from_slice::<Theirs>(&self.received).map(|theirs| theirs.what);
        let text: String = theirs.unwrap_or_default().chars().filter(|c| !c.is_control()).take(300).collect();
        if text.is_empty() { "says that it cannot go on".to_owned() } else { format!("cannot go on: {text}") }
    }

    fn late(&mut self, what: &str) -> Failure {
        if let Some(why) = self.process.as_mut().and_then(Process::why_ended_already) {
            return Failure::new(why);
        }
        let within = self.answer_within.as_secs_f64();
        let key = if what == "welcome" { "start_within" } else { "answer_within" };
        Failure::new(format!("gave no {what} within {within} s of wall time (`{key}` in [controllers])"))
    }

    fn lost(&mut self, error: &io::Error, what: &str) -> Failure {
        if let Some(why) = self.process.as_mut().and_then(Process::why_ended) {
            return Failure::new(why);
        }
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Failure::new(what.to_owned()),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                Failure::new("closed the connection")
            }
            _ => Failure::new(format!("was lost: {error}")),
        }
    }

    /// Ends the program at once.
    pub(super) fn end(&mut self) {
        self.has_stopped = true;
        if let Some(process) = &mut self.process {
            process.end(false);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.has_stopped {
            return;
        }
        let told = self.send(FrameType::Stop, Encoding::Json, br#"{"reason":"the run is over"}"#).is_ok();
        if let Some(process) = &mut self.process {
            process.end(told);
        }
    }
}
