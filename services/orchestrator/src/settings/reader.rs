//! Reads one section key by key, remembering every problem.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

/// One section of the settings. What nobody read is an unknown key.
pub(crate) struct Section {
    name: String,
    keys: Map<String, Value>,
    problems: Vec<String>,
}

impl Section {
    pub(crate) fn new(name: &str, value: Option<Value>) -> Self {
        let mut problems = Vec::new();
        let keys = match value {
            Some(Value::Object(keys)) => keys,
            None | Some(Value::Null) => Map::new(),
            Some(_) => {
                problems.push(format!("{name}: is not a section"));
                Map::new()
            }
        };
        Self { name: name.to_owned(), keys, problems }
    }

    pub(crate) fn problem(&mut self, key: &str, what: &str) {
        self.problems.push(format!("{}.{key}: {what}", self.name));
    }

    pub(crate) fn finish(mut self, problems: &mut Vec<String>) {
        let unknown: Vec<String> = self.keys.keys().cloned().collect();
        for key in unknown {
            self.problem(&key, "there is no such key");
        }
        problems.append(&mut self.problems);
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The value as text; `file:` values are read from their file.
    pub(crate) fn optional_text(&mut self, key: &str) -> Option<String> {
        let text = match self.keys.remove(key)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => return None,
            Value::Array(_) | Value::Object(_) => {
                self.problem(key, "is not text");
                return None;
            }
        };
        self.resolved(key, text).filter(|text| !text.is_empty())
    }

    /// What stands in the file, of a value that names one.
    fn resolved(&mut self, key: &str, text: String) -> Option<String> {
        let Some(path) = text.strip_prefix("file:") else { return Some(text) };
        match std::fs::read_to_string(path) {
            Ok(content) if content.trim().is_empty() => self.problem(key, &format!("{path} is empty")),
            Ok(content) => return Some(content.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => self.problem(key, &format!("cannot read {path}: {error}")),
        }
        None
    }

    pub(crate) fn text(&mut self, key: &str, default: Option<&str>) -> String {
        let before = self.problems.len();
        let text = self.optional_text(key).or_else(|| default.map(str::to_owned));
        if text.is_none() && self.problems.len() == before {
            self.problem(key, "is missing");
        }
        text.unwrap_or_default()
    }

    pub(crate) fn optional_secret(&mut self, key: &str) -> Option<SecretString> {
        self.optional_text(key).map(SecretString::from)
    }

    pub(crate) fn secret(&mut self, key: &str, required: bool) -> SecretString {
        let default = if required { None } else { Some("") };
        SecretString::from(self.text(key, default))
    }

    /// An http or https URL, without final slashes.
    pub(crate) fn url(&mut self, key: &str, default: Option<&str>) -> String {
        let before = self.problems.len();
        let text = self.text(key, default);
        if self.problems.len() > before {
            return String::new();
        }
        match reqwest::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                text.trim_end_matches('/').to_owned()
            }
            _ => {
                self.problem(key, "is not an http or https URL");
                String::new()
            }
        }
    }

    pub(crate) fn parsed<T: FromStr>(&mut self, key: &str, default: &str, expected: &str) -> Option<T> {
        let text = self.text(key, Some(default));
        let value = text.parse().ok();
        if value.is_none() {
            self.problem(key, &format!("{text:?} is not {expected}"));
        }
        value
    }

    pub(crate) fn bool(&mut self, key: &str, default: bool) -> bool {
        self.parsed(key, if default { "true" } else { "false" }, "true or false").unwrap_or(default)
    }

    pub(crate) fn number(&mut self, key: &str, default: u16, range: RangeInclusive<u32>) -> u16 {
        let text = self.text(key, Some(&default.to_string()));
        let number = text.parse::<u32>().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.problem(key, &format!("{text:?} is not a number from {} to {}", range.start(), range.end()));
        }
        number.and_then(|number| u16::try_from(number).ok()).unwrap_or(default)
    }

    pub(crate) fn duration(&mut self, key: &str, default: Duration) -> Duration {
        match self.optional_text(key) {
            None => default,
            Some(text) => parse_duration(&text).unwrap_or_else(|| {
                self.problem(key, &format!("{text:?} is not a duration such as 500ms, 30s, 10m, 24h or 7d"));
                default
            }),
        }
    }

    /// A list of texts, each parsed; from the environment or a file as a JSON list, or separated by commas or line breaks.
    pub(crate) fn list<T, E: Display>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let value = self.keys.remove(key).unwrap_or(Value::Array(Vec::new()));
        let items = self.items(key, value);
        items.iter().filter_map(|item| self.item(key, item, &parse)).collect()
    }

    /// A list of lists of texts.
    pub(crate) fn lists<T, E: Display>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<Vec<T>> {
        let groups = match self.keys.remove(key) {
            None => Vec::new(),
            Some(Value::Array(groups)) => groups,
            Some(Value::String(text)) => {
                let text = self.resolved(key, text).unwrap_or_else(|| "[]".to_owned());
                serde_json::from_str(&text).unwrap_or_else(|_| {
                    self.problem(key, "is not a list of lists");
                    Vec::new()
                })
            }
            Some(_) => {
                self.problem(key, "is not a list of lists");
                Vec::new()
            }
        };
        let mut read = Vec::new();
        for group in groups {
            let items = self.items(key, group);
            read.push(items.iter().filter_map(|item| self.item(key, item, &parse)).collect());
        }
        read
    }

    /// Sub-sections by name.
    pub(crate) fn tables(&mut self, key: &str) -> Vec<(String, Self)> {
        match self.keys.remove(key) {
            None => Vec::new(),
            Some(Value::Object(tables)) => {
                let section = |(name, value): (String, Value)| {
                    (name.clone(), Self::new(&format!("{}.{key}.{name}", self.name), Some(value)))
                };
                tables.into_iter().map(section).collect()
            }
            Some(_) => {
                self.problem(key, "is not a table of sections");
                Vec::new()
            }
        }
    }

    fn items(&mut self, key: &str, value: Value) -> Vec<String> {
        let list = match value {
            Value::String(text) => {
                let text = self.resolved(key, text).unwrap_or_default();
                serde_json::from_str(&text).unwrap_or_else(|_| {
                    let items = text.split([',', '\n']).map(str::trim);
                    items.map(|item| Value::String(item.to_owned())).collect::<Vec<_>>()
                })
            }
            Value::Array(list) => list,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                self.problem(key, "is not a list");
                return Vec::new();
            }
        };
        list.into_iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .filter(|item| !item.is_empty())
            .collect()
    }

    fn item<T, E: Display>(
        &mut self,
        key: &str,
        item: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(item).map_err(|error| self.problem(key, &error.to_string())).ok()
    }
}

/// `500ms`, `30s`, `10m`, `24h`, `7d`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).filter(|ms| *ms > 0).map(Duration::from_millis)
}
