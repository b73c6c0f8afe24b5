//! A node's page as text for a terminal.

use std::fmt;

use super::{NodePage, TypePage};
use crate::schema::Status;

/// Width of the column of names.
const NAMES: usize = 16;

impl fmt::Display for NodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.path)?;
        row(f, "kind", &self.kind_line())?;
        row(
            f,
            "module",
            &with(&self.module, self.revision.as_deref().map(|revision| format!("@{revision}"))),
        )?;
        row(f, "namespace", &self.namespace)?;
        row(f, "xpath", &self.xpath)?;
        row(f, "restconf", &self.restconf)?;
        if self.schema_path != self.path {
            row(f, "schema path", &self.schema_path)?;
        }
        if let Some(ty) = &self.ty {
            type_rows(f, ty, 0)?;
        }
        row(f, "units", self.units.as_deref().unwrap_or_default())?;
        row(f, "default", &self.defaults.join(", "))?;
        row(f, "keys", &self.keys.join(", "))?;
        rows(f, "unique", &self.uniques)?;
        row(f, "entries", &self.entries())?;
        row(f, "presence", self.presence.as_deref().unwrap_or_default())?;
        for (choice, case) in &self.cases {
            row(f, "choice", &format!("case {case} of {choice}"))?;
        }
        rows(f, "if-feature", &self.if_features)?;
        rows(f, "when", &self.whens)?;
        rows(f, "must", &self.musts)?;
        match self.status {
            Status::Current => {}
            Status::Deprecated => row(f, "status", "deprecated")?,
            Status::Obsolete => row(f, "status", "obsolete")?,
        }
        row(f, "description", self.description.as_deref().unwrap_or_default())?;
        row(f, "reference", self.reference.as_deref().unwrap_or_default())?;
        row(f, "defined at", &self.defined_at.as_ref().map(ToString::to_string).unwrap_or_default())?;
        row(f, "augmented from", &self.augmented_from.as_ref().map(ToString::to_string).unwrap_or_default())?;
        self.child_rows(f)
    }
}

impl NodePage {
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

fn type_rows(f: &mut fmt::Formatter<'_>, ty: &TypePage, depth: usize) -> fmt::Result {
    let name = match ty.name == ty.base {
        true => ty.name.clone(),
        false => format!("{} ({})", ty.name, ty.base),
    };
    let label = format!("{}{}", "  ".repeat(depth), if depth == 0 { "type" } else { "or" });
    row(f, &label, &name)?;
    let indented = |label: &str| format!("{}{label}", "  ".repeat(depth));
    row(f, &indented("range"), ty.range.as_deref().unwrap_or_default())?;
    row(f, &indented("length"), ty.length.as_deref().unwrap_or_default())?;
    rows(f, &indented("pattern"), &ty.patterns)?;
    rows(f, &indented("not pattern"), &ty.forbidden_patterns)?;
    row(f, &indented("fraction digits"), &ty.fraction_digits.map(|n| n.to_string()).unwrap_or_default())?;
    for value in ty.enums.iter().chain(&ty.bits) {
        let description =
            value.description.as_deref().map(|text| format!("  {}", super::first_sentence(text)));
        row(
            f,
            &indented("value"),
            &format!("{} = {}{}", value.name, value.value, description.unwrap_or_default()),
        )?;
    }
    row(f, &indented("derived from"), &ty.bases.join(" and "))?;
    rows(f, &indented("identity"), &ty.identities)?;
    row(f, &indented("leafref"), ty.leafref.as_deref().unwrap_or_default())?;
    row(f, &indented("refers to"), ty.target.as_deref().unwrap_or_default())?;
    for member in &ty.members {
        type_rows(f, member, depth + 1)?;
    }
    Ok(())
}

fn with(text: &str, more: Option<String>) -> String {
    format!("{text}{}", more.unwrap_or_default())
}

fn rows(f: &mut fmt::Formatter<'_>, label: &str, values: &[String]) -> fmt::Result {
    values.iter().try_for_each(|value| row(f, label, value))
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
