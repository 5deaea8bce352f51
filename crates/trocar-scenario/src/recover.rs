//! How one check finds mistakes that lie behind others: a mistake is reported, something that fits is put in its place,
//! and the check goes round again, until nothing new is found.
//!
//! What was put there is a guess. So a later round's mistake is passed over where it stands in, beside or because of such
//! a guess: a mistake must not cause another one. Repairs live in [`Files`] and touch nothing but the tree that is read;
//! a place in a diagnostic is always one of the file as it was written.

use crate::load::{Failure, FileKind, kind_of};
use crate::schema;
use crate::source::{Files, SourceFile};
use crate::tree::{self, Node, NodeId, Value};
use crate::walk::{self, Fix, Meant};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use trocar_signal::{AnyQuantity, Diagnostic, Severity};

/// More rounds than there are passes, each of which may have to be repaired more than once.
const MAX_ROUNDS: usize = 40;

/// More repairs than any file that a person wrote needs: beyond, the answer must not keep anybody waiting.
const MAX_REPAIRS: usize = 256;

/// A condition without a mistake, in the place of one that cannot be read.
const SOME_CONDITION: &str = "0 s < 1 s";

/// What is put in the place of mistakes, by address of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repairs {
    files: BTreeMap<String, FileRepairs>,
}

#[derive(Clone, Debug, Default)]
struct FileRepairs {
    /// Bytes that are read as spaces.
    blanks: Vec<Range<usize>>,
    actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Rename(NodeId, String),
    Remove(NodeId),
    Replace(NodeId, Value),
    Insert(NodeId, String, Node),
    /// Pieces of a text, in bytes of the file, with what stands there instead.
    Edit(NodeId, Vec<(Range<usize>, String)>),
}

impl Repairs {
    /// A file's tree with its repairs.
    ///
    /// # Errors
    /// As [`tree::parse`].
    pub fn parse(&self, source: &SourceFile, index: usize) -> Result<Node, Vec<Diagnostic>> {
        let Some(repairs) = self.files.get(&source.address) else { return tree::parse(source, index) };
        let mut tree = match repairs.blanks.is_empty() {
            true => tree::parse(source, index)?,
            false => tree::parse(&blanked(source, &repairs.blanks), index)?,
        };
        for action in &repairs.actions {
            action.apply(&mut tree);
        }
        Ok(tree)
    }
}

fn blanked(source: &SourceFile, blanks: &[Range<usize>]) -> SourceFile {
    let mut text = source.text.clone();
    for blank in blanks {
        let piece: String =
            text[blank.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
        text.replace_range(blank.clone(), &piece);
    }
    SourceFile { text, ..source.clone() }
}

impl Action {
    fn apply(&self, root: &mut Node) {
        match self {
            Action::Rename(id, to) => {
                let Some(Value::Table(table)) = parent_of(root, id) else { return };
                let from = table.iter().find(|(_, node)| node.id() == *id).map(|(key, _)| key.clone());
                if !table.contains_key(to)
                    && let Some(node) = from.and_then(|from| table.remove(&from))
                {
                    table.insert(to.clone(), node);
                }
            }
            Action::Remove(id) => match parent_of(root, id) {
                Some(Value::Table(table)) => table.retain(|_, node| node.id() != *id),
                Some(Value::List(items)) => items.retain(|node| node.id() != *id),
                _ => {}
            },
            Action::Replace(id, value) => {
                if let Some(node) = find(root, id) {
                    node.value = value.clone();
                    own(node, &id.range);
                }
            }
            Action::Insert(id, key, value) => {
                if let Some(node) = find(root, id)
                    && let Value::Table(table) = &mut node.value
                {
                    let mut value = Node { file: node.file, ..value.clone() };
                    own(&mut value, &id.range);
                    table.entry(key.clone()).or_insert(value);
                }
            }
            Action::Edit(id, pieces) => {
                if let Some(node) = find(root, id)
                    && let Value::Text { text, verbatim_at: Some(at), .. } = &mut node.value
                {
                    let mut pieces = pieces.clone();
                    pieces.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
                    for (range, to) in pieces {
                        text.replace_range(range.start - *at..range.end - *at, &to);
                    }
                    node.value = Value::text(text);
                }
            }
        }
    }
}

/// Everything below a node stands where the node does.
fn own(node: &mut Node, range: &Range<usize>) {
    let file = node.file;
    let mut below: Vec<&mut Node> = vec![node];
    while let Some(node) = below.pop() {
        (node.file, node.range) = (file, range.clone());
        match &mut node.value {
            Value::Table(table) => below.extend(table.values_mut()),
            Value::List(items) => below.extend(items),
            _ => {}
        }
    }
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Table(table) => table.values().collect(),
        Value::List(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn find<'t>(root: &'t mut Node, id: &NodeId) -> Option<&'t mut Node> {
    if root.id() == *id {
        return Some(root);
    }
    match &mut root.value {
        Value::Table(table) => table.values_mut().find_map(|node| find(node, id)),
        Value::List(items) => items.iter_mut().find_map(|node| find(node, id)),
        _ => None,
    }
}

fn parent_of<'t>(root: &'t mut Node, id: &NodeId) -> Option<&'t mut Value> {
    if children(root).iter().any(|node| node.id() == *id) {
        return Some(&mut root.value);
    }
    match &mut root.value {
        Value::Table(table) => table.values_mut().find_map(|node| parent_of(node, id)),
        Value::List(items) => items.iter_mut().find_map(|node| parent_of(node, id)),
        _ => None,
    }
}

/// A check that goes round until nothing new is found.
pub struct Recovery {
    files: Files,
    rounds: usize,
    repairs: usize,
    found: Vec<Diagnostic>,
    sources: Vec<SourceFile>,
    quiet: Vec<Quiet>,
    /// Names of what was left out.
    lost: BTreeSet<String>,
    /// Sections from which something was left out; `robot` where a robot's number was replaced by one that only fits.
    damaged: BTreeSet<String>,
    schema_keys: BTreeSet<&'static str>,
}

/// Mistakes that follow where a section is not whole.
const FOLLOW: [(&str, &str); 4] = [
    ("beyond-limits", "robot"),
    ("no-twin", "faults"),
    ("empty-window", "phases"),
    ("unused-command", "phases"),
];

/// Where a later mistake would be one that an earlier one caused.
struct Quiet {
    file: String,
    range: Range<usize>,
    what: QuietFor,
}

#[derive(PartialEq)]
enum QuietFor {
    /// Anything that touches the range.
    Overlap,
    /// Anything that is said of exactly this place: a table from which something was taken.
    Exactly,
    /// What does not fit to its neighbours.
    Neighbours,
}

impl Recovery {
    /// A check of these files.
    #[must_use]
    pub fn new(files: &Files) -> Recovery {
        Recovery {
            files: files.clone(),
            rounds: 0,
            repairs: 0,
            found: Vec::new(),
            sources: Vec::new(),
            quiet: Vec::new(),
            lost: BTreeSet::new(),
            damaged: BTreeSet::new(),
            schema_keys: schema_keys(),
        }
    }

    /// The files as the next round is to read them.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Whether no round has found a mistake.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rounds == 0
    }

    /// Takes what a round has found and repairs it; says whether another round may find more.
    pub fn take(&mut self, failure: Failure) -> bool {
        for file in &failure.files {
            if !self.sources.iter().any(|known| known.address == file.address) {
                self.sources.push(file.clone());
            }
        }
        let is_first = self.rounds == 0;
        self.rounds += 1;
        let new: Vec<Diagnostic> =
            failure.diagnostics.iter().filter(|d| is_first || self.is_new(d)).cloned().collect();
        self.found.extend(new);
        let errors = failure.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let mut progress = false;
        for diagnostic in errors.cloned().collect::<Vec<_>>() {
            if self.repairs == MAX_REPAIRS {
                break;
            }
            self.repairs += 1;
            progress |= self.repair(&diagnostic);
        }
        // What a round has said is said; another round's mistake there would be the same in other words.
        for diagnostic in &failure.diagnostics {
            if let Some(label) = diagnostic.labels.first() {
                self.quiet.push(Quiet {
                    file: label.file.clone(),
                    range: label.range.clone(),
                    what: QuietFor::Overlap,
                });
            }
        }
        progress && self.rounds < MAX_ROUNDS && self.repairs < MAX_REPAIRS
    }

    /// Everything that was found, file by file, from the first line to the last.
    #[must_use]
    pub fn finish(mut self) -> Failure {
        let place = |diagnostic: &Diagnostic| {
            diagnostic.labels.first().map(|label| {
                let file = self.sources.iter().position(|source| source.shown == label.file);
                (file, label.range.start)
            })
        };
        self.found.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.title.cmp(&b.title)));
        self.found.dedup();
        Failure { diagnostics: self.found, files: self.sources }
    }

    fn is_new(&self, diagnostic: &Diagnostic) -> bool {
        // A file that is repaired may well lack requirements.
        if diagnostic.severity == Severity::Warning {
            return false;
        }
        if FOLLOW.iter().any(|(code, section)| diagnostic.code == *code && self.damaged.contains(*section)) {
            return false;
        }
        let said = std::iter::once(diagnostic.title.as_str())
            .chain(diagnostic.labels.iter().map(|label| label.text.as_str()));
        let is_lost =
            |word: &str| self.lost.contains(word) || word.split('.').any(|part| self.lost.contains(part));
        if said.flat_map(in_backticks).any(is_lost) {
            return false;
        }
        let Some(label) = diagnostic.labels.first() else { return true };
        let hides = |quiet: &Quiet| {
            let touches = quiet.range.start < label.range.end.max(label.range.start + 1)
                && label.range.start < quiet.range.end;
            quiet.file == label.file
                && match quiet.what {
                    QuietFor::Overlap => touches,
                    QuietFor::Exactly => quiet.range == label.range,
                    QuietFor::Neighbours => touches && diagnostic.code == "bad-value",
                }
        };
        !self.quiet.iter().any(hides)
    }

    /// Puts something in the place of a mistake; says whether that changed anything.
    fn repair(&mut self, diagnostic: &Diagnostic) -> bool {
        let Some(label) = diagnostic.labels.first() else { return false };
        let Some(source) = self.sources.iter().find(|source| source.shown == label.file).cloned() else {
            return false;
        };
        // The same place is wrong in each case of `[for_each]`: once it is left out, what holds it is not to blame.
        let repairs = self.files.repairs.files.get(&source.address);
        let is_gone = |action: &Action| matches!(action, Action::Remove(id) if id.range == label.range);
        if repairs.is_some_and(|repairs| repairs.actions.iter().any(is_gone)) {
            return false;
        }
        let is_syntax = matches!(diagnostic.code.as_str(), "syntax" | "duplicate-key");
        let Ok(tree) = self.files.repairs.parse(&source, 0) else {
            return is_syntax && self.blank(&source, &label.range);
        };
        let Some(schema) = schema_of(&tree) else { return false };
        let fix = walk::walk_with_fixes(&tree, schema, std::slice::from_ref(&source), false)
            .into_iter()
            .find(|(found, _)| found.title == diagnostic.title && found.labels == diagnostic.labels)
            .map(|(_, fix)| fix);
        let file = File { source: &source, tree: &tree, schema };
        match fix {
            Some(Fix::Rename(id, to)) => self.act(&file, Action::Rename(id, to)),
            Some(Fix::Remove(id)) => self.act(&file, Action::Remove(id)),
            Some(Fix::Insert(id, key, value)) => {
                self.act(&file, Action::Insert(id, key, Node::placeholder(value)))
            }
            Some(Fix::Replace(id, value, meant)) => {
                if meant == Meant::Unknown {
                    self.damage(&file, &id);
                    self.hush_neighbours(&file, &id);
                }
                self.act(&file, Action::Replace(id, value))
            }
            Some(Fix::None) => match node_at(&tree, &label.range) {
                Some(node) => self.leave_out(&file, &node.id()),
                None => false,
            },
            None => self.repair_meaning(&file, diagnostic),
        }
    }

    /// Repairs what the passes behind the first have found: names, formulas, numbers that do not fit.
    fn repair_meaning(&mut self, file: &File<'_>, diagnostic: &Diagnostic) -> bool {
        let Some(label) = diagnostic.labels.first() else { return false };
        let Some(node) = node_at(file.tree, &label.range) else { return false };
        let id = node.id();
        if let Some(guess) = guess_of(diagnostic) {
            if node.key.as_ref() == Some(&label.range) && node.range != label.range {
                return self.act(file, Action::Rename(id, guess));
            }
            if let Value::Text { text, verbatim_at, .. } = &node.value {
                let edit = match verbatim_at {
                    Some(at) if label.range.start >= *at && label.range.end <= at + text.len() => {
                        Action::Edit(id, vec![(label.range.clone(), guess)])
                    }
                    _ => {
                        // Only the last part of a file's path is guessed.
                        let folder = match diagnostic.code == "no-file" && !guess.contains('/') {
                            true => text.rfind('/').map_or("", |at| &text[..=at]),
                            false => "",
                        };
                        Action::Replace(id, Value::text(&format!("{folder}{guess}")))
                    }
                };
                return self.act(file, edit);
            }
        }
        if matches!(diagnostic.code.as_str(), "no-file" | "bad-path" | "bad-file" | "wrong-kind") {
            return false;
        }
        let key = label_of(file.tree, &id);
        if diagnostic.code == "bad-formula" && matches!(key.as_deref(), Some("until" | "when")) {
            let instead = Action::Replace(id.clone(), Value::text(SOME_CONDITION));
            return self.act(file, instead) || self.leave_out(file, &id);
        }
        // Of a number with its source, the number is what does not fit.
        let number = node.get("value").unwrap_or(node);
        let tried = self.times_replaced(file, &number.id());
        if let Some(value) = another_value(&number.value, &diagnostic.title, tried) {
            self.hush_neighbours(file, &id);
            self.damage(file, &id);
            if self.act(file, Action::Replace(number.id(), value)) {
                return true;
            }
        }
        // A robot from which parts are taken would be wrong in many other ways.
        match file.kind() {
            FileKind::Robot | FileKind::Instrument | FileKind::Person => false,
            _ => self.leave_out(file, &id),
        }
    }

    /// Leaves a key or an item out, or what cannot be without it.
    fn leave_out(&mut self, file: &File<'_>, id: &NodeId) -> bool {
        let mut id = row_of(file.tree, id).unwrap_or_else(|| id.clone());
        let missing = |tree: &Node| {
            let found = walk::walk(tree, file.schema, std::slice::from_ref(file.source), false);
            found.iter().filter(|d| d.code == "missing-key" || d.code == "wrong-length").count()
        };
        let before = missing(file.tree);
        loop {
            let mut without = file.tree.clone();
            Action::Remove(id.clone()).apply(&mut without);
            if without != *file.tree && missing(&without) <= before {
                return self.act(file, Action::Remove(id));
            }
            match parent_node(file.tree, &id) {
                Some(parent) if parent.key.is_some() || parent.range != file.tree.range => id = parent.id(),
                _ => return false,
            }
        }
    }

    fn act(&mut self, file: &File<'_>, action: Action) -> bool {
        self.hush(file, &action);
        let repairs = self.files.repairs.files.entry(file.source.address.clone()).or_default();
        if let Action::Edit(id, pieces) = &action
            && let Some(Action::Edit(_, known)) = repairs
                .actions
                .iter_mut()
                .rev()
                .find(|known| matches!(known, Action::Edit(other, _) if other == id))
        {
            let overlaps = |(range, _): &(Range<usize>, String)| {
                pieces.iter().any(|(new, _)| range.start < new.end && new.start < range.end)
            };
            if known.iter().any(overlaps) {
                return false;
            }
            known.extend(pieces.iter().cloned());
            return true;
        }
        if repairs.actions.contains(&action) {
            return false;
        }
        let changes = {
            let mut after = file.tree.clone();
            action.apply(&mut after);
            after != *file.tree
        };
        repairs.actions.push(action);
        changes
    }

    /// Notes where later mistakes would come from this repair.
    fn hush(&mut self, file: &File<'_>, action: &Action) {
        let shown = &file.source.shown;
        let mut quiet = |range: &Range<usize>, what| {
            self.quiet.push(Quiet { file: shown.clone(), range: range.clone(), what });
        };
        match action {
            Action::Rename(..) => {}
            Action::Insert(id, ..) => {
                quiet(&id.range, QuietFor::Exactly);
                if let Some(key) = &id.key {
                    quiet(key, QuietFor::Exactly);
                }
            }
            Action::Replace(id, _) | Action::Edit(id, _) => quiet(&id.range, QuietFor::Overlap),
            Action::Remove(id) => {
                quiet(&id.range, QuietFor::Overlap);
                if let Some(parent) = parent_node(file.tree, id) {
                    quiet(&parent.range, QuietFor::Exactly);
                    if let Some(key) = &parent.key {
                        quiet(key, QuietFor::Exactly);
                    }
                }
                self.damage(file, id);
                self.lose(file, id);
                if matches!(parent_node(file.tree, id), Some(Node { value: Value::Table(_), .. })) {
                    self.hush_neighbours(file, id);
                }
            }
        }
    }

    /// Notes the names that go with what is left out, and the paths that it speaks of.
    fn lose(&mut self, file: &File<'_>, id: &NodeId) {
        let mut lost = Vec::new();
        let mut below: Vec<&Node> = node_of(file.tree, id).into_iter().collect();
        while let Some(node) = below.pop() {
            below.extend(children(node));
            lost.extend(node.as_table().into_iter().flatten().map(|(key, _)| key.clone()));
            lost.extend(node.as_text().filter(|text| !text.contains(' ')).map(str::to_owned));
            // A phase may be called as a key is, `noise`.
            self.lost.extend(node.get("name").and_then(Node::as_text).map(str::to_owned));
        }
        let key = label_of(file.tree, id);
        if key.as_deref() == Some("poses") {
            // What patterns call their poses.
            lost.extend((1..=9).map(|number| format!("P{number}")));
        }
        // What `[for_each]` binds is spoken of as `$name`.
        lost.extend(key.iter().map(|key| format!("${key}")));
        lost.extend(key);
        self.lost.extend(lost.into_iter().filter(|word| !self.schema_keys.contains(word.as_str())));
    }

    /// Notes that a section of a scenario, or a robot, is not as it was meant.
    fn damage(&mut self, file: &File<'_>, id: &NodeId) {
        if matches!(file.kind(), FileKind::Robot | FileKind::Instrument | FileKind::Person) {
            self.damaged.insert("robot".to_owned());
        }
        let sections = file.tree.as_table().into_iter().flatten();
        let holds = |node: &Node| node_of(node, id).is_some();
        self.damaged.extend(sections.filter(|(_, node)| holds(node)).map(|(key, _)| key.clone()));
    }

    fn times_replaced(&self, file: &File<'_>, id: &NodeId) -> usize {
        let actions = self.files.repairs.files.get(&file.source.address).map(|repairs| &repairs.actions);
        let of_node = |action: &&Action| matches!(action, Action::Replace(other, _) if other == id);
        actions.map_or(0, |actions| actions.iter().filter(of_node).count())
    }

    fn hush_neighbours(&mut self, file: &File<'_>, id: &NodeId) {
        let Some(parent) = parent_node(file.tree, id) else { return };
        // Sections are no neighbours of a file's first keys.
        if std::ptr::eq(parent, file.tree) {
            return;
        }
        let mut below = vec![parent];
        while let Some(node) = below.pop() {
            below.extend(children(node));
            for range in std::iter::once(&node.range).chain(&node.key) {
                self.quiet.push(Quiet {
                    file: file.source.shown.clone(),
                    range: range.clone(),
                    what: QuietFor::Neighbours,
                });
            }
        }
    }

    /// Reads a line that is not TOML as empty; a header with all that stands below it.
    fn blank(&mut self, source: &SourceFile, range: &Range<usize>) -> bool {
        let text = &source.text;
        let mut at = range.start.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |newline| from + newline);
        let mut end = line_end(at);
        if text[start..].starts_with('[') {
            while end < text.len() && !text[end + 1..].starts_with('[') {
                end = line_end(end + 1);
            }
        }
        let repairs = self.files.repairs.files.entry(source.address.clone()).or_default();
        if start == end || repairs.blanks.iter().any(|blank| blank.start <= start && end <= blank.end) {
            return false;
        }
        repairs.blanks.push(start..end);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = text[start..end].split(|c| !is_word(c)).filter(|word| !word.is_empty());
        self.lost.extend(words.map(str::to_owned));
        // What the table lacks now, it may well have: the line is there, and cannot be read.
        let header = text[..start].rfind("\n[").map_or(0, |newline| newline + 1);
        self.quiet.push(Quiet {
            file: source.shown.clone(),
            range: header..line_end(header),
            what: QuietFor::Overlap,
        });
        self.quiet.push(Quiet { file: source.shown.clone(), range: start..end, what: QuietFor::Overlap });
        true
    }
}

struct File<'a> {
    source: &'a SourceFile,
    tree: &'a Node,
    schema: &'static Json,
}

impl File<'_> {
    fn kind(&self) -> FileKind {
        kind_of(self.tree)
    }
}

fn schema_of(tree: &Node) -> Option<&'static Json> {
    match kind_of(tree) {
        FileKind::Scenario | FileKind::Part => Some(schema::scenario()),
        FileKind::Scene => Some(schema::scene()),
        FileKind::Robot => Some(schema::robot()),
        FileKind::Instrument => Some(schema::instrument()),
        FileKind::Person => Some(schema::person()),
        FileKind::Mapping => Some(schema::mapping()),
        FileKind::Urdf => None,
    }
}

/// The row of `[for_each]` that holds a node. All rows of a name have the same keys, so one is left out as a whole.
fn row_of(tree: &Node, id: &NodeId) -> Option<NodeId> {
    let bound = tree.get("for_each").and_then(Node::as_table)?;
    let lists = bound.values().filter_map(|node| match &node.value {
        Value::List(items) => Some(items),
        _ => None,
    });
    let mut rows = lists.flatten().filter(|item| item.as_table().is_some());
    rows.find(|row| node_of(row, id).is_some()).map(Node::id)
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What a diagnostic takes to be meant.
fn guess_of(diagnostic: &Diagnostic) -> Option<String> {
    let said = diagnostic.labels.iter().take(1).map(|label| label.text.as_str());
    let said = said.chain(std::iter::once(diagnostic.title.as_str()));
    said.chain(diagnostic.notes.iter().map(String::as_str)).find_map(|text| {
        let (_, rest) = text.split_once("did you mean `")?;
        Some(rest.split_once('`')?.0.to_owned())
    })
}

/// What is tried in the place of a number that does not fit, in its unit.
const TRIED: [&str; 8] = ["1", "0.1", "10", "0.01", "100", "0.001", "1000", "0"];

/// Another number, where one does not fit: in the unit that is said to be meant, without its minus, or one of those that
/// are tried one after the other.
fn another_value(value: &Value, said: &str, tried: usize) -> Option<Value> {
    let candidate = TRIED.get(tried)?;
    match value {
        Value::Integer(number) if *number < 0 => Some(Value::Integer(-number)),
        Value::Integer(_) => candidate.parse().ok().map(Value::Integer),
        Value::Float(number) if *number < 0.0 => Some(Value::Float(-number)),
        Value::Float(_) => candidate.parse().ok().map(Value::Float),
        Value::Text { text, .. } => {
            let quantity = AnyQuantity::parse(text).ok()?;
            let meant = said.split_once(") is meant").and_then(|(before, _)| before.rsplit_once('('));
            if let Some((_, unit)) = meant {
                let converted = format!("{} {unit}", quantity.si);
                return AnyQuantity::parse(&converted).is_ok().then(|| Value::text(&converted));
            }
            if let Some(positive) = text.trim_start().strip_prefix('-') {
                return Some(Value::text(positive));
            }
            let unit = text.split_once(' ').map_or("", |(_, unit)| unit);
            Some(Value::text(&format!("{candidate} {unit}")))
        }
        _ => None,
    }
}

/// Every key that a schema gives a name to: such a name is none that a file defines.
fn schema_keys() -> BTreeSet<&'static str> {
    let mut keys = BTreeSet::new();
    let mut below = vec![schema::scenario(), schema::scene()];
    while let Some(json) = below.pop() {
        match json {
            Json::Object(object) => {
                let properties = object.get("properties").and_then(Json::as_object);
                keys.extend(properties.into_iter().flat_map(|p| p.keys().map(String::as_str)));
                below.extend(object.values());
            }
            Json::Array(items) => below.extend(items),
            _ => {}
        }
    }
    keys
}

/// The node that a range is about: the one that stands exactly there, or else the smallest around it.
fn node_at<'t>(root: &'t Node, range: &Range<usize>) -> Option<&'t Node> {
    let mut exact: Option<&Node> = None;
    let mut around: Option<&Node> = None;
    let mut below = children(root);
    while let Some(node) = below.pop() {
        below.extend(children(node));
        let is_exact = node.range == *range || node.key.as_ref() == Some(range);
        let contains = |outer: &Range<usize>| outer.start <= range.start && range.end <= outer.end;
        if is_exact && exact.is_none_or(|known| children(known).is_empty() <= children(node).is_empty()) {
            exact = Some(node);
        }
        if contains(&node.range) && around.is_none_or(|known| known.range.len() >= node.range.len()) {
            around = Some(node);
        }
    }
    exact.or(around)
}

fn node_of<'t>(root: &'t Node, id: &NodeId) -> Option<&'t Node> {
    if root.id() == *id {
        return Some(root);
    }
    children(root).into_iter().find_map(|node| node_of(node, id))
}

fn parent_node<'t>(root: &'t Node, id: &NodeId) -> Option<&'t Node> {
    if children(root).iter().any(|node| node.id() == *id) {
        return Some(root);
    }
    children(root).into_iter().find_map(|node| parent_node(node, id))
}

/// The key of a node; none for an item of a list.
fn label_of(root: &Node, id: &NodeId) -> Option<String> {
    let table = parent_node(root, id)?.as_table()?;
    table.iter().find(|(_, node)| node.id() == *id).map(|(key, _)| key.clone())
}
