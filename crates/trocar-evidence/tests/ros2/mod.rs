//! A reader of ROS 2 messages that knows nothing but the text of their definitions: what Foxglove and Rerun do. It shares
//! no code with the writer.

use std::collections::BTreeMap;

/// A decoded field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Fields(Vec<(String, Value)>),
}

impl Value {
    /// The field of this dotted path; list elements by their place.
    pub fn at(&self, path: &str) -> &Value {
        path.split('.').fold(self, |value, part| match value {
            Value::Fields(fields) => &fields.iter().find(|(name, _)| name == part).expect(part).1,
            Value::List(items) => &items[part.parse::<usize>().expect(part)],
            other => panic!("{part} of {other:?}"),
        })
    }

    pub fn number(&self, path: &str) -> f64 {
        match self.at(path) {
            Value::Number(number) => *number,
            other => panic!("{path} is {other:?}"),
        }
    }

    pub fn text(&self, path: &str) -> &str {
        match self.at(path) {
            Value::Text(text) => text,
            other => panic!("{path} is {other:?}"),
        }
    }
}

/// Decodes a message by the text of its definition. Every byte must be used.
pub fn decode(definition: &str, bytes: &[u8]) -> Value {
    let mut types: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (place, section) in definition.split(&format!("{}\n", "=".repeat(80))).enumerate() {
        let name = section.lines().next().and_then(|line| line.strip_prefix("MSG: "));
        assert_eq!(name.is_some(), place > 0, "all but the first section name their type");
        let fields = section
            .lines()
            .skip(usize::from(place > 0))
            .filter(|line| !line.contains('='))
            .map(|line| line.split_once(' ').expect(line))
            .collect();
        types.insert(name.unwrap_or(""), fields);
    }
    assert_eq!(bytes[..4], [0, 1, 0, 0], "little-endian CDR");
    let mut cursor = Cursor { bytes: &bytes[4..], at: 0 };
    let value = cursor.value("", &types);
    assert_eq!(cursor.at, cursor.bytes.len(), "bytes are left over");
    value
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, size: usize) -> &[u8] {
        self.at = self.at.next_multiple_of(size);
        self.at += size;
        &self.bytes[self.at - size..self.at]
    }

    fn len(&mut self) -> usize {
        u32::from_le_bytes(self.take(4).try_into().unwrap()) as usize
    }

    fn value(&mut self, kind: &str, types: &BTreeMap<&str, Vec<(&str, &str)>>) -> Value {
        if let Some(of) = kind.strip_suffix("[]") {
            let len = self.len();
            return Value::List((0..len).map(|_| self.value(of, types)).collect());
        }
        match kind {
            "bool" | "byte" | "uint8" => Value::Number(f64::from(self.take(1)[0])),
            "int32" => Value::Number(f64::from(i32::from_le_bytes(self.take(4).try_into().unwrap()))),
            "uint32" => Value::Number(f64::from(u32::from_le_bytes(self.take(4).try_into().unwrap()))),
            "uint64" => Value::Number(u64::from_le_bytes(self.take(8).try_into().unwrap()) as f64),
            "float64" => Value::Number(f64::from_le_bytes(self.take(8).try_into().unwrap())),
            "string" => {
                let len = self.len();
                let text = &self.bytes[self.at..self.at + len];
                self.at += len;
                assert_eq!(text[len - 1], 0, "a text ends with a zero byte");
                Value::Text(String::from_utf8(text[..len - 1].to_vec()).unwrap())
            }
            _ => {
                let fields = types.get(kind).unwrap_or_else(|| panic!("{kind} is not defined")).clone();
                Value::Fields(fields.iter().map(|(of, n)| ((*n).to_owned(), self.value(of, types))).collect())
            }
        }
    }
}
