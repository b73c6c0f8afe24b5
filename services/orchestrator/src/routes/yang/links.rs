//! Addresses of the explorer's pages, and what all pages of one model have at their top.

use crate::models::Source;

/// The top of every page of one model.
pub(super) struct Head {
    pub(super) title: String,
    pub(super) tabs: Vec<Link>,
    /// Where a search goes.
    pub(super) search: String,
    /// What was searched for.
    pub(super) query: String,
}

/// A page among those of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Modules,
    Tree,
    Rpc,
    None,
}

pub(super) struct Link {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) current: bool,
}

impl Head {
    pub(super) fn new(source: &Source, tab: Tab) -> Self {
        let tabs =
            [(Tab::Modules, "Modules", ""), (Tab::Tree, "Tree", "tree"), (Tab::Rpc, "Build an RPC", "rpc")];
        let tabs = tabs.map(|(of, name, below)| Link {
            name: name.to_owned(),
            href: under(source, below, &[]),
            current: tab == of,
        });
        Self {
            title: format!("YANG of {source}"),
            tabs: tabs.into(),
            search: under(source, "search", &[]),
            query: String::new(),
        }
    }

    pub(super) fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }
}

/// The address of a page of one model.
pub(super) fn under(source: &Source, below: &str, query: &[(&str, &str)]) -> String {
    let mut segments = vec!["yang", source.kind(), source.name()];
    segments.extend((!below.is_empty()).then_some(below));
    link(&segments, query)
}

/// An address of this server, escaped as addresses are.
pub(super) fn link(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        escape(segment, &mut out);
    }
    for (index, (name, value)) in query.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
    }
    out
}

/// RFC 3986: everything but letters, digits and `-._~` is escaped; slashes and colons may stand in a query, and are easier to read there.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                out.push(char::from(byte))
            }
            b'/' if out.contains('?') => out.push('/'),
            _ => {
                out.push('%');
                for half in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_has_stays_one_part_of_the_address() {
        assert_eq!(link(&["yang", "a/b?c d"], &[]), "/yang/a%2Fb%3Fc%20d");
        assert_eq!(
            link(&["yang"], &[("path", "/m:a/b[k='é&']"), ("x", "1")]),
            "/yang?path=/m:a/b%5Bk%3D%27%C3%A9%26%27%5D&x=1"
        );
    }
}
