// ---- The protocol: nothing below knows what is controlled -------------------------------------------------
// Frames of 8 bytes of header and a body; JSON to begin with, then binary. It is described in Trocar's
// docs/controller-protocol.md. Names of signals and parameters are those of Trocar without the robot's name in front.

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const STEP: u8 = 3;
const REPLY: u8 = 4;
const STOP: u8 = 5;
const FAILURE: u8 = 6;
const VERSION: u8 = 1;
const JSON: u8 = 0;
const BINARY: u8 = 1;

/// A value of JSON.
#[derive(Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[allow(dead_code)]
impl Json {
    fn get(&self, key: &str) -> Result<&Json, String> {
        let Json::Object(fields) = self else { return Err(format!("hello: no object around `{key}`")) };
        let found = fields.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value).ok_or_else(|| format!("hello lacks `{key}`"))
    }

    fn list(&self) -> Result<&[Json], String> {
        if let Json::List(list) = self { Ok(list) } else { Err(format!("no list: {self:?}")) }
    }

    fn text(&self) -> Result<&str, String> {
        if let Json::Text(text) = self { Ok(text) } else { Err(format!("no text: {self:?}")) }
    }

    fn number(&self) -> Result<f64, String> {
        if let Json::Number(number) = self { Ok(*number) } else { Err(format!("no number: {self:?}")) }
    }
}

/// Reads a text of JSON.
struct JsonReader<'a>(&'a str);

impl JsonReader<'_> {
    fn fail<T>(&self) -> Result<T, String> {
        Err(format!("no JSON: {}", self.0.chars().take(20).collect::<String>()))
    }

    /// Whether `what` comes next, which is then read.
    fn takes(&mut self, what: &str) -> bool {
        self.0 = self.0.trim_start();
        let rest = self.0.strip_prefix(what);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, what: &str) -> Result<(), String> {
        if self.takes(what) { Ok(()) } else { self.fail() }
    }

    fn value(&mut self) -> Result<Json, String> {
        if self.takes("{") {
            let mut fields = Vec::new();
            while !self.takes("}") {
                self.expect("\"")?;
                let key = self.string()?;
                self.expect(":")?;
                fields.push((key, self.value()?));
                if !self.takes(",") {
                    self.expect("}")?;
                    break;
                }
            }
            Ok(Json::Object(fields))
        } else if self.takes("[") {
            let mut list = Vec::new();
            while !self.takes("]") {
                list.push(self.value()?);
                if !self.takes(",") {
                    self.expect("]")?;
                    break;
                }
            }
            Ok(Json::List(list))
        } else if self.takes("\"") {
            self.string().map(Json::Text)
        } else if self.takes("null") {
            Ok(Json::Null)
        } else if self.takes("true") {
            Ok(Json::Bool(true))
        } else if self.takes("false") {
            Ok(Json::Bool(false))
        } else {
            let end = self.0.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(self.0.len());
            let Ok(number) = self.0[..end].parse() else { return self.fail() };
            self.0 = &self.0[end..];
            Ok(Json::Number(number))
        }
    }

    /// What follows an opening quotation mark.
    fn string(&mut self) -> Result<String, String> {
        let mut made = String::new();
        let mut rest = self.0.chars();
        loop {
            match rest.next() {
                Some('"') => break,
                Some('\\') => match rest.next() {
                    Some('n') => made.push('\n'),
                    Some('t') => made.push('\t'),
                    Some('r') => made.push('\r'),
                    Some('b') => made.push('\u{8}'),
                    Some('f') => made.push('\u{c}'),
                    Some('u') => {
                        let code = rest.by_ref().take(4).collect::<String>();
                        made.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                    }
                    Some(c) => made.push(c),
                    None => return self.fail(),
                },
                Some(c) => made.push(c),
                None => return self.fail(),
            }
        }
        self.0 = rest.as_str();
        Ok(made)
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    format!("\"{}\"", text.chars().map(plain).collect::<String>().replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the slot is: places of inputs, outputs and parameters by name.
struct Hello {
    json: Json,
}

#[allow(dead_code)]
impl Hello {
    fn must_be(&self, kind: &str) -> Result<(), String> {
        let slot = self.json.get("slot")?.text()?;
        let is_it = self.json.get("kind")?.text()? == kind;
        if is_it { Ok(()) } else { Err(format!("this program is for a slot `{kind}`, which {slot} is not")) }
    }

    fn input(&self, name: &str) -> Result<usize, String> {
        self.place("inputs", name).ok_or_else(|| format!("the slot does not read {name}"))
    }

    fn output(&self, name: &str) -> Result<usize, String> {
        self.place("outputs", name).ok_or_else(|| format!("the slot does not write {name}"))
    }

    fn parameter(&self, name: &str) -> Result<usize, String> {
        self.place("parameters", name).ok_or_else(|| format!("the slot has no parameter {name}"))
    }

    /// The place of a group or parameter, if the slot has it.
    fn place(&self, what: &str, name: &str) -> Option<usize> {
        let path = format!("{}.{name}", self.json.get("robot").ok()?.text().ok()?);
        let is_it = |item: &Json| item.get("path").and_then(Json::text) == Ok(&path);
        self.json.get(what).ok()?.list().ok()?.iter().position(is_it)
    }
}

/// A group that is read: values in SI units and radians, and what is said of them.
#[allow(dead_code)]
struct Input {
    inbox_bit: u64,
    stamp_ns: u64,
    sequence: u64,
    valid: bool,
    fresh: bool,
    values: Vec<f64>,
}

/// A group that is written.
struct Output {
    written: bool,
    valid: bool,
    stamp_ns: u64,
    values: Vec<f64>,
}

/// What the controller is given at one instant, and what it answers.
#[allow(dead_code)]
struct Activation {
    activation: u64,
    now_ns: u64,
    elapsed_ns: u64,
    digest: u64,
    taken: u64,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    parameters: Vec<f64>,
    state: Vec<u64>,
}

#[allow(dead_code)]
impl Activation {
    fn new(hello: &Json) -> Result<Activation, String> {
        let zeros = |group: &Json| Ok::<_, String>(vec![0.0; group.get("elements")?.list()?.len()]);
        let (mut inputs, mut outputs, mut inboxes) = (Vec::new(), Vec::new(), 0);
        for group in hello.get("inputs")?.list()? {
            let is_inbox = *group.get("inbox")? == Json::Bool(true);
            let inbox_bit = u64::from(is_inbox) << inboxes;
            inboxes += u32::from(is_inbox);
            let values = zeros(group)?;
            inputs.push(Input { inbox_bit, stamp_ns: 0, sequence: 0, valid: false, fresh: false, values });
        }
        for group in hello.get("outputs")?.list()? {
            outputs.push(Output { written: false, valid: true, stamp_ns: 0, values: zeros(group)? });
        }
        Ok(Activation {
            activation: 0,
            now_ns: 0,
            elapsed_ns: 0,
            digest: 0,
            taken: 0,
            inputs,
            outputs,
            parameters: vec![0.0; hello.get("parameters")?.list()?.len()],
            state: vec![0; hello.get("state")?.list()?.len()],
        })
    }

    /// Takes a command out of an inbox: whether there was a new one. Its values are those of the input.
    fn take(&mut self, input: usize) -> bool {
        let input = &mut self.inputs[input];
        let was_fresh = std::mem::replace(&mut input.fresh, false);
        self.taken |= if was_fresh { input.inbox_bit } else { 0 };
        was_fresh
    }

    /// Writes an output, stamped now.
    fn write(&mut self, output: usize, values: &[f64]) -> Result<(), String> {
        self.write_at(output, values, true, self.now_ns)
    }

    /// Writes an output with whether it is valid and when its values were taken.
    fn write_at(&mut self, output: usize, values: &[f64], valid: bool, stamp_ns: u64) -> Result<(), String> {
        let made = &mut self.outputs[output];
        if values.len() != made.values.len() {
            return Err(format!("output {output} has {} values, not {}", made.values.len(), values.len()));
        }
        (made.written, made.valid, made.stamp_ns) = (true, valid, stamp_ns);
        made.values.copy_from_slice(values);
        Ok(())
    }

    fn read_step(&mut self, body: &[u8]) -> Result<(), String> {
        let mut words = body.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next().ok_or("a step is too short");
        (self.activation, self.now_ns, self.elapsed_ns, self.digest) = (next()?, next()?, next()?, next()?);
        for input in &mut self.inputs {
            (input.stamp_ns, input.sequence) = (next()?, next()?);
            let flags = next()?;
            (input.valid, input.fresh) = (flags & 1 != 0, flags & 2 != 0);
            for value in &mut input.values {
                *value = f64::from_bits(next()?);
            }
        }
        for value in &mut self.parameters {
            *value = f64::from_bits(next()?);
        }
        for word in &mut self.state {
            *word = next()?;
        }
        self.taken = 0;
        self.outputs.iter_mut().for_each(|output| output.written = false);
        Ok(())
    }

    fn write_reply(&self, body: &mut Vec<u8>) {
        let mut put = |word: u64| body.extend_from_slice(&word.to_le_bytes());
        [self.activation, self.now_ns, self.digest, self.taken].into_iter().for_each(&mut put);
        for output in &self.outputs {
            put(if output.written { 1 | u64::from(output.valid) << 1 } else { 0 });
            put(output.stamp_ns);
            output.values.iter().for_each(|value| put(value.to_bits()));
        }
        self.state.iter().for_each(|word| put(*word));
    }
}

/// The socket to Trocar: standard input, unless an address is given.
fn channel() -> io::Result<File> {
    let Ok(address) = env::var("TROCAR_ADDRESS") else {
        return Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    };
    let is_tcp = !address.contains('/') && address.contains(':');
    Ok(File::from(if is_tcp {
        let stream = TcpStream::connect(&address)?;
        stream.set_nodelay(true)?;
        OwnedFd::from(stream)
    } else {
        OwnedFd::from(UnixStream::connect(&address)?)
    }))
}

fn send(channel: &mut File, kind: u8, encoding: u8, body: &[u8]) -> Result<(), String> {
    let mut frame = (body.len() as u32).to_le_bytes().to_vec();
    frame.extend([VERSION, kind, encoding, 0]);
    frame.extend_from_slice(body);
    channel.write_all(&frame).map_err(|e| format!("the simulator has gone: {e}"))
}

/// Speaks with Trocar until the run is over.
fn serve(channel: &mut File) -> Result<(), String> {
    let gone = |e: io::Error| format!("the simulator has gone: {e}");
    let mut stream = BufReader::new(channel.try_clone().map_err(gone)?);
    let mut running = None;
    let (mut body, mut answer) = (Vec::new(), Vec::new());
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).map_err(gone)?;
        let [a, b, c, d, version, kind, ..] = header;
        body.resize(u32::from_le_bytes([a, b, c, d]) as usize, 0);
        stream.read_exact(&mut body).map_err(gone)?;
        if version != VERSION {
            return Err(format!("this program speaks version {VERSION} of the protocol, not {version}"));
        }
        match (kind, &mut running) {
            (HELLO, _) => {
                let text = std::str::from_utf8(&body).map_err(|e| e.to_string())?;
                let hello = Hello { json: JsonReader(text).value()? };
                running = Some((Controller::new(&hello)?, Activation::new(&hello.json)?));
                let name = quoted(&env::args().next().unwrap_or_default());
                let token = env::var("TROCAR_TOKEN")
                    .map_or(String::new(), |t| format!(", \"token\": {}", quoted(&t)));
                let welcome = format!(
                    "{{\"protocol\": \"trocar-controller\", \"version\": 1, \"encoding\": \"binary\", \
                     \"restorable\": true, \"name\": {name}{token}}}"
                );
                send(channel, WELCOME, JSON, welcome.as_bytes())?;
            }
            (STEP, Some((controller, io))) => {
                io.read_step(&body)?;
                controller.activate(io)?;
                answer.clear();
                io.write_reply(&mut answer);
                send(channel, REPLY, BINARY, &answer)?;
            }
            (STOP, _) => return Ok(()),
            _ => return Err(format!("a frame of type {kind} was not expected")),
        }
    }
}

fn main() -> ExitCode {
    let mut channel = match channel() {
        Ok(channel) => channel,
        Err(error) => {
            eprintln!("no way to Trocar: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Err(what) = serve(&mut channel) else { return ExitCode::SUCCESS };
    eprintln!("{what}"); // Trocar names it in its verdict, too
    let _ = send(&mut channel, FAILURE, JSON, format!("{{\"what\": {}}}", quoted(&what)).as_bytes());
    ExitCode::FAILURE
}
