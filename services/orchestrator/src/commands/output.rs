//! Results go to standard output, everything said to people to standard error.

use std::io::{IsTerminal, Write};

use serde::Serialize;

/// Prints a line of a result. A reader that went away ends the program quietly, as it does for other tools; a result that cannot be written,
/// on a full disk for one, is a failure.
pub(crate) fn line(text: &str) {
    let written = {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush())
    };
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            say(&format!("netchange: cannot write the result: {error}"));
            std::process::exit(1);
        }
    }
}

/// Says something to the person at the terminal.
pub(crate) fn say(text: &str) {
    // Nowhere is left to complain to.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a result as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows in columns that line up, under their headings.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let pad = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(&pad(&headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>()));
    for row in rows {
        // A value with a line break or an escape sequence must not draw on the terminal.
        let clean: Vec<String> = row
            .iter()
            .map(|cell| cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
            .collect();
        line(&pad(&clean));
    }
}

/// Text in a colour, on a terminal that wants colours.
pub(crate) fn colored(text: &str, code: &str) -> String {
    let wanted = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if wanted { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
