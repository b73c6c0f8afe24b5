//! Writes XML elements with the namespaces they need.

use std::fmt::Write as _;

/// XML text in the making.
#[derive(Default)]
pub(super) struct Xml {
    out: String,
}

impl Xml {
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// `<name xmlns="…"`: the namespace is declared if it differs from the parent's.
    pub(super) fn open(&mut self, name: &str, namespace: &str, parent: &str) {
        self.out.push('<');
        self.out.push_str(name);
        if namespace != parent {
            self.attribute("xmlns", namespace);
        }
    }

    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        let escaped = quick_xml::escape::escape(value);
        // white space in attributes is normalised away unless it is escaped
        let escaped = escaped.replace('\n', "&#10;").replace('\t', "&#9;").replace('\r', "&#13;");
        // writing to a String cannot fail
        let _ = write!(self.out, " {name}=\"{escaped}\"");
    }

    pub(super) fn content(&mut self) {
        self.out.push('>');
    }

    pub(super) fn close(&mut self, name: &str) {
        let _ = write!(self.out, "</{name}>");
    }

    pub(super) fn text(&mut self, text: &str) {
        self.out.push_str(&escaped(text));
    }

    /// `<name>text</name>` after [`Xml::open`] and attributes.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            self.out.push_str("/>");
            return;
        }
        self.content();
        self.text(text);
        self.close(name);
    }
}

/// A text escaped to stand in an element.
pub(super) fn escaped(text: &str) -> String {
    quick_xml::escape::partial_escape(text).replace('\r', "&#13;")
}

/// Whether a text can be declared as a namespace: XML's own two cannot (Namespaces in XML 1.0 section 3).
pub(super) fn is_namespace(text: &str) -> bool {
    const RESERVED: &[&str] = &["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"];
    is_xml_text(text) && !RESERVED.contains(&text)
}

/// Whether XML 1.0 can hold a text.
pub(super) fn is_xml_text(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
    })
}
