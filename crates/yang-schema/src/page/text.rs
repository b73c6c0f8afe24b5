//! A node's page as text for a terminal.

use std::fmt;

use super::{NodePage, TypePage};
use crate::error::Location;
use crate::schema::Status;

/// Width of the column of names.
const NAMES: usize = 16;

impl fmt::Display for NodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.path)?;
        for (label, text) in self.rows() {
            row(f, &label, &text)?;
        }
        self.child_rows(f)
    }
}

impl NodePage {
    /// What there is to say, as names and texts in the order of reading; a text may have several lines, a name may come
    /// several times. The types of a union are indented by two spaces for each level. The nodes below are not among it.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, String)> {
        let mut rows = Rows::default();
        rows.add("kind", self.kind_line());
        let revision = self.revision.as_deref().map(|revision| format!("@{revision}"));
        rows.add("module", with(&self.module, revision));
        rows.add("namespace", &self.namespace);
        rows.add("xpath", &self.xpath);
        rows.add("restconf", &self.restconf);
        if self.schema_path != self.path {
            rows.add("schema path", &self.schema_path);
        }
        if let Some(ty) = &self.ty {
            type_rows(&mut rows, ty, 0);
        }
        rows.add("units", self.units.as_deref().unwrap_or_default());
        rows.add("default", self.defaults.join(", "));
        rows.add("keys", self.keys.join(", "));
        rows.all("unique", &self.uniques);
        rows.add("entries", self.entries());
        rows.add("presence", self.presence.as_deref().unwrap_or_default());
        for (choice, case) in &self.cases {
            rows.add("choice", format!("case {case} of {choice}"));
        }
        rows.all("if-feature", &self.if_features);
        rows.all("when", &self.whens);
        rows.all("must", &self.musts);
        match self.status {
            Status::Current => {}
            Status::Deprecated => rows.add("status", "deprecated"),
            Status::Obsolete => rows.add("status", "obsolete"),
        }
        rows.add("description", self.description.as_deref().unwrap_or_default());
        rows.add("reference", self.reference.as_deref().unwrap_or_default());
        let place =
            |location: &Option<Location>| location.as_ref().map(ToString::to_string).unwrap_or_default();
        rows.add("defined at", place(&self.defined_at));
        rows.add("augmented from", place(&self.augmented_from));
        rows.0
    }

    fn kind_line(&self) -> String {
        let mut words = vec![self.kind.keyword().to_owned()];
        words.push(if self.config { "configuration" } else { "not configuration" }.to_owned());
        for (said, word) in
            [(self.mandatory, "mandatory"), (self.is_key, "key"), (self.user_ordered, "ordered by the user")]
        {
            if said {
                words.push(word.to_owned());
            }
        }
        words.join(", ")
    }

    fn entries(&self) -> String {
        match (self.min_elements, self.max_elements) {
            (0, None) => String::new(),
            (min, None) => format!("at least {min}"),
            (min, Some(max)) => format!("{min} to {max}"),
        }
    }

    fn child_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.children.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{} below:", self.children.len())?;
        let width = self.children.iter().map(|child| child.name.chars().count()).max().unwrap_or(0);
        for child in &self.children {
            let kind = child.ty.as_deref().unwrap_or(child.kind.keyword());
            let access = if child.config { "rw" } else { "ro" };
            let description = child.description.as_deref().unwrap_or_default();
            let line = format!("  {access} {:<width$}  {kind:<20}  {description}", child.name);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Names and texts; what has no text is left out.
#[derive(Default)]
struct Rows(Vec<(String, String)>);

impl Rows {
    fn add(&mut self, label: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.0.push((label.into(), text));
        }
    }

    fn all(&mut self, label: &str, texts: &[String]) {
        texts.iter().for_each(|text| self.add(label, text));
    }
}

fn type_rows(rows: &mut Rows, ty: &TypePage, depth: usize) {
    let name = match ty.name == ty.base {
        true => ty.name.clone(),
        false => format!("{} ({})", ty.name, ty.base),
    };
    let label = |label: &str| format!("{}{label}", "  ".repeat(depth));
    rows.add(label(if depth == 0 { "type" } else { "or" }), name);
    rows.add(label("range"), ty.range.as_deref().unwrap_or_default());
    rows.add(label("length"), ty.length.as_deref().unwrap_or_default());
    rows.all(&label("pattern"), &ty.patterns);
    rows.all(&label("not pattern"), &ty.forbidden_patterns);
    rows.add(label("fraction digits"), ty.fraction_digits.map(|n| n.to_string()).unwrap_or_default());
    for value in ty.enums.iter().chain(&ty.bits) {
        let description =
            value.description.as_deref().map(|text| format!("  {}", super::first_sentence(text)));
        rows.add(
            label("value"),
            format!("{} = {}{}", value.name, value.value, description.unwrap_or_default()),
        );
    }
    rows.add(label("derived from"), ty.bases.join(" and "));
    rows.all(&label("identity"), &ty.identities);
    rows.add(label("leafref"), ty.leafref.as_deref().unwrap_or_default());
    rows.add(label("refers to"), ty.target.as_deref().unwrap_or_default());
    for member in &ty.members {
        type_rows(rows, member, depth + 1);
    }
}

fn with(text: &str, more: Option<String>) -> String {
    format!("{text}{}", more.unwrap_or_default())
}

/// A name and a text; nothing if the text is empty. Further lines stand below the first.
fn row(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    let mut label = label;
    for line in text.trim().lines().map(str::trim) {
        let row = format!("  {label:<NAMES$}{line}");
        writeln!(f, "{}", row.trim_end())?;
        label = "";
    }
    Ok(())
}
