//! The mark of a ticket at the end of a device's description: ` ##ticket:15016##`.

/// The suffix of a ticket's number.
#[must_use]
pub fn suffix(ticket_number: &str) -> String {
    format!(" ##ticket:{ticket_number}##")
}

/// A description without the suffix of whatever ticket.
#[must_use]
pub fn strip(description: &str) -> &str {
    let Some(body) = description.strip_suffix("##") else {
        return description;
    };
    let Some(start) = body.rfind("##ticket:") else {
        return description;
    };
    let number = &body[start + "##ticket:".len()..];
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let text = &description[..start];
    if is_number { text.strip_suffix(' ').unwrap_or(text) } else { description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_of_any_ticket_is_stripped_and_nothing_else() {
        assert_eq!(strip(&format!("Uplink{}", suffix("15016"))), "Uplink");
        assert_eq!(strip("##ticket:1##"), "");
        for text in ["", "Uplink", "##", "Uplink ##ticket:##", "Uplink ##ticket:1## more", "a##ticket:1 2##"]
        {
            assert_eq!(strip(text), text);
        }
    }
}
