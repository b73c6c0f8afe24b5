//! Reading what servers send a little differently now and then, and not quoting it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// `null` where a text, a list or a flag should be counts as an empty one.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The error without the text that was found where something else should be: answers hold secrets, and what people wrote.
pub(crate) fn without_value(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    match (text.find('"'), text.rfind('"')) {
        (Some(begin), Some(end)) if error.is_data() && begin < end => {
            serde_json::Error::custom(format!("{}\"…\"{}", &text[..begin], &text[end + 1..]))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_answer_is_not_quoted() {
        let error = serde_json::from_str::<Vec<u64>>(r#"[1, "hush \"quoted\" hush"]"#).unwrap_err();
        let error = without_value(error);
        assert_eq!(error.to_string(), r#"invalid type: string "…", expected u64 at line 1 column 26"#);
        assert!(error.is_data() && !format!("{error:?}").contains("hush"));
        let cut_short = without_value(serde_json::from_str::<Vec<u64>>("[1,").unwrap_err());
        assert!(cut_short.is_eof());
    }
}
